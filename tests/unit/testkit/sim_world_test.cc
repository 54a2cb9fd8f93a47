#include "corocket/testing/sim_world.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/error.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/protocol/route_query.h"
#include "sdk/runtime/runtime.h"
#include "tests/unit/testkit/raw_client.h"
#include "tests/unit/testkit/sim_fixture.h"

namespace corocket::testkit {
namespace {

using corocket::testing::EmbeddedNamesrv;
using corocket::testing::SimWorld;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

wire::Frame Query() { return protocol::EncodeRouteRequest({.topic = "orders"}); }

asio::awaitable<void> SleepFor(std::shared_ptr<Runtime> runtime, Duration duration) {
  co_await SleepUntil(*runtime, runtime->Now() + duration);
}

class SimWorldTest : public SimFixture {
 protected:
  SimWorldTest() { ns_.AddTopic("orders", "broker-a"); }

  /// Whether an answer comes within this time. It may still come later; `client` stays.
  bool Answers(RawClient& client, milliseconds within) {
    auto answered = std::make_shared<bool>(false);
    world_.Spawn(Note(client, answered));
    world_.Advance(within);
    return *answered;
  }
  static asio::awaitable<void> Note(RawClient& client, std::shared_ptr<bool> answered) {
    co_await client.Call(Query());
    *answered = true;
  }
  bool Connects(milliseconds within) {
    auto connected = std::make_shared<bool>(false);
    world_.Spawn(NoteDial(world_.environment(), connected));
    world_.Advance(within);
    return *connected;
  }
  static asio::awaitable<void> NoteDial(Environment environment, std::shared_ptr<bool> connected) {
    RawClient client = co_await RawClient::Connect(std::move(environment), kNs1);
    *connected = true;
  }

  EmbeddedNamesrv& ns_ = world_.AddNamesrv(kNs1);
};

TEST_F(SimWorldTest, RefuseConcernsDialsOnly) {
  RawClient client = Dial();
  world_.Refuse(kNs1);
  EXPECT_EQ(DialError(), asio::error::connection_refused);
  EXPECT_TRUE(Answers(client, milliseconds(10)));
  world_.Heal(kNs1);
  EXPECT_EQ(DialError(), std::error_code());
}

TEST_F(SimWorldTest, ABlackholeSwallowsDialsUntilItHeals) {
  world_.Blackhole(kNs1);
  EXPECT_FALSE(Connects(seconds(2)));
  world_.Heal(kNs1);
  EXPECT_TRUE(Connects(milliseconds(10)));
}

TEST_F(SimWorldTest, HalfOpenIsSilentBothWaysUntilItHeals) {
  RawClient client = Dial();
  world_.HalfOpen(kNs1);
  EXPECT_FALSE(Answers(client, seconds(60)));
  EXPECT_EQ(ns_.stats().requests, 0u);
  world_.Heal(kNs1);
  world_.Advance(milliseconds(10));
  EXPECT_EQ(ns_.stats().requests, 1u);
}

TEST_F(SimWorldTest, APausedProcessIsConnectedToAndSilent) {
  world_.Pause(kNs1);
  RawClient client = Dial();
  EXPECT_FALSE(Answers(client, seconds(60)));
  world_.Heal(kNs1);
  world_.Advance(milliseconds(10));
  EXPECT_EQ(ns_.stats().requests, 1u);
}

TEST_F(SimWorldTest, SlowIsALatencyEachWay) {
  RawClient client = Dial();
  world_.Slow(kNs1, milliseconds(40));
  const auto begin = world_.Elapsed();
  Call(client, Query());
  EXPECT_EQ(world_.Elapsed() - begin, milliseconds(80));
}

TEST_F(SimWorldTest, ResetBreaksWhatThereIsAndNothingAfter) {
  RawClient client = Dial();
  world_.Reset(kNs1);
  EXPECT_EQ(End(client), asio::error::connection_reset);
  RawClient next = Dial();
  EXPECT_TRUE(Answers(next, milliseconds(10)));
}

TEST_F(SimWorldTest, TrickleIsAByteAtATime) {
  RawClient client = Dial();
  world_.Trickle(kNs1, milliseconds(2));
  const auto begin = world_.Elapsed();
  const wire::Frame answer = Call(client, Query());
  EXPECT_EQ(answer.header.code, 0);
  EXPECT_GT(world_.Elapsed() - begin, milliseconds(2 * answer.body.size()));
}

TEST_F(SimWorldTest, ResetAfterCutsAnAnswerInTheMiddle) {
  RawClient client = Dial();
  world_.ResetAfter(kNs1, 10);
  try {
    Call(client, Query());
    FAIL() << "the whole answer came";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::connection_reset);
  }
  EXPECT_EQ(ns_.stats().requests, 1u);
}

TEST_F(SimWorldTest, AFlappingServerIsDownAndUpInTurn) {
  RawClient before = Dial();
  world_.Flap(kNs1, milliseconds(100));
  EXPECT_EQ(End(before), asio::error::connection_reset);
  EXPECT_EQ(DialError(), asio::error::connection_refused);
  world_.Advance(milliseconds(110));
  RawClient between = Dial();
  EXPECT_TRUE(Answers(between, milliseconds(10)));
  world_.Advance(milliseconds(100));
  EXPECT_EQ(End(between), asio::error::connection_reset);
  world_.Heal(kNs1);
  EXPECT_EQ(DialError(), std::error_code());
}

TEST_F(SimWorldTest, ANameLeadsWhereItIsToldUntilItFails) {
  world_.AddNamesrv("ns2:9876").AddTopic("orders", "broker-a");
  world_.SetName("namesrv.example", {"ns1", "192.0.2.7"});
  EXPECT_EQ(DialError("namesrv.example:9876"), std::error_code());
  world_.SetName("namesrv.example", {"ns2"});
  RawClient moved = Dial("namesrv.example:9876");
  Call(moved, Query());
  EXPECT_EQ(ns_.stats().requests, 0u);
  world_.FailName("namesrv.example");
  EXPECT_EQ(DialError("namesrv.example:9876"), asio::error::host_not_found);
  world_.SetName("namesrv.example", {"ns1"});
  world_.SlowName("namesrv.example", std::chrono::minutes(1));
  const auto begin = world_.Elapsed();
  EXPECT_EQ(DialError("namesrv.example:9876"), std::error_code());
  EXPECT_GE(world_.Elapsed() - begin, std::chrono::minutes(1));
}

TEST_F(SimWorldTest, EveryStepCanBeLookedAtAndEndTheRun) {
  int steps = 0;
  world_.OnStep([&steps] { ++steps; });
  RawClient client = Dial();
  Call(client, Query());
  EXPECT_GT(steps, 3);
  world_.OnStep([] { throw std::out_of_range("must not be"); });
  EXPECT_THROW(Call(client, Query()), std::out_of_range);
  world_.OnStep({});
  world_.Advance(milliseconds(1));
  EXPECT_EQ(ns_.stats().requests, 2u);
}

TEST_F(SimWorldTest, AKilledServerComesBackWithItsRoutes) {
  RawClient client = Dial();
  world_.Kill(kNs1);
  EXPECT_EQ(End(client), asio::error::connection_reset);
  EXPECT_EQ(DialError(), asio::error::connection_refused);
  world_.Restart(kNs1);
  RawClient next = Dial();
  EXPECT_EQ(Call(next, Query()).header.code, 0);
}

TEST_F(SimWorldTest, ANameIsKnownFromItsFirstUse) {
  EXPECT_EQ(DialError("ns9:9876"), asio::error::host_not_found);
  world_.Refuse("ns9:9876");
  EXPECT_EQ(DialError("ns9:9876"), asio::error::connection_refused);
}

TEST_F(SimWorldTest, AddressesThatAreNoNamesWorkAsTheyAre) {
  world_.AddNamesrv("192.0.2.7:9876").AddTopic("orders", "broker-a");
  RawClient client = Dial("192.0.2.7:9876");
  EXPECT_EQ(Call(client, Query()).header.code, 0);
}

TEST_F(SimWorldTest, PortsOfOneHostAreServersOfTheirOwn) {
  world_.AddNamesrv("ns1:9877");
  world_.Kill(kNs1);
  RawClient client = Dial("ns1:9877");
  EXPECT_EQ(Call(client, Query()).header.code, 17);
}

TEST_F(SimWorldTest, ManyHostsHaveManyAddresses) {
  for (int i = 0; i < 600; ++i) {
    const std::string endpoint = "host" + std::to_string(i) + ":9876";
    world_.AddNamesrv(endpoint).AddTopic(endpoint.substr(0, endpoint.find(':')), "broker-a");
  }
  for (const int i : {0, 248, 249, 250, 599}) {
    const std::string host = "host" + std::to_string(i);
    RawClient client = Dial(host + ":9876");
    EXPECT_EQ(Call(client, protocol::EncodeRouteRequest({.topic = host})).header.code, 0) << host;
  }
}

TEST_F(SimWorldTest, ErrorsOfTasksComeOut) {
  const auto fail = []() -> asio::awaitable<int> {
    throw std::out_of_range("broken on purpose");
    co_return 1;
  };
  EXPECT_THROW(world_.Run(fail()), std::out_of_range);
}

TEST(SimWorld, AWaitForWhatNeverHappensEndsWithTimeAndSeed) {
  SimWorld world(77);
  world.AddNamesrv("ns1:9876");
  RawClient client = world.Run(RawClient::Connect(world.environment(), "ns1:9876"));
  try {
    world.Run(client.ReceiveBytes());  // nobody was asked for any
    FAIL() << "it must not end";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("seed 77"), HasSubstr("virtual time 0.0")));
  }
}

TEST(SimWorld, TimePassesOnlyHere) {
  SimWorld world;
  EXPECT_EQ(world.Elapsed(), seconds(0));
  world.Run(SleepFor(world.environment().runtime, seconds(10)));
  EXPECT_EQ(world.Elapsed(), seconds(10));
  world.Advance(std::chrono::hours(1));
  EXPECT_EQ(world.Elapsed(), seconds(3610));
}

std::vector<std::uint64_t> Draw(std::uint64_t seed) {
  SimWorld world(seed);
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < 8; ++i) drawn.push_back(world.environment().runtime->Random());
  return drawn;
}

TEST(SimWorld, ChanceFollowsTheSeed) {
  EXPECT_EQ(Draw(3), Draw(3));
  EXPECT_NE(Draw(3), Draw(4));
}

TEST(SimWorldDeathTest, AWrongEndpointIsQuoted) {
  SimWorld world;
  EXPECT_DEATH(world.Refuse("nowhere"), "nowhere");
  EXPECT_DEATH(world.Kill("ns1:9876"), "no server was added at ns1:9876");
}

}  // namespace
}  // namespace corocket::testkit
