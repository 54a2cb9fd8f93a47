#include <cstdint>
#include <string_view>

#include "gtest/gtest.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/version.h"

namespace corocket::protocol {
namespace {

struct Named {
  std::int32_t code;
  std::string_view name;
};

TEST(RequestCodeName, KnowsTheCodesOfANameServer) {
  constexpr Named kCases[] = {
      {100, "PUT_KV_CONFIG"},
      {101, "GET_KV_CONFIG"},
      {103, "REGISTER_BROKER"},
      {104, "UNREGISTER_BROKER"},
      {105, "GET_ROUTEINFO_BY_TOPIC"},
      {106, "GET_BROKER_CLUSTER_INFO"},
      {206, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER"},
      {40, "NOTIFY_CONSUMER_IDS_CHANGED"},
  };
  for (const auto& [code, name] : kCases) EXPECT_EQ(RequestCodeName(code), name);
  EXPECT_EQ(RequestCodeName(-5), "UNKNOWN_REQUEST");
}

TEST(ResponseCodeName, KnowsWhatServersAnswer) {
  constexpr Named kCases[] = {
      {-1006, "RPC_TIME_OUT"},    {0, "SUCCESS"},
      {1, "SYSTEM_ERROR"},        {3, "REQUEST_CODE_NOT_SUPPORTED"},
      {17, "TOPIC_NOT_EXIST"},    {22, "QUERY_NOT_FOUND"},
      {1500, "GO_AWAY"},          {2018, "LITE_SUBSCRIPTION_QUOTA_EXCEEDED"},
      {3002, "POLICY_NOT_EXIST"},
  };
  for (const auto& [code, name] : kCases) EXPECT_EQ(ResponseCodeName(code), name);
  EXPECT_EQ(ResponseCodeName(5), "UNKNOWN_RESPONSE");
  EXPECT_EQ(ResponseCodeName(2147483647), "UNKNOWN_RESPONSE");
}

TEST(Version, IsTheOneOf530) {
  // Ordinals go up by 20 for each minor version and by 2 for each patch, from 4.0.0 = 213.
  EXPECT_EQ(kProtocolVersion, 213 + 20 * (10 * (5 - 4) + 3));
  EXPECT_EQ(kStandardJsonVersion, 213 + 20 * 9 + 2 * 4);
  EXPECT_GE(kProtocolVersion, kStandardJsonVersion);
  EXPECT_LE(kProtocolVersion, 475) << "above that, servers may answer GO_AWAY, which is not handled";
}

}  // namespace
}  // namespace corocket::protocol
