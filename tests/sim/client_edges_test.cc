// The client at the edges: servers that are busy, slow or speak something else, names that move, callers who lose
// patience or cancel, and a world that throws.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/error.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/routes.h"
#include "corocket/testing/scripted_namesrv.h"
#include "corocket/testing/sim_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "tests/support/failover_fixture.h"
#include "tests/support/sim_load.h"
#include "tests/support/wire_tap.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::kGetRouteInfo;
using corocket::testing::Request;
using corocket::testing::RouteOf;
using corocket::testing::ScriptedNamesrv;
using corocket::testing::SimWorld;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Edges : public Failover {};

TEST_F(Edges, ABusyServerIsAskedAgainAfterAPauseAndKept) {
  ScriptedNamesrv& busy = world_.AddScriptedNamesrv("busy:9876");
  busy.Expect(Request(kGetRouteInfo)).Times(2).ReplyCode(2, "[REJECTREQUEST]system busy, start flow control");
  busy.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
  Client client = MakeClient({"busy:9876"});
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
  EXPECT_TRUE(route.ok()) << route.status();
  EXPECT_THAT(busy.Unmet(), IsEmpty());
  EXPECT_EQ(client.Snapshot().dials, 1U);
}

TEST_F(Edges, AServerThatStaysBusyIsTheReasonWhenTimeIsOver) {
  world_.AddScriptedNamesrv("busy:9876").Expect(Request(kGetRouteInfo)).Times(1000).ReplyCode(2, "too much to do");
  Client client = MakeClient({"busy:9876"});
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kDeadlineExceeded) << route.status();
  EXPECT_THAT(route.status().message(), HasSubstr("server is busy"));
}

TEST_F(Edges, HurriedCallersDoNotDriveTheOthersOffAHealthyServer) {
  for (const std::string& endpoint : kThree) world_.Slow(endpoint, 20ms);
  Client client = MakeClient();
  SimLoad patient(world_, client, {.callers = 30, .pause = 5ms});
  CallOptions hurry;
  hurry.timeout = 20ms;  // Less than a round trip: no call of theirs can succeed.
  SimLoad hurried(world_, client, {.callers = 2, .pause = 1ms, .call = hurry});
  world_.Advance(1s);
  const std::uint64_t switches = client.Snapshot().switches;
  patient.StartOver();
  world_.Advance(3s);
  EXPECT_EQ(client.Snapshot().switches, switches);
  EXPECT_EQ(patient.failed(), 0U);
  patient.StopAndWait();
  hurried.StopAndWait();
}

TEST_F(Edges, OneSlowAnswerHoldsUpNobodyAndKeepsTheServer) {
  ScriptedNamesrv& moody = world_.AddScriptedNamesrv("moody:9876");
  moody.Expect(Request(kGetRouteInfo, "slow")).ReplyAfter(5s, RouteOf("broker-a"));
  moody.Expect(Request(kGetRouteInfo, "orders")).Times(100).Reply(RouteOf("broker-a"));
  moody.Expect(Request(kGetRouteInfo, "slow")).Reply(RouteOf("broker-a"));
  Client client = MakeClient({"moody:9876"});
  std::optional<absl::Status> slow;
  world_.Spawn([](Client& asked, std::optional<absl::Status>& result) -> asio::awaitable<void> {
    absl::StatusOr<TopicRoute> route = co_await asked.QueryRoute("slow");
    result = route.status();
  }(client, slow));
  for (int i = 0; i < 100; ++i) {
    world_.Advance(10ms);
    const auto begin = world_.Elapsed();
    EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
    EXPECT_LE(world_.Elapsed() - begin, 5ms);
  }
  world_.Advance(1s);
  ASSERT_TRUE(slow.has_value());
  EXPECT_TRUE(slow->ok()) << "asked again after its attempt timed out: " << *slow;
  EXPECT_EQ(client.Snapshot().switches, 0U);
}

/// What a port that is no NameServer's says.
struct Babble {
  const char* name;
  std::string_view bytes;
};
class OtherProtocol : public Failover, public ::testing::WithParamInterface<Babble> {};

TEST_P(OtherProtocol, InAnswerToTheWorkIsLeftAtOnceAndNoCallFails) {
  ScriptedNamesrv& babbler = world_.AddScriptedNamesrv("babbler:9876");
  babbler.Expect(Request(kGetRouteInfo)).Times(100).Garbage(std::string(GetParam().bytes));
  Client client = MakeClient({"babbler:9876"});
  absl::Status outcome = absl::UnknownError("still waiting");
  world_.Spawn([](Client& asked, absl::Status& result) -> asio::awaitable<void> {
    absl::StatusOr<TopicRoute> route = co_await asked.QueryRoute("orders");
    result = route.status();
  }(client, outcome));
  EventStream events = client.Watch();
  world_.Advance(1ms);
  ASSERT_TRUE(client.UpdateEndpoints({"babbler:9876", "ns1:9876"}).ok());
  world_.Advance(300ms);
  EXPECT_TRUE(outcome.ok()) << outcome;
  EXPECT_EQ(client.Snapshot().chosen, "ns1:9876");
  const std::vector<EndpointEvent> seen = TakeEvents(events);
  for (const EndpointEvent& event : seen) {
    if (event.kind != EventKind::kInvalidated) continue;
    EXPECT_EQ(event.reason, SwitchReason::kProtocolError) << event.ToString();
  }
  EXPECT_GE(CountOf(seen, EventKind::kInvalidated), 1);
}

TEST_P(OtherProtocol, InAnswerToTheProofOfLifeIsAFailedCandidate) {
  ScriptedNamesrv& babbler = world_.AddScriptedNamesrv("babbler:9876");
  for (int i = 0; i < 20; ++i) babbler.ExpectProbe().Garbage(std::string(GetParam().bytes));
  for (int i = 0; i < 10; ++i) {
    Client client = MakeClient({"babbler:9876", "ns1:9876"});
    EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
    EXPECT_EQ(client.Snapshot().chosen, "ns1:9876");
  }
  EXPECT_LE(world_.Elapsed(), 100ms) << "nobody waits for what is no frame";
}
INSTANTIATE_TEST_SUITE_P(
    Bytes, OtherProtocol,
    ::testing::Values(Babble{"http", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"},
                      Babble{"http2", {"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x64\0\4\0\0\xff\xff\0\6\0\0\x40\0", 27}},
                      Babble{"tls_alert", {"\x15\3\1\0\2\2\x46", 7}}, Babble{"noise", "\x7f\x45\x4c\x46 nonsense"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST_F(Edges, AnAnswerTornInTheMiddleIsAskedForElsewhere) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const std::string chosen = client.Snapshot().chosen;
  world_.ResetAfter(chosen, 40);
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
  EXPECT_TRUE(route.ok()) << route.status();
  EXPECT_NE(client.Snapshot().chosen, chosen);
}

TEST_F(Edges, AServerWhoseBytesTrickleIsLeftWhenCallsTimeOutOnIt) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const std::string chosen = client.Snapshot().chosen;
  world_.Trickle(chosen, 100ms);
  SimLoad load(world_, client, {.callers = 4});
  world_.Advance(5s);
  EXPECT_NE(client.Snapshot().chosen, chosen);
  EXPECT_EQ(load.failed(), 0U);
  load.StopAndWait();
}

TEST_F(Edges, AFlappingServerLosesNoCall) {
  Client client = MakeClient();
  SimLoad load(world_, client, {.callers = 16});
  world_.Advance(100ms);
  world_.Flap(client.Snapshot().chosen, 50ms);
  world_.Advance(10s);
  load.StopAndWait();
  EXPECT_EQ(load.failed(), 0U);
}

TEST_F(Edges, AServerThatStartsAfterTheClientIsFoundByThoseWhoWait) {
  for (const std::string& endpoint : kThree) world_.Kill(endpoint);
  Client client = MakeClient();
  CallOptions patient;
  patient.timeout = 10s;
  std::optional<absl::Status> outcome;
  world_.Spawn([](Client& asked, CallOptions call, std::optional<absl::Status>& result) -> asio::awaitable<void> {
    absl::StatusOr<TopicRoute> route = co_await asked.QueryRoute("orders", std::move(call));
    result = route.status();
  }(client, patient, outcome));
  world_.Advance(5s);
  ASSERT_FALSE(outcome.has_value());
  world_.Restart("ns2:9876");
  world_.Advance(1100ms);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->ok()) << *outcome;
}

TEST_F(Edges, TenIdleMinutesCostOneConnectionAndNoChurn) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  world_.Advance(10min);
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EXPECT_EQ(ConnectionsAccepted(), 1U);
}

TEST_F(Edges, AnAddressThatIsTheEndOfAnotherIsNotTakenForIt) {
  for (const char* endpoint : {"10.0.0.1:9876", "110.0.0.1:9876"}) Serve(endpoint);
  Client client = MakeClient({"110.0.0.1:9876"});
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const std::uint64_t generation = client.Snapshot().generation;
  ASSERT_TRUE(client.UpdateEndpoints({"10.0.0.1:9876", "110.0.0.1:9876"}).ok());
  ASSERT_TRUE(client.UpdateEndpoints({"110.0.0.1:9876"}).ok());
  EXPECT_EQ(client.Snapshot().generation, generation);
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
}

TEST_F(Edges, AListThatChangesAllTheTimeWhileAllAreDownDialsOnlyWhatIsNew) {
  for (const std::string& endpoint : kThree) world_.Kill(endpoint);
  Client client = MakeClient({"ns1:9876", "ns2:9876"});
  SimLoad load(world_, client, {.callers = 4});
  world_.Advance(5s);  // The pauses have grown.
  const std::uint64_t dials = client.Snapshot().dials;
  constexpr int kChanges = 100;
  for (int i = 0; i < kChanges; ++i) {
    ASSERT_TRUE(client.UpdateEndpoints({"ns1:9876", i % 2 == 0 ? "ns3:9876" : "ns2:9876"}).ok());
    world_.Advance(2ms);
  }
  EXPECT_LE(client.Snapshot().dials - dials, kChanges + 20U);
  load.StopAndWait();
}

TEST_F(Edges, AllAddressesOfANameAreTriedBeforeItFails) {
  for (const bool silent : {false, true}) {
    const std::string dead = silent ? "ns2:9876" : "ns1:9876";
    if (silent) {
      world_.Blackhole(dead);
    } else {
      world_.Refuse(dead);
    }
    world_.SetName("namesrv.example", {dead.substr(0, 3), "ns3"});
    const auto begin = world_.Elapsed();
    Client client = MakeClient({"namesrv.example:9876"});
    absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
    EXPECT_TRUE(route.ok()) << route.status();
    EXPECT_LE(world_.Elapsed() - begin, 300ms);
  }
}

TEST_F(Edges, ANameThatCannotBeLookedUpIsOneFailedCandidate) {
  world_.FailName("gone.example");
  for (int i = 0; i < 10; ++i) {
    Client client = MakeClient({"gone.example:9876", "ns1:9876"});
    EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  }
  EXPECT_LE(world_.Elapsed(), 100ms);
}

TEST_F(Edges, AMinuteWithoutAnyNameEndsWhenTheyCanBeLookedUpAgain) {
  world_.FailName("namesrv.example");
  Client client = MakeClient({"namesrv.example:9876"});
  SimLoad load(world_, client, {.callers = 8});
  world_.Advance(60s);
  EXPECT_EQ(load.succeeded(), 0U);
  ASSERT_THAT(load.failures(), ::testing::Not(IsEmpty()));
  EXPECT_THAT(load.failures().back().message(), HasSubstr("namesrv.example:9876: resolve: "));
  EXPECT_LE(client.Snapshot().dials, 250U);
  world_.SetName("namesrv.example", {"ns1"});
  world_.Advance(1100ms);
  EXPECT_GT(load.succeeded(), 0U);
  load.StopAndWait();
}

TEST_F(Edges, ANameThatMovedIsLookedUpAnewAtTheNextDial) {
  world_.SetName("namesrv.example", {"ns1"});
  Client client = MakeClient({"namesrv.example:9876"});
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  world_.SetName("namesrv.example", {"ns2"});
  world_.Kill("ns1:9876");
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EXPECT_GE(servers_[1]->stats().requests_of(kGetRouteInfo), 1U);
}

TEST_F(Edges, ClustersAndBrokersAreAskedForLikeRoutes) {
  Client client = MakeClient();
  absl::StatusOr<ClusterInfo> info = world_.Run(client.QueryClusterInfo());
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_THAT(info->brokers, SizeIs(1));
  EXPECT_EQ(info->brokers.front().name, "broker-a");
  world_.Kill(client.Snapshot().chosen);
  EXPECT_TRUE(world_.Run(client.QueryClusterInfo()).ok());
}

TEST_F(Edges, ADialThatIsGivenUpAsItConnectsLeavesNoConnection) {
  WireTap tap(world_.environment());
  Client client = MakeClient({"ns1:9876"}, tap.environment());
  bool given_up = false;
  world_.OnStep([&] {
    if (given_up || tap.census().open == 0) return;
    given_up = true;
    EXPECT_TRUE(client.UpdateEndpoints({"ns2:9876"}).ok());
  });
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  EXPECT_TRUE(given_up);
  world_.Advance(1s);
  EXPECT_EQ(tap.census().open, 1U) << "that of the new choice";
}

/// Runs out of memory now and then.
class PoorConnector final : public net::Connector {
 public:
  explicit PoorConnector(std::shared_ptr<net::Connector> real) : real_(std::move(real)) {}
  asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) override { return real_->Resolve(std::move(name)); }
  asio::awaitable<std::unique_ptr<net::Transport>> Connect(asio::any_io_executor on, HostPort address) override {
    if (++dials_ % 2 == 1) throw std::bad_alloc();
    return real_->Connect(std::move(on), std::move(address));
  }

 private:
  std::shared_ptr<net::Connector> real_;
  int dials_ = 0;
};

TEST_F(Edges, ADialThatThrowsWhatItMustNotIsAFailedDial) {
  Environment poor = world_.environment();
  poor.connector = std::make_shared<PoorConnector>(poor.connector);
  Client client = MakeClient({"ns1:9876"}, poor);
  EventStream events = client.Watch();
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok()) << "the second dial succeeds";
  EXPECT_EQ(CountOf(TakeEvents(events), EventKind::kAttemptFailed), 1);
  EXPECT_TRUE(world_.Run(client.Shutdown()).ok());
}

}  // namespace
}  // namespace corocket::test
