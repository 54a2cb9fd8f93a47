#include "sdk/wire/json_writer.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace corocket::wire {
namespace {

// What follows the backslash when a byte is written: 0: no escape; 'u': four hexadecimal digits.
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> escapes{};
  for (std::size_t i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  return escapes;
}

constexpr std::array<char, 256> kEscapes = MakeEscapes();
constexpr std::string_view kHexDigits = "0123456789abcdef";

char EscapeOf(char c) { return kEscapes[static_cast<unsigned char>(c)]; }

}  // namespace

char* WriteJsonString(char* to, std::string_view text) {
  *to++ = '"';
  for (const char c : text) {
    const char escape = EscapeOf(c);
    if (escape == 0) [[likely]] {
      *to++ = c;
      continue;
    }
    *to++ = '\\';
    *to++ = escape;
    if (escape == 'u') {
      const auto byte = static_cast<unsigned char>(c);
      *to++ = '0';
      *to++ = '0';
      *to++ = kHexDigits[byte >> 4];
      *to++ = kHexDigits[byte & 0xF];
    }
  }
  *to++ = '"';
  return to;
}

std::size_t JsonStringBytes(std::string_view text) {
  std::size_t bytes = 2 + text.size();
  for (const char c : text) {
    const char escape = EscapeOf(c);
    if (escape != 0) bytes += escape == 'u' ? kMaxEscapedBytes - 1 : 1;
  }
  return bytes;
}

void AppendJsonString(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + JsonStringBytes(text));
  WriteJsonString(out.data() + start, text);
}

void JsonWriter::Separate() {
  if (needs_comma_) out_.push_back(',');
  needs_comma_ = true;
}

void JsonWriter::Open(char bracket) {
  Separate();
  out_.push_back(bracket);
  needs_comma_ = false;
}

void JsonWriter::Close(char bracket) {
  out_.push_back(bracket);
  needs_comma_ = true;
}

void JsonWriter::AppendInteger(std::int64_t value) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> digits;
  const std::to_chars_result result = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out_.append(digits.data(), result.ptr);
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  AppendJsonString(key, out_);
  out_.push_back(':');
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Key(std::int64_t key, NumericKeys form) {
  Separate();
  const bool quoted = form == NumericKeys::kQuoted;
  if (quoted) out_.push_back('"');
  AppendInteger(key);
  out_.append(quoted ? "\":" : ":");
  needs_comma_ = false;
  return *this;
}

void JsonWriter::Value(std::string_view value) {
  Separate();
  AppendJsonString(value, out_);
}

void JsonWriter::Value(std::int64_t value) {
  Separate();
  AppendInteger(value);
}

void JsonWriter::Value(bool value) {
  Separate();
  out_.append(value ? "true" : "false");
}

}  // namespace corocket::wire
