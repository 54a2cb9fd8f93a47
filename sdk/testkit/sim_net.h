#ifndef COROCKET_SDK_TESTKIT_SIM_NET_H_
#define COROCKET_SDK_TESTKIT_SIM_NET_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/time.h"
#include "sdk/testkit/sim_core.h"
#include "sdk/testkit/sim_faults.h"
#include "sdk/testkit/sim_link.h"
#include "sdk/testkit/sim_options.h"
#include "sdk/testkit/sim_runtime.h"
#include "sdk/testkit/sim_stats.h"

namespace corocket::testkit {

/// The faults of one route. They add up, and stay until `Heal`; connections made before and after are concerned alike.
class SimRoute {
 public:
  SimRoute(std::shared_ptr<SimCore> core, SimRouteKey key);

  /// Dials are refused; connections that stand are not touched.
  void Refuse();
  /// Dials get no answer. The dial goes on when a SYN that is sent again (1, 3, 7, ... s after the first) gets through.
  void Blackhole();
  /// Nothing gets through any more, neither way, and nobody is told: no FIN, no RST. What was sent arrives after
  /// `Heal`.
  void HalfOpen();
  /// The server's process is stopped, its kernel is not: dials succeed, bytes are taken, nothing comes back until
  /// `Heal`.
  void Pause();
  /// One-way latency of what is sent from now on.
  void Slow(Duration latency);
  /// Bytes arrive one by one, `gap` apart.
  void Trickle(Duration gap = std::chrono::milliseconds(1));
  /// Every connection is reset, now. No state: later ones are well.
  void Reset();
  /// Each connection is reset when `bytes` more have arrived at side `to`, in the middle of a frame if that is where it
  /// is. Once per side; the count of a connection that is made later begins with it.
  void ResetAfter(std::size_t bytes, SimSide to = SimSide::kClient);
  /// Down (connections reset, dials refused) for `period`, up for `period`, and so on; down first.
  void Flap(Duration period);
  /// None of this any more; what was held arrives at once.
  void Heal();

 private:
  const std::shared_ptr<SimCore> core_;
  const SimRouteKey key_;
};

/// A network in memory, driven by the virtual time of a `SimRuntime`: latency, back-pressure, faults, counts.
///
///   SimRuntime sim({.seed = 7});
///   SimNet net(sim);
///   auto ns = EmbeddedNamesrv::Create({.runtime = sim.runtime(), .binder = net.binder()},
///                                     {.listen = "10.0.0.1:9876"});
///   auto client = Client::Create({.runtime = sim.runtime(), .connector = net.connector()},
///                                {.namesrv = {ns->address()}});
///   net.At({"10.0.0.1", 9876}).Blackhole();
///
/// Addresses are any IP literals; who listens on one exists. Connections behave like Linux TCP where it matters: order,
/// FIN behind the data, reset when nobody is there or data was not read, SYN sent again, a bounded backlog.
/// Destroyed before its `SimRuntime`; coroutines that still wait in it are destroyed too.
/// Thread safety: none; as `SimRuntime`.
class SimNet {
 public:
  explicit SimNet(SimRuntime& sim, SimNetOptions options = {});
  ~SimNet();
  SimNet(const SimNet&) = delete;
  SimNet& operator=(const SimNet&) = delete;

  /// `client` names who dials, for `Between` and traces; not empty.
  [[nodiscard]] std::shared_ptr<net::Connector> connector(std::string client = "client");
  [[nodiscard]] std::shared_ptr<net::Binder> binder();

  /// The route of everybody to `address`.
  [[nodiscard]] SimRoute At(HostPort address);
  /// The route of one connector to `address`; its faults are on top of those of `At`.
  [[nodiscard]] SimRoute Between(std::string client, HostPort address);
  /// The server process at `address` dies: listener and connections are closed. It may listen again afterwards.
  void Kill(const HostPort& address, SimDeath death = SimDeath::kReset);

  /// `name` leads to these IP literals, in this order.
  void SetName(const std::string& name, std::vector<std::string> hosts);
  /// Look-ups of `name` fail until `SetName`.
  void FailName(const std::string& name, std::error_code error);
  /// Look-ups of `name` take this long.
  void SlowName(const std::string& name, Duration delay);

  [[nodiscard]] SimStats stats(const HostPort& address) const;
  [[nodiscard]] SimStats total() const;
  /// Names (not literals) that were asked for.
  [[nodiscard]] std::uint64_t lookups() const;

  /// One line for each thing that happens, with its virtual time.
  void OnEvent(std::function<void(std::string_view)> trace);

 private:
  const std::shared_ptr<SimCore> core_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_NET_H_
