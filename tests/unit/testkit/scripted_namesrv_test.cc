#include "corocket/testing/scripted_namesrv.h"

#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "asio/error.hpp"
#include "corocket/testing/request.h"
#include "corocket/testing/routes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/route_query.h"
#include "sdk/wire/codec.h"
#include "tests/unit/testkit/sim_fixture.h"

namespace corocket::testkit {
namespace {

using corocket::testing::kGetClusterInfo;
using corocket::testing::kGetRouteInfo;
using corocket::testing::Request;
using corocket::testing::RouteOf;
using corocket::testing::ScriptedNamesrv;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

wire::Frame Query(std::string topic = "orders") { return protocol::EncodeRouteRequest({.topic = std::move(topic)}); }
wire::Frame Probe() { return protocol::EncodeKvGetRequest({.ns = "CoRocket", .key = "probe"}); }

class ScriptedNamesrvTest : public SimFixture {
 protected:
  TopicRoute RouteFrom(RawClient& client) { return protocol::DecodeRouteResponse(Call(client, Query())).value(); }

  std::chrono::nanoseconds Timed(RawClient& client) {
    const auto begin = world_.Elapsed();
    Call(client, Query());
    return world_.Elapsed() - begin;
  }

  ScriptedNamesrv& ns_ = world_.AddScriptedNamesrv(kNs1);
};

TEST_F(ScriptedNamesrvTest, RepliesLineByLine) {
  ns_.Expect(Request(kGetRouteInfo, "orders")).Reply(RouteOf("broker-a"));
  ns_.Expect(Request(kGetRouteInfo, "orders")).Reply(RouteOf("broker-b", 4));
  RawClient client = Dial();
  EXPECT_EQ(RouteFrom(client), RouteOf("broker-a"));
  EXPECT_EQ(RouteFrom(client), RouteOf("broker-b", 4));
  EXPECT_THAT(ns_.Unmet(), IsEmpty());
  EXPECT_THAT(ns_.Unexpected(), IsEmpty());
}

TEST_F(ScriptedNamesrvTest, ADelayIsKeptToTheMicrosecond) {
  RawClient client = Dial();
  ns_.Expect(Request(kGetRouteInfo)).ReplyAfter(microseconds(0), RouteOf("broker-a"));
  const auto at_once = Timed(client);
  ns_.Expect(Request(kGetRouteInfo)).ReplyAfter(milliseconds(5), RouteOf("broker-a"));
  const auto later = Timed(client);
  EXPECT_EQ(later - at_once, milliseconds(5));
}

TEST_F(ScriptedNamesrvTest, RepliesWithAClusterOrACode) {
  ClusterInfo info;
  info.brokers.push_back(corocket::testing::BrokerOf("broker-a"));
  info.clusters.emplace_back("DefaultCluster", std::vector<std::string>{"broker-a"});
  ns_.Expect(Request(kGetClusterInfo)).Reply(info);
  ns_.Expect(Request(kGetRouteInfo)).ReplyCode(17, "no such topic");
  ns_.Expect(Request(kGetRouteInfo)).ReplyCodeAfter(milliseconds(1), 2);
  RawClient client = Dial();
  EXPECT_EQ(protocol::DecodeClusterInfoResponse(Call(client, protocol::EncodeClusterInfoRequest())).value(), info);
  const wire::Frame refused = Call(client, Query());
  EXPECT_EQ(refused.header.code, 17);
  EXPECT_EQ(refused.header.remark, "no such topic");
  EXPECT_EQ(Call(client, Query()).header.code, 2);
}

TEST_F(ScriptedNamesrvTest, AnswersInTheFormOfTheRequest) {
  ns_.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
  RawClient client = Dial();
  wire::Frame request = Query();
  request.serialize = wire::SerializeType::kRocketMq;
  EXPECT_EQ(Call(client, request).serialize, wire::SerializeType::kRocketMq);
}

TEST_F(ScriptedNamesrvTest, ClosesInOrderOrResets) {
  ns_.Expect(Request(kGetRouteInfo, "orders")).CloseAfter(milliseconds(2));
  ns_.Expect(Request(kGetRouteInfo, "orders")).ResetAfter(milliseconds(2));
  RawClient closed = Dial();
  Send(closed, Query());
  EXPECT_EQ(End(closed), asio::error::eof);
  RawClient reset = Dial();
  Send(reset, Query());
  EXPECT_EQ(End(reset), asio::error::connection_reset);
  EXPECT_THAT(ns_.Unmet(), IsEmpty());
}

TEST_F(ScriptedNamesrvTest, SilenceKeepsTheConnectionForTheNextLine) {
  ns_.Expect(Request(kGetRouteInfo)).Silence();
  ns_.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
  RawClient client = Dial();
  wire::Frame unanswered = Query();
  unanswered.header.opaque = -7;
  Send(client, unanswered);
  world_.Advance(seconds(60));
  EXPECT_NE(Call(client, Query()).header.opaque, -7);
}

TEST_F(ScriptedNamesrvTest, GarbageGoesOutAsItIs) {
  ns_.Expect(Request(kGetRouteInfo)).Garbage("HTTP/1.1 400 Bad Request\r\n\r\n");
  RawClient client = Dial();
  Send(client, Query());
  std::string got;
  while (got.size() < 28) got += world_.Run(client.ReceiveBytes());
  EXPECT_EQ(got, "HTTP/1.1 400 Bad Request\r\n\r\n");
}

TEST_F(ScriptedNamesrvTest, AnAnswerInPiecesIsOneAnswer) {
  ns_.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
  ns_.Expect(Request(kGetRouteInfo)).ReplyInPieces(7, RouteOf("broker-a"));
  ns_.Expect(Request(kGetRouteInfo)).ReplyInPieces(1'000'000, RouteOf("broker-a"));
  RawClient client = Dial();
  const auto whole = Timed(client);
  const auto in_seven = Timed(client);
  EXPECT_EQ(in_seven - whole, milliseconds(6));
  EXPECT_EQ(RouteFrom(client), RouteOf("broker-a"));  // byte by byte
}

TEST_F(ScriptedNamesrvTest, ATornAnswerEndsInTheMiddle) {
  ns_.Expect(Request(kGetRouteInfo)).ReplyTorn(11, RouteOf("broker-a"));
  RawClient client = Dial();
  Send(client, Query());
  std::string got;
  while (got.size() < 11) got += world_.Run(client.ReceiveBytes());
  EXPECT_EQ(got.size(), 11u);
  EXPECT_EQ(End(client), asio::error::connection_reset);
}

TEST_F(ScriptedNamesrvTest, AnAnswerLeavesBeforeAnEndThatIsDueWithIt) {
  for (const std::error_code& end :
       {std::error_code(asio::error::eof), std::error_code(asio::error::connection_reset)}) {
    ns_.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
    if (end == asio::error::eof) {
      ns_.Expect(Request(kGetRouteInfo)).CloseAfter(microseconds(0));
    } else {
      ns_.Expect(Request(kGetRouteInfo)).ResetAfter(microseconds(0));
    }
    RawClient client = Dial();
    std::string both;
    ASSERT_TRUE(wire::AppendFrame(Query(), both).ok());
    ASSERT_TRUE(wire::AppendFrame(Query(), both).ok());
    world_.Run(client.SendBytes(both));
    EXPECT_EQ(protocol::DecodeRouteResponse(Receive(client)).value(), RouteOf("broker-a"));
    EXPECT_EQ(End(client), end);
    EXPECT_THAT(ns_.Unmet(), IsEmpty());
  }
}

TEST_F(ScriptedNamesrvTest, PiecesAndTornAnswersStayWhatTheyAreWhenTheServerIsLate) {
  ns_.Expect(Request(kGetRouteInfo)).ReplyInPieces(7, RouteOf("broker-a"));
  ns_.Expect(Request(kGetRouteInfo)).ReplyTorn(11, RouteOf("broker-a"));
  RawClient in_pieces = Dial();
  RawClient torn = Dial();
  ns_.Stall(true);
  Send(in_pieces, Query());
  world_.Advance(milliseconds(1));
  Send(torn, Query());
  world_.Advance(seconds(1));
  ns_.Stall(false);
  const auto begin = world_.Elapsed();
  EXPECT_EQ(protocol::DecodeRouteResponse(Receive(in_pieces)).value(), RouteOf("broker-a"));
  EXPECT_GE(world_.Elapsed() - begin, milliseconds(6));
  std::string got;
  while (got.size() < 11) got += world_.Run(torn.ReceiveBytes());
  EXPECT_EQ(got.size(), 11u);
  EXPECT_EQ(End(torn), asio::error::connection_reset);
}

TEST_F(ScriptedNamesrvTest, ALineCanStandForSeveralRequests) {
  ns_.Expect(Request(kGetRouteInfo, "orders")).Times(3).ReplyCode(2);
  RawClient client = Dial();
  Call(client, Query());
  EXPECT_THAT(ns_.Unmet(), ElementsAre("request 105 topic=\"orders\", 2 times"));
  Call(client, Query());
  Call(client, Query());
  EXPECT_THAT(ns_.Unmet(), IsEmpty());
  EXPECT_THAT(ns_.Unexpected(), IsEmpty());
}

TEST_F(ScriptedNamesrvTest, AnUnexpectedRequestIsRecordedAndUsesUpNothing) {
  ns_.Expect(Request(kGetRouteInfo, "orders")).Reply(RouteOf("broker-a"));
  RawClient client = Dial();
  const wire::Frame refused = Call(client, Query("payments"));
  EXPECT_EQ(refused.header.code, 1);
  EXPECT_THAT(refused.header.remark, HasSubstr("not in the script"));
  EXPECT_THAT(ns_.Unexpected(), ElementsAre(AllOf(HasSubstr("request 105"), HasSubstr("payments"),
                                                  HasSubstr("next is request 105 topic=\"orders\""))));
  EXPECT_THAT(ns_.Unmet(), SizeIs(1));
  EXPECT_EQ(RouteFrom(client), RouteOf("broker-a"));
  Call(client, Query());
  EXPECT_THAT(ns_.Unexpected(), ElementsAre(::testing::_, HasSubstr("the script has ended")));
}

TEST_F(ScriptedNamesrvTest, OnlyTheFirstThousandUnexpectedRequestsAreKept) {
  RawClient client = Dial();
  for (int i = 0; i < 1001; ++i) Call(client, Query());
  EXPECT_THAT(ns_.Unexpected(), SizeIs(1000));
}

TEST_F(ScriptedNamesrvTest, FieldsOfARequestDecide) {
  ns_.Expect(Request(kGetRouteInfo).With("topic", "orders").With("acceptStandardJsonOnly", "true")).ReplyCode(2);
  RawClient client = Dial();
  EXPECT_EQ(Call(client, Query("ghost")).header.code, 1);
  EXPECT_EQ(Call(client, Query("orders")).header.code, 2);
}

TEST_F(ScriptedNamesrvTest, ProofsOfLifeAreAnsweredBesideTheScript) {
  ns_.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
  RawClient client = Dial();
  EXPECT_EQ(Call(client, Probe()).header.code, 22);
  EXPECT_EQ(RouteFrom(client), RouteOf("broker-a"));
  EXPECT_EQ(Call(client, Probe()).header.code, 22);
  EXPECT_THAT(ns_.Unexpected(), IsEmpty());
}

TEST_F(ScriptedNamesrvTest, AProofOfLifeThatIsExpectedFollowsTheScript) {
  ns_.ExpectProbe().CloseAfter(milliseconds(0));
  RawClient client = Dial();
  Send(client, Probe());
  EXPECT_EQ(End(client), asio::error::eof);
  EXPECT_THAT(ns_.Unmet(), IsEmpty());
}

TEST_F(ScriptedNamesrvTest, AOneWayRequestUsesUpItsLineUnanswered) {
  ns_.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
  RawClient client = Dial();
  wire::Frame request = Query();
  request.header.flag = wire::kFlagOneway;
  Send(client, request);
  EXPECT_EQ(Call(client, Probe()).header.code, 22) << "the next frame must be the answer to this request";
  EXPECT_THAT(ns_.Unmet(), IsEmpty());
}

TEST_F(ScriptedNamesrvTest, FaultsOfEveryServerWorkHereToo) {
  ns_.Expect(Request(kGetRouteInfo)).Reply(RouteOf("broker-a"));
  ns_.DelayAnswers(milliseconds(300));
  RawClient client = Dial();
  EXPECT_GE(Timed(client), milliseconds(300));
  ns_.Stop();
  EXPECT_EQ(DialError(), asio::error::connection_refused);
}

TEST_F(ScriptedNamesrvTest, ABadAddressIsQuoted) {
  const auto server = ScriptedNamesrv::Create(world_.server_environment(), {.listen = "nowhere"});
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(server.status().message(), HasSubstr("nowhere"));
}

}  // namespace
}  // namespace corocket::testkit
