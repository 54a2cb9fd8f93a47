#include "tests/support/real_servers/real_cluster.h"

#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sdk/wire/frame.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/network_sandbox.h"
#include "tests/support/real_servers/remoting_socket.h"
#include "tests/support/real_servers/skip_if_missing.h"

namespace corocket::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int32_t kSuccess = 0;
constexpr std::int32_t kTopicNotExist = 17;
// Time in which a server that is well would have answered hundreds of times.
constexpr milliseconds kSilence(300);
constexpr seconds kAnswer(10);
constexpr seconds kRegistration(30);

class RealClusterTest : public ::testing::Test {
 protected:
  void SetUp() override { COROCKET_SKIP_IF_MISSING(MissingPieces()); }

  void Boot(RealClusterOptions options) {
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster = RealCluster::Start(options);
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    std::cout << options.namesrvs << " NameServers up after " << cluster_->namesrv_boot_time().count()
              << " ms, broker and its routes after another " << cluster_->broker_boot_time().count() << " ms\n";
  }

  absl::StatusOr<RemotingSocket> Connect(std::size_t index, milliseconds limit = kAnswer) const {
    return RemotingSocket::Connect(cluster_->Address(index), In(limit));
  }

  /// The answer of NameServer `index` to a route query on a connection of its own.
  absl::StatusOr<wire::Frame> Route(std::size_t index, const std::string& topic) const {
    absl::StatusOr<RemotingSocket> socket = Connect(index);
    if (!socket.ok()) return socket.status();
    return socket->Call(RouteRequest(topic), In(kAnswer));
  }

  std::unique_ptr<RealCluster> cluster_;
};

TEST_F(RealClusterTest, ACreatedTopicIsServedByEveryNameserver) {
  ASSERT_NO_FATAL_FAILURE(Boot({.namesrvs = 3}));
  ASSERT_EQ(cluster_->CreateTopic("orders"), absl::OkStatus());
  for (std::size_t i = 0; i < 3; ++i) {
    const absl::StatusOr<wire::Frame> known = Route(i, "orders");
    ASSERT_TRUE(known.ok()) << known.status();
    EXPECT_EQ(known->header.code, kSuccess);
    EXPECT_TRUE(absl::StrContains(known->body, cluster_->BrokerAddress())) << known->body;
    const absl::StatusOr<wire::Frame> unknown = Route(i, "no-such-topic");
    ASSERT_TRUE(unknown.ok()) << unknown.status();
    EXPECT_EQ(unknown->header.code, kTopicNotExist);
  }
}

TEST_F(RealClusterTest, AKilledNameserverRefusesAndServesAgainAfterItsRestart) {
  ASSERT_NO_FATAL_FAILURE(Boot({.namesrvs = 2}));
  const std::string address = cluster_->Address(0);
  absl::StatusOr<RemotingSocket> open = Connect(0);
  ASSERT_TRUE(open.ok()) << open.status();

  ASSERT_EQ(cluster_->Kill9(0), absl::OkStatus());
  const absl::Status refused = Connect(0).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(refused.message(), "Connection refused")) << refused;
  EXPECT_EQ(open->Receive(In(kAnswer)).status().code(), absl::StatusCode::kUnavailable);
  const absl::StatusOr<wire::Frame> other = Route(1, "TBW102");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->header.code, kSuccess);

  ASSERT_EQ(cluster_->Restart(0), absl::OkStatus());
  EXPECT_EQ(cluster_->Address(0), address);
  const auto restarted = std::chrono::steady_clock::now();
  EXPECT_EQ(cluster_->RegisterBroker(In(kRegistration)), absl::OkStatus());
  std::cout << "registered again "
            << std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - restarted).count()
            << " ms after the restart\n";
  const absl::StatusOr<wire::Frame> again = Route(0, "TBW102");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->header.code, kSuccess);
}

TEST_F(RealClusterTest, TheBrokerRegistersWithOneNameserverWhileTheOthersAreDead) {
  ASSERT_NO_FATAL_FAILURE(Boot({.namesrvs = 3}));
  for (std::size_t i = 0; i < 3; ++i) ASSERT_EQ(cluster_->Kill9(i), absl::OkStatus());
  ASSERT_EQ(cluster_->Restart(1), absl::OkStatus());
  ASSERT_EQ(cluster_->RegisterBroker({1}, In(kRegistration)), absl::OkStatus());
  const absl::StatusOr<wire::Frame> known = Route(1, "TBW102");
  ASSERT_TRUE(known.ok()) << known.status();
  EXPECT_EQ(known->header.code, kSuccess);
}

TEST_F(RealClusterTest, AStoppedNameserverAcceptsButAnswersOnlyOnceContinued) {
  ASSERT_NO_FATAL_FAILURE(Boot({.namesrvs = 1, .broker = false}));
  ASSERT_EQ(cluster_->Stop(0), absl::OkStatus());
  absl::StatusOr<RemotingSocket> socket = Connect(0);
  ASSERT_TRUE(socket.ok()) << socket.status();
  ASSERT_TRUE(socket->Send(RouteRequest("orders"), In(kAnswer)).ok());
  EXPECT_EQ(socket->Receive(In(kSilence)).status().code(), absl::StatusCode::kDeadlineExceeded);

  ASSERT_EQ(cluster_->Continue(0), absl::OkStatus());
  const absl::StatusOr<wire::Frame> late = socket->Receive(In(kAnswer));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->header.code, kTopicNotExist);
}

TEST_F(RealClusterTest, ADroppedNameserverIsSilentAndAnswersOnceRestored) {
  COROCKET_SKIP_IF_MISSING(NetworkSandbox::Missing());
  const absl::StatusOr<std::unique_ptr<NetworkSandbox>> network = NetworkSandbox::Create({.servers = 2});
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_NO_FATAL_FAILURE(Boot({.namesrvs = 2, .network = network->get()}));
  ASSERT_EQ(cluster_->CreateTopic("orders"), absl::OkStatus());
  absl::StatusOr<RemotingSocket> open = Connect(0);
  ASSERT_TRUE(open.ok()) << open.status();

  ASSERT_EQ((*network)->Drop(0), absl::OkStatus());
  ASSERT_TRUE(open->Send(RouteRequest("orders"), In(kAnswer)).ok());
  EXPECT_EQ(open->Receive(In(kSilence)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Connect(0, kSilence).status().code(), absl::StatusCode::kDeadlineExceeded);
  const absl::StatusOr<wire::Frame> other = Route(1, "orders");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->header.code, kSuccess);

  ASSERT_EQ((*network)->Restore(0), absl::OkStatus());
  const absl::StatusOr<wire::Frame> late = open->Receive(In(kAnswer));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->header.code, kSuccess);
  cluster_.reset();  // before the network it runs in
}

TEST_F(RealClusterTest, MoreNameserversThanTheNetworkHasServersAreRefused) {
  COROCKET_SKIP_IF_MISSING(NetworkSandbox::Missing());
  const absl::StatusOr<std::unique_ptr<NetworkSandbox>> network = NetworkSandbox::Create({.servers = 1});
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(RealCluster::Start({.namesrvs = 2, .network = network->get()}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace corocket::test
