#include "sdk/protocol/request_code.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace corocket::protocol {
namespace {

struct Name {
  RequestCode code;
  std::string_view text;
};

using enum RequestCode;
constexpr std::array<Name, 30> kNames = {{
    {kPutKvConfig, "PUT_KV_CONFIG"},
    {kGetKvConfig, "GET_KV_CONFIG"},
    {kDeleteKvConfig, "DELETE_KV_CONFIG"},
    {kRegisterBroker, "REGISTER_BROKER"},
    {kUnregisterBroker, "UNREGISTER_BROKER"},
    {kGetRouteInfoByTopic, "GET_ROUTEINFO_BY_TOPIC"},
    {kGetBrokerClusterInfo, "GET_BROKER_CLUSTER_INFO"},
    {kWipeWritePermOfBroker, "WIPE_WRITE_PERM_OF_BROKER"},
    {kGetAllTopicListFromNameserver, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER"},
    {kDeleteTopicInNamesrv, "DELETE_TOPIC_IN_NAMESRV"},
    {kRegisterTopicInNamesrv, "REGISTER_TOPIC_IN_NAMESRV"},
    {kGetKvListByNamespace, "GET_KVLIST_BY_NAMESPACE"},
    {kGetTopicsByCluster, "GET_TOPICS_BY_CLUSTER"},
    {kGetSystemTopicListFromNs, "GET_SYSTEM_TOPIC_LIST_FROM_NS"},
    {kGetUnitTopicList, "GET_UNIT_TOPIC_LIST"},
    {kGetHasUnitSubTopicList, "GET_HAS_UNIT_SUB_TOPIC_LIST"},
    {kGetHasUnitSubUnunitTopicList, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST"},
    {kUpdateNamesrvConfig, "UPDATE_NAMESRV_CONFIG"},
    {kGetNamesrvConfig, "GET_NAMESRV_CONFIG"},
    {kQueryDataVersion, "QUERY_DATA_VERSION"},
    {kAddWritePermOfBroker, "ADD_WRITE_PERM_OF_BROKER"},
    {kGetBrokerMemberGroup, "GET_BROKER_MEMBER_GROUP"},
    {kBrokerHeartbeat, "BROKER_HEARTBEAT"},
    {kCheckTransactionState, "CHECK_TRANSACTION_STATE"},
    {kNotifyConsumerIdsChanged, "NOTIFY_CONSUMER_IDS_CHANGED"},
    {kResetConsumerClientOffset, "RESET_CONSUMER_CLIENT_OFFSET"},
    {kGetConsumerStatusFromClient, "GET_CONSUMER_STATUS_FROM_CLIENT"},
    {kGetConsumerRunningInfo, "GET_CONSUMER_RUNNING_INFO"},
    {kConsumeMessageDirectly, "CONSUME_MESSAGE_DIRECTLY"},
    {kPushReplyMessageToClient, "PUSH_REPLY_MESSAGE_TO_CLIENT"},
}};

}  // namespace

std::string_view RequestCodeName(std::int32_t code) {
  for (const Name& name : kNames) {
    if (static_cast<std::int32_t>(name.code) == code) return name.text;
  }
  return "UNKNOWN_REQUEST";
}

}  // namespace corocket::protocol
