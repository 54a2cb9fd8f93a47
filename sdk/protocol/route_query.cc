#include "sdk/protocol/route_query.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corocket/route.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/route_json.h"
#include "sdk/protocol/sort_as_map.h"
#include "sdk/protocol/version.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::protocol {
namespace {

constexpr std::string_view kTopic = "topic";
constexpr std::string_view kAcceptStandardJsonOnly = "acceptStandardJsonOnly";

void ReadQueueGroup(wire::JsonReader& json, QueueGroup& queues) {
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "brokerName") {
      json.Read(queues.broker_name);
    } else if (key == "perm") {
      json.Read(queues.perm);
    } else if (key == "readQueueNums") {
      json.Read(queues.read_queues);
    } else if (key == "writeQueueNums") {
      json.Read(queues.write_queues);
    } else if (key == "topicSysFlag" || key == "topicSynFlag") {  // The second is what older servers are said to write.
      json.Read(queues.topic_sys_flag);
    } else {
      json.Skip();
    }
  }
  if (queues.broker_name.empty()) json.Fail("queues without brokerName");
}

void WriteQueueGroup(wire::JsonWriter& json, const QueueGroup& queues) {
  json.BeginObject();
  json.Key("brokerName").Value(queues.broker_name);
  json.Key("perm").Value(queues.perm);
  json.Key("readQueueNums").Value(queues.read_queues);
  json.Key("topicSysFlag").Value(queues.topic_sys_flag);
  json.Key("writeQueueNums").Value(queues.write_queues);
  json.EndObject();
}

void ReadQueues(wire::JsonReader& json, std::vector<QueueGroup>& queues) {
  if (json.ReadNull() || !json.BeginArray()) return;
  while (json.NextElement()) {
    if (queues.size() == kMaxBrokers) {
      json.Fail("a route has queues on too many brokers");
    } else {
      ReadQueueGroup(json, queues.emplace_back());
    }
  }
}

void ReadBrokers(wire::JsonReader& json, BrokerTotals& totals, std::vector<BrokerGroup>& brokers) {
  if (json.ReadNull() || !json.BeginArray()) return;
  while (json.NextElement()) {
    if (brokers.size() == kMaxBrokers) {
      json.Fail("a route has too many brokers");
    } else {
      ReadBrokerGroup(json, "", totals, brokers.emplace_back());
    }
  }
}

void ReadMappings(wire::JsonReader& json, std::vector<QueueMapping>& mappings) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (json.ReadNull()) continue;
    if (mappings.size() == kMaxBrokers) {
      json.Fail("a static topic lives on too many brokers");
    } else {
      ReadQueueMapping(json, key, mappings.emplace_back());
    }
  }
}

// Servers hold queues and brokers in lists, where a name may stand twice.
template <class Item>
void SortByName(std::vector<Item>& items, std::string Item::* name) {
  const auto by_name = [name](const Item& a, const Item& b) { return a.*name < b.*name; };
  if (!std::is_sorted(items.begin(), items.end(), by_name)) std::stable_sort(items.begin(), items.end(), by_name);
}

}  // namespace

wire::Frame EncodeRouteRequest(const RouteRequest& request) {
  wire::Frame frame = MakeRequest(RequestCode::kGetRouteInfoByTopic);
  frame.header.ext_fields.Set(kTopic, request.topic);
  frame.header.ext_fields.Set(kAcceptStandardJsonOnly, "true");
  return frame;
}

absl::StatusOr<RouteRequest> DecodeRouteRequest(const wire::Frame& frame) {
  if (absl::Status valid = CheckRequest(frame, RequestCode::kGetRouteInfoByTopic); !valid.ok()) return valid;
  const absl::StatusOr<std::string_view> topic = RequiredField(frame, kTopic);
  if (!topic.ok()) return topic.status();
  return RouteRequest{.topic = std::string(*topic)};
}

wire::Frame EncodeRouteResponse(const wire::Frame& request, const TopicRoute& route) {
  const bool standard = request.header.version >= kStandardJsonVersion || IsTrue(request, kAcceptStandardJsonOnly);
  wire::Frame frame = MakeResponse(request);
  frame.body =
      EncodeRouteBody(route, OptionalField(request, kTopic),
                      standard ? wire::JsonWriter::NumericKeys::kQuoted : wire::JsonWriter::NumericKeys::kBare);
  return frame;
}

absl::StatusOr<TopicRoute> DecodeRouteResponse(const wire::Frame& frame) {
  if (absl::Status success = CheckSuccess(frame); !success.ok()) return success;
  return DecodeRouteBody(frame.body);
}

std::string EncodeRouteBody(const TopicRoute& route, std::string_view topic, wire::JsonWriter::NumericKeys keys) {
  std::string body;
  wire::JsonWriter json(body);
  json.BeginObject();
  json.Key("brokerDatas").BeginArray();
  for (const BrokerGroup& broker : route.brokers) WriteBrokerGroup(json, broker, keys);
  json.EndArray();
  json.Key("filterServerTable").BeginObject();
  json.EndObject();
  if (!route.order_topic_conf.empty()) json.Key("orderTopicConf").Value(route.order_topic_conf);
  json.Key("queueDatas").BeginArray();
  for (const QueueGroup& queues : route.queues) WriteQueueGroup(json, queues);
  json.EndArray();
  if (!route.mappings.empty()) {
    json.Key("topicQueueMappingByBroker").BeginObject();
    for (const QueueMapping& mapping : route.mappings) {
      json.Key(mapping.broker_name);
      WriteQueueMapping(json, mapping, topic, keys);
    }
    json.EndObject();
  }
  json.EndObject();
  return body;
}

absl::StatusOr<TopicRoute> DecodeRouteBody(std::string_view body) {
  TopicRoute route;
  BrokerTotals totals;
  wire::JsonReader json(body);
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "brokerDatas") {
      ReadBrokers(json, totals, route.brokers);
    } else if (key == "queueDatas") {
      ReadQueues(json, route.queues);
    } else if (key == "orderTopicConf") {
      json.Read(route.order_topic_conf);
    } else if (key == "topicQueueMappingByBroker") {
      ReadMappings(json, route.mappings);
    } else {
      json.Skip();
    }
  }
  json.Finish();
  if (!json.ok()) return json.status();
  SortByName(route.queues, &QueueGroup::broker_name);
  SortByName(route.brokers, &BrokerGroup::name);
  SortAsMap(route.mappings, &QueueMapping::broker_name);
  return route;
}

}  // namespace corocket::protocol
