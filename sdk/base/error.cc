#include "corocket/error.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "asio/error.hpp"
#include "corocket/endpoint_event.h"
#include "sdk/base/remoting_error.h"

// The payload is a line of `key=value` words, since printing a status prints its payloads, too:
//
//   hint=safe_to_retry elapsed_ms=3000 list_version=1 attempt=ns1:9876,connect,system,111,,250
//   attempt=ns2:9876,read,corocket,4,,500031
//
// Words of an attempt: endpoint, phase, category, value, detail, microseconds. Foreign text is percent-escaped.
// Words with an unknown key are skipped, so that a later version may add some.

namespace corocket {
namespace {

constexpr std::string_view kTypeUrl = "corocket/error";
constexpr std::size_t kMaxAttempts = 256;
constexpr std::size_t kMaxTextBytes = 512;
// More than the largest that is written: three texts an attempt, three bytes an escaped byte.
constexpr std::size_t kMaxPayloadBytes = 2 * 1024 * 1024;
static_assert(kMaxPayloadBytes > (kMaxAttempts + 1) * (3 * 3 * kMaxTextBytes + 128));

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text.substr(0, kMaxTextBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || std::string_view(":.-_/[]()").find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      absl::StrAppend(&escaped, "%", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return escaped;
}

template <typename Integer>
bool Parse(std::string_view text, Integer& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool Unescape(std::string_view escaped, std::string& text) {
  text.clear();
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '%') {
      text += escaped[i];
      continue;
    }
    std::uint8_t byte = 0;
    if (escaped.size() - i < 3 || !Parse(escaped.substr(i + 1, 2), byte, 16)) return false;
    text += static_cast<char>(byte);
    i += 2;
  }
  return text.size() <= kMaxTextBytes;
}

const std::error_category* FindCategory(std::string_view name) {
  const std::error_category* const known[] = {
      &std::system_category(),           &std::generic_category(),           &RemotingCategory(),
      &asio::error::get_misc_category(), &asio::error::get_netdb_category(), &asio::error::get_addrinfo_category(),
  };
  for (const std::error_category* category : known) {
    if (name == category->name()) return category;
  }
  return nullptr;
}

std::string Encoded(const EndpointFailure& failure) {
  std::string category = failure.cause ? failure.cause.category().name() : "";
  std::string detail = failure.detail;
  if (!category.empty() && FindCategory(category) == nullptr) {
    // A category of the user's own Connector has no name that could be looked up again: its text is what stays.
    if (detail.empty()) detail = failure.cause.message();
    category = "other";
  }
  return absl::StrCat(Escaped(failure.endpoint), ",", Escaped(failure.phase), ",", Escaped(category), ",",
                      failure.cause.value(), ",", Escaped(detail), ",", failure.elapsed.count());
}

bool Decode(std::string_view word, EndpointFailure& failure) {
  const std::vector<std::string_view> parts = absl::StrSplit(word, ',');
  std::string category;
  int value = 0;
  std::int64_t elapsed_us = 0;
  if (parts.size() != 6 || !Unescape(parts[0], failure.endpoint) || !Unescape(parts[1], failure.phase) ||
      !Unescape(parts[2], category) || !Parse(parts[3], value) || !Unescape(parts[4], failure.detail) ||
      !Parse(parts[5], elapsed_us)) {
    return false;
  }
  failure.elapsed = std::chrono::microseconds(elapsed_us);
  if (value == 0) return true;  // No error, of whatever category.
  if (const std::error_category* known = FindCategory(category); known != nullptr) {
    failure.cause = std::error_code(value, *known);
  } else if (!category.empty()) {
    failure.cause = std::make_error_code(std::errc::io_error);
  }
  return true;
}

std::optional<RetryHint> HintNamed(std::string_view name) {
  for (const RetryHint hint : {RetryHint::kPermanent, RetryHint::kSafeToRetry, RetryHint::kMayHaveHappened}) {
    if (name == RetryHintName(hint)) return hint;
  }
  return std::nullopt;
}

bool DecodeWord(std::string_view key, std::string_view value, ErrorDetails& details) {
  if (key == "hint") {
    const std::optional<RetryHint> hint = HintNamed(value);
    if (hint.has_value()) details.hint = *hint;
    return hint.has_value();
  }
  if (key == "elapsed_ms") {
    std::int64_t elapsed_ms = 0;
    if (!Parse(value, elapsed_ms)) return false;
    details.elapsed = std::chrono::milliseconds(elapsed_ms);
    return true;
  }
  if (key == "list_version") return Parse(value, details.list_version);
  if (key == "server_code") {
    std::int32_t code = 0;
    if (!Parse(value, code)) return false;
    details.server_code = code;
    return true;
  }
  if (key == "remark") return Unescape(value, details.remark);
  if (key == "unconfirmed") {
    details.unconfirmed = value == "1";
    return value == "1" || value == "0";
  }
  if (key == "attempt") {
    EndpointFailure failure;
    if (details.attempts.size() == kMaxAttempts || !Decode(value, failure)) return false;
    details.attempts.push_back(std::move(failure));
  }
  return true;
}

std::string Encoded(const ErrorDetails& details) {
  std::string words = absl::StrCat("hint=", RetryHintName(details.hint), " elapsed_ms=", details.elapsed.count());
  if (details.list_version != 0) absl::StrAppend(&words, " list_version=", details.list_version);
  if (details.server_code.has_value()) absl::StrAppend(&words, " server_code=", *details.server_code);
  if (!details.remark.empty()) absl::StrAppend(&words, " remark=", Escaped(details.remark));
  if (details.unconfirmed) absl::StrAppend(&words, " unconfirmed=1");
  // The last tries tell why it ended.
  const std::size_t skipped = details.attempts.size() - std::min(details.attempts.size(), kMaxAttempts);
  for (std::size_t i = skipped; i < details.attempts.size(); ++i) {
    absl::StrAppend(&words, " attempt=", Encoded(details.attempts[i]));
  }
  return words;
}

std::optional<ErrorDetails> Decoded(std::string_view words) {
  ErrorDetails details;
  for (const std::string_view word : absl::StrSplit(words, ' ')) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos || !DecodeWord(word.substr(0, equals), word.substr(equals + 1), details)) {
      return std::nullopt;
    }
  }
  return details;
}

}  // namespace

std::string_view RetryHintName(RetryHint hint) {
  switch (hint) {
    case RetryHint::kPermanent:
      return "permanent";
    case RetryHint::kSafeToRetry:
      return "safe_to_retry";
    case RetryHint::kMayHaveHappened:
      return "may_have_happened";
  }
  return "unknown";
}

std::optional<ErrorDetails> DetailsOf(const absl::Status& status) {
  const std::optional<absl::Cord> payload = status.GetPayload(kTypeUrl);
  if (!payload.has_value() || payload->size() > kMaxPayloadBytes) return std::nullopt;
  return Decoded(std::string(*payload));
}

RetryHint RetryHintOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = DetailsOf(status);
  return details.has_value() ? details->hint : RetryHint::kPermanent;
}

absl::Status WithDetails(absl::Status status, const ErrorDetails& details) {
  // An OK status takes no payload.
  status.SetPayload(kTypeUrl, absl::Cord(Encoded(details)));
  return status;
}

}  // namespace corocket
