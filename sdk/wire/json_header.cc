#include "sdk/wire/json_header.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/quoted.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"
#include "sdk/wire/language.h"
#include "sdk/wire/limits.h"

namespace corocket::wire {
namespace {

constexpr std::size_t kMaxInt32Chars = 11;
// All member names, brackets and commas, the longest language name and the longest numbers; rounded up.
constexpr std::size_t kFixedBound = 256;
constexpr std::size_t kFieldBound = 6;  // Four quotes, a colon and a comma.

class MemorySink {
 public:
  explicit MemorySink(char* to) : to_(to) {}
  void Literal(std::string_view text) {
    std::memcpy(to_, text.data(), text.size());
    to_ += text.size();
  }
  void String(std::string_view text) { to_ = WriteJsonString(to_, text); }
  void Integer(std::int32_t value) { to_ = std::to_chars(to_, to_ + kMaxInt32Chars, value).ptr; }
  char* end() const { return to_; }

 private:
  char* to_;
};

class CountingSink {
 public:
  void Literal(std::string_view text) { bytes_ += text.size(); }
  void String(std::string_view text) { bytes_ += JsonStringBytes(text); }
  void Integer(std::int32_t value) {
    std::array<char, kMaxInt32Chars> digits;
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    bytes_ += static_cast<std::size_t>(end - digits.data());
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

// Members in alphabetical order, as Java writes them. `extFields` is there even when empty: several server paths use it
// without a look. `serializeTypeCurrentRPC` tells nothing new, yet some clients insist on it in answers.
template <class Sink>
inline void Write(Sink& sink, const Header& header) {
  sink.Literal("{\"code\":");
  sink.Integer(header.code);
  sink.Literal(",\"extFields\":{");
  bool first = true;
  for (const auto& [key, value] : header.ext_fields) {
    if (!first) sink.Literal(",");
    first = false;
    sink.String(key);
    sink.Literal(":");
    sink.String(value);
  }
  sink.Literal("},\"flag\":");
  sink.Integer(header.flag);
  sink.Literal(",\"language\":\"");
  sink.Literal(LanguageName(header.language));
  sink.Literal("\",\"opaque\":");
  sink.Integer(header.opaque);
  if (!header.remark.empty()) {
    sink.Literal(",\"remark\":");
    sink.String(header.remark);
  }
  sink.Literal(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
  sink.Integer(header.version);
  sink.Literal("}");
}

// What has been met so far of one header.
struct Met {
  bool code = false;
  bool flag = false;
  bool opaque = false;
  // Of all `extFields` together: a header may repeat that member, and the fields add up.
  std::size_t ext_fields = 0;
};

void ParseExtFields(JsonReader& json, ExtFields& fields, Met& met) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (++met.ext_fields > kMaxExtFields) {
      json.Fail("extFields has too many members");
      return;
    }
    if (json.ReadNull()) continue;  // Java's way to say that a field is absent.
    json.ReadText(fields.Slot(key));
  }
}

Language ParseLanguage(JsonReader& json) {
  if (json.Peek() != JsonReader::Kind::kString) {
    json.Skip();
    return Language::kOther;
  }
  std::string name;
  json.Read(name);
  return LanguageFromName(name);
}

void ParseMember(JsonReader& json, std::string_view key, Header& header, Met& met) {
  if (key == "code") {
    met.code = !json.ReadNull() && json.Read(header.code);
  } else if (key == "flag") {
    met.flag = !json.ReadNull() && json.Read(header.flag);
  } else if (key == "opaque") {
    met.opaque = !json.ReadNull() && json.Read(header.opaque);
  } else if (key == "language") {
    header.language = ParseLanguage(json);
  } else if (key == "version") {
    json.Read(header.version);
  } else if (key == "remark") {
    if (!json.ReadNull()) json.ReadText(header.remark);
  } else if (key == "extFields") {
    ParseExtFields(json, header.ext_fields, met);
  } else {
    json.Skip();
  }
}

}  // namespace

std::size_t JsonHeaderBound(const Header& header) {
  std::size_t string_bytes = header.remark.size();
  for (const auto& [key, value] : header.ext_fields) string_bytes += key.size() + value.size();
  return kFixedBound + kFieldBound * header.ext_fields.size() + kMaxEscapedBytes * string_bytes;
}

std::size_t JsonHeaderBytes(const Header& header) {
  CountingSink sink;
  Write(sink, header);
  return sink.bytes();
}

char* WriteJsonHeader(char* to, const Header& header) {
  MemorySink sink(to);
  Write(sink, header);
  return sink.end();
}

absl::StatusOr<Header> ParseJsonHeader(std::string_view bytes) {
  Header header;
  header.language = Language::kOther;
  Met met;
  JsonReader json(bytes);
  json.BeginObject();
  for (std::string_view key; json.NextKey(key);) ParseMember(json, key, header, met);
  json.Finish();
  if (!json.ok()) return json.status();
  const std::string_view missing = !met.code ? "code" : !met.flag ? "flag" : !met.opaque ? "opaque" : "";
  if (!missing.empty()) return absl::InvalidArgumentError(absl::StrCat("no \"", missing, "\" in ", Quoted(bytes)));
  return header;
}

}  // namespace corocket::wire
