#include "sdk/protocol/message.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/quoted.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/version.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"

namespace corocket::protocol {
namespace {

absl::Status FieldError(const wire::Frame& frame, std::string_view key, std::string_view what) {
  const std::int32_t code = frame.header.code;
  const std::string name = frame.header.is_response() ? absl::StrCat("response ", ResponseCodeName(code))
                                                      : absl::StrCat("request ", RequestCodeName(code));
  return absl::InvalidArgumentError(absl::StrCat(name, " (", code, "): header field \"", key, "\" ", what));
}

absl::StatusOr<std::int64_t> ToInteger(const wire::Frame& frame, std::string_view key, std::string_view text) {
  std::int64_t value = 0;
  if (wire::ParseInteger(text, value)) return value;
  return FieldError(frame, key, absl::StrCat("should be an integer, not ", Quoted(text)));
}

}  // namespace

wire::Frame MakeRequest(RequestCode code) {
  wire::Frame frame;
  frame.header.code = static_cast<std::int32_t>(code);
  frame.header.version = kProtocolVersion;
  return frame;
}

wire::Frame MakeResponse(const wire::Frame& request, ResponseCode code, std::string_view remark) {
  wire::Frame frame;
  frame.header.code = static_cast<std::int32_t>(code);
  frame.header.version = kProtocolVersion;
  frame.header.opaque = request.header.opaque;
  frame.header.flag = wire::kFlagResponse;
  frame.header.remark = remark;
  return frame;
}

absl::Status CheckRequest(const wire::Frame& request, RequestCode code) {
  if (request.header.is_response()) return absl::InvalidArgumentError("a response stands where a request is expected");
  const auto wanted = static_cast<std::int32_t>(code);
  const std::int32_t got = request.header.code;
  if (got == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("request ", RequestCodeName(got), " (", got, ") stands where ",
                                                 RequestCodeName(wanted), " (", wanted, ") is expected"));
}

absl::Status CheckSuccess(const wire::Frame& response) {
  if (!response.header.is_response())
    return absl::InvalidArgumentError("a request stands where a response is expected");
  const std::int32_t code = response.header.code;
  if (code == static_cast<std::int32_t>(ResponseCode::kSuccess)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the server answered ", ResponseCodeName(code), " (", code, "): ", Quoted(response.header.remark)));
}

absl::StatusOr<std::string_view> RequiredField(const wire::Frame& frame, std::string_view key) {
  const std::string* const value = frame.header.ext_fields.Find(key);
  if (value == nullptr) return FieldError(frame, key, "is missing");
  return *value;
}

absl::StatusOr<std::string_view> RequiredText(const wire::Frame& frame, std::string_view key) {
  absl::StatusOr<std::string_view> text = RequiredField(frame, key);
  if (text.ok() && text->empty()) return FieldError(frame, key, "is empty");
  return text;
}

std::string_view OptionalField(const wire::Frame& frame, std::string_view key) {
  const std::string* const value = frame.header.ext_fields.Find(key);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

absl::StatusOr<std::int64_t> RequiredInteger(const wire::Frame& frame, std::string_view key) {
  const absl::StatusOr<std::string_view> text = RequiredField(frame, key);
  if (!text.ok()) return text.status();
  return ToInteger(frame, key, *text);
}

absl::StatusOr<std::int64_t> OptionalInteger(const wire::Frame& frame, std::string_view key, std::int64_t absent) {
  const std::string_view text = OptionalField(frame, key);
  if (text.empty()) return absent;
  return ToInteger(frame, key, text);
}

bool IsTrue(const wire::Frame& frame, std::string_view key) { return OptionalField(frame, key) == "true"; }

}  // namespace corocket::protocol
