#ifndef COROCKET_SDK_TESTKIT_SIM_CORE_H_
#define COROCKET_SDK_TESTKIT_SIM_CORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "asio/awaitable.hpp"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_faults.h"
#include "sdk/testkit/sim_link.h"
#include "sdk/testkit/sim_listener.h"
#include "sdk/testkit/sim_names.h"
#include "sdk/testkit/sim_options.h"
#include "sdk/testkit/sim_stats.h"

namespace corocket::testkit {

/// The state of the simulated network, shared by its handles, connectors, listeners and connections.
/// Thread safety: none.
class SimCore : public std::enable_shared_from_this<SimCore> {
 public:
  using Trace = std::function<void(std::string_view)>;

  SimCore(std::shared_ptr<Runtime> runtime, SimNetOptions options);

  [[nodiscard]] static asio::awaitable<std::vector<HostPort>> Resolve(std::shared_ptr<SimCore> core, HostPort name);
  [[nodiscard]] static asio::awaitable<std::unique_ptr<net::Transport>> Dial(std::shared_ptr<SimCore> core,
                                                                             std::string client, HostPort address);
  [[nodiscard]] std::unique_ptr<net::Listener> Listen(HostPort address);

  /// Sets or changes the fault of a route through `change`; what it concerns notices at once.
  void Change(const SimRouteKey& route, const std::function<void(SimFault&)>& change);
  void Heal(const SimRouteKey& route);
  void Reset(const SimRouteKey& route);
  void CutAfter(const SimRouteKey& route, SimSide to, std::size_t bytes);
  void Flap(const SimRouteKey& route, Duration period);
  void Kill(const HostPort& address, SimDeath death);

  [[nodiscard]] SimNames& names() { return names_; }
  [[nodiscard]] SimStats StatsOf(const HostPort& address) const;
  [[nodiscard]] SimStats Total() const;
  [[nodiscard]] std::uint64_t lookups() const { return lookups_; }
  void SetTrace(Trace trace) { trace_ = std::move(trace); }

  /// The network goes away under everybody: coroutines that wait in it are destroyed, dials fail.
  void Shutdown();

 private:
  class Dialling;

  /// What the dialler hears of one SYN.
  enum class SynAnswer : std::uint8_t { kNone, kRefused, kAccepted };

  [[nodiscard]] static asio::awaitable<SynAnswer> SendSyn(std::shared_ptr<SimCore> core, std::string client,
                                                          HostPort address);
  [[nodiscard]] bool SwallowsDial(const std::string& client, const HostPort& address) const;
  [[nodiscard]] SynAnswer AnswerSyn(const std::string& client, const HostPort& address) const;
  [[nodiscard]] Duration DrawLatency(const std::string& client, const HostPort& address);
  [[nodiscard]] std::unique_ptr<net::Transport> Establish(const std::string& client, const HostPort& address);
  void SetCuts(SimLink& link, const SimRouteKey& route) const;
  [[nodiscard]] SimLink::Events LinkEvents();
  void Forget(const SimLink& link);
  [[nodiscard]] SimPath PathOf(const SimLink& link) const;
  [[nodiscard]] std::vector<std::shared_ptr<SimLink>> LinksOf(const SimRouteKey& route) const;
  void Refresh(const SimRouteKey& route);
  void FlapAgain(const SimRouteKey& route);
  void CheckUp() const;
  void Tell(const SimLink& link, std::string_view what) const;
  void Tell(const std::string& client, const HostPort& address, std::string_view what) const;

  const std::shared_ptr<Runtime> runtime_;
  const SimNetOptions options_;
  const TimePoint start_;
  SimFaults faults_;
  SimNames names_;
  absl::btree_map<SimRouteKey, std::unique_ptr<Timer>> flappers_;
  absl::btree_map<HostPort, std::shared_ptr<SimBacklog>> listening_;
  absl::btree_map<std::uint64_t, std::weak_ptr<SimLink>> links_;
  absl::btree_map<HostPort, SimStats> stats_;
  std::uint64_t lookups_ = 0;
  std::uint64_t next_link_ = 1;
  std::uint16_t next_port_ = 20'000;
  bool up_ = true;
  Trace trace_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_CORE_H_
