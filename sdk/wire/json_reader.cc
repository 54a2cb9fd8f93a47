#include "sdk/wire/json_reader.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/quoted.h"
#include "sdk/wire/limits.h"

namespace corocket::wire {
namespace {

constexpr std::string_view kEndsEarly = "the text ends in the middle of a value";
constexpr std::string_view kBareControl = "a control character inside a string has to be escaped";
constexpr std::uint32_t kReplacementCharacter = 0xFFFD;
// Bytes of the text that an error quotes before and after the offending one.
constexpr std::ptrdiff_t kQuotedBefore = 24;
constexpr std::ptrdiff_t kQuotedAfter = 40;

constexpr std::uint64_t Repeat(std::uint8_t byte) { return 0x0101'0101'0101'0101U * byte; }

// Sets the high bit of each byte of `word` that is zero; bits above the lowest such byte may be wrong.
constexpr std::uint64_t ZeroBytes(std::uint64_t word) { return (word - Repeat(0x01)) & ~word & Repeat(0x80); }

// First byte at or after `from` that is a quote, a backslash or a control character; `end` if there is none.
const char* FindSpecial(const char* from, const char* end) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; end - from >= 8; from += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, from, sizeof word);
      const std::uint64_t control = (word - Repeat(0x20)) & ~word & Repeat(0x80);
      const std::uint64_t special = ZeroBytes(word ^ Repeat('"')) | ZeroBytes(word ^ Repeat('\\')) | control;
      if (special != 0) return from + std::countr_zero(special) / 8;
    }
  }
  while (from != end && *from != '"' && *from != '\\' && static_cast<unsigned char>(*from) >= 0x20) ++from;
  return from;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

const char* SkipDigits(const char* from, const char* end) {
  while (from != end && IsDigit(*from)) ++from;
  return from;
}

void AppendUtf8(std::uint32_t code_point, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x1'0000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

template <class Integer>
bool ParseWhole(std::string_view text, Integer& value) {
  Integer parsed = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, parsed);
  if (result.ec != std::errc() || result.ptr != end) return false;
  value = parsed;
  return true;
}

}  // namespace

bool JsonReader::FailAt(const char* where, std::string_view what) {
  if (error_.empty()) {
    error_ = what;
    error_at_ = where;
  }
  next_ = end_;  // Whatever is called next finds nothing to read.
  return false;
}

bool JsonReader::Fail(std::string_view what) { return FailAt(next_, what); }

absl::Status JsonReader::status() const {
  if (ok()) return absl::OkStatus();
  const char* const from = error_at_ - std::min(error_at_ - begin_, kQuotedBefore);
  const char* const to = error_at_ + std::min(end_ - error_at_, kQuotedAfter);
  return absl::InvalidArgumentError(absl::StrCat("malformed JSON at byte ", error_at_ - begin_, " of ", end_ - begin_,
                                                 ": ", error_,
                                                 "; around it: ", Quoted({from, static_cast<std::size_t>(to - from)})));
}

inline void JsonReader::SkipBlanks() {
  while (next_ != end_ && (*next_ == ' ' || *next_ == '\n' || *next_ == '\r' || *next_ == '\t')) ++next_;
}

JsonReader::Kind JsonReader::Peek() {
  SkipBlanks();
  if (next_ == end_) return Kind::kNone;
  switch (*next_) {
    case 'n':
      return Kind::kNull;
    case 't':
    case 'f':
      return Kind::kBool;
    case '"':
      return Kind::kString;
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    default:
      return *next_ == '-' || IsDigit(*next_) ? Kind::kNumber : Kind::kNone;
  }
}

bool JsonReader::Enter(char open, std::string_view what) {
  SkipBlanks();
  if (next_ == end_ || *next_ != open) return Fail(what);
  if (depth_ == kMaxJsonDepth) return Fail("objects and arrays are nested too deeply");
  ++depth_;
  ++next_;
  at_first_item_ = true;
  return true;
}

inline bool JsonReader::Leave() {
  --depth_;
  ++next_;
  at_first_item_ = false;
  return false;
}

inline bool JsonReader::NextItem(char close, std::string_view what) {
  SkipBlanks();
  if (next_ == end_) return Fail(kEndsEarly);
  if (*next_ == close) return Leave();
  if (at_first_item_) {
    at_first_item_ = false;
    return true;
  }
  if (*next_ != ',') return Fail(what);
  ++next_;
  SkipBlanks();
  return true;
}

bool JsonReader::BeginObject() { return Enter('{', "an object is expected here"); }

bool JsonReader::BeginArray() { return Enter('[', "an array is expected here"); }

bool JsonReader::NextElement() { return NextItem(']', "a comma or the end of the array is expected here"); }

bool JsonReader::NextKey(std::string_view& key) {
  if (!NextItem('}', "a comma or the end of the object is expected here")) return false;
  if (next_ != end_ && *next_ == '"') {
    if (!ReadStringView(key, key_scratch_)) return false;
  } else if (!ReadBareKey(key)) {
    return false;
  }
  SkipBlanks();
  if (next_ == end_ || *next_ != ':') return Fail("a colon is expected after the key");
  ++next_;
  return true;
}

bool JsonReader::ReadBareKey(std::string_view& key) {
  const char* const start = next_;
  const char* const digits = start != end_ && *start == '-' ? start + 1 : start;
  const char* const stop = SkipDigits(digits, end_);
  if (stop == digits) return Fail("a key in quotes, or one that is an integer, is expected here");
  key = std::string_view(start, static_cast<std::size_t>(stop - start));
  next_ = stop;
  return true;
}

bool JsonReader::ReadStringView(std::string_view& value, std::string& scratch) {
  const char* const start = ++next_;
  const char* const stop = FindSpecial(start, end_);
  if (static_cast<std::size_t>(stop - start) > kMaxStringBytes) return FailAt(start, "a string is too long");
  if (stop != end_ && *stop == '"') {
    value = std::string_view(start, static_cast<std::size_t>(stop - start));
    next_ = stop + 1;
    return true;
  }
  next_ = stop;
  if (!Unescape(start, scratch)) return false;
  value = scratch;
  return true;
}

bool JsonReader::Unescape(const char* from, std::string& value) {
  value.assign(from, next_);
  while (next_ != end_) {
    if (*next_ == '"') {
      ++next_;
      return true;
    }
    if (*next_ != '\\') return Fail(kBareControl);
    if (!UnescapeOne(value)) return false;
    const char* const stop = FindSpecial(next_, end_);
    if (value.size() + static_cast<std::size_t>(stop - next_) > kMaxStringBytes) {
      return FailAt(from, "a string is too long");
    }
    value.append(next_, stop);
    next_ = stop;
  }
  return Fail(kEndsEarly);
}

bool JsonReader::UnescapeOne(std::string& value) {
  const char* const escape = next_++;
  if (next_ == end_) return Fail(kEndsEarly);
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t known = kLetters.find(*next_);
  if (known != std::string_view::npos) {
    value.push_back(kMeanings[known]);
    ++next_;
    return true;
  }
  if (*next_ != 'u') return FailAt(escape, "unknown escape in a string");
  ++next_;
  std::uint32_t unit = 0;
  if (!ReadHex4(unit)) return false;
  if (unit >= 0xD800 && unit < 0xDC00 && end_ - next_ >= 2 && next_[0] == '\\' && next_[1] == 'u') {
    const char* const second = next_;
    next_ += 2;
    std::uint32_t low = 0;
    if (!ReadHex4(low)) return false;
    if (low >= 0xDC00 && low < 0xE000) {
      AppendUtf8(0x1'0000 + ((unit - 0xD800) << 10) + (low - 0xDC00), value);
      return true;
    }
    next_ = second;  // No pair: the second escape stands for itself.
  }
  AppendUtf8(unit >= 0xD800 && unit < 0xE000 ? kReplacementCharacter : unit, value);
  return true;
}

bool JsonReader::ReadHex4(std::uint32_t& unit) {
  if (end_ - next_ < 4) return Fail(kEndsEarly);
  const std::from_chars_result result = std::from_chars(next_, next_ + 4, unit, 16);
  if (result.ec != std::errc() || result.ptr != next_ + 4) return Fail("\\u is followed by four hexadecimal digits");
  next_ += 4;
  return true;
}

bool JsonReader::ReadLiteral(std::string_view literal) {
  if (!std::string_view(next_, static_cast<std::size_t>(end_ - next_)).starts_with(literal)) {
    return Fail("a value is expected here");
  }
  next_ += literal.size();
  return true;
}

bool JsonReader::ReadNull() { return Peek() == Kind::kNull && ReadLiteral("null"); }

bool JsonReader::ReadNumber(std::string_view& number) {
  const char* const start = next_;
  const char* at = *start == '-' ? start + 1 : start;
  const char* stop = SkipDigits(at, end_);
  if (stop == at || (*at == '0' && stop - at > 1)) return Fail("this is no number");
  if (stop != end_ && *stop == '.') {
    at = stop + 1;
    stop = SkipDigits(at, end_);
    if (stop == at) return Fail("digits are expected after a decimal point");
  }
  if (stop != end_ && (*stop == 'e' || *stop == 'E')) {
    at = stop + 1;
    if (at != end_ && (*at == '+' || *at == '-')) ++at;
    stop = SkipDigits(at, end_);
    if (stop == at) return Fail("digits are expected in an exponent");
  }
  number = std::string_view(start, static_cast<std::size_t>(stop - start));
  next_ = stop;
  return true;
}

template <class Integer>
bool JsonReader::ReadInteger(Integer& value) {
  const Kind kind = Peek();
  const char* const start = next_;
  std::string_view text;
  std::string scratch;
  if (kind == Kind::kNumber) {
    if (!ReadNumber(text)) return false;
  } else if (kind == Kind::kString) {
    if (!ReadStringView(text, scratch)) return false;
  } else {
    return ReadNull() || Fail("an integer is expected here");
  }
  return ParseWhole(text, value) || FailAt(start, "this is no integer, or one that is out of range");
}

bool JsonReader::Read(std::int32_t& value) { return ReadInteger(value); }

bool JsonReader::Read(std::int64_t& value) { return ReadInteger(value); }

bool JsonReader::Read(bool& value) {
  switch (Peek()) {
    case Kind::kBool: {
      const bool truth = *next_ == 't';
      if (!ReadLiteral(truth ? "true" : "false")) return false;
      value = truth;
      return true;
    }
    case Kind::kString: {
      const char* const start = next_;
      std::string_view text;
      std::string scratch;
      if (!ReadStringView(text, scratch)) return false;
      if (text != "true" && text != "false") return FailAt(start, "this is neither true nor false");
      value = text == "true";
      return true;
    }
    case Kind::kNull:
      return ReadLiteral("null");
    case Kind::kNumber:
    case Kind::kObject:
    case Kind::kArray:
    case Kind::kNone:
      break;
  }
  return Fail("true or false is expected here");
}

bool JsonReader::Read(std::string& value) {
  if (Peek() != Kind::kString) return ReadNull() || Fail("a string is expected here");
  const char* const start = ++next_;
  const char* const stop = FindSpecial(start, end_);
  if (static_cast<std::size_t>(stop - start) > kMaxStringBytes) return FailAt(start, "a string is too long");
  next_ = stop;
  if (stop == end_ || *stop != '"') return Unescape(start, value);
  value.assign(start, stop);
  ++next_;
  return true;
}

bool JsonReader::ReadRaw(std::string_view& raw) {
  SkipBlanks();
  const char* const start = next_;
  if (!Skip()) return false;
  raw = std::string_view(start, static_cast<std::size_t>(next_ - start));
  return true;
}

bool JsonReader::ReadText(std::string& text) {
  if (Peek() == Kind::kString) return Read(text);
  std::string_view raw;
  if (!ReadRaw(raw)) return false;
  if (raw.size() > kMaxStringBytes) return FailAt(raw.data(), "a value is too long to be taken as text");
  text.assign(raw);
  return true;
}

bool JsonReader::SkipString() {
  const char* const start = ++next_;
  next_ = FindSpecial(start, end_);
  const auto bytes = static_cast<std::size_t>(next_ - start);
  if (bytes > kMaxStringBytes) return FailAt(start, "a string is too long");
  if (next_ == end_ || *next_ != '"') return SkipEscapes(start);
  ++next_;
  return true;
}

bool JsonReader::SkipEscapes(const char* from) {
  auto bytes = static_cast<std::size_t>(next_ - from);
  std::string piece;
  while (next_ != end_) {
    if (*next_ == '"') {
      ++next_;
      return true;
    }
    if (*next_ != '\\') return Fail(kBareControl);
    piece.clear();
    if (!UnescapeOne(piece)) return false;
    const char* const stop = FindSpecial(next_, end_);
    bytes += piece.size() + static_cast<std::size_t>(stop - next_);
    if (bytes > kMaxStringBytes) return FailAt(from, "a string is too long");
    next_ = stop;
  }
  return Fail(kEndsEarly);
}

bool JsonReader::Skip() {
  std::string_view text;
  switch (Peek()) {
    case Kind::kNull:
      return ReadLiteral("null");
    case Kind::kBool:
      return ReadLiteral(*next_ == 't' ? "true" : "false");
    case Kind::kNumber:
      return ReadNumber(text);
    case Kind::kString:
      return SkipString();
    case Kind::kObject:
      for (BeginObject(); NextKey(text);) Skip();
      return ok();
    case Kind::kArray:
      for (BeginArray(); NextElement();) Skip();
      return ok();
    case Kind::kNone:
      break;
  }
  return Fail("a value is expected here");
}

bool JsonReader::Finish() {
  if (!ok()) return false;
  SkipBlanks();
  return next_ == end_ || Fail("something follows the end of the value");
}

bool ParseInteger(std::string_view text, std::int32_t& value) { return ParseWhole(text, value); }

bool ParseInteger(std::string_view text, std::int64_t& value) { return ParseWhole(text, value); }

}  // namespace corocket::wire
