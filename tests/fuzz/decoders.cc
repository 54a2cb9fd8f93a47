#include "tests/fuzz/decoders.h"

#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "corocket/route.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/protocol/unregister_broker.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::test {
namespace {

using protocol::RequestCode;

void DecodeAsAnswer(wire::Frame frame) {
  frame.header.flag = wire::kFlagResponse;
  frame.header.code = 0;
  (void)protocol::DecodeRouteResponse(frame);
  (void)protocol::DecodeClusterInfoResponse(frame);
  (void)protocol::DecodeTopicListResponse(frame);
  (void)protocol::DecodeKvGetResponse(frame);
  (void)protocol::DecodeRegisterBrokerResponse(frame);
}

void DecodeAsRequest(wire::Frame frame) {
  frame.header.flag = 0;
  frame.header.code = static_cast<std::int32_t>(RequestCode::kRegisterBroker);
  (void)protocol::DecodeRegisterBrokerRequest(frame);
  frame.header.code = static_cast<std::int32_t>(RequestCode::kUnregisterBroker);
  (void)protocol::DecodeUnregisterBrokerRequest(frame);
  frame.header.code = static_cast<std::int32_t>(RequestCode::kGetRouteInfoByTopic);
  (void)protocol::DecodeRouteRequest(frame);
}

}  // namespace

void DecodeAsFrames(std::string_view bytes) {
  while (!bytes.empty()) {
    const absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(bytes);
    if (!extent.ok() || extent->bytes == 0 || extent->bytes > bytes.size()) return;
    const absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(bytes.substr(0, extent->bytes));
    if (!frame.ok()) return;
    std::string again;
    if (wire::AppendFrame(*frame, again).ok()) {
      CHECK_LE(again.size(), wire::EncodedSizeBound(*frame));
      const absl::StatusOr<wire::Frame> second = wire::DecodeFrame(again);
      CHECK_OK(second);
      CHECK(*second == *frame);
    }
    DecodeAsAnswer(*frame);
    DecodeAsRequest(*frame);
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
    const std::string again = protocol::EncodeRouteBody(*route, "topic", wire::JsonWriter::NumericKeys::kBare);
    const absl::StatusOr<TopicRoute> second = protocol::DecodeRouteBody(again);
    CHECK_OK(second);
    CHECK(*second == *route);
  }
  wire::Frame frame;
  frame.body = std::string(bytes);
  DecodeAsAnswer(frame);
  DecodeAsRequest(std::move(frame));
}

}  // namespace corocket::test
