#include "sdk/protocol/response_code.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace corocket::protocol {
namespace {

struct Name {
  ResponseCode code;
  std::string_view text;
};

using enum ResponseCode;
constexpr std::array<Name, 51> kNames = {{
    {kRpcTimeOut, "RPC_TIME_OUT"},
    {kRpcSendToChannelFailed, "RPC_SEND_TO_CHANNEL_FAILED"},
    {kRpcAddrIsNull, "RPC_ADDR_IS_NULL"},
    {kRpcUnknown, "RPC_UNKNOWN"},
    {kSuccess, "SUCCESS"},
    {kSystemError, "SYSTEM_ERROR"},
    {kSystemBusy, "SYSTEM_BUSY"},
    {kRequestCodeNotSupported, "REQUEST_CODE_NOT_SUPPORTED"},
    {kTransactionFailed, "TRANSACTION_FAILED"},
    {kFlushDiskTimeout, "FLUSH_DISK_TIMEOUT"},
    {kSlaveNotAvailable, "SLAVE_NOT_AVAILABLE"},
    {kFlushSlaveTimeout, "FLUSH_SLAVE_TIMEOUT"},
    {kMessageIllegal, "MESSAGE_ILLEGAL"},
    {kServiceNotAvailable, "SERVICE_NOT_AVAILABLE"},
    {kVersionNotSupported, "VERSION_NOT_SUPPORTED"},
    {kNoPermission, "NO_PERMISSION"},
    {kTopicNotExist, "TOPIC_NOT_EXIST"},
    {kTopicExistAlready, "TOPIC_EXIST_ALREADY"},
    {kPullNotFound, "PULL_NOT_FOUND"},
    {kPullRetryImmediately, "PULL_RETRY_IMMEDIATELY"},
    {kPullOffsetMoved, "PULL_OFFSET_MOVED"},
    {kQueryNotFound, "QUERY_NOT_FOUND"},
    {kSubscriptionParseFailed, "SUBSCRIPTION_PARSE_FAILED"},
    {kSubscriptionNotExist, "SUBSCRIPTION_NOT_EXIST"},
    {kSubscriptionNotLatest, "SUBSCRIPTION_NOT_LATEST"},
    {kSubscriptionGroupNotExist, "SUBSCRIPTION_GROUP_NOT_EXIST"},
    {kFilterDataNotExist, "FILTER_DATA_NOT_EXIST"},
    {kFilterDataNotLatest, "FILTER_DATA_NOT_LATEST"},
    {kInvalidParameter, "INVALID_PARAMETER"},
    {kTransactionShouldCommit, "TRANSACTION_SHOULD_COMMIT"},
    {kTransactionShouldRollback, "TRANSACTION_SHOULD_ROLLBACK"},
    {kTransactionStateUnknow, "TRANSACTION_STATE_UNKNOW"},
    {kTransactionStateGroupWrong, "TRANSACTION_STATE_GROUP_WRONG"},
    {kNoBuyerId, "NO_BUYER_ID"},
    {kNotInCurrentUnit, "NOT_IN_CURRENT_UNIT"},
    {kConsumerNotOnline, "CONSUMER_NOT_ONLINE"},
    {kConsumeMsgTimeout, "CONSUME_MSG_TIMEOUT"},
    {kNoMessage, "NO_MESSAGE"},
    {kPollingFull, "POLLING_FULL"},
    {kPollingTimeout, "POLLING_TIMEOUT"},
    {kBrokerNotExist, "BROKER_NOT_EXIST"},
    {kBrokerDispatchNotComplete, "BROKER_DISPATCH_NOT_COMPLETE"},
    {kBroadcastConsumption, "BROADCAST_CONSUMPTION"},
    {kFlowControl, "FLOW_CONTROL"},
    {kNotLeaderForQueue, "NOT_LEADER_FOR_QUEUE"},
    {kIllegalOperation, "ILLEGAL_OPERATION"},
    {kGoAway, "GO_AWAY"},
    {kLmqQuotaExceeded, "LMQ_QUOTA_EXCEEDED"},
    {kLiteSubscriptionQuotaExceeded, "LITE_SUBSCRIPTION_QUOTA_EXCEEDED"},
    {kUserNotExist, "USER_NOT_EXIST"},
    {kPolicyNotExist, "POLICY_NOT_EXIST"},
}};

}  // namespace

std::string_view ResponseCodeName(std::int32_t code) {
  for (const Name& name : kNames) {
    if (static_cast<std::int32_t>(name.code) == code) return name.text;
  }
  return "UNKNOWN_RESPONSE";
}

}  // namespace corocket::protocol
