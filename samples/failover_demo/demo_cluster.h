#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_CLUSTER_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "asio/any_io_executor.hpp"
#include "corocket/client.h"
#include "corocket/environment.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/faulty_network.h"

namespace failover_demo {

/// Embedded NameServers on loopback, and what can be done to them. A name that is none of theirs (empty: nothing is
/// chosen right now) is left alone.
class DemoCluster {
 public:
  static constexpr const char* kTopic = "orders";
  static constexpr int kServers = 3;

  /// Errors: UNAVAILABLE: no port on loopback.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<DemoCluster>> Start(asio::any_io_executor executor);

  [[nodiscard]] corocket::Environment environment() const { return network_.environment(); }
  [[nodiscard]] std::vector<std::string> addresses() const;

  void Kill(const std::string& address);
  void KillAll();
  void CloseConnections(const std::string& address);
  void Hang(const std::string& address);
  void DropPackets(const std::string& address);
  /// The server loses its brokers and says so, politely, on the connections that it has.
  void Forget(const std::string& address);
  void ResetEverything(bool on);
  /// Starts as many new servers and tells the client of them; the old ones stay up and know nothing any more.
  /// Errors: as `Start`, and those of `Client::UpdateEndpoints`.
  absl::Status ReplaceList(corocket::Client& client);
  /// Errors: UNAVAILABLE: a port was taken by somebody else meanwhile.
  absl::Status MendAll();

 private:
  explicit DemoCluster(asio::any_io_executor executor);
  corocket::testing::EmbeddedNamesrv* Find(const std::string& address);
  absl::Status StartServers();

  asio::any_io_executor executor_;
  corocket::testing::FaultyNetwork network_;
  std::vector<corocket::testing::EmbeddedNamesrv> servers_;
  /// Servers of an earlier list, still there as they would be in life.
  std::vector<corocket::testing::EmbeddedNamesrv> retired_;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_CLUSTER_H_
