#ifndef COROCKET_SDK_WIRE_FRAME_H_
#define COROCKET_SDK_WIRE_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corocket::wire {

/// Form of a frame's header, told by the top byte of its header word.
enum class SerializeType : std::uint8_t { kJson = 0, kRocketMq = 1 };

/// Language byte of the binary header; the JSON header carries its name.
enum class Language : std::uint8_t {
  kJava = 0,
  kCpp = 1,
  kDotnet = 2,
  kPython = 3,
  kDelphi = 4,
  kErlang = 5,
  kRuby = 6,
  kOther = 7,
  kHttp = 8,
  kGo = 9,
  kPhp = 10,
  kOms = 11,
  kRust = 12,
  kNodeJs = 13,
};

/// Bits of `Header::flag`.
inline constexpr std::int32_t kFlagResponse = 0x1;
inline constexpr std::int32_t kFlagOneway = 0x2;

/// Header fields of a request or response beyond the fixed ones; few, so a flat list in wire order.
/// A key that occurs twice keeps its later value.
class ExtFields {
 public:
  using Field = std::pair<std::string, std::string>;

  /// Sets `key`, replacing an earlier value.
  void Set(std::string_view key, std::string_view value);
  /// The value of `key` to write into, empty when the key is new. Valid until the next change.
  [[nodiscard]] std::string& Slot(std::string_view key);
  /// Value of `key`, or nullptr. Valid until the next change.
  [[nodiscard]] const std::string* Find(std::string_view key) const;
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  /// Same keys with the same values, in any order.
  friend bool operator==(const ExtFields& a, const ExtFields& b);

 private:
  std::vector<Field> fields_;
};

/// Decoded header. An empty remark stands for an absent one: a binary header cannot tell them apart, JSON headers with
/// `"remark":""` are seen, and they mean the same.
struct Header {
  std::int32_t code = 0;
  Language language = Language::kCpp;
  std::int32_t version = 0;
  std::int32_t opaque = 0;
  std::int32_t flag = 0;
  std::string remark;
  ExtFields ext_fields;

  [[nodiscard]] bool is_response() const { return (flag & kFlagResponse) != 0; }
  [[nodiscard]] bool is_oneway() const { return (flag & kFlagOneway) != 0; }
  friend bool operator==(const Header&, const Header&) = default;
};

/// One message on the wire, request or response.
struct Frame {
  Header header;
  std::string body;
  /// The form it was decoded from, or is to be encoded in.
  SerializeType serialize = SerializeType::kJson;
  friend bool operator==(const Frame&, const Frame&) = default;
};

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_FRAME_H_
