#include "tests/golden/golden_frames.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "corocket/route.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_writer.h"
#include "sdk/wire/language.h"

namespace corocket::test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::StartsWith;

constexpr std::size_t kRecordedFrames = 204;

wire::Frame Decoded(const GoldenFrame& golden) {
  absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(golden.bytes);
  EXPECT_TRUE(frame.ok()) << golden.Title() << ": " << frame.status();
  return frame.ok() ? *std::move(frame) : wire::Frame();
}

std::vector<wire::Frame> FramesOf(std::string_view name, std::string_view capture) {
  std::vector<wire::Frame> frames;
  for (const GoldenFrame& golden : GoldenFrames()) {
    if (golden.name == name && absl::StrContains(golden.capture, capture)) frames.push_back(Decoded(golden));
  }
  return frames;
}

// JSON headers name the language, binary ones give its byte.
wire::Language LanguageOf(const nlohmann::json& header) {
  const nlohmann::json& language = header.at("language");
  if (language.is_string()) return wire::LanguageFromName(language.get<std::string>());
  return wire::LanguageFromByte(language.get<std::uint8_t>());
}

void ExpectHeader(const wire::Header& header, const nlohmann::json& recorded) {
  EXPECT_EQ(header.code, recorded.at("code").get<std::int32_t>());
  EXPECT_EQ(header.version, recorded.at("version").get<std::int32_t>());
  EXPECT_EQ(header.opaque, recorded.at("opaque").get<std::int32_t>());
  EXPECT_EQ(header.flag, recorded.at("flag").get<std::int32_t>());
  EXPECT_EQ(header.language, LanguageOf(recorded));
  const auto remark = recorded.find("remark");
  const bool has_remark = remark != recorded.end() && remark->is_string();
  EXPECT_EQ(header.remark, has_remark ? remark->get<std::string>() : "");
  wire::ExtFields fields;
  if (recorded.contains("extFields")) {
    for (const auto& [key, value] : recorded.at("extFields").items()) fields.Set(key, value.get<std::string>());
  }
  EXPECT_TRUE(header.ext_fields == fields);
}

TEST(GoldenFrames, AllAreThereInBothHeaderForms) {
  EXPECT_EQ(GoldenFrames().size(), kRecordedFrames);
  const auto in_form = [](std::string_view form) {
    return std::count_if(GoldenFrames().begin(), GoldenFrames().end(),
                         [form](const GoldenFrame& golden) { return golden.serialize == form; });
  };
  EXPECT_EQ(in_form("JSON"), 132);
  EXPECT_EQ(in_form("ROCKETMQ"), 72);
}

TEST(GoldenFrames, EveryFrameDecodesToWhatTheRecordingSays) {
  for (const GoldenFrame& golden : GoldenFrames()) {
    SCOPED_TRACE(golden.Title());
    const absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(golden.bytes);
    ASSERT_TRUE(extent.ok()) << extent.status();
    EXPECT_EQ(extent->bytes, golden.bytes.size());
    const wire::Frame frame = Decoded(golden);
    ExpectHeader(frame.header, golden.header);
    EXPECT_EQ(frame.serialize == wire::SerializeType::kJson, golden.serialize == "JSON");
    if (golden.body_text) {
      EXPECT_THAT(frame.body, StartsWith(*golden.body_text));
    }
  }
}

TEST(GoldenFrames, EncodingAgainGivesAnEqualFrame) {
  for (const GoldenFrame& golden : GoldenFrames()) {
    SCOPED_TRACE(golden.Title());
    const wire::Frame frame = Decoded(golden);
    std::string bytes;
    ASSERT_TRUE(wire::AppendFrame(frame, bytes).ok());
    EXPECT_LE(bytes.size(), wire::EncodedSizeBound(frame));
    const absl::StatusOr<wire::Frame> again = wire::DecodeFrame(bytes);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(*again == frame);
  }
}

TEST(GoldenFrames, BinaryHeadersComeOutByteForByte) {
  for (const GoldenFrame& golden : GoldenFrames()) {
    if (golden.serialize != "ROCKETMQ") continue;
    SCOPED_TRACE(golden.Title());
    std::string bytes;
    ASSERT_TRUE(wire::AppendFrame(Decoded(golden), bytes).ok());
    EXPECT_EQ(bytes, golden.bytes);
  }
}

// Where Java leaves `extFields` out or writes an empty remark, we do not: the two mean the same.
TEST(GoldenFrames, JsonHeadersComeOutAsJavaWritesThem) {
  int compared = 0;
  for (const GoldenFrame& golden : GoldenFrames()) {
    if (golden.serialize != "JSON" || !golden.header.contains("extFields")) continue;
    if (golden.header.value("remark", "absent").empty()) continue;
    SCOPED_TRACE(golden.Title());
    std::string bytes;
    ASSERT_TRUE(wire::AppendFrame(Decoded(golden), bytes).ok());
    EXPECT_EQ(bytes, golden.bytes);
    ++compared;
  }
  EXPECT_EQ(compared, 91);
}

TEST(GoldenFrames, EveryPrefixOfAFrameAsksForMoreBytesOrTellsItsExtent) {
  for (const GoldenFrame& golden : GoldenFrames()) {
    SCOPED_TRACE(golden.Title());
    for (std::size_t size = 0; size < golden.bytes.size(); ++size) {
      const absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(std::string_view(golden.bytes).substr(0, size));
      ASSERT_TRUE(extent.ok()) << size << ": " << extent.status();
      ASSERT_EQ(extent->bytes, size < 8 ? 0 : golden.bytes.size());
    }
  }
}

TEST(GoldenFrames, CodesHaveTheNamesOfTheRecording) {
  for (const GoldenFrame& golden : GoldenFrames()) {
    if (golden.server != "namesrv") continue;
    SCOPED_TRACE(golden.Title());
    const std::int32_t code = Decoded(golden).header.code;
    if (absl::EndsWith(golden.name, "/REQUEST")) {
      EXPECT_EQ(std::string(protocol::RequestCodeName(code)) + "/REQUEST", golden.name);
    } else {
      EXPECT_TRUE(absl::EndsWith(golden.name, "/RESPONSE/" + std::to_string(code)));
      EXPECT_NE(protocol::ResponseCodeName(code), "UNKNOWN_RESPONSE");
    }
  }
}

TEST(GoldenRoutes, AreReadFromEveryServerAndHeaderForm) {
  const std::vector<wire::Frame> answers = FramesOf("GET_ROUTEINFO_BY_TOPIC/RESPONSE/0", "_server_");
  ASSERT_EQ(answers.size(), 3u);
  for (const wire::Frame& answer : answers) {
    const absl::StatusOr<TopicRoute> route = protocol::DecodeRouteResponse(answer);
    ASSERT_TRUE(route.ok()) << route.status();
    EXPECT_THAT(route->queues, ElementsAre(QueueGroup{.broker_name = "broker-a",
                                                      .read_queues = 8,
                                                      .write_queues = 8,
                                                      .perm = kPermRead | kPermWrite | kPermInherit}));
    EXPECT_THAT(
        route->brokers,
        ElementsAre(BrokerGroup{
            .cluster = "DefaultCluster", .name = "broker-a", .zone = "", .addresses = {{0, "127.0.0.1:10911"}}}));
    EXPECT_TRUE(route->mappings.empty());
    EXPECT_EQ(route->order_topic_conf, "");
  }
}

TEST(GoldenRoutes, OfANewServerAreWrittenByteForByte) {
  const std::vector<wire::Frame> answers = FramesOf("GET_ROUTEINFO_BY_TOPIC/RESPONSE/0", "5_5_0");
  ASSERT_EQ(answers.size(), 4u);
  for (const wire::Frame& answer : answers) {
    const absl::StatusOr<TopicRoute> route = protocol::DecodeRouteResponse(answer);
    ASSERT_TRUE(route.ok()) << route.status();
    EXPECT_EQ(protocol::EncodeRouteBody(*route, "TBW102", wire::JsonWriter::NumericKeys::kQuoted), answer.body);
  }
}

TEST(GoldenRoutes, OfEveryServerComeBackEqualInBothFormsOfKeys) {
  const std::vector<wire::Frame> answers = FramesOf("GET_ROUTEINFO_BY_TOPIC/RESPONSE/0", "");
  ASSERT_EQ(answers.size(), 5u);
  for (const wire::Frame& answer : answers) {
    const absl::StatusOr<TopicRoute> route = protocol::DecodeRouteResponse(answer);
    ASSERT_TRUE(route.ok()) << route.status();
    for (const auto keys : {wire::JsonWriter::NumericKeys::kQuoted, wire::JsonWriter::NumericKeys::kBare}) {
      const absl::StatusOr<TopicRoute> again =
          protocol::DecodeRouteBody(protocol::EncodeRouteBody(*route, "TBW102", keys));
      ASSERT_TRUE(again.ok()) << again.status();
      EXPECT_EQ(*again, *route);
    }
  }
}

TEST(GoldenRoutes, ARefusalKeepsItsCodeAndRemark) {
  const std::vector<wire::Frame> answers = FramesOf("GET_ROUTEINFO_BY_TOPIC/RESPONSE/17", "");
  ASSERT_EQ(answers.size(), 5u);
  for (const wire::Frame& answer : answers) {
    const absl::Status refused = protocol::DecodeRouteResponse(answer).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(absl::StrContains(refused.message(), "TOPIC_NOT_EXIST (17)")) << refused;
    EXPECT_TRUE(absl::StrContains(refused.message(), "No topic route info in name server")) << refused;
  }
}

TEST(GoldenRoutes, RequestsAreReadFromEveryClient) {
  const std::vector<wire::Frame> requests = FramesOf("GET_ROUTEINFO_BY_TOPIC/REQUEST", "");
  ASSERT_EQ(requests.size(), 5u);
  for (const wire::Frame& request : requests) {
    const absl::StatusOr<protocol::RouteRequest> route = protocol::DecodeRouteRequest(request);
    ASSERT_TRUE(route.ok()) << route.status();
    EXPECT_EQ(route->topic, "TBW102");
    const absl::StatusOr<protocol::RouteRequest> again =
        protocol::DecodeRouteRequest(protocol::EncodeRouteRequest(*route));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, *route);
  }
}

TEST(GoldenClusters, AreReadWithTheirBareBrokerIds) {
  const std::vector<wire::Frame> answers = FramesOf("GET_BROKER_CLUSTER_INFO/RESPONSE/0", "");
  ASSERT_EQ(answers.size(), 4u);
  for (const wire::Frame& answer : answers) {
    ASSERT_TRUE(absl::StrContains(answer.body, "{0:\"127.0.0.1:10911\"}")) << answer.body;
    const absl::StatusOr<ClusterInfo> info = protocol::DecodeClusterInfoResponse(answer);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_THAT(
        info->brokers,
        ElementsAre(BrokerGroup{
            .cluster = "DefaultCluster", .name = "broker-a", .zone = "", .addresses = {{0, "127.0.0.1:10911"}}}));
    EXPECT_THAT(info->clusters, ElementsAre(Pair("DefaultCluster", ElementsAre("broker-a"))));
  }
}

TEST(GoldenClusters, OfANewServerAreWrittenByteForByte) {
  const std::vector<wire::Frame> answers = FramesOf("GET_BROKER_CLUSTER_INFO/RESPONSE/0", "5_5_0");
  ASSERT_EQ(answers.size(), 3u);
  for (const wire::Frame& answer : answers) {
    const absl::StatusOr<ClusterInfo> info = protocol::DecodeClusterInfoResponse(answer);
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(protocol::EncodeClusterInfoResponse(protocol::EncodeClusterInfoRequest(), *info).body, answer.body);
  }
}

TEST(GoldenClusters, OfEveryServerComeBackEqual) {
  const std::vector<wire::Frame> answers = FramesOf("GET_BROKER_CLUSTER_INFO/RESPONSE/0", "");
  ASSERT_EQ(answers.size(), 4u);
  for (const wire::Frame& answer : answers) {
    const absl::StatusOr<ClusterInfo> info = protocol::DecodeClusterInfoResponse(answer);
    ASSERT_TRUE(info.ok()) << info.status();
    const absl::StatusOr<ClusterInfo> again = protocol::DecodeClusterInfoResponse(
        protocol::EncodeClusterInfoResponse(protocol::EncodeClusterInfoRequest(), *info));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, *info);
  }
}

TEST(GoldenClusters, RequestsAreReadFromEveryClient) {
  const std::vector<wire::Frame> requests = FramesOf("GET_BROKER_CLUSTER_INFO/REQUEST", "");
  ASSERT_EQ(requests.size(), 4u);
  for (const wire::Frame& request : requests) EXPECT_EQ(protocol::DecodeClusterInfoRequest(request), absl::OkStatus());
}

TEST(GoldenTopicLists, RequestsAreReadFromEveryClient) {
  const std::vector<wire::Frame> requests = FramesOf("GET_ALL_TOPIC_LIST_FROM_NAMESERVER/REQUEST", "");
  ASSERT_EQ(requests.size(), 4u);
  for (const wire::Frame& request : requests) EXPECT_EQ(protocol::DecodeTopicListRequest(request), absl::OkStatus());
}

TEST(GoldenTopicLists, AreReadAndWrittenByteForByte) {
  const std::vector<wire::Frame> answers = FramesOf("GET_ALL_TOPIC_LIST_FROM_NAMESERVER/RESPONSE/0", "");
  ASSERT_EQ(answers.size(), 4u);
  for (const wire::Frame& answer : answers) {
    const absl::StatusOr<protocol::TopicList> list = protocol::DecodeTopicListResponse(answer);
    ASSERT_TRUE(list.ok()) << list.status();
    EXPECT_THAT(list->topics, Contains("FrameTopic"));
    EXPECT_THAT(list->topics, Contains("%RETRY%CG_order"));
    EXPECT_EQ(protocol::EncodeTopicListResponse(protocol::EncodeTopicListRequest(), *list).body, answer.body);
  }
}

}  // namespace
}  // namespace corocket::test
