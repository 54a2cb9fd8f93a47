// Names and links below `SimWorld`: look-ups that hang and how many there are, addresses that flap, sockets counted
// from outside.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/base/remoting_error.h"
#include "sdk/testkit/sim_net.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::EmbeddedNamesrv;
using testkit::SimNet;
using testkit::SimRuntime;

constexpr std::uint64_t kSeeds = 20;

/// A network, servers at addresses of it, and names.
class World {
 public:
  explicit World(std::uint64_t seed) : sim({.seed = seed}), net(sim) {}

  EmbeddedNamesrv& Serve(const std::string& address) {
    servers_.push_back(std::make_unique<EmbeddedNamesrv>(
        EmbeddedNamesrv::Create({.runtime = sim.runtime(), .binder = net.binder()}, {.listen = address}).value()));
    servers_.back()->AddTopic("orders", "broker-a");
    return *servers_.back();
  }
  testkit::SimRoute At(const std::string& host) { return net.At({.host = host, .port = 9876}); }
  Client Connect(std::vector<std::string> list, FailoverOptions failover = {}) {
    ClientOptions options;
    options.namesrv = std::move(list);
    options.failover = failover;
    return Client::Create({.runtime = sim.runtime(), .connector = net.connector()}, options).value();
  }
  absl::StatusOr<TopicRoute> Ask(Client& client, CallOptions options = {}, const std::string& topic = "orders") {
    return sim.Run(client.QueryRoute(topic, std::move(options)));
  }

  SimRuntime sim;
  SimNet net;

 private:
  std::vector<std::unique_ptr<EmbeddedNamesrv>> servers_;
};

asio::awaitable<void> KeepAsking(SimRuntime& sim, Client& client, std::shared_ptr<bool> stop,
                                 std::shared_ptr<std::vector<absl::Status>> outcomes) {
  while (!*stop) {
    absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders");
    outcomes->push_back(route.status());
    co_await SleepUntil(*sim.runtime(), sim.Now() + 20ms);
  }
}

TEST(NamesOfServers, ThatHangHoldUpNobody) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed);
    world.net.SetName("hangs", {"10.0.0.2"});
    world.net.SlowName("hangs", 1h);
    world.net.SetName("ns", {"10.0.0.1"});
    world.Serve("10.0.0.1:9876");
    Client client = world.Connect({"hangs:9876", "ns:9876"});
    ASSERT_TRUE(world.Ask(client).ok()) << "seed " << seed;
    ASSERT_LE(world.sim.Elapsed(), 300ms) << "seed " << seed;
    ASSERT_TRUE(world.sim.Run(client.Shutdown()).ok());
    ASSERT_LE(world.sim.Elapsed(), 310ms) << "nor a shutdown";
  }
}

TEST(NamesOfServers, AreNotLookedUpWhereTheyAreLiterals) {
  for (const char* address : {"10.0.0.1:9876", "[2001:db8::1]:9876", "[fe80::1%lo]:9876"}) {
    World world(3);
    world.Serve(address);
    Client client = world.Connect({address});
    const absl::StatusOr<TopicRoute> route = world.Ask(client);
    EXPECT_TRUE(route.ok()) << route.status();
    EXPECT_EQ(client.Snapshot().chosen, address);
    EXPECT_EQ(world.net.lookups(), 0U);
  }
}

TEST(NamesOfServers, OfASecondOpinionMayHaveADeadAddressToo) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed);
    world.net.SetName("ns1", {"10.0.0.1"});
    world.net.SetName("ns2", {"10.0.0.2", "10.0.0.3"});
    EmbeddedNamesrv& forgetful = world.Serve("10.0.0.1:9876");
    world.Serve("10.0.0.3:9876");
    world.At("10.0.0.2").Refuse();
    Client client = world.Connect({"ns1:9876", "ns2:9876"});
    forgetful.Clear();
    const absl::StatusOr<TopicRoute> route = world.Ask(client);
    ASSERT_TRUE(route.ok()) << "seed " << seed << ": " << route.status();
    EXPECT_EQ(client.Snapshot().chosen, "ns2:9876");
  }
}

TEST(NamesOfServers, HaveEightAddressesThatCountAndNoMore) {
  for (const std::size_t well : {8U, 9U}) {
    World world(3);
    std::vector<std::string> hosts;
    for (std::size_t i = 1; i <= 9; ++i) {
      hosts.push_back("10.0.0." + std::to_string(i));
      if (i != well) world.At(hosts.back()).Refuse();
    }
    world.net.SetName("ns", hosts);
    world.Serve(hosts[well - 1] + ":9876");
    Client client = world.Connect({"ns:9876"});
    CallOptions impatient;
    impatient.wait_for_ready = false;
    EXPECT_EQ(world.Ask(client, impatient).ok(), well == 8) << well;
    EXPECT_EQ(client.Snapshot().dials, 8U);
  }
}

TEST(DialTimeout, CoversLookUpConnectAndProofOfLifeTogether) {
  World world(3);
  world.Serve("10.0.0.1:9876");
  world.net.SetName("ns", {"10.0.0.1"});
  // 600 ms each: none of the three is too slow by itself.
  world.net.SlowName("ns", 600ms);
  world.At("10.0.0.1").Slow(300ms);
  FailoverOptions failover;
  failover.silence_limit = 1min;
  Client client = world.Connect({"ns:9876"}, failover);
  const auto stop = std::make_shared<bool>(false);
  const auto outcomes = std::make_shared<std::vector<absl::Status>>();
  world.sim.Spawn(KeepAsking(world.sim, client, stop, outcomes));
  world.sim.RunFor(1501ms);
  const ChannelSnapshot snapshot = client.Snapshot();
  EXPECT_EQ(snapshot.failed_passes, 1U);
  ASSERT_TRUE(snapshot.endpoints[0].last_failure.has_value());
  EXPECT_EQ(snapshot.endpoints[0].last_failure->phase, "probe");
  EXPECT_EQ(snapshot.endpoints[0].last_failure->cause, RemotingErrc::kConnectTimeout);
  EXPECT_EQ(snapshot.endpoints[0].last_failure->elapsed, 1500ms);
  *stop = true;
  world.sim.RunFor(4s);
}

TEST(FlappingNetwork, LosesNoCallWhileOneServerIsWellAndNoneAfterItIsMended) {
  for (const bool one_is_well : {true, false}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      World world(seed);
      const std::vector<std::string> hosts = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};
      std::vector<std::string> list;
      for (const std::string& host : hosts) {
        list.push_back(host + ":9876");
        world.Serve(list.back());
      }
      for (std::size_t i = one_is_well ? 1 : 0; i < hosts.size(); ++i) world.At(hosts[i]).Flap(50ms);
      Client client = world.Connect(list);
      const auto stop = std::make_shared<bool>(false);
      const auto outcomes = std::make_shared<std::vector<absl::Status>>();
      for (int i = 0; i < 4; ++i) world.sim.Spawn(KeepAsking(world.sim, client, stop, outcomes));
      world.sim.RunFor(5s);
      if (one_is_well) {
        for (const absl::Status& status : *outcomes) ASSERT_TRUE(status.ok()) << "seed " << seed << ": " << status;
      }
      for (const std::string& host : hosts) world.At(host).Heal();
      world.sim.RunFor(1100ms);
      outcomes->clear();
      world.sim.RunFor(1s);
      EXPECT_GE(outcomes->size(), 100U);
      for (const absl::Status& status : *outcomes) ASSERT_TRUE(status.ok()) << "seed " << seed << ": " << status;
      *stop = true;
      world.sim.RunFor(4s);
      EXPECT_TRUE(world.sim.Run(client.Shutdown()).ok());
      EXPECT_EQ(world.net.total().client_sockets, 0U);
    }
  }
}

}  // namespace
}  // namespace corocket::test
