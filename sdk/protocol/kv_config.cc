#include "sdk/protocol/kv_config.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {
namespace {

constexpr std::string_view kNamespace = "namespace";
constexpr std::string_view kKey = "key";
constexpr std::string_view kValue = "value";

}  // namespace

wire::Frame EncodeKvGetRequest(const KvGetRequest& request) {
  wire::Frame frame = MakeRequest(RequestCode::kGetKvConfig);
  frame.header.ext_fields.Set(kNamespace, request.ns);
  frame.header.ext_fields.Set(kKey, request.key);
  return frame;
}

absl::StatusOr<KvGetRequest> DecodeKvGetRequest(const wire::Frame& frame) {
  if (absl::Status valid = CheckRequest(frame, RequestCode::kGetKvConfig); !valid.ok()) return valid;
  const absl::StatusOr<std::string_view> ns = RequiredField(frame, kNamespace);
  if (!ns.ok()) return ns.status();
  const absl::StatusOr<std::string_view> key = RequiredField(frame, kKey);
  if (!key.ok()) return key.status();
  return KvGetRequest{.ns = std::string(*ns), .key = std::string(*key)};
}

wire::Frame EncodeKvGetResponse(const wire::Frame& request, const std::string& value) {
  wire::Frame frame = MakeResponse(request);
  frame.header.ext_fields.Set(kValue, value);
  return frame;
}

absl::StatusOr<std::string> DecodeKvGetResponse(const wire::Frame& frame) {
  if (absl::Status success = CheckSuccess(frame); !success.ok()) return success;
  const absl::StatusOr<std::string_view> value = RequiredField(frame, kValue);
  if (!value.ok()) return value.status();
  return std::string(*value);
}

wire::Frame EncodeKvPutRequest(const KvPutRequest& request) {
  wire::Frame frame = MakeRequest(RequestCode::kPutKvConfig);
  frame.header.ext_fields.Set(kNamespace, request.ns);
  frame.header.ext_fields.Set(kKey, request.key);
  frame.header.ext_fields.Set(kValue, request.value);
  return frame;
}

absl::StatusOr<KvPutRequest> DecodeKvPutRequest(const wire::Frame& frame) {
  if (absl::Status valid = CheckRequest(frame, RequestCode::kPutKvConfig); !valid.ok()) return valid;
  const absl::StatusOr<std::string_view> ns = RequiredField(frame, kNamespace);
  if (!ns.ok()) return ns.status();
  const absl::StatusOr<std::string_view> key = RequiredField(frame, kKey);
  if (!key.ok()) return key.status();
  const absl::StatusOr<std::string_view> value = RequiredField(frame, kValue);
  if (!value.ok()) return value.status();
  return KvPutRequest{.ns = std::string(*ns), .key = std::string(*key), .value = std::string(*value)};
}

wire::Frame EncodeKvPutResponse(const wire::Frame& request) { return MakeResponse(request); }

absl::Status DecodeKvPutResponse(const wire::Frame& frame) { return CheckSuccess(frame); }

}  // namespace corocket::protocol
