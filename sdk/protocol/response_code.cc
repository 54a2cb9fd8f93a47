#include "sdk/protocol/response_code.h"

#include <cstdint>
#include <string_view>

namespace corocket::protocol {

std::string_view ResponseCodeName(std::int32_t code) {
  using enum ResponseCode;
  switch (static_cast<ResponseCode>(code)) {
    case kRpcTimeOut:
      return "RPC_TIME_OUT";
    case kRpcSendToChannelFailed:
      return "RPC_SEND_TO_CHANNEL_FAILED";
    case kRpcAddrIsNull:
      return "RPC_ADDR_IS_NULL";
    case kRpcUnknown:
      return "RPC_UNKNOWN";
    case kSuccess:
      return "SUCCESS";
    case kSystemError:
      return "SYSTEM_ERROR";
    case kSystemBusy:
      return "SYSTEM_BUSY";
    case kRequestCodeNotSupported:
      return "REQUEST_CODE_NOT_SUPPORTED";
    case kTransactionFailed:
      return "TRANSACTION_FAILED";
    case kFlushDiskTimeout:
      return "FLUSH_DISK_TIMEOUT";
    case kSlaveNotAvailable:
      return "SLAVE_NOT_AVAILABLE";
    case kFlushSlaveTimeout:
      return "FLUSH_SLAVE_TIMEOUT";
    case kMessageIllegal:
      return "MESSAGE_ILLEGAL";
    case kServiceNotAvailable:
      return "SERVICE_NOT_AVAILABLE";
    case kVersionNotSupported:
      return "VERSION_NOT_SUPPORTED";
    case kNoPermission:
      return "NO_PERMISSION";
    case kTopicNotExist:
      return "TOPIC_NOT_EXIST";
    case kTopicExistAlready:
      return "TOPIC_EXIST_ALREADY";
    case kPullNotFound:
      return "PULL_NOT_FOUND";
    case kPullRetryImmediately:
      return "PULL_RETRY_IMMEDIATELY";
    case kPullOffsetMoved:
      return "PULL_OFFSET_MOVED";
    case kQueryNotFound:
      return "QUERY_NOT_FOUND";
    case kSubscriptionParseFailed:
      return "SUBSCRIPTION_PARSE_FAILED";
    case kSubscriptionNotExist:
      return "SUBSCRIPTION_NOT_EXIST";
    case kSubscriptionNotLatest:
      return "SUBSCRIPTION_NOT_LATEST";
    case kSubscriptionGroupNotExist:
      return "SUBSCRIPTION_GROUP_NOT_EXIST";
    case kFilterDataNotExist:
      return "FILTER_DATA_NOT_EXIST";
    case kFilterDataNotLatest:
      return "FILTER_DATA_NOT_LATEST";
    case kInvalidParameter:
      return "INVALID_PARAMETER";
    case kTransactionShouldCommit:
      return "TRANSACTION_SHOULD_COMMIT";
    case kTransactionShouldRollback:
      return "TRANSACTION_SHOULD_ROLLBACK";
    case kTransactionStateUnknow:
      return "TRANSACTION_STATE_UNKNOW";
    case kTransactionStateGroupWrong:
      return "TRANSACTION_STATE_GROUP_WRONG";
    case kNoBuyerId:
      return "NO_BUYER_ID";
    case kNotInCurrentUnit:
      return "NOT_IN_CURRENT_UNIT";
    case kConsumerNotOnline:
      return "CONSUMER_NOT_ONLINE";
    case kConsumeMsgTimeout:
      return "CONSUME_MSG_TIMEOUT";
    case kNoMessage:
      return "NO_MESSAGE";
    case kPollingFull:
      return "POLLING_FULL";
    case kPollingTimeout:
      return "POLLING_TIMEOUT";
    case kBrokerNotExist:
      return "BROKER_NOT_EXIST";
    case kBrokerDispatchNotComplete:
      return "BROKER_DISPATCH_NOT_COMPLETE";
    case kBroadcastConsumption:
      return "BROADCAST_CONSUMPTION";
    case kFlowControl:
      return "FLOW_CONTROL";
    case kNotLeaderForQueue:
      return "NOT_LEADER_FOR_QUEUE";
    case kIllegalOperation:
      return "ILLEGAL_OPERATION";
    case kGoAway:
      return "GO_AWAY";
    case kLmqQuotaExceeded:
      return "LMQ_QUOTA_EXCEEDED";
    case kLiteSubscriptionQuotaExceeded:
      return "LITE_SUBSCRIPTION_QUOTA_EXCEEDED";
    case kUserNotExist:
      return "USER_NOT_EXIST";
    case kPolicyNotExist:
      return "POLICY_NOT_EXIST";
  }
  return "UNKNOWN_RESPONSE";
}

}  // namespace corocket::protocol
