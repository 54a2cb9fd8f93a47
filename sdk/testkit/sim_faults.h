#ifndef COROCKET_SDK_TESTKIT_SIM_FAULTS_H_
#define COROCKET_SDK_TESTKIT_SIM_FAULTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/btree_map.h"
#include "sdk/base/host_port.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_link.h"

namespace corocket::testkit {

/// Everything that may be wrong with a route. The parts are independent; a healed route has none of them.
struct SimFault {
  enum class Dial : std::uint8_t { kNormal, kRefuse, kBlackhole };
  Dial dial = Dial::kNormal;
  bool half_open = false;
  bool paused = false;
  std::optional<Duration> latency;
  std::optional<Duration> trickle;
  /// Cut a connection when so many more bytes have arrived at this side of it.
  std::optional<std::size_t> cut_to_client;
  std::optional<std::size_t> cut_to_server;
  std::optional<Duration> flap;
  bool flapped_down = false;

  [[nodiscard]] std::optional<std::size_t>& cut_to(SimSide side) {
    return side == SimSide::kClient ? cut_to_client : cut_to_server;
  }
  [[nodiscard]] bool refuses() const { return dial == Dial::kRefuse || flapped_down; }
  /// The SYN gets no answer at all.
  [[nodiscard]] bool swallows_dials() const { return dial == Dial::kBlackhole || half_open; }
  [[nodiscard]] bool holds_packets() const { return half_open || paused; }
};

/// Whose dials and connections a fault is for: those to `address`, of one connector or, if it has no name, of all.
struct SimRouteKey {
  HostPort address;
  std::string client;
  friend auto operator<=>(const SimRouteKey&, const SimRouteKey&) = default;

  [[nodiscard]] bool Covers(const std::string& of_client, const HostPort& to) const {
    return address == to && (client.empty() || client == of_client);
  }
};

/// The faults that are set at this moment.
/// Thread safety: none.
class SimFaults {
 public:
  /// The fault of this route alone, made if it has none.
  SimFault& At(const SimRouteKey& route) { return faults_[route]; }
  /// Null after `Heal`.
  [[nodiscard]] const SimFault* Find(const SimRouteKey& route) const;
  void Heal(const SimRouteKey& route);

  /// What a connection from `client` to `address` meets: the fault of the address with that of the pair on top. Cuts
  /// are not in it: each connection counts its own.
  [[nodiscard]] SimFault Effective(const std::string& client, const HostPort& address) const;

 private:
  absl::btree_map<SimRouteKey, SimFault> faults_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_FAULTS_H_
