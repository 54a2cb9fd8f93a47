#ifndef COROCKET_SDK_PROTOCOL_MESSAGE_H_
#define COROCKET_SDK_PROTOCOL_MESSAGE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {

/// An empty request of this client; its opaque is set by whoever sends it.
[[nodiscard]] wire::Frame MakeRequest(RequestCode code);

/// An answer to `request` without fields and body, in JSON form: servers answer in a form of their own choice.
[[nodiscard]] wire::Frame MakeResponse(const wire::Frame& request, ResponseCode code = ResponseCode::kSuccess,
                                       std::string_view remark = {});

/// OK when `request` has that code; else INVALID_ARGUMENT.
[[nodiscard]] absl::Status CheckRequest(const wire::Frame& request, RequestCode code);

/// OK when `response` reports success; else FAILED_PRECONDITION with its code and remark. Callers that act on a refusal
/// look at the code before they decode.
[[nodiscard]] absl::Status CheckSuccess(const wire::Frame& response);

/// The header field `key`. INVALID_ARGUMENT when it is absent. Valid as long as `frame` is and does not change.
[[nodiscard]] absl::StatusOr<std::string_view> RequiredField(const wire::Frame& frame, std::string_view key);

/// The same, and INVALID_ARGUMENT when it is empty.
[[nodiscard]] absl::StatusOr<std::string_view> RequiredText(const wire::Frame& frame, std::string_view key);

/// The header field `key`, empty when it is absent. Valid as long as `frame` is and does not change.
[[nodiscard]] std::string_view OptionalField(const wire::Frame& frame, std::string_view key);

/// The header field `key` as an integer. INVALID_ARGUMENT when it is absent or none.
[[nodiscard]] absl::StatusOr<std::int64_t> RequiredInteger(const wire::Frame& frame, std::string_view key);

/// The header field `key` as an integer, `absent` when it is not there or empty. INVALID_ARGUMENT when it is none.
[[nodiscard]] absl::StatusOr<std::int64_t> OptionalInteger(const wire::Frame& frame, std::string_view key,
                                                           std::int64_t absent);

/// True when the header field `key` is `true`.
[[nodiscard]] bool IsTrue(const wire::Frame& frame, std::string_view key);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_MESSAGE_H_
