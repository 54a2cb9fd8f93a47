#include "sdk/testkit/server_namesrv.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/protocol/unregister_broker.h"
#include "sdk/protocol/version.h"

namespace corocket::testkit {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;
using testing::HeaderForm;

wire::Frame Refuse(const wire::Frame& request, const absl::Status& why) {
  return protocol::MakeResponse(request, ResponseCode::kSystemError, why.message());
}

/// Servers before 4.9.4 write bare numeric keys; newer ones do so for clients that do not say they read standard JSON.
bool WantsStandardJson(const wire::Frame& request) {
  return request.header.version >= protocol::kStandardJsonVersion ||
         protocol::IsTrue(request, "acceptStandardJsonOnly");
}

wire::SerializeType FormOf(HeaderForm form, const wire::Frame& request) {
  switch (form) {
    case HeaderForm::kJson:
      return wire::SerializeType::kJson;
    case HeaderForm::kRocketMq:
      return wire::SerializeType::kRocketMq;
    case HeaderForm::kMirror:
      break;
  }
  return request.serialize;
}

}  // namespace

ServerRegistry& NamesrvService::registry(TimePoint now) {
  registry_.Expire(now);
  return registry_;
}

void NamesrvService::OnRequest(ServerCore& core, ServerConnection& connection, wire::Frame request) {
  wire::Frame answer = Execute(request, connection.id(), core.runtime()->Now());
  if (request.header.is_oneway()) return;
  answer.serialize = FormOf(answers_, request);
  core.Answer(connection, answer);
}

wire::Frame NamesrvService::Execute(const wire::Frame& request, ServerConnection::Id from, TimePoint now) {
  registry_.Expire(now);
  switch (static_cast<RequestCode>(request.header.code)) {
    case RequestCode::kGetRouteInfoByTopic:
      return Route(request);
    case RequestCode::kGetBrokerClusterInfo:
      return protocol::EncodeClusterInfoResponse(request, registry_.Clusters());
    case RequestCode::kGetAllTopicListFromNameserver:
      return protocol::EncodeTopicListResponse(request, {.topics = registry_.Topics(), .broker_address = {}});
    case RequestCode::kGetKvConfig:
      return GetSetting(request);
    case RequestCode::kPutKvConfig:
      return PutSetting(request);
    case RequestCode::kDeleteKvConfig:
      return DeleteSetting(request);
    case RequestCode::kRegisterBroker:
      return Register(request, from, now);
    case RequestCode::kUnregisterBroker:
      return Unregister(request);
    default:  // Any number may come; the codes with a name are no closed set.
      return protocol::MakeResponse(request, ResponseCode::kRequestCodeNotSupported,
                                    absl::StrCat(" request type ", request.header.code, " not supported"));
  }
}

wire::Frame NamesrvService::Route(const wire::Frame& request) {
  const absl::StatusOr<protocol::RouteRequest> query = protocol::DecodeRouteRequest(request);
  if (!query.ok()) return Refuse(request, query.status());
  if (not_ready_) return protocol::MakeResponse(request, ResponseCode::kSystemError, "name server not ready");
  if (bodies_version_ != registry_.version()) {
    bodies_.clear();
    bodies_version_ = registry_.version();
  }
  const auto key = std::make_pair(query->topic, WantsStandardJson(request));
  const auto known = bodies_.find(key);
  wire::Frame answer = protocol::MakeResponse(request);
  if (known != bodies_.end()) {
    answer.body = known->second;
    return answer;
  }
  const std::optional<TopicRoute> route = registry_.FindRoute(query->topic);
  if (!route) {
    return protocol::MakeResponse(
        request, ResponseCode::kTopicNotExist,
        absl::StrCat("No topic route info in name server for the topic: ", query->topic,
                     "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."));
  }
  answer = protocol::EncodeRouteResponse(request, *route);
  bodies_.emplace(key, answer.body);
  return answer;
}

wire::Frame NamesrvService::GetSetting(const wire::Frame& request) const {
  const absl::StatusOr<protocol::KvGetRequest> get = protocol::DecodeKvGetRequest(request);
  if (!get.ok()) return Refuse(request, get.status());
  const std::string* value = registry_.FindSetting(get->ns, get->key);
  if (value != nullptr) return protocol::EncodeKvGetResponse(request, *value);
  return protocol::MakeResponse(request, ResponseCode::kQueryNotFound,
                                absl::StrCat("No config item, Namespace: ", get->ns, " Key: ", get->key));
}

wire::Frame NamesrvService::PutSetting(const wire::Frame& request) {
  const absl::StatusOr<protocol::KvPutRequest> put = protocol::DecodeKvPutRequest(request);
  if (!put.ok()) return Refuse(request, put.status());
  registry_.PutSetting(put->ns, put->key, put->value);
  return protocol::EncodeKvPutResponse(request);
}

wire::Frame NamesrvService::DeleteSetting(const wire::Frame& request) {
  const absl::StatusOr<std::string_view> name_space = protocol::RequiredField(request, "namespace");
  if (!name_space.ok()) return Refuse(request, name_space.status());
  const absl::StatusOr<std::string_view> key = protocol::RequiredField(request, "key");
  if (!key.ok()) return Refuse(request, key.status());
  registry_.DeleteSetting(std::string(*name_space), std::string(*key));
  return protocol::MakeResponse(request);
}

Duration NamesrvService::ExpiryOf(const protocol::RegisterBrokerRequest& broker) const {
  if (!broker.heartbeat_timeout) return broker_expiry_;
  return std::clamp(*broker.heartbeat_timeout, testing::kMinBrokerExpiry, testing::kMaxBrokerExpiry);
}

wire::Frame NamesrvService::Register(const wire::Frame& request, ServerConnection::Id from, TimePoint now) {
  absl::StatusOr<protocol::RegisterBrokerRequest> broker = protocol::DecodeRegisterBrokerRequest(request);
  if (!broker.ok()) return Refuse(request, broker.status());
  ServerRegistry::Registration registration;
  registration.cluster = std::move(broker->cluster);
  registration.broker_name = std::move(broker->broker_name);
  registration.broker_id = broker->broker_id;
  registration.address = std::move(broker->broker_address);
  registration.ha_address = std::move(broker->ha_server_address);
  registration.zone = std::move(broker->zone);
  registration.enable_acting_master = broker->enable_acting_master.value_or(false);
  for (const protocol::TopicConfig& topic : broker->topics) {
    registration.topics.emplace_back(topic.name, QueueGroup{.broker_name = registration.broker_name,
                                                            .read_queues = topic.read_queues,
                                                            .write_queues = topic.write_queues,
                                                            .perm = topic.perm,
                                                            .topic_sys_flag = topic.topic_sys_flag});
  }
  registration.mappings = std::move(broker->mappings);
  registration.expires = now + ExpiryOf(*broker);
  registration.connection = from;
  const ServerRegistry::MasterInfo master = registry_.Register(std::move(registration));
  return protocol::EncodeRegisterBrokerResponse(
      request, {.ha_server_address = master.ha_address, .master_address = master.address});
}

wire::Frame NamesrvService::Unregister(const wire::Frame& request) {
  const absl::StatusOr<protocol::UnregisterBrokerRequest> broker = protocol::DecodeUnregisterBrokerRequest(request);
  if (!broker.ok()) return Refuse(request, broker.status());
  registry_.Unregister(broker->broker_name, broker->broker_id, broker->broker_address);
  return protocol::EncodeUnregisterBrokerResponse(request);
}

}  // namespace corocket::testkit
