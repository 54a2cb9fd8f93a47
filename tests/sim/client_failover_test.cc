// What callers see while NameServers fail, in virtual time: each scenario counts calls, switches and dials exactly.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "corocket/client.h"
#include "corocket/error.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/scripted_namesrv.h"
#include "corocket/testing/sim_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/wire/frame.h"
#include "tests/support/failover_fixture.h"
#include "tests/support/sim_load.h"
#include "tests/support/wire_tap.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::SimWorld;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(Failover, ARouteIsAnsweredAndTheServerKept) {
  Client client = MakeClient();
  for (int i = 0; i < 10; ++i) {
    absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
    ASSERT_TRUE(route.ok()) << route.status();
    EXPECT_THAT(route->queues, SizeIs(1));
  }
  EXPECT_EQ(ConnectionsAccepted(), 1U);
  EXPECT_TRUE(world_.Run(client.Shutdown()).ok());
}

/// How a chosen server ends while calls wait on it.
struct Ending {
  const char* name;
  void (*end)(SimWorld& world, EmbeddedNamesrv& chosen);
};

class EndOfTheChosen : public Failover, public ::testing::WithParamInterface<Ending> {};

TEST_P(EndOfTheChosen, WhileSixtyFourCallsWaitFailsNoneAndSwitchesOnce) {
  Client client = MakeClient();
  SimLoad load(world_, client, {.callers = 64, .pause = 1ms});
  world_.Advance(100ms);
  EmbeddedNamesrv& chosen = Chosen(client);
  chosen.Stall(true);
  world_.Advance(20ms);
  ASSERT_EQ(load.waiting(), 64);
  EventStream events = client.Watch();
  load.StartOver();
  GetParam().end(world_, chosen);
  world_.Advance(500ms);
  load.StopAndWait();
  EXPECT_EQ(load.failed(), 0U);
  EXPECT_LE(load.longest_gap(), 5ms);
  const std::vector<EndpointEvent> seen = TakeEvents(events);
  EXPECT_EQ(CountOf(seen, EventKind::kInvalidated), 1);
  EXPECT_EQ(CountOf(seen, EventKind::kChosen), 1);
  EXPECT_NE(client.Snapshot().chosen, chosen.address());
}
INSTANTIATE_TEST_SUITE_P(
    Endings, EndOfTheChosen,
    ::testing::Values(Ending{"reset", [](SimWorld& world, EmbeddedNamesrv& chosen) { world.Reset(chosen.address()); }},
                      Ending{"close", [](SimWorld&, EmbeddedNamesrv& chosen) { chosen.CloseAll(CloseMode::kFin); }},
                      Ending{"kill", [](SimWorld& world, EmbeddedNamesrv& chosen) { world.Kill(chosen.address()); }}),
    [](const auto& param) { return std::string(param.param.name); });

class SilentServer : public Failover, public ::testing::WithParamInterface<const char*> {};

TEST_P(SilentServer, IsLeftAfterTheSilenceLimitAndNoCallFails) {
  Client client = MakeClient();
  SimLoad load(world_, client, {.callers = 64});
  world_.Advance(100ms);
  load.StartOver();
  const std::string chosen = client.Snapshot().chosen;
  if (std::string(GetParam()) == "pause") world_.Pause(chosen);
  if (std::string(GetParam()) == "half_open") world_.HalfOpen(chosen);
  if (std::string(GetParam()) == "stall") Chosen(client).Stall(true);
  world_.Advance(2s);
  load.StopAndWait();
  EXPECT_EQ(load.failed(), 0U);
  EXPECT_LE(load.longest_gap(), 700ms);
  EXPECT_LE(load.longest_call(), 700ms);
  EXPECT_NE(client.Snapshot().chosen, chosen);
  // Recovery: the server works again and nothing moves back by itself.
  const std::uint64_t switches = client.Snapshot().switches;
  world_.Heal(chosen);
  world_.Advance(1s);
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EXPECT_EQ(client.Snapshot().switches, switches);
}
INSTANTIATE_TEST_SUITE_P(Faults, SilentServer, ::testing::Values("pause", "half_open", "stall"),
                         [](const auto& param) { return std::string(param.param); });

TEST_F(Failover, AHungServerIsLeftAlthoughEveryCallerIsShortOfTime) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const std::string chosen = client.Snapshot().chosen;
  world_.Pause(chosen);
  CallOptions hurried;
  hurried.timeout = 100ms;
  // Each caller gives up before the silence limit; their requests keep counting.
  for (int i = 0; i < 8 && client.Snapshot().chosen == chosen; ++i) {
    const bool answered = world_.Run(client.QueryRoute("orders", hurried)).ok();
    if (answered) break;
  }
  EXPECT_NE(client.Snapshot().chosen, chosen);
  EXPECT_LE(world_.Elapsed(), 800ms);
}

/// How many of three servers are dead from the start.
class ColdStart : public ::testing::TestWithParam<int> {};

TEST_P(ColdStart, DeadAddressesCostAQuarterSecondEachAndNoCall) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SimWorld world(seed);
    for (const std::string& endpoint : kThree) world.AddNamesrv(endpoint).AddTopic("orders", "broker-a");
    for (int i = 0; i < GetParam(); ++i) world.Blackhole(kThree[static_cast<std::size_t>(i)]);
    ClientOptions options;
    options.namesrv = kThree;
    absl::StatusOr<Client> client = Client::Create(world.environment(), options);
    ASSERT_TRUE(client.ok());
    absl::StatusOr<TopicRoute> route = world.Run(client->QueryRoute("orders"));
    ASSERT_TRUE(route.ok()) << "seed " << seed << ": " << route.status();
    ASSERT_LE(world.Elapsed(), GetParam() * 300ms) << "seed " << seed;
  }
}
INSTANTIATE_TEST_SUITE_P(Blackholes, ColdStart, ::testing::Values(1, 2));

TEST_F(Failover, ACallWithNobodyToAskReturnsAtItsTimeoutAndNamesEveryServer) {
  for (const std::string& endpoint : kThree) world_.Blackhole(endpoint);
  Client client = MakeClient();
  CallOptions hurried;
  hurried.timeout = 500ms;
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders", hurried));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(world_.Elapsed(), 500ms);
  EXPECT_LE(world_.Elapsed(), 520ms);
  for (const std::string& endpoint : kThree) EXPECT_THAT(route.status().message(), HasSubstr(endpoint));
  EXPECT_EQ(RetryHintOf(route.status()), RetryHint::kSafeToRetry);
}

TEST_F(Failover, WhenEveryServerRefusesTheErrorSaysSoForEach) {
  for (const std::string& endpoint : kThree) world_.Kill(endpoint);
  Client client = MakeClient();
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kUnavailable);
  for (const std::string& endpoint : kThree) {
    EXPECT_THAT(route.status().message(), HasSubstr(endpoint + ": connect: Connection refused"));
  }
}

TEST_F(Failover, WithoutWaitingForReadyAnOutageFailsAtOnce) {
  for (const std::string& endpoint : kThree) world_.Kill(endpoint);
  Client client = MakeClient();
  CallOptions impatient;
  impatient.wait_for_ready = false;
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders", impatient));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LE(world_.Elapsed(), 50ms);
}

TEST_F(Failover, WithoutWaitingForReadyDeadAddressesFailTheCallWhenEachHasBeenTried) {
  for (const std::string& endpoint : kThree) world_.Blackhole(endpoint);
  Client client = MakeClient();
  CallOptions impatient;
  impatient.timeout = 30s;
  impatient.wait_for_ready = false;
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders", impatient));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kUnavailable) << route.status();
  EXPECT_LE(world_.Elapsed(), 2100ms) << "two delays of 250 ms, and one dial of 1.5 s";
}

TEST_F(Failover, OneDialAtATimeStillFindsTheOneServerThatLives) {
  for (int dead = 0; dead < 2; ++dead) world_.Blackhole(kThree[static_cast<std::size_t>(dead)]);
  for (std::uint64_t i = 0; i < 20; ++i) {
    ClientOptions options;
    options.namesrv = kThree;
    options.failover.max_parallel_dials = 1;
    absl::StatusOr<Client> client = Client::Create(world_.environment(), options);
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_TRUE(world_.Run(client->QueryRoute("orders")).ok());
  }
}

TEST_F(Failover, AListThatCannotBeReadIsRefusedQuotedAndTold) {
  Client client = MakeClient();
  EventStream events = client.Watch();
  const absl::Status refused = client.UpdateEndpoints({"ns1:9876", "nohost"});
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.message(), HasSubstr("nohost"));
  EXPECT_EQ(client.UpdateEndpoints({}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok()) << "the old list stays in force";
  const std::vector<EndpointEvent> seen = TakeEvents(events);
  EXPECT_EQ(CountOf(seen, EventKind::kListUpdateRejected), 2);
  EXPECT_THAT(seen.front().detail, HasSubstr("nohost"));
}

TEST_F(Failover, AnOutageOfTenSecondsCostsFewDialsAndEndsSoonAfterTheServersAreBack) {
  Client client = MakeClient();
  SimLoad load(world_, client, {.callers = 64});
  world_.Advance(100ms);
  const std::uint64_t dials_before = client.Snapshot().dials;
  for (const std::string& endpoint : kThree) world_.Kill(endpoint);
  world_.Advance(10s);
  EXPECT_LE(client.Snapshot().dials - dials_before, 150U);
  EXPECT_GE(client.Snapshot().dials - dials_before, 20U);
  const auto restarted = world_.Elapsed();
  for (const std::string& endpoint : kThree) world_.Restart(endpoint);
  load.StartOver();
  world_.Advance(1100ms);
  EXPECT_GT(load.succeeded(), 0U) << "not back " << (world_.Elapsed() - restarted) / 1ms << " ms after the servers";
  load.StopAndWait();
}

TEST_F(Failover, AfterASecondInWhichEveryServerResetsEverythingItIsBackWithinASecond) {
  Client client = MakeClient();
  SimLoad load(world_, client, {.callers = 64});
  world_.Advance(100ms);
  for (EmbeddedNamesrv* server : servers_) {
    server->RefuseReset(true);
    server->CloseAll(CloseMode::kReset);
  }
  world_.Advance(1s);
  for (EmbeddedNamesrv* server : servers_) server->RefuseReset(false);
  load.StartOver();
  world_.Advance(1100ms);
  EXPECT_GT(load.succeeded(), 0U);
  load.StopAndWait();
  EXPECT_EQ(load.failed(), 0U);
}

TEST_F(Failover, AThousandColdCallersShareOneChoiceAndOneConnectionPerDialledServer) {
  Client client = MakeClient();
  EventStream events = client.Watch();
  // All at once: no pause to spread them over.
  SimLoad load(world_, client, {.callers = 1000, .pause = 0us});
  world_.Advance(1ms);
  EXPECT_GE(load.succeeded(), 1000U);
  EXPECT_EQ(load.failed(), 0U);
  EXPECT_EQ(ConnectionsAccepted(), 1U);
  EXPECT_EQ(CountOf(TakeEvents(events), EventKind::kChosen), 1);
  load.StopAndWait();
}

TEST_F(Failover, AListThatChangesAllTheTimeFailsNoCallAndStartsNoRequestOnARemovedServer) {
  constexpr int kToggles = 2500;
  WireTap tap(world_.environment());
  Client client = MakeClient({"ns1:9876"}, tap.environment());
  std::string removed;
  std::uint64_t requests = 0;
  tap.OnRequest([&](const std::string& server, const wire::Frame& request) {
    if (request.header.code != testing::kGetRouteInfo) return;
    ++requests;
    EXPECT_NE(server, removed) << "at " << world_.Elapsed() / 1us << " us";
  });
  SimLoad load(world_, client, {.callers = 8, .pause = 200us});
  world_.Advance(50ms);
  load.StartOver();
  std::size_t most_open = 0;
  std::uint64_t most_draining = 0;
  for (int i = 0; i < kToggles && !HasFailure(); ++i) {
    removed = kThree[i % 2 == 0 ? 0 : 1];
    ASSERT_TRUE(client.UpdateEndpoints({kThree[i % 2 == 0 ? 1 : 0]}).ok());
    world_.Advance(2ms);
    most_open = std::max(most_open, tap.census().open);
    most_draining = std::max(most_draining, client.Snapshot().draining);
  }
  load.StopAndWait();
  EXPECT_EQ(load.failed(), 0U);
  EXPECT_GT(load.succeeded(), 10'000U);
  EXPECT_GE(requests, load.succeeded());
  EXPECT_LE(most_open, 10U);
  EXPECT_LE(most_draining, 8U);
}

TEST_F(Failover, NoSuchTopicIsBelievedWhenASecondServerAgrees) {
  Client client = MakeClient();
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("nobody-knows"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kNotFound);
  std::optional<ErrorDetails> details = DetailsOf(route.status());
  ASSERT_TRUE(details.has_value());
  EXPECT_FALSE(details->unconfirmed);
  EXPECT_EQ(details->server_code, 17);
}

TEST_F(Failover, AServerThatLostItsBrokersIsLeftForOneThatHasThem) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EmbeddedNamesrv& forgetful = Chosen(client);
  forgetful.Clear();
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_NE(client.Snapshot().chosen, forgetful.address());
  EXPECT_EQ(client.Snapshot().reason, SwitchReason::kSecondOpinion);
  world_.Advance(5s);
  EXPECT_EQ(forgetful.stats().connections_open, 0U);
}

TEST_F(Failover, NoSuchTopicIsMarkedUnconfirmedWhenNoSecondServerCanBeAsked) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  for (EmbeddedNamesrv* server : servers_) {
    if (server != &Chosen(client)) server->Stop();
  }
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("nobody-knows"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(DetailsOf(route.status())->unconfirmed);
}

TEST_F(Failover, ASingleServersNoIsFinalAtOnce) {
  Client client = MakeClient({"ns1:9876"});
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("nobody-knows"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kNotFound);
  EXPECT_LE(world_.Elapsed(), 5ms);
}

TEST_F(Failover, ServersThatAnswerTheProbeAndResetTheWorkCauseNoStormOfDials) {
  SimWorld world(3);
  for (const std::string& endpoint : kThree) {
    world.AddScriptedNamesrv(endpoint).Expect(testing::Request(testing::kGetRouteInfo)).Times(100'000).ResetAfter(0us);
  }
  ClientOptions options;
  options.namesrv = kThree;
  absl::StatusOr<Client> client = Client::Create(world.environment(), options);
  ASSERT_TRUE(client.ok());
  absl::StatusOr<TopicRoute> route = world.Run(client->QueryRoute("orders"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kUnavailable) << route.status();
  EXPECT_LE(client->Snapshot().dials, 60U);
}

TEST_F(Failover, ShutdownFailsWaitingCallsAndLeavesNothingBehind) {
  for (const std::string& endpoint : kThree) world_.Blackhole(endpoint);
  Client client = MakeClient();
  SimLoad load(world_, client, {.callers = 8, .pause = 1ms});
  world_.Advance(100ms);
  EXPECT_TRUE(world_.Run(client.Shutdown()).ok());
  world_.Advance(0s);
  EXPECT_EQ(load.failed(), 8U);
  for (const absl::Status& status : load.failures()) EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(world_.Run(client.Shutdown()).ok()) << "a second shutdown is no error";
  absl::StatusOr<TopicRoute> late = world_.Run(client.QueryRoute("orders"));
  EXPECT_EQ(late.status().code(), absl::StatusCode::kFailedPrecondition);
  load.StopAndWait();
}

TEST_F(Failover, ADestroyedClientEndsItsCallsAndClosesItsSockets) {
  std::optional<Client> client = MakeClient();
  ASSERT_TRUE(world_.Run(client->QueryRoute("orders")).ok());
  Chosen(*client).Stall(true);
  absl::Status outcome;
  world_.Spawn([](Client& asked, absl::Status& result) -> asio::awaitable<void> {
    absl::StatusOr<TopicRoute> route = co_await asked.QueryRoute("orders");
    result = route.status();
  }(*client, outcome));
  world_.Advance(10ms);
  client.reset();
  world_.Advance(10ms);
  EXPECT_EQ(outcome.code(), absl::StatusCode::kFailedPrecondition) << outcome;
  for (const EmbeddedNamesrv* server : servers_) EXPECT_EQ(server->stats().connections_open, 0U);
}

}  // namespace
}  // namespace corocket::test
