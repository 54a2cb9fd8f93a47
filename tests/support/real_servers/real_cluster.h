#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_REAL_CLUSTER_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_REAL_CLUSTER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/java_installation.h"
#include "tests/support/real_servers/java_server.h"
#include "tests/support/real_servers/network_sandbox.h"
#include "tests/support/real_servers/run_folder.h"

namespace corocket::test {

/// Why real servers cannot be started here (no Java, no jars), or "" when they can.
[[nodiscard]] std::string MissingPieces();

struct RealClusterOptions {
  std::size_t namesrvs = 3;
  /// With a broker that registers with every NameServer; without one they know no topic.
  bool broker = true;
  /// Runs NameServer i as server i of this network, which has to outlive the cluster; null: on loopback.
  NetworkSandbox* network = nullptr;
  /// For the whole start, and for each later `Restart`.
  std::chrono::seconds boot_limit = std::chrono::seconds(90);
};

/// Apache NameServers and a broker, booted and ready, to be broken by a test.
///
///     auto cluster = RealCluster::Start({.namesrvs = 3});
///     ASSERT_TRUE(cluster.ok()) << cluster.status();
///     ASSERT_TRUE((*cluster)->CreateTopic("orders").ok());
///     (*cluster)->Kill9(0);
///
/// Create the topics before breaking anything: the broker answers a topic's creation only when it has told every
/// NameServer. All processes end with the cluster; when the test has failed, their logs are printed then.
///
/// Thread safety: `Start`, `Restart` and the destructor: main thread only. The rest: any thread, one at a time.
class RealCluster {
 public:
  /// Errors: NOT_FOUND: Java or the jars are missing; else what `JavaServer::AwaitBoot` says, with the server's last
  /// lines.
  static absl::StatusOr<std::unique_ptr<RealCluster>> Start(RealClusterOptions options);

  RealCluster(const RealCluster&) = delete;
  RealCluster& operator=(const RealCluster&) = delete;
  ~RealCluster();

  [[nodiscard]] std::size_t namesrvs() const { return namesrvs_.size(); }
  /// "a.b.c.d:port" of NameServer `index`.
  [[nodiscard]] const std::string& Address(std::size_t index) const { return namesrvs_[index].options().address; }
  /// All of them, joined by ';', as in NAMESRV_ADDR.
  [[nodiscard]] std::string Addresses() const;
  /// Requires a broker.
  [[nodiscard]] const std::string& BrokerAddress() const { return broker_->options().address; }
  static constexpr char kBrokerName[] = "broker-a";

  /// Ends NameServer `index` with SIGKILL. When this returns its sockets are closed.
  absl::Status Kill9(std::size_t index);
  /// Freezes NameServer `index` with SIGSTOP: its port still accepts, nothing is answered.
  absl::Status Stop(std::size_t index);
  /// Ends what `Stop` began.
  absl::Status Continue(std::size_t index);
  /// Boots NameServer `index` anew on its port, killing it first if it runs. It knows no topic until the broker has
  /// registered again, which it does every 10 s by itself (`AwaitTopic`), and at once when told to (`RegisterBroker`).
  absl::Status Restart(std::size_t index);

  /// Creates `topic` with 8 queues on the broker and waits until every NameServer serves its route.
  absl::Status CreateTopic(const std::string& topic);
  /// Waits until NameServer `index` serves the route of `topic`. Errors: DEADLINE_EXCEEDED with its last answer.
  absl::Status AwaitTopic(std::size_t index, const std::string& topic, Deadline deadline) const;

  /// Makes the broker register until every NameServer knows it. All have to run.
  /// Errors: DEADLINE_EXCEEDED naming the one that does not.
  absl::Status RegisterBroker(Deadline deadline);
  /// The same for the NameServers `with`; others may be dead.
  absl::Status RegisterBroker(const std::vector<std::size_t>& with, Deadline deadline);

  /// How long the start took: the NameServers side by side; then the broker until its route was everywhere.
  [[nodiscard]] std::chrono::milliseconds namesrv_boot_time() const { return namesrv_boot_time_; }
  [[nodiscard]] std::chrono::milliseconds broker_boot_time() const { return broker_boot_time_; }

 private:
  RealCluster(RealClusterOptions options, JavaInstallation java, RunFolder folder)
      : options_(options), java_(std::move(java)), folder_(std::move(folder)) {}

  absl::Status Boot(Deadline deadline);
  absl::Status BootNamesrvs(Deadline deadline);
  absl::Status BootBroker(Deadline deadline);
  absl::StatusOr<std::vector<std::uint16_t>> NamesrvPorts() const;
  absl::StatusOr<JavaServer> LaunchNamesrv(std::size_t index, std::uint16_t port) const;
  absl::StatusOr<JavaServer> LaunchBroker(std::uint16_t port, std::uint16_t replication_port) const;

  const RealClusterOptions options_;
  const JavaInstallation java_;
  RunFolder folder_;  // declared before the servers, which write into it until they are gone
  std::vector<JavaServer> namesrvs_;
  std::optional<JavaServer> broker_;
  std::chrono::milliseconds namesrv_boot_time_{};
  std::chrono::milliseconds broker_boot_time_{};
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_REAL_CLUSTER_H_
