#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
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

// All codes of Java lie in this range, those of the proxy's own requests apart.
std::size_t CodesWithAName(std::string_view (*name_of)(std::int32_t)) {
  std::size_t count = 0;
  for (std::int32_t code = -2'000; code < 10'000; ++code) {
    if (!name_of(code).starts_with("UNKNOWN_RE")) ++count;
  }
  return count;
}

// From RequestCode and ResponseCode of the Java client 5.5.0.
constexpr Named kRequests[] = {
    {39, "CHECK_TRANSACTION_STATE"},
    {40, "NOTIFY_CONSUMER_IDS_CHANGED"},
    {100, "PUT_KV_CONFIG"},
    {101, "GET_KV_CONFIG"},
    {102, "DELETE_KV_CONFIG"},
    {103, "REGISTER_BROKER"},
    {104, "UNREGISTER_BROKER"},
    {105, "GET_ROUTEINFO_BY_TOPIC"},
    {106, "GET_BROKER_CLUSTER_INFO"},
    {205, "WIPE_WRITE_PERM_OF_BROKER"},
    {206, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER"},
    {216, "DELETE_TOPIC_IN_NAMESRV"},
    {217, "REGISTER_TOPIC_IN_NAMESRV"},
    {219, "GET_KVLIST_BY_NAMESPACE"},
    {220, "RESET_CONSUMER_CLIENT_OFFSET"},
    {221, "GET_CONSUMER_STATUS_FROM_CLIENT"},
    {224, "GET_TOPICS_BY_CLUSTER"},
    {304, "GET_SYSTEM_TOPIC_LIST_FROM_NS"},
    {307, "GET_CONSUMER_RUNNING_INFO"},
    {309, "CONSUME_MESSAGE_DIRECTLY"},
    {311, "GET_UNIT_TOPIC_LIST"},
    {312, "GET_HAS_UNIT_SUB_TOPIC_LIST"},
    {313, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST"},
    {318, "UPDATE_NAMESRV_CONFIG"},
    {319, "GET_NAMESRV_CONFIG"},
    {322, "QUERY_DATA_VERSION"},
    {326, "PUSH_REPLY_MESSAGE_TO_CLIENT"},
    {327, "ADD_WRITE_PERM_OF_BROKER"},
    {901, "GET_BROKER_MEMBER_GROUP"},
    {904, "BROKER_HEARTBEAT"},
};
constexpr Named kResponses[] = {
    {-1006, "RPC_TIME_OUT"},
    {-1004, "RPC_SEND_TO_CHANNEL_FAILED"},
    {-1002, "RPC_ADDR_IS_NULL"},
    {-1000, "RPC_UNKNOWN"},
    {0, "SUCCESS"},
    {1, "SYSTEM_ERROR"},
    {2, "SYSTEM_BUSY"},
    {3, "REQUEST_CODE_NOT_SUPPORTED"},
    {4, "TRANSACTION_FAILED"},
    {10, "FLUSH_DISK_TIMEOUT"},
    {11, "SLAVE_NOT_AVAILABLE"},
    {12, "FLUSH_SLAVE_TIMEOUT"},
    {13, "MESSAGE_ILLEGAL"},
    {14, "SERVICE_NOT_AVAILABLE"},
    {15, "VERSION_NOT_SUPPORTED"},
    {16, "NO_PERMISSION"},
    {17, "TOPIC_NOT_EXIST"},
    {18, "TOPIC_EXIST_ALREADY"},
    {19, "PULL_NOT_FOUND"},
    {20, "PULL_RETRY_IMMEDIATELY"},
    {21, "PULL_OFFSET_MOVED"},
    {22, "QUERY_NOT_FOUND"},
    {23, "SUBSCRIPTION_PARSE_FAILED"},
    {24, "SUBSCRIPTION_NOT_EXIST"},
    {25, "SUBSCRIPTION_NOT_LATEST"},
    {26, "SUBSCRIPTION_GROUP_NOT_EXIST"},
    {27, "FILTER_DATA_NOT_EXIST"},
    {28, "FILTER_DATA_NOT_LATEST"},
    {29, "INVALID_PARAMETER"},
    {200, "TRANSACTION_SHOULD_COMMIT"},
    {201, "TRANSACTION_SHOULD_ROLLBACK"},
    {202, "TRANSACTION_STATE_UNKNOW"},
    {203, "TRANSACTION_STATE_GROUP_WRONG"},
    {204, "NO_BUYER_ID"},
    {205, "NOT_IN_CURRENT_UNIT"},
    {206, "CONSUMER_NOT_ONLINE"},
    {207, "CONSUME_MSG_TIMEOUT"},
    {208, "NO_MESSAGE"},
    {209, "POLLING_FULL"},
    {210, "POLLING_TIMEOUT"},
    {211, "BROKER_NOT_EXIST"},
    {212, "BROKER_DISPATCH_NOT_COMPLETE"},
    {213, "BROADCAST_CONSUMPTION"},
    {215, "FLOW_CONTROL"},
    {501, "NOT_LEADER_FOR_QUEUE"},
    {604, "ILLEGAL_OPERATION"},
    {1500, "GO_AWAY"},
    {2017, "LMQ_QUOTA_EXCEEDED"},
    {2018, "LITE_SUBSCRIPTION_QUOTA_EXCEEDED"},
    {3001, "USER_NOT_EXIST"},
    {3002, "POLICY_NOT_EXIST"},
};

TEST(RequestCodeName, IsJavasForEveryCodeAndForNoOther) {
  for (const auto& [code, name] : kRequests) EXPECT_EQ(RequestCodeName(code), name);
  EXPECT_EQ(CodesWithAName(RequestCodeName), std::size(kRequests));
  EXPECT_EQ(RequestCodeName(-5), "UNKNOWN_REQUEST");
  EXPECT_EQ(RequestCodeName(std::numeric_limits<std::int32_t>::max()), "UNKNOWN_REQUEST");
}

TEST(ResponseCodeName, IsJavasForEveryCodeAndForNoOther) {
  for (const auto& [code, name] : kResponses) EXPECT_EQ(ResponseCodeName(code), name);
  EXPECT_EQ(CodesWithAName(ResponseCodeName), std::size(kResponses));
  EXPECT_EQ(ResponseCodeName(5), "UNKNOWN_RESPONSE");
  EXPECT_EQ(ResponseCodeName(std::numeric_limits<std::int32_t>::max()), "UNKNOWN_RESPONSE");
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
