#include "corocket/testing/test_server.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "asio/error.hpp"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/route_query.h"
#include "sdk/testkit/server_connection.h"
#include "sdk/wire/codec.h"
#include "tests/unit/testkit/sim_fixture.h"

namespace corocket::testkit {
namespace {

using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::EmbeddedNamesrvOptions;
using std::chrono::milliseconds;
using std::chrono::seconds;

wire::Frame Query() { return protocol::EncodeRouteRequest({.topic = "orders"}); }

class TestServerTest : public SimFixture {
 protected:
  TestServerTest() { ns_.AddTopic("orders", "broker-a"); }

  std::int32_t CodeOf(RawClient& client) { return Call(client, Query()).header.code; }
  asio::awaitable<void> CallInto(RawClient& client, std::optional<wire::Frame>& answer) {
    wire::Frame got = co_await client.Call(Query());
    answer.emplace(std::move(got));
  }

  EmbeddedNamesrv& ns_ = world_.AddNamesrv(kNs1);
};

TEST_F(TestServerTest, AStalledServerAcceptsAndReadsAndAnswersOnlyAfterwards) {
  RawClient before = Dial();
  ns_.Stall(true);
  RawClient during = Dial();
  std::optional<wire::Frame> first;
  std::optional<wire::Frame> second;
  world_.Spawn(CallInto(before, first));
  world_.Spawn(CallInto(during, second));
  world_.Advance(seconds(60));
  EXPECT_FALSE(first);
  EXPECT_FALSE(second);
  EXPECT_EQ(ns_.stats().connections_accepted, 2u);
  EXPECT_EQ(ns_.stats().requests, 2u);

  ns_.Stall(false);
  world_.Advance(milliseconds(1));
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->header.code, 0);
  EXPECT_EQ(second->header.code, 0);
  EXPECT_EQ(CodeOf(before), 0);
}

TEST_F(TestServerTest, DelayedAnswersLeaveAtTheirTimeAndNewOnesAtOnceAgain) {
  RawClient client = Dial();
  ns_.DelayAnswers(milliseconds(400));
  const auto begin = world_.Elapsed();
  EXPECT_EQ(CodeOf(client), 0);
  EXPECT_GE(world_.Elapsed() - begin, milliseconds(400));
  EXPECT_LT(world_.Elapsed() - begin, milliseconds(405));
  ns_.DelayAnswers(milliseconds(0));
  const auto again = world_.Elapsed();
  EXPECT_EQ(CodeOf(client), 0);
  EXPECT_LT(world_.Elapsed() - again, milliseconds(5));
}

TEST_F(TestServerTest, DelayedAnswersWaitForTheEndOfAStall) {
  RawClient client = Dial();
  ns_.DelayAnswers(milliseconds(10));
  ns_.Stall(true);
  std::optional<wire::Frame> answer;
  world_.Spawn(CallInto(client, answer));
  world_.Advance(seconds(1));
  EXPECT_FALSE(answer);
  ns_.Stall(false);
  world_.Advance(milliseconds(1));
  EXPECT_TRUE(answer);
}

TEST_F(TestServerTest, AnOrderlyEndIsReadAsEndOfStreamEvenWithRequestsUnderWay) {
  RawClient client = Dial();
  ns_.Stall(true);
  for (int i = 0; i < 64; ++i) Send(client, Query());  // the last ones have not arrived when the server goes
  ns_.CloseAll(CloseMode::kFin);
  EXPECT_EQ(ns_.stats().connections_open, 0u);
  EXPECT_EQ(End(client), asio::error::eof);

  ns_.Stall(false);
  RawClient next = Dial();
  EXPECT_EQ(CodeOf(next), 0);
}

TEST_F(TestServerTest, AConnectionThatWasEndedIsNotAnsweredAnyMore) {
  RawClient client = Dial();
  ns_.CloseAll(CloseMode::kFin);
  Send(client, Query());
  EXPECT_EQ(End(client), asio::error::eof);
  EXPECT_EQ(ns_.stats().requests, 0u);
}

TEST_F(TestServerTest, AClientThatIgnoresTheEndLosesTheSocketAfterASecond) {
  RawClient client = Dial();
  ns_.CloseAll(CloseMode::kFin);
  EXPECT_EQ(End(client), asio::error::eof);
  world_.Advance(milliseconds(1500));
  Send(client, Query());
  world_.Advance(milliseconds(10));
  EXPECT_EQ(End(client), asio::error::connection_reset);
}

TEST_F(TestServerTest, AResetReachesEveryClientAndTheServerListensOn) {
  RawClient one = Dial();
  RawClient two = Dial();
  ns_.CloseAll(CloseMode::kReset);
  EXPECT_EQ(ns_.stats().connections_open, 0u);
  EXPECT_EQ(End(one), asio::error::connection_reset);
  EXPECT_EQ(End(two), asio::error::connection_reset);
  RawClient next = Dial();
  EXPECT_EQ(CodeOf(next), 0);
}

TEST_F(TestServerTest, AStoppedServerIsDeadUntilItStartsAgainWithAllItKnew) {
  RawClient client = Dial();
  ns_.Stop();
  EXPECT_FALSE(ns_.listening());
  EXPECT_EQ(ns_.stats().connections_open, 0u);
  EXPECT_EQ(End(client), asio::error::connection_reset);
  EXPECT_EQ(DialError(), asio::error::connection_refused);
  ns_.Stop();

  ASSERT_TRUE(ns_.Start().ok());
  ASSERT_TRUE(ns_.Start().ok()) << "it listens already";
  EXPECT_TRUE(ns_.listening());
  EXPECT_EQ(ns_.address(), kNs1);
  RawClient next = Dial();
  EXPECT_EQ(CodeOf(next), 0);
}

TEST_F(TestServerTest, StartSaysWhoseAddressIsTaken) {
  ns_.Stop();
  const absl::StatusOr<EmbeddedNamesrv> other = EmbeddedNamesrv::Create(world_.server_environment(), {.listen = kNs1});
  ASSERT_TRUE(other.ok()) << other.status();
  const absl::Status started = ns_.Start();
  EXPECT_EQ(started.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(started.message(), ::testing::HasSubstr("cannot listen on ns1:9876"));
}

TEST_F(TestServerTest, RefuseResetAcceptsAndResetsNewConnectionsOnly) {
  RawClient old = Dial();
  ns_.RefuseReset(true);
  RawClient refused = Dial();
  EXPECT_EQ(End(refused), asio::error::connection_reset);
  EXPECT_EQ(CodeOf(old), 0);
  EXPECT_EQ(ns_.stats().connections_accepted, 2u);
  EXPECT_EQ(ns_.stats().connections_open, 1u);
  ns_.RefuseReset(false);
  RawClient next = Dial();
  EXPECT_EQ(CodeOf(next), 0);
}

TEST_F(TestServerTest, OneConnectionTooManyIsReset) {
  EmbeddedNamesrvOptions options;
  options.max_connections = 2;
  EmbeddedNamesrv& small = world_.AddNamesrv("small:9876", options);
  RawClient one = Dial("small:9876");
  RawClient two = Dial("small:9876");
  RawClient three = Dial("small:9876");
  EXPECT_EQ(End(three), asio::error::connection_reset);
  EXPECT_EQ(CodeOf(one), 17);
  two.Close();
  world_.Advance(milliseconds(10));
  RawClient four = Dial("small:9876");
  EXPECT_EQ(CodeOf(four), 17);
  EXPECT_EQ(small.stats().connections_open, 2u);
}

TEST_F(TestServerTest, ConnectionsThatWereEndedTakeNoPlace) {
  EmbeddedNamesrvOptions options;
  options.max_connections = 1;
  EmbeddedNamesrv& small = world_.AddNamesrv("small:9876", options);
  RawClient ended = Dial("small:9876");
  small.CloseAll(CloseMode::kFin);
  RawClient next = Dial("small:9876");  // though the client of the first has not closed yet
  EXPECT_EQ(CodeOf(next), 17);
  EXPECT_EQ(small.stats().connections_open, 1u);
}

TEST_F(TestServerTest, TheEndOfAStallLeavesTheTimeOfEndedConnectionsAlone) {
  for (const bool stalled : {true, false}) {
    RawClient client = Dial();
    ns_.CloseAll(CloseMode::kFin);
    EXPECT_EQ(End(client), asio::error::eof);
    ns_.Stall(stalled);
    world_.Advance(milliseconds(1500));
    Send(client, Query());
    world_.Advance(milliseconds(10));
    EXPECT_EQ(End(client), asio::error::connection_reset) << "the socket has been closed after a second";
  }
}

TEST_F(TestServerTest, CountsByCode) {
  RawClient client = Dial();
  CodeOf(client);
  CodeOf(client);
  Call(client, protocol::EncodeKvGetRequest({.ns = "n", .key = "k"}));
  const corocket::testing::ServerStats stats = ns_.stats();
  EXPECT_EQ(stats.connections_accepted, 1u);
  EXPECT_EQ(stats.connections_open, 1u);
  EXPECT_EQ(stats.requests, 3u);
  EXPECT_EQ(stats.requests_of(corocket::testing::kGetRouteInfo), 2u);
  EXPECT_EQ(stats.requests_of(corocket::testing::kGetKvConfig), 1u);
  EXPECT_EQ(stats.requests_of(corocket::testing::kRegisterBroker), 0u);
}

TEST_F(TestServerTest, CountsTheFirstCodesOneByOneAndTheOthersTogether) {
  constexpr int kCodes = static_cast<int>(corocket::testing::kMaxCountedCodes) + 1;
  RawClient client = Dial();
  for (int code = 10'000; code < 10'000 + kCodes; ++code) {
    wire::Frame request;
    request.header.code = code;
    Call(client, request);
  }
  const corocket::testing::ServerStats stats = ns_.stats();
  EXPECT_EQ(stats.requests, std::uint64_t{kCodes});
  EXPECT_EQ(stats.requests_by_code.size(), corocket::testing::kMaxCountedCodes);
  EXPECT_EQ(stats.requests_of(10'000 + kCodes - 2), 1u);
  EXPECT_EQ(stats.requests_of(10'000 + kCodes - 1), 0u);
}

TEST_F(TestServerTest, RequestsOfAClientThatDoesNotReadAreLeftUnreadBeyondTheLimit) {
  constexpr int kRequests = 200;
  const std::string padding(30'000, 'b');
  ns_.AddQueues("fat", {.broker_name = padding, .read_queues = 1, .write_queues = 1, .perm = 6});
  const wire::Frame request = protocol::EncodeRouteRequest({.topic = "fat"});
  std::string requests;
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(wire::AppendFrame(request, requests).ok());
  RawClient client = Dial();
  ns_.Stall(true);
  world_.Spawn(client.SendBytes(requests));
  world_.Advance(seconds(60));
  const std::uint64_t read = ns_.stats().requests;
  const std::size_t answer_bytes = 2 * padding.size();  // in the queues, and in the broker
  EXPECT_GE((read + 1) * answer_bytes, kMaxUnsentBytes);
  EXPECT_LE((read - 1) * answer_bytes, kMaxUnsentBytes);

  ns_.Stall(false);
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(Receive(client).header.code, 0);
  EXPECT_EQ(ns_.stats().requests, std::uint64_t{kRequests});
}

TEST_F(TestServerTest, RequestsBeyondTheAnswersThatMayWaitAreLeftUnread) {
  constexpr std::uint64_t kRequests = kMaxScheduled + 1000;
  wire::Frame request = protocol::EncodeKvGetRequest({.ns = "n", .key = "k"});
  request.serialize = wire::SerializeType::kRocketMq;
  std::string requests;
  for (std::uint64_t i = 0; i < kRequests; ++i) ASSERT_TRUE(wire::AppendFrame(request, requests).ok());
  RawClient client = Dial();
  ns_.DelayAnswers(seconds(100));
  world_.Spawn(client.SendBytes(requests));
  world_.Advance(seconds(50));
  EXPECT_EQ(ns_.stats().requests, kMaxScheduled);
  for (std::uint64_t i = 0; i < kRequests; ++i) ASSERT_EQ(Receive(client).header.code, 22);
  EXPECT_EQ(ns_.stats().requests, kRequests);
}

TEST_F(TestServerTest, NothingIsLeftOfAServerThatIsDestroyed) {
  std::optional<EmbeddedNamesrv> own;
  own.emplace(EmbeddedNamesrv::Create(world_.server_environment(), {.listen = "own:9876"}).value());
  RawClient client = Dial("own:9876");
  own.reset();
  EXPECT_EQ(End(client), asio::error::connection_reset);
  EXPECT_EQ(DialError("own:9876"), asio::error::connection_refused);
}

TEST_F(TestServerTest, AHandleThatIsAssignedToEndsTheServerItHad) {
  EmbeddedNamesrv first = EmbeddedNamesrv::Create(world_.server_environment(), {.listen = "first:9876"}).value();
  EmbeddedNamesrv second = EmbeddedNamesrv::Create(world_.server_environment(), {.listen = "second:9876"}).value();
  first = std::move(second);
  EXPECT_EQ(DialError("first:9876"), asio::error::connection_refused);
  EXPECT_EQ(first.address(), "second:9876");
  RawClient client = Dial("second:9876");
  EXPECT_EQ(CodeOf(client), 17);
}

}  // namespace
}  // namespace corocket::testkit
