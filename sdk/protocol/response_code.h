#ifndef COROCKET_SDK_PROTOCOL_RESPONSE_CODE_H_
#define COROCKET_SDK_PROTOCOL_RESPONSE_CODE_H_

#include <cstdint>
#include <string_view>

namespace corocket::protocol {

/// What NameServers, brokers and proxies answer, up to 5.5.0; controllers have codes of their own. Names as in Java's
/// ResponseCode.
enum class ResponseCode : std::int32_t {
  kRpcTimeOut = -1006,
  kRpcSendToChannelFailed = -1004,
  kRpcAddrIsNull = -1002,
  kRpcUnknown = -1000,
  kSuccess = 0,
  kSystemError = 1,
  kSystemBusy = 2,
  kRequestCodeNotSupported = 3,
  kTransactionFailed = 4,
  kFlushDiskTimeout = 10,
  kSlaveNotAvailable = 11,
  kFlushSlaveTimeout = 12,
  kMessageIllegal = 13,
  kServiceNotAvailable = 14,
  kVersionNotSupported = 15,
  kNoPermission = 16,
  kTopicNotExist = 17,
  kTopicExistAlready = 18,
  kPullNotFound = 19,
  kPullRetryImmediately = 20,
  kPullOffsetMoved = 21,
  kQueryNotFound = 22,
  kSubscriptionParseFailed = 23,
  kSubscriptionNotExist = 24,
  kSubscriptionNotLatest = 25,
  kSubscriptionGroupNotExist = 26,
  kFilterDataNotExist = 27,
  kFilterDataNotLatest = 28,
  kInvalidParameter = 29,
  kTransactionShouldCommit = 200,
  kTransactionShouldRollback = 201,
  kTransactionStateUnknow = 202,
  kTransactionStateGroupWrong = 203,
  kNoBuyerId = 204,
  kNotInCurrentUnit = 205,
  kConsumerNotOnline = 206,
  kConsumeMsgTimeout = 207,
  kNoMessage = 208,
  kPollingFull = 209,
  kPollingTimeout = 210,
  kBrokerNotExist = 211,
  kBrokerDispatchNotComplete = 212,
  kBroadcastConsumption = 213,
  kFlowControl = 215,
  kNotLeaderForQueue = 501,
  kIllegalOperation = 604,
  kGoAway = 1500,
  kLmqQuotaExceeded = 2017,
  kLiteSubscriptionQuotaExceeded = 2018,
  kUserNotExist = 3001,
  kPolicyNotExist = 3002,
};

/// Java's name of the code, as `TOPIC_NOT_EXIST`; `UNKNOWN_RESPONSE` for one that this version does not know.
[[nodiscard]] std::string_view ResponseCodeName(std::int32_t code);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_RESPONSE_CODE_H_
