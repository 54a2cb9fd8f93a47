#ifndef COROCKET_SDK_PROTOCOL_KV_CONFIG_H_
#define COROCKET_SDK_PROTOCOL_KV_CONFIG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {

/// GET_KV_CONFIG (101). Refused with QUERY_NOT_FOUND (22) when there is no such key.
struct KvGetRequest {
  std::string ns;
  std::string key;

  friend bool operator==(const KvGetRequest&, const KvGetRequest&) = default;
};

/// PUT_KV_CONFIG (100). The answer carries nothing.
struct KvPutRequest {
  std::string ns;
  std::string key;
  std::string value;

  friend bool operator==(const KvPutRequest&, const KvPutRequest&) = default;
};

[[nodiscard]] wire::Frame EncodeKvGetRequest(const KvGetRequest& request);
[[nodiscard]] absl::StatusOr<KvGetRequest> DecodeKvGetRequest(const wire::Frame& frame);

/// The successful answer to `request`.
[[nodiscard]] wire::Frame EncodeKvGetResponse(const wire::Frame& request, const std::string& value);
/// The value. Errors: FAILED_PRECONDITION: not a success; INVALID_ARGUMENT: a success without a value.
[[nodiscard]] absl::StatusOr<std::string> DecodeKvGetResponse(const wire::Frame& frame);

[[nodiscard]] wire::Frame EncodeKvPutRequest(const KvPutRequest& request);
[[nodiscard]] absl::StatusOr<KvPutRequest> DecodeKvPutRequest(const wire::Frame& frame);

/// The successful answer to `request`.
[[nodiscard]] wire::Frame EncodeKvPutResponse(const wire::Frame& request);
/// Errors: FAILED_PRECONDITION: not a success.
[[nodiscard]] absl::Status DecodeKvPutResponse(const wire::Frame& frame);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_KV_CONFIG_H_
