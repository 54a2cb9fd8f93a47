// Tests a service's own code against NameServers in memory: no ports, no waiting, faults on demand.
//
//   ./bazel/bazelw test //samples:03_test_your_service

#include <chrono>
#include <string>

#include "corocket/client.h"
#include "corocket/testing/request.h"
#include "corocket/testing/routes.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"

namespace {

using namespace std::chrono_literals;
using corocket::testing::kGetRouteInfo, corocket::testing::Request, corocket::testing::RouteOf,
    corocket::testing::SimWorld;

// The code under test: a service chooses where to send.
asio::awaitable<absl::StatusOr<std::string>> PickBroker(corocket::Client& client, std::string topic) {
  auto route = co_await client.QueryRoute(topic);
  if (!route.ok()) co_return route.status();
  for (const auto& queues : route->queues)
    if (queues.writable()) co_return queues.broker_name;
  co_return absl::FailedPreconditionError("no broker takes messages");
}

TEST(PickBroker, SkipsWhatCannotBeWritten) {
  SimWorld world;
  auto& ns = world.AddNamesrv("ns1:9876");
  ns.AddQueues("orders", {.broker_name = "broker-a", .read_queues = 8, .perm = corocket::kPermRead});
  ns.AddTopic("orders", "broker-b");
  auto client = corocket::Client::Create(world.environment(), {.namesrv = {"ns1:9876"}});
  EXPECT_EQ(world.Run(PickBroker(*client, "orders")).value(), "broker-b");
  EXPECT_TRUE(world.Run(client->Shutdown()).ok());
}

TEST(PickBroker, DoesNotNoticeThatAServerLosesItsNetwork) {
  SimWorld world;
  for (const char* endpoint : {"ns1:9876", "ns2:9876"}) world.AddNamesrv(endpoint).AddTopic("orders", "broker-a");
  auto client = corocket::Client::Create(world.environment(), {.namesrv = {"ns1:9876", "ns2:9876"}});
  EXPECT_EQ(world.Run(PickBroker(*client, "orders")).value(), "broker-a");
  world.HalfOpen(client->Snapshot().chosen);
  EXPECT_EQ(world.Run(PickBroker(*client, "orders")).value(), "broker-a");
  EXPECT_TRUE(world.Run(client->Shutdown()).ok());
}

TEST(PickBroker, SurvivesAServerThatHangsUpInTheMiddle) {
  SimWorld world;
  auto& ns = world.AddScriptedNamesrv("ns1:9876");
  ns.Expect(Request(kGetRouteInfo, "orders")).CloseAfter(2ms);
  ns.Expect(Request(kGetRouteInfo, "orders")).ReplyAfter(5ms, RouteOf("broker-a"));
  auto client = corocket::Client::Create(world.environment(), {.namesrv = {"ns1:9876"}});
  EXPECT_EQ(world.Run(PickBroker(*client, "orders")).value(), "broker-a");
  EXPECT_TRUE(ns.Unmet().empty());
  EXPECT_TRUE(world.Run(client->Shutdown()).ok());
}

}  // namespace
