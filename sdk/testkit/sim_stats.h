#ifndef COROCKET_SDK_TESTKIT_SIM_STATS_H_
#define COROCKET_SDK_TESTKIT_SIM_STATS_H_

#include <cstddef>
#include <cstdint>

namespace corocket::testkit {

/// What has happened on the simulated network, at one address or in all.
struct SimStats {
  // So far.
  std::uint64_t dials = 0;
  std::uint64_t refused = 0;
  std::uint64_t connected = 0;
  /// Connections that the network reset (not those whose ends did).
  std::uint64_t resets = 0;
  std::uint64_t bytes_to_server = 0;
  std::uint64_t bytes_to_client = 0;
  // Now: the census of sockets. All zero when everybody has cleaned up.
  std::size_t dialling = 0;
  std::size_t client_sockets = 0;
  std::size_t server_sockets = 0;

  SimStats& operator+=(const SimStats& other);
  friend bool operator==(const SimStats&, const SimStats&) = default;
};

inline SimStats& SimStats::operator+=(const SimStats& other) {
  dials += other.dials;
  refused += other.refused;
  connected += other.connected;
  resets += other.resets;
  bytes_to_server += other.bytes_to_server;
  bytes_to_client += other.bytes_to_client;
  dialling += other.dialling;
  client_sockets += other.client_sockets;
  server_sockets += other.server_sockets;
  return *this;
}

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_STATS_H_
