#include "tests/fuzz/decoders.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corocket/route.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/protocol/unregister_broker.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"
#include "sdk/wire/limits.h"

namespace corocket::test {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;

// Decodes `frame`; what comes out has to encode and decode to an equal value.
template <class Decode, class Encode>
bool ComesBack(const wire::Frame& frame, Decode decode, Encode encode) {
  const auto value = decode(frame);
  if (!value.ok()) return false;
  const auto again = decode(encode(*value));
  CHECK_OK(again);
  CHECK(*again == *value);
  return true;
}

int DecodeAnswer(const wire::Frame& frame) {
  const wire::Frame request;
  const auto to_request = [&request](auto encode) {
    return [&request, encode](const auto& value) { return encode(request, value); };
  };
  int decoded = 0;
  decoded += ComesBack(frame, protocol::DecodeRouteResponse, to_request(protocol::EncodeRouteResponse));
  decoded += ComesBack(frame, protocol::DecodeClusterInfoResponse, to_request(protocol::EncodeClusterInfoResponse));
  decoded += ComesBack(frame, protocol::DecodeTopicListResponse, to_request(protocol::EncodeTopicListResponse));
  decoded += ComesBack(frame, protocol::DecodeKvGetResponse, to_request(protocol::EncodeKvGetResponse));
  decoded +=
      ComesBack(frame, protocol::DecodeRegisterBrokerResponse, to_request(protocol::EncodeRegisterBrokerResponse));
  decoded += protocol::DecodeKvPutResponse(frame).ok();
  decoded += protocol::DecodeUnregisterBrokerResponse(frame).ok();
  return decoded;
}

int DecodeRequest(wire::Frame frame) {
  const auto as = [&frame](RequestCode code) -> const wire::Frame& {
    frame.header.code = static_cast<std::int32_t>(code);
    return frame;
  };
  int decoded = 0;
  decoded +=
      ComesBack(as(RequestCode::kGetRouteInfoByTopic), protocol::DecodeRouteRequest, protocol::EncodeRouteRequest);
  decoded += ComesBack(as(RequestCode::kGetKvConfig), protocol::DecodeKvGetRequest, protocol::EncodeKvGetRequest);
  decoded += ComesBack(as(RequestCode::kPutKvConfig), protocol::DecodeKvPutRequest, protocol::EncodeKvPutRequest);
  decoded += ComesBack(as(RequestCode::kRegisterBroker), protocol::DecodeRegisterBrokerRequest,
                       protocol::EncodeRegisterBrokerRequest);
  decoded += ComesBack(as(RequestCode::kUnregisterBroker), protocol::DecodeUnregisterBrokerRequest,
                       protocol::EncodeUnregisterBrokerRequest);
  decoded += protocol::DecodeClusterInfoRequest(as(RequestCode::kGetBrokerClusterInfo)).ok();
  decoded += protocol::DecodeTopicListRequest(as(RequestCode::kGetAllTopicListFromNameserver)).ok();
  return decoded;
}

// Gives `frame` the fields of `other` that it lacks.
void FillFields(wire::Frame& frame, const wire::Frame& other) {
  for (const auto& [key, value] : other.header.ext_fields) {
    if (frame.header.ext_fields.Find(key) == nullptr) frame.header.ext_fields.Set(key, value);
  }
}

// The check sum of a body that is made up would never be right; 0 stands for none.
wire::Frame Registration() {
  wire::Frame frame = protocol::EncodeRegisterBrokerRequest(
      {.cluster = "c", .broker_name = "b", .broker_address = "10.0.0.1:10911", .broker_id = 0});
  frame.header.ext_fields.Set("bodyCrc32", "0");
  return frame;
}

}  // namespace

int DecodeAsEveryMessage(wire::Frame frame) {
  frame.header.flag = wire::kFlagResponse;
  frame.header.code = static_cast<std::int32_t>(ResponseCode::kSuccess);
  int decoded = DecodeAnswer(frame);
  frame.header.flag = 0;
  decoded += DecodeRequest(frame);
  // Without the fields that a request must have, nothing behind them would ever be read.
  static const wire::Frame registration = Registration();
  static const wire::Frame put = protocol::EncodeKvPutRequest({.ns = "n", .key = "k", .value = "v"});
  static const wire::Frame route = protocol::EncodeRouteRequest({.topic = "t"});
  for (const wire::Frame* const whole : {&registration, &put, &route}) FillFields(frame, *whole);
  return decoded + DecodeRequest(std::move(frame));
}

void DecodeAsFrames(std::string_view bytes) {
  while (!bytes.empty()) {
    const absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(bytes);
    if (!extent.ok() || extent->bytes == 0 || extent->bytes > bytes.size()) return;
    absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(bytes.substr(0, extent->bytes));
    if (!frame.ok()) return;
    std::string again;
    const absl::Status encoded = wire::AppendFrame(*frame, again);
    // What a header spells with few bytes may take more when written, and only a frame at the limit has no room for
    // that.
    CHECK(encoded.ok() || wire::EncodedSizeBound(*frame) > wire::kMaxFrameBytes) << encoded;
    if (encoded.ok()) {
      CHECK_LE(again.size(), wire::EncodedSizeBound(*frame));
      const absl::StatusOr<wire::Frame> second = wire::DecodeFrame(again);
      CHECK_OK(second);
      CHECK(*second == *frame);
    }
    DecodeAsEveryMessage(*std::move(frame));
    bytes.remove_prefix(extent->bytes);
  }
}

void DecodeAsBody(std::string_view bytes) {
  wire::JsonReader json(bytes);
  json.Skip();
  const bool is_json = json.Finish();

  const absl::StatusOr<TopicRoute> route = protocol::DecodeRouteBody(bytes);
  if (route.ok()) {
    CHECK(is_json) << "a route that is no JSON";
    const std::string again = protocol::EncodeRouteBody(*route, "topic", wire::JsonWriter::NumericKeys::kQuoted);
    const absl::StatusOr<TopicRoute> second = protocol::DecodeRouteBody(again);
    CHECK_OK(second);
    CHECK(*second == *route);
  }
  wire::Frame frame;
  frame.body = std::string(bytes);
  DecodeAsEveryMessage(std::move(frame));
}

}  // namespace corocket::test
