#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/error.hpp"
#include "asio/steady_timer.hpp"
#include "asio/use_awaitable.hpp"
#include "corocket/testing/faulty_network.h"
#include "sdk/net/asio_connector.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/asio_runtime.h"

namespace corocket::testing {

/// Which addresses are cut off now.
class FaultyNetwork::Faults {
 public:
  void Set(const std::string& address, bool dropped) {
    absl::MutexLock lock(mutex_);
    if (dropped) {
      dropped_.insert(address);
    } else {
      dropped_.erase(address);
    }
  }
  bool Dropped(const std::string& address) const {
    absl::MutexLock lock(mutex_);
    return dropped_.contains(address);
  }

 private:
  mutable absl::Mutex mutex_;
  std::set<std::string> dropped_ ABSL_GUARDED_BY(mutex_);
};

namespace {

/// Waits for what never comes; only cancelling `timer` ends it.
asio::awaitable<void> Forever(asio::steady_timer& timer) {
  timer.expires_at(asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

class FaultyNetwork::FaultyTransport final : public net::Transport {
 public:
  FaultyTransport(const asio::any_io_executor& on, std::unique_ptr<net::Transport> real, std::shared_ptr<Faults> faults,
                  std::string address)
      : real_(std::move(real)), faults_(std::move(faults)), address_(std::move(address)), never_(on) {}

  asio::awaitable<std::size_t> ReadSome(std::span<char> into) override {
    const std::size_t bytes = co_await real_->ReadSome(into);
    // What arrives while the address is cut off is lost, and the stream with it.
    lost_ = lost_ || faults_->Dropped(address_);
    if (lost_) co_await Lose();
    co_return bytes;
  }

  asio::awaitable<void> Write(std::span<const std::string_view> pieces) override {
    if (lost_ && !faults_->Dropped(address_)) throw std::system_error(asio::error::connection_reset);
    if (faults_->Dropped(address_)) {
      lost_ = true;  // As a kernel does: it takes the bytes and nobody ever acknowledges them.
      co_return;
    }
    co_await real_->Write(pieces);
  }

  void Close() noexcept override {
    closed_ = true;
    never_.cancel();
    real_->Close();
  }

  std::string peer() const override { return real_->peer(); }

 private:
  asio::awaitable<void> Lose() {
    if (closed_) throw std::system_error(asio::error::operation_aborted);
    co_await Forever(never_);
  }

  std::unique_ptr<net::Transport> real_;
  std::shared_ptr<Faults> faults_;
  std::string address_;
  asio::steady_timer never_;
  bool lost_ = false;
  bool closed_ = false;
};

class FaultyNetwork::FaultyConnector final : public net::Connector {
 public:
  explicit FaultyConnector(std::shared_ptr<Faults> faults)
      : real_(net::MakeAsioConnector()), faults_(std::move(faults)) {}

  asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) override { return real_->Resolve(std::move(name)); }

  asio::awaitable<std::unique_ptr<net::Transport>> Connect(asio::any_io_executor on, HostPort address) override {
    return ConnectThrough(real_, faults_, std::move(on), std::move(address));
  }

 private:
  /// By value: a dial that was abandoned may outlive the connector.
  static asio::awaitable<std::unique_ptr<net::Transport>> ConnectThrough(std::shared_ptr<net::Connector> real,
                                                                         std::shared_ptr<Faults> faults,
                                                                         asio::any_io_executor on, HostPort address) {
    const std::string text = address.ToString();
    if (faults->Dropped(text)) {
      asio::steady_timer never(on);
      co_await Forever(never);
    }
    std::unique_ptr<net::Transport> transport = co_await real->Connect(on, address);
    co_return std::make_unique<FaultyTransport>(on, std::move(transport), std::move(faults), text);
  }

  std::shared_ptr<net::Connector> real_;
  std::shared_ptr<Faults> faults_;
};

FaultyNetwork::FaultyNetwork(asio::any_io_executor executor)
    : executor_(std::move(executor)), faults_(std::make_shared<Faults>()) {}

FaultyNetwork::~FaultyNetwork() = default;

Environment FaultyNetwork::environment() const {
  return {.runtime = MakeAsioRuntime(executor_), .connector = std::make_shared<FaultyConnector>(faults_)};
}

void FaultyNetwork::Drop(const std::string& address) { faults_->Set(address, true); }

void FaultyNetwork::Heal(const std::string& address) { faults_->Set(address, false); }

}  // namespace corocket::testing
