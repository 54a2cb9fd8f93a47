#include "sdk/protocol/register_broker.h"

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "corocket/route.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/protocol/crc32.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/unregister_broker.h"
#include "sdk/wire/frame.h"
#include "tests/support/json_text.h"

namespace corocket::protocol {
namespace {

using test::Repeated;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Pair;

RegisterBrokerRequest RichRegistration() {
  return {.cluster = "C",
          .broker_name = "broker-a",
          .broker_address = "10.0.0.1:10911",
          .ha_server_address = "10.0.0.1:10912",
          .broker_id = 1,
          .zone = "z1",
          .heartbeat_timeout = std::chrono::milliseconds(10'000),
          .enable_acting_master = true,
          .topics = {{.name = "T1", .read_queues = 8, .write_queues = 4, .perm = 6, .topic_sys_flag = 1, .order = true},
                     {.name = "T2"}},
          .data_version = {.state_version = 3, .timestamp = 1'690'000'000'000, .counter = 12},
          .mappings = {{"T1",
                        {.broker_name = "broker-a",
                         .scope = "__global__",
                         .epoch = 9,
                         .total_queues = 2,
                         .ids = {{0, 0}, {1, 1}}}}}};
}

wire::Frame WithBody(std::string body) {
  wire::Frame frame = EncodeRegisterBrokerRequest(RichRegistration());
  frame.header.ext_fields.Set("bodyCrc32", absl::StrCat(BodyCrc32(body)));
  frame.body = std::move(body);
  return frame;
}

TEST(BodyCrc32, IsTheUsualOneWithoutItsTopBit) {
  EXPECT_EQ(BodyCrc32(""), 0);
  EXPECT_EQ(BodyCrc32("123456789"), static_cast<std::int32_t>(0xCBF43926 & 0x7FFFFFFF));
  EXPECT_EQ(BodyCrc32("The quick brown fox jumps over the lazy dog"), 0x414FA339);
}

TEST(RegisterBroker, ComesBackEqual) {
  for (const RegisterBrokerRequest& request :
       {RichRegistration(),
        RegisterBrokerRequest{
            .cluster = "C", .broker_name = "b", .broker_address = "x:1", .ha_server_address = "x:2"}}) {
    const absl::StatusOr<RegisterBrokerRequest> decoded =
        DecodeRegisterBrokerRequest(EncodeRegisterBrokerRequest(request));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(*decoded == request);
  }
}

TEST(RegisterBroker, WritesTheFieldsThatAServerReads) {
  const wire::Frame frame = EncodeRegisterBrokerRequest(RichRegistration());
  EXPECT_EQ(frame.header.code, 103);
  wire::ExtFields expected;
  expected.Set("clusterName", "C");
  expected.Set("brokerName", "broker-a");
  expected.Set("brokerAddr", "10.0.0.1:10911");
  expected.Set("brokerId", "1");
  expected.Set("haServerAddr", "10.0.0.1:10912");
  expected.Set("compressed", "false");
  expected.Set("bodyCrc32", absl::StrCat(BodyCrc32(frame.body)));
  expected.Set("heartbeatTimeoutMillis", "10000");
  expected.Set("enableActingMaster", "true");
  expected.Set("__ZONE_NAME", "z1");
  EXPECT_TRUE(frame.header.ext_fields == expected);
}

// As a broker 5.x writes it: members of topics that nobody here needs, topics in no order.
constexpr std::string_view kBrokerBody =
    R"({"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":5,"stateVersion":0,)"
    R"("timestamp":1700000000000},"mappingDataVersion":{"counter":0,"stateVersion":0,"timestamp":1},)"
    R"("topicConfigTable":{"TB":{"attributes":{"message.type":"FIFO"},"order":false,"perm":6,"readQueueNums":4,)"
    R"("topicFilterType":"SINGLE_TAG","topicName":"TB","topicSysFlag":0,"writeQueueNums":4},)"
    R"("TA":{"attributes":{},"order":false,"perm":7,"readQueueNums":1,"topicFilterType":"SINGLE_TAG",)"
    R"("topicName":"TA","topicSysFlag":0,"writeQueueNums":1}},"topicQueueMappingDetailMap":{},)"
    R"("topicQueueMappingInfoMap":{}}})";

TEST(RegisterBroker, ReadsABrokersBody) {
  const absl::StatusOr<RegisterBrokerRequest> decoded = DecodeRegisterBrokerRequest(WithBody(std::string(kBrokerBody)));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_THAT(decoded->topics, ElementsAre(TopicConfig{.name = "TA", .read_queues = 1, .write_queues = 1, .perm = 7},
                                           TopicConfig{.name = "TB", .read_queues = 4, .write_queues = 4, .perm = 6}));
  EXPECT_EQ(decoded->data_version, (DataVersion{.state_version = 0, .timestamp = 1'700'000'000'000, .counter = 5}));
}

TEST(RegisterBroker, MayHaveNoBodyOrANullOne) {
  for (const std::string_view body : {"", "{}", R"({"topicConfigSerializeWrapper":null})",
                                      R"({"topicConfigSerializeWrapper":{"topicConfigTable":null,"dataVersion":null,)"
                                      R"("topicQueueMappingInfoMap":null}})"}) {
    const absl::StatusOr<RegisterBrokerRequest> decoded = DecodeRegisterBrokerRequest(WithBody(std::string(body)));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(decoded->topics.empty());
  }
}

TEST(RegisterBroker, TakesTheKeyForATopicWithoutName) {
  const absl::StatusOr<RegisterBrokerRequest> decoded = DecodeRegisterBrokerRequest(
      WithBody(R"({"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{"perm":4},"gone":null}}})"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_THAT(decoded->topics, ElementsAre(Field(&TopicConfig::name, "T")));
}

TEST(RegisterBroker, IsRefusedWhenTheCheckSumDiffers) {
  wire::Frame frame = EncodeRegisterBrokerRequest(RichRegistration());
  frame.body.back() = ' ';
  const absl::Status refused = DecodeRegisterBrokerRequest(frame).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(refused.message(), "check sum")) << refused;
}

TEST(RegisterBroker, WithoutACheckSumIsBelieved) {
  wire::Frame frame = WithBody(std::string(kBrokerBody));
  frame.header.ext_fields.Set("bodyCrc32", "0");
  EXPECT_TRUE(DecodeRegisterBrokerRequest(frame).ok());
}

TEST(RegisterBroker, ThatIsCompressedIsRefusedByName) {
  wire::Frame frame = EncodeRegisterBrokerRequest(RichRegistration());
  frame.header.ext_fields.Set("compressed", "true");
  const absl::Status refused = DecodeRegisterBrokerRequest(frame).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(absl::StrContains(refused.message(), "compressedRegister=false")) << refused;
}

wire::Frame Without(const wire::Frame& frame, std::string_view key) {
  wire::Frame copy = frame;
  copy.header.ext_fields = wire::ExtFields();
  for (const auto& [name, value] : frame.header.ext_fields) {
    if (name != key) copy.header.ext_fields.Set(name, value);
  }
  return copy;
}

TEST(RegisterBroker, NamesTheFieldThatIsMissingOrNoNumber) {
  const wire::Frame frame = EncodeRegisterBrokerRequest(RichRegistration());
  for (const std::string_view key : {"clusterName", "brokerName", "brokerAddr", "brokerId"}) {
    const absl::Status refused = DecodeRegisterBrokerRequest(Without(frame, key)).status();
    EXPECT_TRUE(absl::StrContains(refused.message(), absl::StrCat("\"", key, "\" is missing"))) << refused;
  }
  for (const std::string_view key : {"brokerId", "heartbeatTimeoutMillis", "bodyCrc32"}) {
    wire::Frame broken = frame;
    broken.header.ext_fields.Set(key, "1s");
    const absl::Status refused = DecodeRegisterBrokerRequest(broken).status();
    EXPECT_TRUE(absl::StrContains(refused.message(), absl::StrCat("\"", key, "\" should be an integer"))) << refused;
  }
}

TEST(RegisterBroker, OfAnOldBrokerHasNoActingMaster) {
  const absl::StatusOr<RegisterBrokerRequest> decoded =
      DecodeRegisterBrokerRequest(Without(EncodeRegisterBrokerRequest(RichRegistration()), "enableActingMaster"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_FALSE(decoded->enable_acting_master.has_value());
}

TEST(RegisterBroker, HoldsEachTopicOnceAndOfTwoTheLater) {
  const absl::StatusOr<RegisterBrokerRequest> decoded = DecodeRegisterBrokerRequest(
      WithBody(R"({"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{"perm":1},"S":{},"T":{"perm":2}},)"
               R"("topicConfigTable":{"U":{"topicName":"T","perm":4}},)"
               R"("topicQueueMappingInfoMap":{"T":{"epoch":1},"S":{},"T":{"epoch":2}}}})"));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_THAT(decoded->topics, ElementsAre(TopicConfig{.name = "S"}, TopicConfig{.name = "T", .perm = 4}));
  EXPECT_THAT(decoded->mappings, ElementsAre(Pair("S", QueueMapping{.broker_name = "broker-a"}),
                                             Pair("T", QueueMapping{.broker_name = "broker-a", .epoch = 2})));
}

TEST(RegisterBroker, StaticTopicsStopAtTheirLimit) {
  constexpr std::string_view kOpen = R"({"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{)";
  const absl::StatusOr<RegisterBrokerRequest> full =
      DecodeRegisterBrokerRequest(WithBody(Repeated(kOpen, R"("#":{})", kMaxStaticTopics, "}}}")));
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_EQ(full->mappings.size(), kMaxStaticTopics);
  const absl::Status refused =
      DecodeRegisterBrokerRequest(WithBody(Repeated(kOpen, R"("#":{})", kMaxStaticTopics + 1, "}}}"))).status();
  EXPECT_TRUE(absl::StrContains(refused.message(), "too many static topics")) << refused;
}

TEST(RegisterBroker, IsRefusedWithoutANameThatRoutesCouldCarry) {
  // Stored, it would make every route with this broker unreadable.
  for (const std::string_view key : {"clusterName", "brokerName", "brokerAddr"}) {
    wire::Frame frame = EncodeRegisterBrokerRequest(RichRegistration());
    frame.header.ext_fields.Set(key, "");
    const absl::Status refused = DecodeRegisterBrokerRequest(frame).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(refused.message(), absl::StrCat("\"", key, "\" is empty"))) << refused;
  }
}

TEST(RegisterBroker, RefusesABodyThatIsNone) {
  for (const std::string_view body : {"[]", "{", R"({"topicConfigSerializeWrapper":[]})",
                                      R"({"topicConfigSerializeWrapper":{"topicConfigTable":[]}})",
                                      R"({"topicConfigSerializeWrapper":{"topicConfigTable":{"":{}}}})",
                                      R"({"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{"perm":"x"}}}})",
                                      R"({"topicConfigSerializeWrapper":{"dataVersion":{"counter":[]}}})",
                                      R"({"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{"T":7}}})"}) {
    EXPECT_EQ(DecodeRegisterBrokerRequest(WithBody(std::string(body))).status().code(),
              absl::StatusCode::kInvalidArgument)
        << body;
  }
}

TEST(RegisterBroker, AnswerTellsAReplicaWhereItsMasterIs) {
  const wire::Frame request = EncodeRegisterBrokerRequest(RichRegistration());
  for (const RegisterBrokerResponse& response :
       {RegisterBrokerResponse{}, RegisterBrokerResponse{.ha_server_address = "x:2", .master_address = "x:1"}}) {
    const absl::StatusOr<RegisterBrokerResponse> decoded =
        DecodeRegisterBrokerResponse(EncodeRegisterBrokerResponse(request, response));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, response);
  }
  EXPECT_FALSE(DecodeRegisterBrokerResponse(MakeResponse(request, ResponseCode::kSystemError)).ok());
}

TEST(UnregisterBroker, ComesBackEqual) {
  const UnregisterBrokerRequest request{
      .cluster = "C", .broker_name = "broker-a", .broker_address = "10.0.0.1:10911", .broker_id = 0};
  const wire::Frame frame = EncodeUnregisterBrokerRequest(request);
  EXPECT_EQ(frame.header.code, 104);
  const absl::StatusOr<UnregisterBrokerRequest> decoded = DecodeUnregisterBrokerRequest(frame);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, request);
  EXPECT_TRUE(DecodeUnregisterBrokerResponse(EncodeUnregisterBrokerResponse(frame)).ok());
  EXPECT_FALSE(DecodeUnregisterBrokerResponse(MakeResponse(frame, ResponseCode::kSystemError)).ok());
  for (const std::string_view key : {"clusterName", "brokerName", "brokerAddr", "brokerId"}) {
    EXPECT_TRUE(absl::StrContains(DecodeUnregisterBrokerRequest(Without(frame, key)).status().message(), key));
  }
}

}  // namespace
}  // namespace corocket::protocol
