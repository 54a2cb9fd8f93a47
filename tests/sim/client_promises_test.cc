// What callers may rely on beside the failover itself: lists that change, long outages, many clients, lost patience,
// observers that call back, and what is refused at the door.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/error.h"
#include "corocket/observer.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/sim_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/failover_fixture.h"
#include "tests/support/sim_load.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::SimWorld;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Others(const std::string& than) {
  std::vector<std::string> others;
  std::copy_if(kThree.begin(), kThree.end(), std::back_inserter(others),
               [&](const std::string& endpoint) { return endpoint != than; });
  return others;
}

/// A call that runs beside the test, and what became of it.
struct Started {
  std::optional<absl::StatusOr<TopicRoute>> result;
  std::chrono::nanoseconds ended_at{0};
  [[nodiscard]] bool ok() const { return result && result->ok(); }
};

asio::awaitable<void> Record(SimWorld& world, Client& client, std::string topic, CallOptions options,
                             std::shared_ptr<Started> started) {
  absl::StatusOr<TopicRoute> route = co_await client.QueryRoute(std::move(topic), std::move(options));
  EXPECT_FALSE(started->result.has_value()) << "a call completed twice";
  started->result = std::move(route);
  started->ended_at = world.Elapsed();
}

std::shared_ptr<Started> Start(SimWorld& world, Client& client, CallOptions options = {},
                               std::string topic = "orders") {
  auto started = std::make_shared<Started>();
  world.Spawn(Record(world, client, std::move(topic), std::move(options), started));
  return started;
}

TEST_F(Failover, AConnectionOfAServerThatWasRemovedMayBreakLateAndTheNewChoiceStays) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EmbeddedNamesrv& removed = Chosen(client);
  removed.Stall(true);
  const auto under_way = Start(world_, client);
  world_.Advance(10ms);
  ASSERT_TRUE(client.UpdateEndpoints(Others(removed.address())).ok());
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const std::uint64_t generation = client.Snapshot().generation;
  const std::string chosen = client.Snapshot().chosen;
  EventStream events = client.Watch();
  removed.CloseAll(CloseMode::kReset);  // Long after another server was chosen.
  world_.Advance(10ms);
  EXPECT_TRUE(under_way->ok()) << "asked again of the new choice";
  EXPECT_EQ(client.Snapshot().generation, generation);
  EXPECT_EQ(client.Snapshot().chosen, chosen);
  EXPECT_EQ(CountOf(TakeEvents(events), EventKind::kInvalidated), 0);
}

TEST_F(Failover, ARequestUnderWayOnAServerThatLeavesTheListIsStillAnsweredByIt) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EmbeddedNamesrv& removed = Chosen(client);
  removed.DelayAnswers(200ms);
  CallOptions options;
  options.report = std::make_shared<CallReport>();
  const auto under_way = Start(world_, client, options);
  world_.Advance(50ms);
  ASSERT_TRUE(client.UpdateEndpoints(Others(removed.address())).ok());
  EXPECT_EQ(client.Snapshot().draining, 1U);
  world_.Advance(200ms);
  ASSERT_TRUE(under_way->ok());
  EXPECT_EQ(options.report->answered_by, removed.address());
  EXPECT_EQ(options.report->attempts, 1U);
  EXPECT_EQ(removed.stats().connections_open, 0U) << "it closes when it has drained";
  EXPECT_EQ(client.Snapshot().draining, 0U);
}

TEST_F(Failover, AServerWhoseConnectionCannotBeClosedInOrderIsLeftAtOnceWhenItLeavesTheList) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EmbeddedNamesrv& removed = Chosen(client);
  world_.HalfOpen(removed.address());
  const auto under_way = Start(world_, client);
  world_.Advance(1ms);
  ASSERT_TRUE(client.UpdateEndpoints(Others(removed.address())).ok());
  EXPECT_NE(client.Snapshot().chosen, removed.address());
  const auto before = world_.Elapsed();
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EXPECT_LE(world_.Elapsed() - before, 5ms);
  world_.Advance(1s);
  EXPECT_TRUE(under_way->ok()) << "and what waited on it was asked elsewhere";
}

TEST_F(Failover, AListThatKeepsTheChosenServerTouchesNoConnection) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const ChannelSnapshot before = client.Snapshot();
  Serve("ns4:9876");
  EventStream events = client.Watch();
  ASSERT_TRUE(client.UpdateEndpoints({"ns4:9876", before.chosen}).ok());
  ASSERT_TRUE(client.UpdateEndpoints({absl::StrCat(" ", before.chosen, ";NS4:9876;", before.chosen)}).ok());
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const ChannelSnapshot after = client.Snapshot();
  EXPECT_EQ(after.chosen, before.chosen);
  EXPECT_EQ(after.generation, before.generation);
  EXPECT_EQ(after.list_version, before.list_version + 1) << "the second list is the same set in another spelling";
  EXPECT_THAT(after.endpoints, SizeIs(2));
  EXPECT_EQ(ConnectionsAccepted(), 1U);
  const std::vector<EndpointEvent> seen = TakeEvents(events);
  ASSERT_THAT(seen, SizeIs(1));
  EXPECT_EQ(seen[0].kind, EventKind::kListApplied);
  EXPECT_THAT(seen[0].added, ElementsAre("ns4:9876"));
  EXPECT_THAT(seen[0].removed, SizeIs(2));
}

TEST_F(Failover, AConnectionThatIsClosedWhileIdleIsReplacedOnlyWhenSomebodyAsks) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  Chosen(client).CloseAll(CloseMode::kFin);  // As servers do after 120 s of silence.
  world_.Advance(10min);
  EXPECT_EQ(client.Snapshot().state, ChannelState::kIdle);
  EXPECT_EQ(client.Snapshot().dials, 1U);
  const auto before = world_.Elapsed();
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EXPECT_LE(world_.Elapsed() - before, 1ms);
  EXPECT_EQ(client.Snapshot().dials, 2U);
}

TEST(ColdCall, TakesThreeRoundTripsAndNoTickMore) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SimWorld world(seed);
    for (const std::string& endpoint : kThree) world.AddNamesrv(endpoint).AddTopic("orders", "broker-a");
    absl::StatusOr<Client> client = Client::Create(world.environment(), {.namesrv = kThree});
    ASSERT_TRUE(world.Run(client->QueryRoute("orders")).ok());
    // Connect, proof of life, the question itself; 0.1 ms each way.
    ASSERT_EQ(world.Elapsed(), 600us) << "seed " << seed;
  }
}

TEST_F(Failover, CallersThatDoNotWaitAndAskAgainAtOnceDialNoMoreThanOthers) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const std::uint64_t before = client.Snapshot().dials;
  for (const std::string& endpoint : kThree) world_.Kill(endpoint);
  CallOptions impatient;
  impatient.wait_for_ready = false;
  SimLoad load(world_, client, {.callers = 8, .pause = 20ms, .call = impatient});
  world_.Advance(10s);
  EXPECT_LE(client.Snapshot().dials - before, 150U);
  EXPECT_GE(client.Snapshot().dials - before, 20U) << "they keep looking";
  EXPECT_GE(load.failed(), 3000U) << "each was told at once";
  for (const absl::Status& status : load.failures()) {
    ASSERT_EQ(status.code(), absl::StatusCode::kUnavailable);
    ASSERT_TRUE(absl::StrContains(status.message(), "Connection refused")) << status;
  }
  for (const std::string& endpoint : kThree) world_.Restart(endpoint);
  load.StartOver();
  world_.Advance(1100ms);
  EXPECT_GT(load.succeeded(), 0U);
  load.StopAndWait();
}

/// How all servers are gone for five minutes.
class LongOutage : public Failover, public ::testing::WithParamInterface<const char*> {};

TEST_P(LongOutage, IsToldEveryMinuteAndEndsSoonAfterTheServersAreBack) {
  const bool killed = std::string(GetParam()) == "killed";
  Client client = MakeClient();
  SimLoad load(world_, client, {.callers = 4, .pause = 20ms});
  world_.Advance(100ms);
  EventStream events = client.Watch();
  for (const std::string& endpoint : kThree) killed ? world_.Kill(endpoint) : world_.HalfOpen(endpoint);
  std::ptrdiff_t told = 0;
  for (int second = 0; second < 300; ++second) {  // The stream is bounded: look often enough.
    world_.Advance(1s);
    told += CountOf(TakeEvents(events), EventKind::kAllDown);
  }
  EXPECT_GE(told, 5);
  EXPECT_EQ(events.dropped(), 0U);
  for (const std::string& endpoint : kThree) killed ? world_.Restart(endpoint) : world_.Heal(endpoint);
  load.StartOver();
  // A dial into silence that began just before the end has to run out first.
  world_.Advance(killed ? 1100ms : 2600ms);
  EXPECT_GT(load.succeeded(), 0U);
  EXPECT_EQ(CountOf(TakeEvents(events), EventKind::kRecovered), 1);
  load.StopAndWait();
}

INSTANTIATE_TEST_SUITE_P(Ways, LongOutage, ::testing::Values("killed", "half_open"),
                         [](const auto& param) { return std::string(param.param); });

TEST_F(Failover, ClientsOfOneListSpreadOverItsServers) {
  constexpr int kClients = 600;
  std::map<std::string, int> chosen;
  for (int i = 0; i < kClients; ++i) {
    Client client = MakeClient();
    ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
    ++chosen[client.Snapshot().chosen];
  }
  double chi_square = 0;
  for (const auto& [endpoint, count] : chosen) {
    const double expected = kClients / 3.0;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  EXPECT_THAT(chosen, SizeIs(3));
  EXPECT_LT(chi_square, 13.8) << "two degrees of freedom, one run in a thousand";
}

TEST_F(Failover, ClientsOfTwoClustersInOneProcessShareNothing) {
  world_.AddNamesrv("other:9876").AddTopic("invoices", "broker-b");
  Client here = MakeClient();
  Client there = MakeClient({"other:9876"});
  ASSERT_TRUE(world_.Run(here.QueryRoute("orders")).ok());
  ASSERT_TRUE(world_.Run(there.QueryRoute("invoices")).ok());
  EXPECT_EQ(world_.Run(there.QueryRoute("orders")).status().code(), absl::StatusCode::kNotFound);
  EventStream of_there = there.Watch();
  Chosen(here).CloseAll(CloseMode::kReset);
  ASSERT_TRUE(world_.Run(here.QueryRoute("orders")).ok());
  ASSERT_TRUE(world_.Run(here.Shutdown()).ok());
  EXPECT_THAT(TakeEvents(of_there), IsEmpty()) << "the troubles of one are not the other's";
  EXPECT_TRUE(world_.Run(there.QueryRoute("invoices")).ok());
  EXPECT_EQ(there.Snapshot().generation, 1U);
  EXPECT_EQ(here.Snapshot().state, ChannelState::kClosed);
}

TEST_F(Failover, AServerThatAnswersEveryCallTooLateIsLeftThoughItTalks) {
  Client client = MakeClient();
  // A hundred calls a second, evenly: bytes come all the time, and it is not silence that is noticed.
  SimLoad load(world_, client, {.callers = 200, .pause = 2s});
  world_.Advance(3s);
  load.StartOver();
  EmbeddedNamesrv& late = Chosen(client);
  EventStream events = client.Watch();
  for (const auto delay : {300ms, 600ms, 900ms, 1200ms}) {
    late.DelayAnswers(delay);
    world_.Advance(650ms);
  }
  world_.Advance(2s);
  EXPECT_NE(client.Snapshot().chosen, late.address());
  EXPECT_EQ(client.Snapshot().reason, SwitchReason::kCallTimeouts);
  load.StopAndWait();
  EXPECT_EQ(load.failed(), 0U);
  EXPECT_EQ(CountOf(TakeEvents(events), EventKind::kChosen), 1);
}

TEST_F(Failover, ACallThatGaveUpSendsNothingAfterwards) {
  for (const std::string& endpoint : kThree) world_.Blackhole(endpoint);
  Client client = MakeClient();
  CallOptions hurried;
  hurried.timeout = 500ms;
  const auto call = Start(world_, client, hurried);
  world_.Advance(600ms);
  ASSERT_TRUE(call->result.has_value());
  const std::uint64_t dials = client.Snapshot().dials;
  for (const std::string& endpoint : kThree) world_.Heal(endpoint);  // Dials under way may still end well.
  world_.Advance(10s);
  EXPECT_EQ(client.Snapshot().dials, dials) << "nobody waits: no new dial";
  for (const EmbeddedNamesrv* server : servers_) EXPECT_EQ(server->stats().requests_of(testing::kGetRouteInfo), 0U);
  EXPECT_EQ(client.Snapshot().waiting_callers, 0U);
}

TEST(LongList, IsTriedToItsEndWithinOneCall) {
  std::vector<std::string> list;
  for (int i = 0; i < 20; ++i) list.push_back(absl::StrCat("ns", i, ":9876"));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimWorld world(seed);
    world.AddNamesrv(list.back()).AddTopic("orders", "broker-a");
    for (std::size_t i = 0; i + 1 < list.size(); ++i) world.Refuse(list[i]);
    absl::StatusOr<Client> client = Client::Create(world.environment(), {.namesrv = list});
    absl::StatusOr<TopicRoute> route = world.Run(client->QueryRoute("orders"));
    ASSERT_TRUE(route.ok()) << "seed " << seed << ": " << route.status();
    ASSERT_LE(world.Elapsed(), 10ms);
  }
}

TEST(Snapshot, TellsWhichServerFailedAndHowAndForgetsItOnceItWorks) {
  bool met = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimWorld world(seed);
    world.AddNamesrv("ns1:9876").AddTopic("orders", "broker-a");
    world.AddNamesrv("ns2:9876").AddTopic("orders", "broker-a");
    world.Refuse("ns1:9876");
    absl::StatusOr<Client> client = Client::Create(world.environment(), {.namesrv = {"ns1:9876", "ns2:9876"}});
    ASSERT_TRUE(world.Run(client->QueryRoute("orders")).ok());
    const ChannelSnapshot snapshot = client->Snapshot();
    EXPECT_EQ(snapshot.state, ChannelState::kReady);
    EXPECT_EQ(snapshot.chosen, "ns2:9876");
    EXPECT_EQ(snapshot.reason, SwitchReason::kFirstChoice);
    ASSERT_THAT(snapshot.endpoints, SizeIs(2));
    for (const EndpointSnapshot& endpoint : snapshot.endpoints) {
      EXPECT_EQ(endpoint.chosen, endpoint.endpoint == "ns2:9876");
      EXPECT_FALSE(endpoint.dialling);
      if (!endpoint.last_failure) continue;
      met = true;
      EXPECT_EQ(endpoint.endpoint, "ns1:9876");
      EXPECT_EQ(endpoint.consecutive_failures, 1U);
      EXPECT_EQ(endpoint.last_failure->ToString(),
                "ns1:9876: connect: Connection refused (10.77.0.2:9876) after 200 us");
    }
  }
  EXPECT_TRUE(met) << "the dead one was never dialled first";
}

/// Does in `OnEvent` what its text says an observer may do.
class CallingBack final : public Observer {
 public:
  void OnEvent(const EndpointEvent& event) override {
    ++events;
    if (client == nullptr) return;
    snapshots.push_back(client->Snapshot().generation);
    if (event.kind == EventKind::kInvalidated) {
      EXPECT_TRUE(client->UpdateEndpoints(kThree).ok());
      started.push_back(Start(*world, *client));
    }
  }
  SimWorld* world = nullptr;
  Client* client = nullptr;
  int events = 0;
  std::vector<std::uint64_t> snapshots;
  std::vector<std::shared_ptr<Started>> started;
};

TEST_F(Failover, AnObserverMayCallBackIntoTheClient) {
  const auto observer = std::make_shared<CallingBack>();
  ClientOptions options;
  options.namesrv = kThree;
  options.observers = {observer};
  absl::StatusOr<Client> client = Client::Create(world_.environment(), options);
  ASSERT_TRUE(client.ok());
  observer->world = &world_;
  observer->client = &*client;
  ASSERT_TRUE(world_.Run(client->QueryRoute("orders")).ok());
  Chosen(*client).CloseAll(CloseMode::kReset);
  world_.Advance(10ms);
  EXPECT_GE(observer->events, 6);
  ASSERT_THAT(observer->started, SizeIs(1));
  EXPECT_TRUE(observer->started[0]->ok());
  observer->client = nullptr;
  EXPECT_TRUE(world_.Run(client->Shutdown()).ok());
}

/// Over many seeds: with one, the good server may be dialled first.
TEST(DeafServers, CostAQuarterSecondEachInWhateverOrderTheyAreDialled) {
  std::chrono::nanoseconds longest{0};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SimWorld world(seed);
    for (const std::string& endpoint : kThree) world.AddNamesrv(endpoint).AddTopic("orders", "broker-a");
    absl::StatusOr<Client> client = Client::Create(world.environment(), {.namesrv = kThree});
    world.Pause("ns1:9876");
    world.Pause("ns2:9876");
    absl::StatusOr<TopicRoute> route = world.Run(client->QueryRoute("orders"));
    ASSERT_TRUE(route.ok()) << "seed " << seed << ": " << route.status();
    longest = std::max(longest, world.Elapsed());
  }
  EXPECT_GE(longest, 500ms) << "in some order both dead ones come first";
  EXPECT_LE(longest, 700ms);
}

/// Over many seeds, for the same reason.
TEST(ServersThatAreNotReady, AreBlamedOneAfterTheOtherWithinTheCall) {
  std::uint64_t most_switches = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimWorld world(seed);
    for (const std::string& endpoint : kThree) {
      EmbeddedNamesrv& server = world.AddNamesrv(endpoint);
      server.AddTopic("orders", "broker-a");
      server.SetNotReady(endpoint != "ns3:9876");
    }
    absl::StatusOr<Client> client = Client::Create(world.environment(), {.namesrv = kThree});
    const absl::StatusOr<TopicRoute> route = world.Run(client->QueryRoute("orders"));
    ASSERT_TRUE(route.ok()) << "seed " << seed << ": " << route.status();
    ASSERT_LE(world.Elapsed(), 5ms) << "no pause within a pass";
    EXPECT_EQ(client->Snapshot().chosen, "ns3:9876");
    most_switches = std::max(most_switches, client->Snapshot().switches);
  }
  EXPECT_EQ(most_switches, 2U) << "in some order both unready ones come first";
}

TEST(ClientCreate, RefusesWhatIsWrongBeforeAnythingRuns) {
  SimWorld world;
  const auto refusal = [&world](const ClientOptions& options) {
    const absl::Status status = Client::Create(world.environment(), options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  unsetenv("NAMESRV_ADDR");
  EXPECT_THAT(refusal({}), AllOf(HasSubstr("ClientOptions::namesrv"), HasSubstr("NAMESRV_ADDR")));
  EXPECT_THAT(refusal({.namesrv = {"ns1:9876;ns2"}}), HasSubstr("\"ns2\""));
  EXPECT_THAT(refusal({.namesrv = {"http://a.example/nsaddr"}}), HasSubstr("\"http://a.example/nsaddr\""));
  ClientOptions options{.namesrv = {"ns1:9876"}};
  options.call.timeout = 0ms;
  EXPECT_THAT(refusal(options), HasSubstr("CallOptions::timeout"));
}

TEST_F(Failover, ACallWithABadTopicOrBadLimitsFailsBeforeAnythingIsDialled) {
  Client client = MakeClient();
  for (const std::string& topic :
       {std::string(), std::string("a b"), std::string("caf\xc3\xa9"), std::string(128, 'x')}) {
    EXPECT_EQ(world_.Run(client.QueryRoute(topic)).status().code(), absl::StatusCode::kInvalidArgument) << topic;
  }
  CallOptions options;
  options.attempt_timeout = 0ms;
  EXPECT_EQ(world_.Run(client.QueryRoute("orders", options)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(world_.Run(client.QueryClusterInfo(options)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(client.Snapshot().dials, 0U);
  EXPECT_EQ(world_.Run(client.QueryRoute(std::string(127, 'x'))).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace corocket::test
