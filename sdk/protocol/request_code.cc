#include "sdk/protocol/request_code.h"

#include <cstdint>
#include <string_view>

namespace corocket::protocol {

std::string_view RequestCodeName(std::int32_t code) {
  using enum RequestCode;
  switch (static_cast<RequestCode>(code)) {
    case kPutKvConfig:
      return "PUT_KV_CONFIG";
    case kGetKvConfig:
      return "GET_KV_CONFIG";
    case kDeleteKvConfig:
      return "DELETE_KV_CONFIG";
    case kRegisterBroker:
      return "REGISTER_BROKER";
    case kUnregisterBroker:
      return "UNREGISTER_BROKER";
    case kGetRouteInfoByTopic:
      return "GET_ROUTEINFO_BY_TOPIC";
    case kGetBrokerClusterInfo:
      return "GET_BROKER_CLUSTER_INFO";
    case kWipeWritePermOfBroker:
      return "WIPE_WRITE_PERM_OF_BROKER";
    case kGetAllTopicListFromNameserver:
      return "GET_ALL_TOPIC_LIST_FROM_NAMESERVER";
    case kDeleteTopicInNamesrv:
      return "DELETE_TOPIC_IN_NAMESRV";
    case kRegisterTopicInNamesrv:
      return "REGISTER_TOPIC_IN_NAMESRV";
    case kGetKvListByNamespace:
      return "GET_KVLIST_BY_NAMESPACE";
    case kGetTopicsByCluster:
      return "GET_TOPICS_BY_CLUSTER";
    case kGetSystemTopicListFromNs:
      return "GET_SYSTEM_TOPIC_LIST_FROM_NS";
    case kGetUnitTopicList:
      return "GET_UNIT_TOPIC_LIST";
    case kGetHasUnitSubTopicList:
      return "GET_HAS_UNIT_SUB_TOPIC_LIST";
    case kGetHasUnitSubUnunitTopicList:
      return "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST";
    case kUpdateNamesrvConfig:
      return "UPDATE_NAMESRV_CONFIG";
    case kGetNamesrvConfig:
      return "GET_NAMESRV_CONFIG";
    case kQueryDataVersion:
      return "QUERY_DATA_VERSION";
    case kAddWritePermOfBroker:
      return "ADD_WRITE_PERM_OF_BROKER";
    case kGetBrokerMemberGroup:
      return "GET_BROKER_MEMBER_GROUP";
    case kBrokerHeartbeat:
      return "BROKER_HEARTBEAT";
    case kCheckTransactionState:
      return "CHECK_TRANSACTION_STATE";
    case kNotifyConsumerIdsChanged:
      return "NOTIFY_CONSUMER_IDS_CHANGED";
    case kResetConsumerClientOffset:
      return "RESET_CONSUMER_CLIENT_OFFSET";
    case kGetConsumerStatusFromClient:
      return "GET_CONSUMER_STATUS_FROM_CLIENT";
    case kGetConsumerRunningInfo:
      return "GET_CONSUMER_RUNNING_INFO";
    case kConsumeMessageDirectly:
      return "CONSUME_MESSAGE_DIRECTLY";
    case kPushReplyMessageToClient:
      return "PUSH_REPLY_MESSAGE_TO_CLIENT";
  }
  return "UNKNOWN_REQUEST";
}

}  // namespace corocket::protocol
