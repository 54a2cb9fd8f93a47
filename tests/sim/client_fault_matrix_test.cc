// Every way in which a server can fail, against every request that a client makes: unseen while another server is well,
// told with server, phase and cause when there is no other.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
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
#include "tests/support/sim_load.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::Expectation;
using corocket::testing::kGetClusterInfo;
using corocket::testing::kGetRouteInfo;
using corocket::testing::Request;
using corocket::testing::RouteOf;
using corocket::testing::ScriptedNamesrv;
using corocket::testing::SimWorld;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kFaulty[] = "faulty:9876";
constexpr char kWell[] = "well:9876";
constexpr std::uint64_t kSeeds = 12;

struct Fault {
  const char* name;
  /// Breaks the faulty server; `code` is the request that will come.
  std::function<void(SimWorld&, ScriptedNamesrv&, std::int32_t code)> set;
  /// A call beside a server that is well takes no longer.
  std::chrono::milliseconds within;
  const char* phase;
  const char* cause;
  /// Why the choice was left; none: it was never chosen.
  SwitchReason reason = SwitchReason::kNone;
};

/// A fault in what the proof of life gets.
Fault AtProbe(const char* name, void (*line)(Expectation), std::chrono::milliseconds within, const char* cause) {
  return {.name = name,
          .set = [line](SimWorld&, ScriptedNamesrv& server, std::int32_t) { line(server.ExpectProbe().Times(1000)); },
          .within = within,
          .phase = "probe",
          .cause = cause};
}

/// A fault in what the request itself gets.
Fault AtRequest(const char* name, void (*line)(Expectation), std::chrono::milliseconds within, const char* phase,
                const char* cause, SwitchReason reason) {
  return {.name = name,
          .set = [line](SimWorld&, ScriptedNamesrv& server,
                        std::int32_t code) { line(server.Expect(Request(code)).Times(1000)); },
          .within = within,
          .phase = phase,
          .cause = cause,
          .reason = reason};
}

constexpr char kHttp[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
const std::string kNoFrame("\x00\x00\x00\x10\x07\x00\x00\x08zzzzzzzzzzzz", 20);

std::vector<Fault> Faults() {
  return {
      {.name = "Refuse",
       .set = [](SimWorld& world, ScriptedNamesrv&, std::int32_t) { world.Refuse(kFaulty); },
       .within = 5ms,
       .phase = "connect",
       .cause = "Connection refused"},
      {.name = "Dead",
       .set = [](SimWorld& world, ScriptedNamesrv&, std::int32_t) { world.Kill(kFaulty); },
       .within = 5ms,
       .phase = "connect",
       .cause = "Connection refused"},
      {.name = "Blackhole",
       .set = [](SimWorld& world, ScriptedNamesrv&, std::int32_t) { world.Blackhole(kFaulty); },
       .within = 300ms,
       .phase = "connect",
       .cause = "no connection and proof of life in time"},
      {.name = "Pause",
       .set = [](SimWorld& world, ScriptedNamesrv&, std::int32_t) { world.Pause(kFaulty); },
       .within = 300ms,
       .phase = "probe",
       .cause = "connection is silent"},
      {.name = "AcceptAndReset",
       .set = [](SimWorld&, ScriptedNamesrv& server, std::int32_t) { server.RefuseReset(true); },
       .within = 5ms,
       .phase = "probe",
       .cause = "Connection reset by peer"},
      AtProbe(
          "ProbeGetsFin", [](Expectation line) { std::move(line).CloseAfter(0us); }, 5ms, "closed by peer"),
      AtProbe(
          "ProbeGetsReset", [](Expectation line) { std::move(line).ResetAfter(0us); }, 5ms, "Connection reset by peer"),
      AtProbe(
          "ProbeGetsSilence", [](Expectation line) { std::move(line).Silence(); }, 300ms, "connection is silent"),
      AtProbe(
          "ProbeGetsHttp", [](Expectation line) { std::move(line).Garbage(kHttp); }, 5ms,
          "peer speaks another protocol"),
      AtProbe(
          "ProbeGetsGarbage", [](Expectation line) { std::move(line).Garbage(kNoFrame); }, 5ms, "malformed frame"),
      AtRequest(
          "Fin", [](Expectation line) { std::move(line).CloseAfter(0us); }, 5ms, "read", "closed by peer",
          SwitchReason::kPeerClosed),
      AtRequest(
          "Reset", [](Expectation line) { std::move(line).ResetAfter(0us); }, 5ms, "read", "Connection reset by peer",
          SwitchReason::kBroken),
      AtRequest(
          "ResetInTheMiddleOfTheFrame", [](Expectation line) { std::move(line).ReplyTorn(11, RouteOf("broker-a")); },
          5ms, "read", "Connection reset by peer", SwitchReason::kBroken),
      AtRequest(
          "Silence", [](Expectation line) { std::move(line).Silence(); }, 510ms, "read", "connection is silent",
          SwitchReason::kSilence),
      AtRequest(
          "Http", [](Expectation line) { std::move(line).Garbage(kHttp); }, 5ms, "read", "peer speaks another protocol",
          SwitchReason::kProtocolError),
      AtRequest(
          "Garbage", [](Expectation line) { std::move(line).Garbage(kNoFrame); }, 5ms, "read", "malformed frame",
          SwitchReason::kProtocolError),
      AtRequest(
          "NotReady", [](Expectation line) { std::move(line).ReplyCode(1, "name server not ready"); }, 5ms, "answer",
          "server is not ready", SwitchReason::kNotReady),
      AtRequest(
          "AnotherKindOfServer", [](Expectation line) { std::move(line).ReplyCode(3, "not supported"); }, 5ms, "answer",
          "peer speaks another protocol", SwitchReason::kProtocolError),
      AtRequest(
          "UnreadableBody", [](Expectation line) { std::move(line).ReplyCode(0); }, 5ms, "answer", "malformed frame",
          SwitchReason::kProtocolError),
  };
}

asio::awaitable<absl::Status> Ask(Client& client, std::int32_t code, CallOptions options) {
  if (code == kGetRouteInfo) {
    absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders", std::move(options));
    co_return route.status();
  }
  absl::StatusOr<ClusterInfo> info = co_await client.QueryClusterInfo(std::move(options));
  co_return info.status();
}

class FaultMatrix : public ::testing::TestWithParam<std::tuple<Fault, std::int32_t>> {
 protected:
  static const Fault& fault() { return std::get<0>(GetParam()); }
  static std::int32_t code() { return std::get<1>(GetParam()); }
  /// A world with the faulty server, and with one that is well.
  static std::unique_ptr<SimWorld> Make(std::uint64_t seed) {
    auto world = std::make_unique<SimWorld>(seed);
    fault().set(*world, world->AddScriptedNamesrv(kFaulty), code());
    world->AddNamesrv(kWell).AddTopic("orders", "broker-a");
    return world;
  }
};

TEST_P(FaultMatrix, IsNotSeenByACallWhileAnotherServerIsWell) {
  int dialled = 0;
  int left = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const std::unique_ptr<SimWorld> world = Make(seed);
    absl::StatusOr<Client> client = Client::Create(world->environment(), {.namesrv = {kFaulty, kWell}});
    ASSERT_TRUE(client.ok());
    EventStream events = client->Watch();
    CallOptions options;
    options.report = std::make_shared<CallReport>();
    const absl::Status status = world->Run(Ask(*client, code(), options));
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_LE(world->Elapsed(), fault().within);
    EXPECT_EQ(options.report->answered_by, kWell);
    EXPECT_EQ(client->Snapshot().chosen, kWell);
    const std::vector<EndpointEvent> seen = TakeEvents(events);
    for (const EndpointEvent& event : seen) {
      dialled += event.kind == EventKind::kAttemptStarted && event.endpoint == kFaulty ? 1 : 0;
      if (event.kind != EventKind::kInvalidated) continue;
      ++left;
      EXPECT_EQ(event.endpoint, kFaulty);
      EXPECT_EQ(event.reason, fault().reason);
      ASSERT_THAT(options.report->failures, SizeIs(1));
      EXPECT_EQ(options.report->failures[0].endpoint, kFaulty);
      EXPECT_EQ(options.report->failures[0].phase, fault().phase);
      EXPECT_EQ(event.cause, options.report->failures[0].cause);
      EXPECT_EQ(event.detail, options.report->failures[0].detail) << "who watches learns as much as who calls";
    }
    // And afterwards nothing of it is left.
    const auto before = world->Elapsed();
    EXPECT_TRUE(world->Run(Ask(*client, code(), {})).ok());
    EXPECT_LE(world->Elapsed() - before, 5ms);
  }
  EXPECT_GE(dialled, 2) << "the faulty server was hardly ever asked first";
  if (fault().reason != SwitchReason::kNone) {
    EXPECT_GE(left, 2) << "it was never chosen";
  } else {
    EXPECT_EQ(left, 0);
  }
}

TEST_P(FaultMatrix, IsNotSeenByACallThatHasLittleMoreTimeThanItCosts) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::unique_ptr<SimWorld> world = Make(seed);
    absl::StatusOr<Client> client = Client::Create(world->environment(), {.namesrv = {kFaulty, kWell}});
    ASSERT_TRUE(client.ok());
    CallOptions hurried;
    hurried.timeout = fault().within + 30ms;
    const absl::Status status = world->Run(Ask(*client, code(), hurried));
    EXPECT_TRUE(status.ok()) << "seed " << seed << ": " << status;
  }
}

TEST_P(FaultMatrix, IsToldWithServerPhaseAndCauseWhenThereIsNoOther) {
  const std::unique_ptr<SimWorld> world = Make(1);
  absl::StatusOr<Client> client = Client::Create(world->environment(), {.namesrv = {kFaulty}});
  ASSERT_TRUE(client.ok());
  CallOptions options;
  options.wait_for_ready = false;
  const absl::Status status = world->Run(Ask(*client, code(), options));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(std::string(kFaulty) + ": " + fault().phase + ": "));
  EXPECT_THAT(std::string(status.message()), HasSubstr(fault().cause));
  EXPECT_EQ(RetryHintOf(status), RetryHint::kSafeToRetry);
  const std::optional<ErrorDetails> details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  ASSERT_FALSE(details->attempts.empty());
  EXPECT_EQ(details->attempts[0].endpoint, kFaulty);
  EXPECT_EQ(details->attempts[0].phase, fault().phase);
  EXPECT_TRUE(details->attempts[0].cause);
}

asio::awaitable<void> AskInto(Client& client, std::int32_t code, std::shared_ptr<std::vector<absl::Status>> outcomes) {
  CallOptions impatient;
  impatient.wait_for_ready = false;
  outcomes->push_back(co_await Ask(client, code, impatient));
}

TEST_P(FaultMatrix, EndsEveryImpatientCallOfTheOnlyServerAfterOneLap) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::unique_ptr<SimWorld> world = Make(seed);
    absl::StatusOr<Client> client = Client::Create(world->environment(), {.namesrv = {kFaulty}});
    ASSERT_TRUE(client.ok());
    const auto outcomes = std::make_shared<std::vector<absl::Status>>();
    world->Spawn(AskInto(*client, code(), outcomes));
    // The others come when a connection is there, if ever one is: they did not wait for it.
    world->Advance(1ms);
    for (int i = 0; i < 4; ++i) world->Spawn(AskInto(*client, code(), outcomes));
    world->Advance(2s);
    ASSERT_EQ(outcomes->size(), 5U) << "seed " << seed << ": some go on and on";
    for (const absl::Status& status : *outcomes) EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_LE(client->Snapshot().dials, 3U) << "seed " << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Each, FaultMatrix,
                         ::testing::Combine(::testing::ValuesIn(Faults()),
                                            ::testing::Values(kGetRouteInfo, kGetClusterInfo)),
                         [](const auto& param) {
                           const std::string request = std::get<1>(param.param) == kGetRouteInfo ? "Route" : "Clusters";
                           return std::get<0>(param.param).name + request;
                         });

}  // namespace
}  // namespace corocket::test
