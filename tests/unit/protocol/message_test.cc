#include "sdk/protocol/message.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/version.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {
namespace {

TEST(MakeRequest, CarriesOurLanguageAndVersion) {
  const wire::Frame request = MakeRequest(RequestCode::kGetKvConfig);
  EXPECT_EQ(request.header.code, 101);
  EXPECT_EQ(request.header.language, wire::Language::kCpp);
  EXPECT_EQ(request.header.version, kProtocolVersion);
  EXPECT_FALSE(request.header.is_response());
  EXPECT_FALSE(request.header.is_oneway());
  EXPECT_EQ(request.serialize, wire::SerializeType::kJson);
}

TEST(MakeResponse, EchoesTheOpaque) {
  wire::Frame request = MakeRequest(RequestCode::kGetKvConfig);
  request.header.opaque = -77;
  request.serialize = wire::SerializeType::kRocketMq;
  const wire::Frame response = MakeResponse(request, ResponseCode::kQueryNotFound, "no such key");
  EXPECT_EQ(response.header.opaque, -77);
  EXPECT_EQ(response.header.code, 22);
  EXPECT_EQ(response.header.remark, "no such key");
  EXPECT_TRUE(response.header.is_response());
  EXPECT_EQ(response.serialize, wire::SerializeType::kJson);
}

TEST(CheckRequest, NamesBothCodes) {
  const wire::Frame request = MakeRequest(RequestCode::kGetKvConfig);
  EXPECT_TRUE(CheckRequest(request, RequestCode::kGetKvConfig).ok());
  const absl::Status refused = CheckRequest(request, RequestCode::kPutKvConfig);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message(), "request GET_KV_CONFIG (101) stands where PUT_KV_CONFIG (100) is expected");
  EXPECT_FALSE(CheckRequest(MakeResponse(request), RequestCode::kGetKvConfig).ok());
}

TEST(CheckSuccess, ReportsCodeAndRemarkOfARefusal) {
  const wire::Frame request = MakeRequest(RequestCode::kGetKvConfig);
  EXPECT_TRUE(CheckSuccess(MakeResponse(request)).ok());
  EXPECT_EQ(CheckSuccess(request).code(), absl::StatusCode::kInvalidArgument);
  const absl::Status refused = CheckSuccess(MakeResponse(request, ResponseCode::kSystemError, "not\nready"));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(), "the server answered SYSTEM_ERROR (1): \"not\\nready\"");
}

TEST(CheckSuccess, DoesNotCareForARemark) {
  // Servers leave stale text in successful answers.
  EXPECT_TRUE(CheckSuccess(MakeResponse(MakeRequest(RequestCode::kGetKvConfig), ResponseCode::kSuccess,
                                        "not set any response code"))
                  .ok());
}

TEST(CheckSuccess, CapsTheRemark) {
  const wire::Frame response =
      MakeResponse(MakeRequest(RequestCode::kGetKvConfig), ResponseCode::kSystemError, std::string(100'000, 'x'));
  EXPECT_LT(CheckSuccess(response).message().size(), 300u);
}

TEST(Fields, ThatAreMissingOrNoIntegersAreNamed) {
  wire::Frame frame = MakeRequest(RequestCode::kRegisterBroker);
  frame.header.ext_fields.Set("brokerId", "one");
  frame.header.ext_fields.Set("big", "9223372036854775807");
  EXPECT_EQ(RequiredField(frame, "brokerName").status().message(),
            "request REGISTER_BROKER (103): header field \"brokerName\" is missing");
  EXPECT_EQ(RequiredInteger(frame, "brokerId").status().message(),
            "request REGISTER_BROKER (103): header field \"brokerId\" should be an integer, not \"one\"");
  EXPECT_FALSE(RequiredInteger(frame, "none").ok());
  EXPECT_EQ(*RequiredInteger(frame, "big"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*OptionalInteger(frame, "none", 7), 7);
  EXPECT_FALSE(OptionalInteger(frame, "brokerId", 7).ok());
  EXPECT_EQ(OptionalField(frame, "none"), "");
  frame.header.ext_fields.Set("empty", "");
  EXPECT_EQ(*OptionalInteger(frame, "empty", 7), 7);
  EXPECT_EQ(*RequiredField(frame, "empty"), "");
  EXPECT_EQ(RequiredText(frame, "empty").status().message(),
            "request REGISTER_BROKER (103): header field \"empty\" is empty");
  EXPECT_FALSE(RequiredText(frame, "none").ok());
  EXPECT_EQ(*RequiredText(frame, "brokerId"), "one");
  EXPECT_TRUE(absl::StrContains(RequiredField(MakeResponse(frame), "value").status().message(),
                                "response SUCCESS (0): header field \"value\" is missing"));
}

TEST(Fields, AreTrueOnlyWhenTheySaySo) {
  wire::Frame frame = MakeRequest(RequestCode::kRegisterBroker);
  EXPECT_FALSE(IsTrue(frame, "compressed"));
  frame.header.ext_fields.Set("compressed", "false");
  EXPECT_FALSE(IsTrue(frame, "compressed"));
  frame.header.ext_fields.Set("compressed", "true");
  EXPECT_TRUE(IsTrue(frame, "compressed"));
}

}  // namespace
}  // namespace corocket::protocol
