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
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/wire/frame.h"
#include "tests/support/json_text.h"

namespace corocket::protocol {
namespace {

using test::Repeated;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Pair;

wire::Frame AnswerWith(std::string body) {
  wire::Frame frame = MakeResponse(MakeRequest(RequestCode::kGetBrokerClusterInfo));
  frame.body = std::move(body);
  return frame;
}

// --- Cluster info ------------------------------------------------------------------------------------------------

TEST(ClusterInfo, RequestIsRecognised) {
  EXPECT_TRUE(DecodeClusterInfoRequest(EncodeClusterInfoRequest()).ok());
  EXPECT_FALSE(DecodeClusterInfoRequest(EncodeTopicListRequest()).ok());
}

TEST(ClusterInfo, ComesBackEqual) {
  const ClusterInfo info{
      .brokers = {{.cluster = "C1", .name = "a", .zone = "z", .enable_acting_master = true, .addresses = {{0, "x:1"}}},
                  {.cluster = "C2", .name = "b", .zone = "", .addresses = {{1, "y:1"}, {2, "z:1"}}}},
      .clusters = {{"C1", {"a"}}, {"C2", {"b"}}, {"empty", {}}}};
  const wire::Frame frame = EncodeClusterInfoResponse(EncodeClusterInfoRequest(), info);
  EXPECT_TRUE(absl::StrContains(frame.body, R"({1:"y:1",2:"z:1"})")) << frame.body;
  const absl::StatusOr<ClusterInfo> decoded = DecodeClusterInfoResponse(frame);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, info);
}

TEST(ClusterInfo, IsSortedAndNamesBrokersByTheirKeyWhereTheyDoNotNameThemselves) {
  const absl::StatusOr<ClusterInfo> info = DecodeClusterInfoResponse(AnswerWith(
      R"({"new":1,"clusterAddrTable":{"C2":null,"C1":["b","a"]},"brokerAddrTable":{"b":{},"a":{"brokerName":"a"},"n":null}})"));
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->brokers, ElementsAre(Field(&BrokerGroup::name, "a"), Field(&BrokerGroup::name, "b")));
  EXPECT_THAT(info->clusters, ElementsAre(Pair("C1", ElementsAre("a", "b")), Pair("C2", IsEmpty())));
}

TEST(ClusterInfo, RefusesWhatIsNone) {
  for (const std::string_view body :
       {"", "[]", R"({"brokerAddrTable":[]})", R"({"brokerAddrTable":{"":{}}})", R"({"clusterAddrTable":{"C":{}}})",
        R"({"clusterAddrTable":{"C":[1]}})", "{}{}"}) {
    EXPECT_EQ(DecodeClusterInfoResponse(AnswerWith(std::string(body))).status().code(),
              absl::StatusCode::kInvalidArgument)
        << body;
  }
  const wire::Frame refusal = MakeResponse(EncodeClusterInfoRequest(), ResponseCode::kSystemError, "no");
  EXPECT_EQ(DecodeClusterInfoResponse(refusal).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ClusterInfo, HoldsEachNameOnceAndOfTwoBrokersWithOneNameTheLater) {
  const absl::StatusOr<ClusterInfo> info =
      DecodeClusterInfoResponse(AnswerWith(R"({"brokerAddrTable":{"b":{"cluster":"C1"},"a":{},"b":{"cluster":"C2"}},)"
                                           R"("clusterAddrTable":{"C":["x"],"D":["z","y","z"],"C":["w"]}})"));
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->brokers, ElementsAre(BrokerGroup{.name = "a"}, BrokerGroup{.cluster = "C2", .name = "b"}));
  EXPECT_THAT(info->clusters, ElementsAre(Pair("C", ElementsAre("w")), Pair("D", ElementsAre("y", "z"))));
}

TEST(ClusterInfo, ANullInAClusterIsNoBroker) {
  const absl::StatusOr<ClusterInfo> info =
      DecodeClusterInfoResponse(AnswerWith(R"({"clusterAddrTable":{"c":[null,"a",null]}})"));
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_THAT(info->clusters, ElementsAre(Pair("c", ElementsAre("a"))));
}

TEST(ClusterInfo, NamesOfARepeatedTableCountTogether) {
  const std::string half = Repeated(R"("clusterAddrTable":{"c":[)", R"("#")", kMaxBrokers / 2, "]}");
  EXPECT_TRUE(DecodeClusterInfoResponse(AnswerWith(Repeated("{", half, 2, "}"))).ok());
  const absl::Status refused = DecodeClusterInfoResponse(AnswerWith(Repeated("{", half, 3, "}"))).status();
  EXPECT_TRUE(absl::StrContains(refused.message(), "too many brokers")) << refused;
}

TEST(ClusterInfo, StopsAtItsLimits) {
  const std::pair<std::pair<std::string_view, std::string_view>, std::string_view> cases[] = {
      {{R"({"brokerAddrTable":{)", "}}"}, R"("a":{})"},
      {{R"({"clusterAddrTable":{)", "}}"}, R"("c":[])"},
      {{R"({"clusterAddrTable":{"c":[)", "]}}"}, R"("a")"},
  };
  for (const auto& [brackets, item] : cases) {
    const auto& [open, close] = brackets;
    EXPECT_TRUE(DecodeClusterInfoResponse(AnswerWith(Repeated(open, item, kMaxBrokers, close))).ok()) << open;
    const absl::Status refused =
        DecodeClusterInfoResponse(AnswerWith(Repeated(open, item, kMaxBrokers + 1, close))).status();
    EXPECT_TRUE(absl::StrContains(refused.message(), "too many")) << refused;
  }
}

// --- Topic list --------------------------------------------------------------------------------------------------

TEST(TopicList, ComesBackEqual) {
  EXPECT_TRUE(DecodeTopicListRequest(EncodeTopicListRequest()).ok());
  EXPECT_FALSE(DecodeTopicListRequest(EncodeClusterInfoRequest()).ok());
  for (const TopicList& list : {TopicList{}, TopicList{.topics = {"b", "%RETRY%g", "a"}, .broker_address = "x:1"}}) {
    const absl::StatusOr<TopicList> decoded =
        DecodeTopicListResponse(EncodeTopicListResponse(EncodeTopicListRequest(), list));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, list);
  }
}

TEST(TopicList, MayBeNull) {
  const absl::StatusOr<TopicList> list =
      DecodeTopicListResponse(AnswerWith(R"({"brokerAddr":null,"topicList":null,"topicList":[null],"new":[]})"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(*list, TopicList());
}

TEST(TopicList, RefusesWhatIsNone) {
  for (const std::string_view body : {"", "[]", R"({"topicList":{}})", R"({"topicList":[1]})"}) {
    EXPECT_FALSE(DecodeTopicListResponse(AnswerWith(std::string(body))).ok()) << body;
  }
  EXPECT_FALSE(DecodeTopicListResponse(MakeResponse(EncodeTopicListRequest(), ResponseCode::kSystemError)).ok());
}

TEST(TopicList, StopsAtItsLimit) {
  EXPECT_EQ(
      DecodeTopicListResponse(AnswerWith(Repeated(R"({"topicList":[)", R"("t")", kMaxTopics, "]}")))->topics.size(),
      kMaxTopics);
  EXPECT_FALSE(DecodeTopicListResponse(AnswerWith(Repeated(R"({"topicList":[)", R"("t")", kMaxTopics + 1, "]}"))).ok());
}

// --- Key-value configuration -------------------------------------------------------------------------------------

TEST(KvConfig, GetComesBackEqual) {
  const KvGetRequest request{.ns = "ORDER_TOPIC_CONFIG", .key = "T"};
  const wire::Frame frame = EncodeKvGetRequest(request);
  EXPECT_EQ(frame.header.code, 101);
  EXPECT_EQ(*frame.header.ext_fields.Find("namespace"), "ORDER_TOPIC_CONFIG");
  EXPECT_EQ(*DecodeKvGetRequest(frame), request);
  EXPECT_EQ(*DecodeKvGetResponse(EncodeKvGetResponse(frame, "broker-a:8")), "broker-a:8");
}

TEST(KvConfig, PutComesBackEqual) {
  const KvPutRequest request{.ns = "n", .key = "k", .value = "v"};
  const wire::Frame frame = EncodeKvPutRequest(request);
  EXPECT_EQ(frame.header.code, 100);
  EXPECT_EQ(*DecodeKvPutRequest(frame), request);
  EXPECT_TRUE(DecodeKvPutResponse(EncodeKvPutResponse(frame)).ok());
  EXPECT_FALSE(DecodeKvPutResponse(MakeResponse(frame, ResponseCode::kSystemError)).ok());
}

TEST(KvConfig, AnAbsentKeyIsARefusalAndASuccessWithoutValueUnreadable) {
  const wire::Frame request = EncodeKvGetRequest({.ns = "n", .key = "k"});
  EXPECT_EQ(DecodeKvGetResponse(MakeResponse(request, ResponseCode::kQueryNotFound)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DecodeKvGetResponse(MakeResponse(request)).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(KvConfig, RequestsNeedAllTheirFields) {
  for (const std::string_view missing : {"namespace", "key"}) {
    wire::Frame frame = MakeRequest(RequestCode::kGetKvConfig);
    for (const std::string_view key : {"namespace", "key"}) {
      if (key != missing) frame.header.ext_fields.Set(key, "x");
    }
    EXPECT_TRUE(absl::StrContains(DecodeKvGetRequest(frame).status().message(), missing));
  }
  for (const std::string_view missing : {"namespace", "key", "value"}) {
    wire::Frame frame = MakeRequest(RequestCode::kPutKvConfig);
    for (const std::string_view key : {"namespace", "key", "value"}) {
      if (key != missing) frame.header.ext_fields.Set(key, "x");
    }
    EXPECT_TRUE(absl::StrContains(DecodeKvPutRequest(frame).status().message(), missing));
  }
}

}  // namespace
}  // namespace corocket::protocol
