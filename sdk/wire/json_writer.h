#ifndef COROCKET_SDK_WIRE_JSON_WRITER_H_
#define COROCKET_SDK_WIRE_JSON_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corocket::wire {

/// Bytes that one byte of a string takes at most when written: `\u0001`.
inline constexpr std::size_t kMaxEscapedBytes = 6;

/// Writes `text` as a JSON string, quotes included, to `to`, which has room for `2 + kMaxEscapedBytes * text.size()`.
/// Bytes above 0x7F are passed on unchanged. @return The end of what was written.
char* WriteJsonString(char* to, std::string_view text);

/// Exact bytes that `WriteJsonString` writes for `text`.
[[nodiscard]] std::size_t JsonStringBytes(std::string_view text);

/// Appends `text` as a JSON string, quotes included.
void AppendJsonString(std::string_view text, std::string& out);

/// Appends JSON to a string, setting the commas.
///
///     JsonWriter json(body);
///     json.BeginObject();
///     json.Key("perm").Value(6);
///     json.Key("brokerName").Value("broker-a");
///     json.EndObject();
///
/// It trusts its caller to open, name and close in a sensible order.
/// Thread safety: distinct objects with distinct strings: safe. Shared object: not safe.
class JsonWriter {
 public:
  /// How the keys of numeric maps are written. Servers before 4.9.4 know only bare ones, which are no standard JSON.
  enum class NumericKeys { kQuoted, kBare };

  /// `out` must outlive the writer.
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void BeginObject() { Open('{'); }
  void EndObject() { Close('}'); }
  void BeginArray() { Open('['); }
  void EndArray() { Close(']'); }

  JsonWriter& Key(std::string_view key);
  JsonWriter& Key(std::int64_t key, NumericKeys form);

  void Value(std::string_view value);
  void Value(const char* value) { Value(std::string_view(value)); }
  void Value(std::int32_t value) { Value(std::int64_t{value}); }
  void Value(std::int64_t value);
  void Value(bool value);

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Separate();
  void AppendInteger(std::int64_t value);

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_JSON_WRITER_H_
