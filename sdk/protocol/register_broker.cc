#include "sdk/protocol/register_broker.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "corocket/route.h"
#include "sdk/protocol/broker_fields.h"
#include "sdk/protocol/crc32.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/route_json.h"
#include "sdk/protocol/sort_as_map.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::protocol {
namespace {

constexpr std::string_view kBodyCrc32 = "bodyCrc32";
constexpr std::string_view kCompressed = "compressed";
constexpr std::string_view kEnableActingMaster = "enableActingMaster";
constexpr std::string_view kHaServerAddr = "haServerAddr";
constexpr std::string_view kHeartbeatTimeoutMillis = "heartbeatTimeoutMillis";
constexpr std::string_view kMasterAddr = "masterAddr";
constexpr std::string_view kZoneName = "__ZONE_NAME";

std::string_view BoolText(bool value) { return value ? "true" : "false"; }

void WriteTopic(wire::JsonWriter& json, const TopicConfig& topic) {
  json.BeginObject();
  json.Key("order").Value(topic.order);
  json.Key("perm").Value(topic.perm);
  json.Key("readQueueNums").Value(topic.read_queues);
  json.Key("topicFilterType").Value("SINGLE_TAG");
  json.Key("topicName").Value(topic.name);
  json.Key("topicSysFlag").Value(topic.topic_sys_flag);
  json.Key("writeQueueNums").Value(topic.write_queues);
  json.EndObject();
}

void ReadTopic(wire::JsonReader& json, std::string_view default_name, TopicConfig& topic) {
  topic.name = default_name;
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "topicName") {
      json.Read(topic.name);
    } else if (key == "readQueueNums") {
      json.Read(topic.read_queues);
    } else if (key == "writeQueueNums") {
      json.Read(topic.write_queues);
    } else if (key == "perm") {
      json.Read(topic.perm);
    } else if (key == "topicSysFlag") {
      json.Read(topic.topic_sys_flag);
    } else if (key == "order") {
      json.Read(topic.order);
    } else {
      json.Skip();
    }
  }
  if (topic.name.empty()) json.Fail("a topic without topicName");
}

void WriteVersion(wire::JsonWriter& json, const DataVersion& version) {
  json.BeginObject();
  json.Key("counter").Value(version.counter);
  json.Key("stateVersion").Value(version.state_version);
  json.Key("timestamp").Value(version.timestamp);
  json.EndObject();
}

void ReadVersion(wire::JsonReader& json, DataVersion& version) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "counter") {
      json.Read(version.counter);
    } else if (key == "stateVersion") {
      json.Read(version.state_version);
    } else if (key == "timestamp") {
      json.Read(version.timestamp);
    } else {
      json.Skip();
    }
  }
}

void ReadTopics(wire::JsonReader& json, std::vector<TopicConfig>& topics) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (json.ReadNull()) continue;
    if (topics.size() == kMaxTopics) {
      json.Fail("a broker has too many topics");
    } else {
      ReadTopic(json, key, topics.emplace_back());
    }
  }
}

void ReadMappings(wire::JsonReader& json, const std::string& broker,
                  std::vector<std::pair<std::string, QueueMapping>>& mappings) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (json.ReadNull()) continue;
    if (mappings.size() == kMaxStaticTopics) {
      json.Fail("a broker has too many static topics");
    } else {
      ReadQueueMapping(json, broker, mappings.emplace_back(key, QueueMapping()).second);
    }
  }
}

std::string EncodeBody(const RegisterBrokerRequest& request) {
  std::string body;
  wire::JsonWriter json(body);
  json.BeginObject();
  json.Key("filterServerList").BeginArray();
  json.EndArray();
  json.Key("topicConfigSerializeWrapper").BeginObject();
  json.Key("dataVersion");
  WriteVersion(json, request.data_version);
  json.Key("topicConfigTable").BeginObject();
  for (const TopicConfig& topic : request.topics) {
    json.Key(topic.name);
    WriteTopic(json, topic);
  }
  json.EndObject();
  json.Key("topicQueueMappingInfoMap").BeginObject();
  for (const auto& [topic, mapping] : request.mappings) {
    json.Key(topic);
    WriteQueueMapping(json, mapping, topic, wire::JsonWriter::NumericKeys::kQuoted);
  }
  json.EndObject();
  json.EndObject();
  json.EndObject();
  return body;
}

void ReadWrapper(wire::JsonReader& json, RegisterBrokerRequest& request) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "topicConfigTable") {
      ReadTopics(json, request.topics);
    } else if (key == "dataVersion") {
      ReadVersion(json, request.data_version);
    } else if (key == "topicQueueMappingInfoMap") {
      ReadMappings(json, request.broker_name, request.mappings);
    } else {
      json.Skip();
    }
  }
}

absl::Status DecodeBody(std::string_view body, RegisterBrokerRequest& request) {
  if (body.empty()) return absl::OkStatus();  // A broker without topics.
  wire::JsonReader json(body);
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "topicConfigSerializeWrapper") {
      ReadWrapper(json, request);
    } else {
      json.Skip();
    }
  }
  json.Finish();
  if (!json.ok()) return json.status();
  SortAsMap(request.topics, &TopicConfig::name);
  SortAsMap(request.mappings);
  return absl::OkStatus();
}

absl::Status CheckBody(const wire::Frame& frame) {
  if (IsTrue(frame, kCompressed)) {
    return absl::UnimplementedError(
        "a compressed broker registration cannot be read; set compressedRegister=false in the broker's configuration");
  }
  const absl::StatusOr<std::int64_t> announced = OptionalInteger(frame, kBodyCrc32, 0);
  if (!announced.ok()) return announced.status();
  const std::int32_t actual = BodyCrc32(frame.body);
  if (*announced == 0 || *announced == actual) return absl::OkStatus();  // 0: the sender computed none.
  return absl::InvalidArgumentError(
      absl::StrCat("the body of a broker registration has check sum ", actual, ", its header says ", *announced));
}

absl::Status DecodeFields(const wire::Frame& frame, RegisterBrokerRequest& request) {
  const std::pair<std::string_view, std::string*> texts[] = {
      {kClusterName, &request.cluster},
      {kBrokerName, &request.broker_name},
      {kBrokerAddr, &request.broker_address},
  };
  for (const auto& [key, target] : texts) {
    const absl::StatusOr<std::string_view> value = RequiredText(frame, key);
    if (!value.ok()) return value.status();
    target->assign(*value);
  }
  request.ha_server_address = OptionalField(frame, kHaServerAddr);
  request.zone = OptionalField(frame, kZoneName);
  const absl::StatusOr<std::int64_t> id = RequiredInteger(frame, kBrokerId);
  if (!id.ok()) return id.status();
  request.broker_id = *id;
  if (!OptionalField(frame, kHeartbeatTimeoutMillis).empty()) {
    const absl::StatusOr<std::int64_t> millis = RequiredInteger(frame, kHeartbeatTimeoutMillis);
    if (!millis.ok()) return millis.status();
    request.heartbeat_timeout = std::chrono::milliseconds(*millis);
  }
  if (!OptionalField(frame, kEnableActingMaster).empty()) {
    request.enable_acting_master = IsTrue(frame, kEnableActingMaster);
  }
  return absl::OkStatus();
}

}  // namespace

wire::Frame EncodeRegisterBrokerRequest(const RegisterBrokerRequest& request) {
  wire::Frame frame = MakeRequest(RequestCode::kRegisterBroker);
  frame.body = EncodeBody(request);
  wire::ExtFields& fields = frame.header.ext_fields;
  fields.Set(kBrokerName, request.broker_name);
  fields.Set(kBrokerAddr, request.broker_address);
  fields.Set(kClusterName, request.cluster);
  fields.Set(kHaServerAddr, request.ha_server_address);
  fields.Set(kBrokerId, absl::StrCat(request.broker_id));
  fields.Set(kCompressed, BoolText(false));
  fields.Set(kBodyCrc32, absl::StrCat(BodyCrc32(frame.body)));
  if (!request.zone.empty()) fields.Set(kZoneName, request.zone);
  if (request.heartbeat_timeout) fields.Set(kHeartbeatTimeoutMillis, absl::StrCat(request.heartbeat_timeout->count()));
  if (request.enable_acting_master) fields.Set(kEnableActingMaster, BoolText(*request.enable_acting_master));
  return frame;
}

absl::StatusOr<RegisterBrokerRequest> DecodeRegisterBrokerRequest(const wire::Frame& frame) {
  if (absl::Status valid = CheckRequest(frame, RequestCode::kRegisterBroker); !valid.ok()) return valid;
  RegisterBrokerRequest request;
  if (absl::Status fields = DecodeFields(frame, request); !fields.ok()) return fields;
  if (absl::Status readable = CheckBody(frame); !readable.ok()) return readable;
  if (absl::Status body = DecodeBody(frame.body, request); !body.ok()) return body;
  return request;
}

wire::Frame EncodeRegisterBrokerResponse(const wire::Frame& request, const RegisterBrokerResponse& response) {
  wire::Frame frame = MakeResponse(request);
  if (!response.ha_server_address.empty()) frame.header.ext_fields.Set(kHaServerAddr, response.ha_server_address);
  if (!response.master_address.empty()) frame.header.ext_fields.Set(kMasterAddr, response.master_address);
  return frame;
}

absl::StatusOr<RegisterBrokerResponse> DecodeRegisterBrokerResponse(const wire::Frame& frame) {
  if (absl::Status success = CheckSuccess(frame); !success.ok()) return success;
  return RegisterBrokerResponse{.ha_server_address = std::string(OptionalField(frame, kHaServerAddr)),
                                .master_address = std::string(OptionalField(frame, kMasterAddr))};
}

}  // namespace corocket::protocol
