#ifndef COROCKET_SDK_PROTOCOL_REQUEST_CODE_H_
#define COROCKET_SDK_PROTOCOL_REQUEST_CODE_H_

#include <cstdint>
#include <string_view>

namespace corocket::protocol {

/// Requests that a NameServer answers, and those that a broker sends to its clients. Names as in Java's RequestCode.
enum class RequestCode : std::int32_t {
  // To a NameServer.
  kPutKvConfig = 100,
  kGetKvConfig = 101,
  kDeleteKvConfig = 102,
  kRegisterBroker = 103,
  kUnregisterBroker = 104,
  kGetRouteInfoByTopic = 105,
  kGetBrokerClusterInfo = 106,
  kWipeWritePermOfBroker = 205,
  kGetAllTopicListFromNameserver = 206,
  kDeleteTopicInNamesrv = 216,
  kRegisterTopicInNamesrv = 217,
  kGetKvListByNamespace = 219,
  kGetTopicsByCluster = 224,
  kGetSystemTopicListFromNs = 304,
  kGetUnitTopicList = 311,
  kGetHasUnitSubTopicList = 312,
  kGetHasUnitSubUnunitTopicList = 313,
  kUpdateNamesrvConfig = 318,
  kGetNamesrvConfig = 319,
  kQueryDataVersion = 322,
  kAddWritePermOfBroker = 327,
  kGetBrokerMemberGroup = 901,
  kBrokerHeartbeat = 904,
  // From a broker.
  kCheckTransactionState = 39,
  kNotifyConsumerIdsChanged = 40,
  kResetConsumerClientOffset = 220,
  kGetConsumerStatusFromClient = 221,
  kGetConsumerRunningInfo = 307,
  kConsumeMessageDirectly = 309,
  kPushReplyMessageToClient = 326,
};

/// Java's name of the code, as `GET_ROUTEINFO_BY_TOPIC`; `UNKNOWN_REQUEST` for one that this version does not know.
[[nodiscard]] std::string_view RequestCodeName(std::int32_t code);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_REQUEST_CODE_H_
