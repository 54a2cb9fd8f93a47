#include "sdk/wire/binary_header.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/quoted.h"
#include "sdk/wire/big_endian.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/language.h"
#include "sdk/wire/limits.h"

namespace corocket::wire {
namespace {

constexpr std::size_t kFieldBytes = 6;  // Length of the key (2) and of the value (4).
constexpr std::size_t kMaxKeyBytes = std::numeric_limits<std::int16_t>::max();

bool FitsInt16(std::int32_t value) {
  return value >= std::numeric_limits<std::int16_t>::min() && value <= std::numeric_limits<std::int16_t>::max();
}

std::size_t ExtFieldsBytes(const ExtFields& fields) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : fields) bytes += kFieldBytes + key.size() + value.size();
  return bytes;
}

char* WriteBytes(char* to, std::string_view bytes) {
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

char* WriteLong(char* to, std::string_view bytes) {
  return WriteBytes(StoreBigEndian32(to, static_cast<std::uint32_t>(bytes.size())), bytes);
}

// Takes fields off the front of a header. The first that does not fit is remembered; from then on all are empty.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t Byte() {
    const std::string_view bytes = Take(1);
    return bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes.front());
  }
  std::int16_t Int16() {
    const std::string_view bytes = Take(2);
    return bytes.empty() ? std::int16_t{0} : static_cast<std::int16_t>(LoadBigEndian16(bytes.data()));
  }
  std::int32_t Int32() {
    const std::string_view bytes = Take(4);
    return bytes.empty() ? 0 : static_cast<std::int32_t>(LoadBigEndian32(bytes.data()));
  }
  std::string_view String(std::int32_t length) {
    if (length < 0 || static_cast<std::size_t>(length) > kMaxStringBytes) {
      Fail(absl::StrCat("a string of ", length, " bytes"));
      return {};
    }
    return Take(static_cast<std::size_t>(length));
  }
  std::string_view Fields(std::int32_t length) {
    if (length < 0) {
      Fail(absl::StrCat("fields of ", length, " bytes"));
      return {};
    }
    return Take(static_cast<std::size_t>(length));
  }
  std::string_view Take(std::size_t bytes) {
    if (bytes > rest_.size()) {
      Fail(absl::StrCat(bytes, " bytes are announced where ", rest_.size(), " are left"));
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  void Fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
    rest_ = {};
  }
  bool empty() const { return rest_.empty(); }
  const std::string& error() const { return error_; }

 private:
  std::string_view rest_;
  std::string error_;
};

void ParseExtFields(Cursor& cursor, ExtFields& fields) {
  std::size_t count = 0;
  while (!cursor.empty()) {
    if (++count > kMaxExtFields) return cursor.Fail(absl::StrCat("more than ", kMaxExtFields, " fields"));
    const std::string_view key = cursor.String(cursor.Int16());
    const std::string_view value = cursor.String(cursor.Int32());
    if (cursor.error().empty()) fields.Set(key, value);
  }
}

}  // namespace

absl::Status CheckBinaryHeader(const Header& header) {
  if (!FitsInt16(header.code)) {
    return absl::InvalidArgumentError(
        absl::StrCat("code ", header.code, " does not fit the 16 bits of a binary header; send it with a JSON header"));
  }
  if (!FitsInt16(header.version)) {
    return absl::InvalidArgumentError(
        absl::StrCat("version ", header.version, " does not fit the 16 bits of a binary header"));
  }
  for (const auto& [key, value] : header.ext_fields) {
    if (key.size() > kMaxKeyBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("field name ", Quoted(key), " is longer than the ", kMaxKeyBytes, " bytes of a binary header"));
    }
  }
  return absl::OkStatus();
}

std::size_t BinaryHeaderBytes(const Header& header) {
  return kMinBinaryHeaderBytes + header.remark.size() + ExtFieldsBytes(header.ext_fields);
}

char* WriteBinaryHeader(char* to, const Header& header) {
  to = StoreBigEndian16(to, static_cast<std::uint16_t>(header.code));
  *to++ = static_cast<char>(header.language);
  to = StoreBigEndian16(to, static_cast<std::uint16_t>(header.version));
  to = StoreBigEndian32(to, static_cast<std::uint32_t>(header.opaque));
  to = StoreBigEndian32(to, static_cast<std::uint32_t>(header.flag));
  to = WriteLong(to, header.remark);
  to = StoreBigEndian32(to, static_cast<std::uint32_t>(ExtFieldsBytes(header.ext_fields)));
  for (const auto& [key, value] : header.ext_fields) {
    to = WriteBytes(StoreBigEndian16(to, static_cast<std::uint16_t>(key.size())), key);
    to = WriteLong(to, value);
  }
  return to;
}

absl::StatusOr<Header> ParseBinaryHeader(std::string_view bytes) {
  Cursor cursor(bytes);
  Header header;
  header.code = cursor.Int16();
  header.language = LanguageFromByte(cursor.Byte());
  header.version = cursor.Int16();
  header.opaque = cursor.Int32();
  header.flag = cursor.Int32();
  header.remark = cursor.String(cursor.Int32());
  Cursor fields(cursor.Fields(cursor.Int32()));
  ParseExtFields(fields, header.ext_fields);
  if (!cursor.empty()) cursor.Fail("something follows the last field");
  const std::string& error = cursor.error().empty() ? fields.error() : cursor.error();
  if (!error.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("malformed binary header: ", error, "; it is ", Quoted(bytes)));
  }
  return header;
}

}  // namespace corocket::wire
