#include "sdk/protocol/topic_list.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::protocol {
namespace {

void ReadTopics(wire::JsonReader& json, std::vector<std::string>& topics) {
  if (json.ReadNull() || !json.BeginArray()) return;
  while (json.NextElement()) {
    if (json.ReadNull()) continue;
    if (topics.size() == kMaxTopics) {
      json.Fail("there are too many topics");
    } else {
      json.Read(topics.emplace_back());
    }
  }
}

}  // namespace

wire::Frame EncodeTopicListRequest() { return MakeRequest(RequestCode::kGetAllTopicListFromNameserver); }

absl::Status DecodeTopicListRequest(const wire::Frame& frame) {
  return CheckRequest(frame, RequestCode::kGetAllTopicListFromNameserver);
}

wire::Frame EncodeTopicListResponse(const wire::Frame& request, const TopicList& list) {
  wire::Frame frame = MakeResponse(request);
  wire::JsonWriter json(frame.body);
  json.BeginObject();
  if (!list.broker_address.empty()) json.Key("brokerAddr").Value(list.broker_address);
  json.Key("topicList").BeginArray();
  for (const std::string& topic : list.topics) json.Value(topic);
  json.EndArray();
  json.EndObject();
  return frame;
}

absl::StatusOr<TopicList> DecodeTopicListResponse(const wire::Frame& frame) {
  if (absl::Status success = CheckSuccess(frame); !success.ok()) return success;
  TopicList list;
  wire::JsonReader json(frame.body);
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "topicList") {
      ReadTopics(json, list.topics);
    } else if (key == "brokerAddr") {
      json.Read(list.broker_address);
    } else {
      json.Skip();
    }
  }
  json.Finish();
  if (!json.ok()) return json.status();
  return list;
}

}  // namespace corocket::protocol
