#include "sdk/protocol/route_query.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "corocket/route.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_writer.h"
#include "tests/support/json_text.h"

namespace corocket::protocol {
namespace {

using test::Repeated;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Pair;
using NumericKeys = wire::JsonWriter::NumericKeys;

TopicRoute RichRoute() {
  TopicRoute route;
  route.queues = {{.broker_name = "broker-a", .read_queues = 8, .write_queues = 4, .perm = 6, .topic_sys_flag = 1},
                  {.broker_name = "broker-b", .read_queues = 1, .write_queues = 0, .perm = 4}};
  route.brokers = {{.cluster = "C",
                    .name = "broker-a",
                    .zone = "z1",
                    .enable_acting_master = true,
                    .addresses = {{0, "10.0.0.1:10911"}, {1, "[2001:db8::1]:10911"}, {12, "b.example:1"}}},
                   {.cluster = "C", .name = "broker-b", .zone = "", .addresses = {}}};
  route.mappings = {{.broker_name = "broker-a",
                     .scope = "__global__",
                     .epoch = 1'690'000'000'000,
                     .total_queues = 8,
                     .ids = {{0, 0}, {1, 1}, {10, 2}}}};
  route.order_topic_conf = "broker-a:8;broker-b:8";
  return route;
}

TopicRoute Decoded(std::string_view body) {
  absl::StatusOr<TopicRoute> route = DecodeRouteBody(body);
  EXPECT_TRUE(route.ok()) << route.status();
  return route.ok() ? *std::move(route) : TopicRoute();
}

std::string RefusalOf(std::string_view body) {
  const absl::StatusOr<TopicRoute> route = DecodeRouteBody(body);
  EXPECT_EQ(route.status().code(), absl::StatusCode::kInvalidArgument) << body;
  return std::string(route.status().message());
}

TEST(RouteRequest, AsksForStandardJsonInAnyCase) {
  const wire::Frame frame = EncodeRouteRequest({.topic = "%RETRY%group"});
  EXPECT_EQ(frame.header.code, 105);
  EXPECT_EQ(*frame.header.ext_fields.Find("topic"), "%RETRY%group");
  EXPECT_EQ(*frame.header.ext_fields.Find("acceptStandardJsonOnly"), "true");
  EXPECT_EQ(*DecodeRouteRequest(frame), RouteRequest{.topic = "%RETRY%group"});
}

TEST(RouteRequest, IsRefusedWithoutTopicOrWithAnotherCode) {
  EXPECT_TRUE(absl::StrContains(DecodeRouteRequest(MakeRequest(RequestCode::kGetRouteInfoByTopic)).status().message(),
                                "\"topic\" is missing"));
  EXPECT_FALSE(DecodeRouteRequest(MakeRequest(RequestCode::kGetKvConfig)).ok());
}

TEST(RouteResponse, ComesBackEqual) {
  wire::Frame request = EncodeRouteRequest({.topic = "T"});
  request.header.opaque = 41;
  const wire::Frame frame = EncodeRouteResponse(request, RichRoute());
  EXPECT_EQ(frame.header.opaque, 41);
  const absl::StatusOr<TopicRoute> route = DecodeRouteResponse(frame);
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_EQ(*route, RichRoute());
}

TEST(RouteResponse, QuotesNumericKeysForThoseWhoWantIt) {
  const auto body_for = [](std::int32_t version, bool asks) {
    wire::Frame request = EncodeRouteRequest({.topic = "T"});
    if (!asks) request.header.ext_fields.Set("acceptStandardJsonOnly", "false");
    request.header.version = version;
    return EncodeRouteResponse(request, RichRoute()).body;
  };
  const std::string quoted = EncodeRouteBody(RichRoute(), "T", NumericKeys::kQuoted);
  const std::string bare = EncodeRouteBody(RichRoute(), "T", NumericKeys::kBare);
  EXPECT_TRUE(absl::StrContains(quoted, R"("brokerAddrs":{"0":"10.0.0.1:10911","1":)"));
  EXPECT_TRUE(absl::StrContains(bare, R"("brokerAddrs":{0:"10.0.0.1:10911",1:)"));
  EXPECT_EQ(body_for(401, false), quoted);
  EXPECT_EQ(body_for(400, true), quoted);
  EXPECT_EQ(body_for(400, false), bare);
  EXPECT_EQ(Decoded(bare), RichRoute());
}

TEST(RouteResponse, ThatIsARefusalIsNotDecoded) {
  const wire::Frame request = EncodeRouteRequest({.topic = "T"});
  const absl::Status refused = DecodeRouteResponse(MakeResponse(request, ResponseCode::kTopicNotExist)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
}

TEST(RouteResponse, WithoutABodyIsUnreadable) {
  EXPECT_TRUE(absl::StrContains(DecodeRouteResponse(MakeResponse(EncodeRouteRequest({}))).status().message(),
                                "malformed JSON at byte 0 of 0"));
}

TEST(RouteBody, MayLackOrNullEverything) {
  EXPECT_EQ(Decoded("{}"), TopicRoute());
  EXPECT_EQ(Decoded(R"({"brokerDatas":null,"filterServerTable":null,"orderTopicConf":null,"queueDatas":null,)"
                    R"("topicQueueMappingByBroker":null})"),
            TopicRoute());
  const TopicRoute sparse = Decoded(
      R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":null,"cluster":null,"zoneName":null}],)"
      R"("queueDatas":[{"brokerName":"a","perm":null}],"topicQueueMappingByBroker":{"a":null,"b":{"currIdMap":null}}})");
  EXPECT_THAT(sparse.brokers, ElementsAre(BrokerGroup{.cluster = "", .name = "a", .zone = "", .addresses = {}}));
  EXPECT_THAT(sparse.queues, ElementsAre(QueueGroup{.broker_name = "a"}));
  EXPECT_THAT(sparse.mappings, ElementsAre(QueueMapping{.broker_name = "b", .scope = "", .ids = {}}));
}

TEST(RouteBody, SkipsWhatItDoesNotKnow) {
  EXPECT_EQ(Decoded(R"({"new":{"a":[1,{"b":null}]},"queueDatas":[{"brokerName":"a","perm":6,"new":[[]]}],)"
                    R"("brokerDatas":[],"filterServerTable":{"10.0.0.1:1":["x:2"]}})")
                .queues,
            Decoded(R"({"queueDatas":[{"brokerName":"a","perm":6}]})").queues);
}

TEST(RouteBody, IsSortedByBrokerName) {
  const TopicRoute route = Decoded(R"({"brokerDatas":[{"brokerName":"c"},{"brokerName":"a"},{"brokerName":"b"}],)"
                                   R"("queueDatas":[{"brokerName":"b"},{"brokerName":"a"}],)"
                                   R"("topicQueueMappingByBroker":{"z":{},"y":{}}})");
  EXPECT_THAT(route.brokers, ElementsAre(Field(&BrokerGroup::name, "a"), Field(&BrokerGroup::name, "b"),
                                         Field(&BrokerGroup::name, "c")));
  EXPECT_THAT(route.queues, ElementsAre(Field(&QueueGroup::broker_name, "a"), Field(&QueueGroup::broker_name, "b")));
  EXPECT_THAT(route.mappings,
              ElementsAre(Field(&QueueMapping::broker_name, "y"), Field(&QueueMapping::broker_name, "z")));
}

TEST(RouteBody, AddressesAreSortedByIdAndTheLaterOfTwoWins) {
  const TopicRoute route = Decoded(
      R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{"10":"x",2:"y","-1":"s","2":"z","10":"w","3":null}}]})");
  EXPECT_THAT(route.brokers[0].addresses, ElementsAre(Pair(-1, "s"), Pair(2, "z"), Pair(10, "w")));
}

TEST(RouteBody, QueueIdsOfAStaticTopicAreSorted) {
  const TopicRoute route =
      Decoded(R"({"topicQueueMappingByBroker":{"key":{"bname":"a","currIdMap":{2:1,"0":7,1:0},"epoch":"12"}}})");
  EXPECT_EQ(route.mappings[0].broker_name, "a");
  EXPECT_EQ(route.mappings[0].epoch, 12);
  EXPECT_THAT(route.mappings[0].ids, ElementsAre(Pair(0, 7), Pair(1, 0), Pair(2, 1)));
}

TEST(RouteBody, TakesTheOtherSpellingOfTheSysFlag) {
  EXPECT_EQ(Decoded(R"({"queueDatas":[{"brokerName":"a","topicSynFlag":2}]})").queues[0].topic_sys_flag, 2);
}

TEST(RouteBody, TakesNamesThatAreNotAscii) {
  EXPECT_EQ(Decoded("{\"queueDatas\":[{\"brokerName\":\"br\\u00f6ker-\xE4\xB8\xAD\"}]}").queues[0].broker_name,
            "br\xC3\xB6ker-\xE4\xB8\xAD");
}

TEST(RouteBody, RefusesWhatIsNoRoute) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "an object is expected"},
      {"[]", "an object is expected"},
      {"{}x", "something follows"},
      {R"({"queueDatas":{}})", "an array is expected"},
      {R"({"queueDatas":[7]})", "an object is expected"},
      {R"({"queueDatas":[{}]})", "queues without brokerName"},
      {R"({"queueDatas":[{"brokerName":""}]})", "queues without brokerName"},
      {R"({"queueDatas":[{"brokerName":"a","perm":"rw"}]})", "this is no integer"},
      {R"({"brokerDatas":[{"cluster":"c"}]})", "a broker without brokerName"},
      {R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{"master":"x"}}]})", "a broker id has to be an integer"},
      {R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{"0":1}}]})", "a string is expected"},
      {R"({"topicQueueMappingByBroker":{"":{}}})", "a queue mapping without bname"},
      {R"({"topicQueueMappingByBroker":{"a":{"currIdMap":{"x":1}}}})", "a logical queue id has to be an integer"},
      {R"({"brokerDatas":[)", "ends in the middle"},
  };
  for (const auto& [body, says] : cases) {
    const std::string refusal = RefusalOf(body);
    EXPECT_TRUE(absl::StrContains(refusal, says)) << body << ": " << refusal;
  }
}

TEST(RouteBodyLimits, BrokersAndQueuesStopAtTheirLimit) {
  const std::string_view named = R"({"brokerName":"a"})";
  EXPECT_EQ(Decoded(Repeated(R"({"queueDatas":[)", named, kMaxBrokers, "]}")).queues.size(), kMaxBrokers);
  EXPECT_TRUE(absl::StrContains(RefusalOf(Repeated(R"({"queueDatas":[)", named, kMaxBrokers + 1, "]}")),
                                "queues on too many brokers"));
  EXPECT_EQ(Decoded(Repeated(R"({"brokerDatas":[)", named, kMaxBrokers, "]}")).brokers.size(), kMaxBrokers);
  EXPECT_TRUE(
      absl::StrContains(RefusalOf(Repeated(R"({"brokerDatas":[)", named, kMaxBrokers + 1, "]}")), "too many brokers"));
  const std::string_view mapped = R"("#":{})";
  EXPECT_EQ(Decoded(Repeated(R"({"topicQueueMappingByBroker":{)", mapped, kMaxBrokers, "}}")).mappings.size(),
            kMaxBrokers);
  EXPECT_TRUE(absl::StrContains(RefusalOf(Repeated(R"({"topicQueueMappingByBroker":{)", mapped, kMaxBrokers + 1, "}}")),
                                "too many brokers"));
}

TEST(RouteBodyLimits, AddressesAndQueueIdsStopAtTheirLimit) {
  constexpr std::string_view kOpen = R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{)";
  EXPECT_EQ(Decoded(Repeated(kOpen, R"(#:"x")", kMaxReplicas, "}}]}")).brokers[0].addresses.size(), kMaxReplicas);
  EXPECT_TRUE(
      absl::StrContains(RefusalOf(Repeated(kOpen, R"(#:"x")", kMaxReplicas + 1, "}}]}")), "too many addresses"));
  constexpr std::string_view kIds = R"({"topicQueueMappingByBroker":{"a":{"currIdMap":{)";
  EXPECT_EQ(Decoded(Repeated(kIds, "#:0", kMaxMappedQueues, "}}}}")).mappings[0].ids.size(), kMaxMappedQueues);
  EXPECT_TRUE(absl::StrContains(RefusalOf(Repeated(kIds, "#:0", kMaxMappedQueues + 1, "}}}}")), "too many queues"));
}

TEST(RouteBodyLimits, AddressesOfAllBrokersStopAtTheirLimitToo) {
  const std::string broker = Repeated(R"({"brokerName":"a","brokerAddrs":{)", R"(#:"")", kMaxReplicas, "}}");
  const std::size_t brokers = kMaxAddresses / kMaxReplicas;
  EXPECT_EQ(Decoded(Repeated(R"({"brokerDatas":[)", broker, brokers, "]}")).brokers.size(), brokers);
  EXPECT_TRUE(absl::StrContains(RefusalOf(Repeated(R"({"brokerDatas":[)", broker, brokers + 1, "]}")),
                                "the brokers have too many addresses"));
}

TEST(RouteBody, AQueueWithoutAPhysicalIdIsAbsent) {
  EXPECT_THAT(Decoded(R"({"topicQueueMappingByBroker":{"a":{"currIdMap":{0:null,1:2}}}})").mappings[0].ids,
              ElementsAre(Pair(1, 2)));
}

TEST(RouteBody, OfTwoMappingsOfOneBrokerTheLaterIsKept) {
  const TopicRoute route = Decoded(
      R"({"topicQueueMappingByBroker":{"b":{"epoch":1},"a":{"epoch":2},"b":{"epoch":3},"c":{"bname":"a","epoch":4}}})");
  EXPECT_THAT(route.mappings,
              ElementsAre(QueueMapping{.broker_name = "a", .epoch = 4}, QueueMapping{.broker_name = "b", .epoch = 3}));
}

TEST(RouteBody, TablesThatStandTwiceAreOneTable) {
  const TopicRoute route =
      Decoded(R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{1:"x",0:"y"},"brokerAddrs":{1:"z",2:"w"}}],)"
              R"("topicQueueMappingByBroker":{"a":{"currIdMap":{1:0,0:1},"currIdMap":{0:7}}},)"
              R"("topicQueueMappingByBroker":{"b":{}}})");
  EXPECT_THAT(route.brokers[0].addresses, ElementsAre(Pair(0, "y"), Pair(1, "z"), Pair(2, "w")));
  ASSERT_EQ(route.mappings.size(), 2u);
  EXPECT_THAT(route.mappings[0].ids, ElementsAre(Pair(0, 7), Pair(1, 0)));
}

TEST(RouteExchange, SurvivesTheWireInBothHeaderForms) {
  for (const wire::SerializeType form : {wire::SerializeType::kJson, wire::SerializeType::kRocketMq}) {
    wire::Frame request = EncodeRouteRequest({.topic = "T"});
    request.serialize = form;
    std::string bytes;
    ASSERT_TRUE(wire::AppendFrame(request, bytes).ok());
    const absl::StatusOr<wire::Frame> received = wire::DecodeFrame(bytes);
    ASSERT_TRUE(received.ok()) << received.status();
    wire::Frame response = EncodeRouteResponse(*received, RichRoute());
    response.serialize = form;
    bytes.clear();
    ASSERT_TRUE(wire::AppendFrame(response, bytes).ok());
    const absl::StatusOr<wire::Frame> answered = wire::DecodeFrame(bytes);
    ASSERT_TRUE(answered.ok()) << answered.status();
    EXPECT_EQ(*DecodeRouteResponse(*answered), RichRoute());
  }
}

}  // namespace
}  // namespace corocket::protocol
