// The operator's tool and the first sample against real Apache servers: what they print, and what they say of a kill
// -9.

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/use_future.hpp"
#include "corocket/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/samples/program.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/real_cluster.h"
#include "tests/support/real_servers/skip_if_missing.h"

namespace corocket::test {
namespace {

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kTopic[] = "orders";
constexpr std::chrono::seconds kRegistration{60};

asio::awaitable<absl::StatusOr<ClusterInfo>> AskAndShutDown(Client& client) {
  absl::StatusOr<ClusterInfo> info = co_await client.QueryClusterInfo();
  const absl::Status ended = co_await client.Shutdown();
  EXPECT_TRUE(ended.ok()) << ended;
  co_return info;
}

/// Two NameServers and a broker with a topic of eight queues, for each test.
class ProgramsRealTest : public ::testing::Test {
 protected:
  void SetUp() override {
    COROCKET_SKIP_IF_MISSING(MissingPieces());
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster = RealCluster::Start({.namesrvs = 2});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    ASSERT_EQ(cluster_->CreateTopic(kTopic), absl::OkStatus());
  }

  [[nodiscard]] std::string Namesrv() const { return absl::StrCat("--namesrv=", cluster_->Addresses()); }

  std::unique_ptr<RealCluster> cluster_;
};

TEST_F(ProgramsRealTest, ShowTheRouteOfARealTopic) {
  const Ended text = RunProgram("ROCKETCTL", {"route", kTopic, Namesrv()});
  EXPECT_EQ(text.exit_code, 0) << text.ToString();
  EXPECT_THAT(text.out, AllOf(HasSubstr("broker-a: 8 read, 8 write, RW-"), HasSubstr(cluster_->BrokerAddress())));
  EXPECT_THAT(text.err, IsEmpty());

  const Ended document = RunProgram("ROCKETCTL", {"route", kTopic, Namesrv(), "--format=json"});
  EXPECT_EQ(document.exit_code, 0) << document.ToString();
  const json route = json::parse(document.out);
  ASSERT_THAT(route["queues"], SizeIs(1));
  EXPECT_EQ(route["queues"][0]["broker"], RealCluster::kBrokerName);
  EXPECT_EQ(route["queues"][0]["read_queues"], 8);
  EXPECT_EQ(route["brokers"][0]["addresses"]["0"], cluster_->BrokerAddress());

  const Ended unknown = RunProgram("ROCKETCTL", {"route", "nobody-knows", Namesrv()});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("\"nobody-knows\""));

  const Ended sample = RunProgram("ROUTE_QUERY", {kTopic, cluster_->Addresses()});
  EXPECT_EQ(sample.exit_code, 0) << sample.ToString();
  EXPECT_THAT(sample.out, HasSubstr(cluster_->BrokerAddress()));
}

TEST_F(ProgramsRealTest, WatchTellsOfTheKillOfTheChosenAndLosesNoCall) {
  Program program("ROCKETCTL", {.arguments = {"watch", absl::StrCat("--topic=", kTopic), Namesrv(), "--duration=10m",
                                              "--format=jsonl"}});
  ASSERT_TRUE(program.WaitForOutput("\"kind\":\"chosen\""));
  // Whichever is chosen: the first kill may meet the other one.
  ASSERT_EQ(cluster_->Kill9(0), absl::OkStatus());
  ASSERT_EQ(cluster_->Restart(0), absl::OkStatus());
  ASSERT_EQ(cluster_->RegisterBroker(In(kRegistration)), absl::OkStatus());
  ASSERT_EQ(cluster_->Kill9(1), absl::OkStatus());
  ASSERT_TRUE(program.WaitForOutput("\"previous\":\"" + cluster_->Address(1) + "\""));
  program.Signal(SIGINT);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  const std::vector<std::string_view> lines = absl::StrSplit(ended.out, '\n', absl::SkipEmpty());
  const json summary = json::parse(lines.back());
  EXPECT_EQ(summary["type"], "summary");
  EXPECT_GT(summary["ok"], 0);
  EXPECT_EQ(summary["failed"], 0);
  EXPECT_GE(summary["switches"], 1);
}

TEST_F(ProgramsRealTest, TheBrokersOfARealClusterAreListed) {
  asio::io_context io;
  absl::StatusOr<Client> client = Client::Create(io.get_executor(), {.namesrv = {cluster_->Addresses()}});
  ASSERT_TRUE(client.ok()) << client.status();
  auto asked = asio::co_spawn(io, AskAndShutDown(*client), asio::use_future);
  io.run();
  const absl::StatusOr<ClusterInfo> info = asked.get();
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_THAT(info->brokers, SizeIs(1));
  EXPECT_EQ(info->brokers.front().name, RealCluster::kBrokerName);
  EXPECT_EQ(info->brokers.front().addresses.at(0).second, cluster_->BrokerAddress());
}

}  // namespace
}  // namespace corocket::test
