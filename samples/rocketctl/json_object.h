#ifndef COROCKET_SAMPLES_ROCKETCTL_JSON_OBJECT_H_
#define COROCKET_SAMPLES_ROCKETCTL_JSON_OBJECT_H_

#include <concepts>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace rocketctl {

/// One JSON object, written field by field in the order of the calls.
class JsonObject {
 public:
  JsonObject& Add(std::string_view key, std::string_view text);
  JsonObject& Add(std::string_view key, const char* text) { return Add(key, std::string_view(text)); }
  template <typename Number>
    requires std::integral<Number> || std::floating_point<Number>
  JsonObject& Add(std::string_view key, Number number) {
    return AddRaw(key, absl::StrCat(number));
  }
  JsonObject& Add(std::string_view key, bool value) { return AddRaw(key, value ? "true" : "false"); }
  /// `json` is a complete JSON value.
  JsonObject& AddRaw(std::string_view key, std::string_view json);
  [[nodiscard]] std::string ToString() const { return absl::StrCat("{", fields_, "}"); }

 private:
  std::string fields_;
};

/// `text` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string JsonString(std::string_view text);

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_JSON_OBJECT_H_
