#ifndef COROCKET_SDK_TESTKIT_SIM_LISTENER_H_
#define COROCKET_SDK_TESTKIT_SIM_LISTENER_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/testkit/sim_link.h"
#include "sdk/testkit/wake_signal.h"

namespace corocket::testkit {

/// The kernel's half of a listening socket: connections that are made and wait for `Accept`.
/// Thread safety: none.
class SimBacklog {
 public:
  /// `held`: the application cannot see this connection now, because its process is stopped.
  SimBacklog(HostPort address, std::size_t limit, std::function<bool(const SimLink&)> held);

  [[nodiscard]] bool full() const { return waiting_.size() >= limit_; }
  void Add(std::shared_ptr<SimLink> link);
  /// The next connection. Throws `operation_aborted` after `Close`.
  [[nodiscard]] static asio::awaitable<std::shared_ptr<SimLink>> Take(std::shared_ptr<SimBacklog> backlog);
  /// What is held may have changed.
  void Refresh();
  /// Nobody listens any more: connections that wait end in this way. Idempotent.
  void Close(SimDeath death = SimDeath::kReset);
  /// The simulation ends: destroys the coroutine that waits here.
  void Drop();
  [[nodiscard]] const HostPort& address() const { return address_; }

 private:
  [[nodiscard]] std::deque<std::shared_ptr<SimLink>>::iterator Next();
  [[nodiscard]] bool Ready() { return closed_ || Next() != waiting_.end(); }

  const HostPort address_;
  const std::size_t limit_;
  const std::function<bool(const SimLink&)> held_;
  const std::shared_ptr<WakeSignal> arrived_ = std::make_shared<WakeSignal>();
  std::deque<std::shared_ptr<SimLink>> waiting_;
  bool closed_ = false;
};

/// The application's half of it.
class SimListener final : public net::Listener {
 public:
  /// `on_close` is called when the application closes it.
  SimListener(std::shared_ptr<SimBacklog> backlog, std::function<void()> on_close);
  ~SimListener() override;
  SimListener(const SimListener&) = delete;
  SimListener& operator=(const SimListener&) = delete;

  [[nodiscard]] asio::awaitable<std::unique_ptr<net::Transport>> Accept(asio::any_io_executor on) override;
  void Close() noexcept override;
  [[nodiscard]] HostPort address() const override;

 private:
  const std::shared_ptr<SimBacklog> backlog_;
  const std::function<void()> on_close_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_LISTENER_H_
