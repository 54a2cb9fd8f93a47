// The examples in the documentation of SimRuntime and SimNet, and in simulation.md.

#include <chrono>

#include "absl/status/statusor.h"
#include "corocket/client.h"
#include "corocket/route.h"
#include "corocket/testing/embedded_namesrv.h"
#include "gtest/gtest.h"
#include "sdk/testkit/sim_net.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket::testkit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EmbeddedNamesrv;

TEST(SimExample, AServerAndItsClientsMeetInVirtualTimeAndAFaultConcernsNewDials) {
  SimRuntime sim({.seed = 7});
  SimNet net(sim, {.jitter = milliseconds(2)});
  auto ns = EmbeddedNamesrv::Create({.runtime = sim.runtime(), .binder = net.binder()}, {.listen = "10.0.0.1:9876"});
  ASSERT_TRUE(ns.ok()) << ns.status();
  ns->AddTopic("orders", "broker-a");
  auto client = Client::Create({.runtime = sim.runtime(), .connector = net.connector()}, {.namesrv = {ns->address()}});
  ASSERT_TRUE(client.ok()) << client.status();
  const absl::StatusOr<TopicRoute> route = sim.Run(client->QueryRoute("orders"));
  EXPECT_TRUE(route.ok()) << route.status();
  sim.RunFor(seconds(30));

  net.At({"10.0.0.1", 9876}).Blackhole();
  auto late =
      Client::Create({.runtime = sim.runtime(), .connector = net.connector("late")}, {.namesrv = {"10.0.0.1:9876"}});
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_FALSE(sim.Run(late->QueryRoute("orders")).ok());
  EXPECT_TRUE(sim.Run(client->QueryRoute("orders")).ok());
  net.At({"10.0.0.1", 9876}).Heal();
  EXPECT_TRUE(sim.Run(late->QueryRoute("orders")).ok());
}

}  // namespace
}  // namespace corocket::testkit
