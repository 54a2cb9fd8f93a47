#ifndef COROCKET_SDK_WIRE_JSON_READER_H_
#define COROCKET_SDK_WIRE_JSON_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace corocket::wire {

/// Reads the protocol's JSON value by value, in the order in which it stands, without building a tree.
///
///     JsonReader json(text);
///     std::string_view key;
///     json.BeginObject();
///     while (json.NextKey(key)) {
///       if (key == "perm") {
///         json.Read(queue.perm);
///       } else {
///         json.Skip();
///       }
///     }
///     json.Finish();
///     if (!json.ok()) return json.status();
///
/// What it accepts: RFC 8259, and beyond it object keys that are bare, optionally negative integers, as Java servers
/// write the keys of numeric maps. Integers and booleans may stand in quotes. `null` leaves the target as it is, since
/// writers use it for "absent". A lone surrogate escape becomes U+FFFD. Bytes above 0x7F are passed on unchecked: one
/// mis-encoded name must not make a whole route unreadable.
///
/// Errors stick: after the first, every call fails and moves nothing, so a caller may look once, at the end.
/// Memory: the strings asked for, and at most one more while a key, or a quoted number or boolean, holds escapes. What
/// is skipped takes none. Limits are `kMaxJsonDepth` and `kMaxStringBytes`.
///
/// Thread safety: distinct objects: safe. Shared object: not safe.
class JsonReader {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kObject, kArray, kNone };

  /// `text` must outlive the reader.
  explicit JsonReader(std::string_view text)
      : begin_(text.data()), next_(text.data()), end_(text.data() + text.size()) {}
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  /// Kind of the next value, told by its first byte; `kNone` when no value can start here.
  [[nodiscard]] Kind Peek();

  /// Enters the object that comes next. False: none there, or nested too deeply.
  bool BeginObject();
  /// Moves to the next member. False: the object has ended and was left, or an error.
  /// `key` is valid until the member's value is read or skipped, which has to happen before the next call.
  bool NextKey(std::string_view& key);

  /// Enters the array that comes next. False: none there, or nested too deeply.
  bool BeginArray();
  /// True: an element comes next, to be read or skipped. False: the array has ended and was left, or an error.
  bool NextElement();

  /// A string; `null` leaves `value` as it is.
  bool Read(std::string& value);
  /// An integer, in quotes or not; `null` leaves `value` as it is.
  bool Read(std::int32_t& value);
  bool Read(std::int64_t& value);
  /// `true` or `false`, in quotes or not; `null` leaves `value` as it is.
  bool Read(bool& value);
  /// Consumes `null`. False, and no error: something else comes next.
  bool ReadNull();
  /// Any value as text: a string's content, or the spelling of everything else, `null` included. Both are limited to
  /// `kMaxStringBytes`.
  bool ReadText(std::string& text);
  /// The bytes of the next value as they stand, quotes included.
  bool ReadRaw(std::string_view& raw);

  /// Passes over the next value, whatever it is, checking it as strictly as if it were read.
  bool Skip();
  /// True when nothing but blanks is left.
  bool Finish();

  /// Reports the value just read, or the one that comes next, as unacceptable. `what` must outlive the reader.
  bool Fail(std::string_view what);
  [[nodiscard]] bool ok() const { return error_.empty(); }
  /// OK, or INVALID_ARGUMENT with what is wrong, the byte offset, and the bytes around it in printable form.
  [[nodiscard]] absl::Status status() const;

 private:
  bool FailAt(const char* where, std::string_view what);
  void SkipBlanks();
  bool Enter(char open, std::string_view what);
  bool Leave();
  // Moves past `,`, or past the `close` of the container and out of it (false).
  bool NextItem(char close, std::string_view what);
  // The next string, decoded into `scratch` if it holds escapes.
  bool ReadStringView(std::string_view& value, std::string& scratch);
  // Passes over the next string, as strict as if it were decoded.
  bool SkipString();
  bool SkipEscapes(const char* from);
  bool Unescape(const char* from, std::string& value);
  bool UnescapeOne(std::string& value);
  bool ReadHex4(std::uint32_t& unit);
  bool ReadLiteral(std::string_view literal);
  bool ReadNumber(std::string_view& number);
  bool ReadBareKey(std::string_view& key);
  template <class Integer>
  bool ReadInteger(Integer& value);

  const char* begin_;
  const char* next_;
  const char* end_;
  const char* error_at_ = nullptr;
  std::string_view error_;
  int depth_ = 0;
  // In a container whose first item has not been reached. One flag is enough: a container that is left was an item.
  bool at_first_item_ = false;
  std::string key_scratch_;
};

/// The whole of `text` as a decimal integer with an optional minus sign, as map keys spell numbers. False: it is none,
/// or does not fit.
[[nodiscard]] bool ParseInteger(std::string_view text, std::int32_t& value);
[[nodiscard]] bool ParseInteger(std::string_view text, std::int64_t& value);

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_JSON_READER_H_
