#include "samples/rocketctl/json_object.h"

#include "sdk/wire/json_writer.h"

namespace rocketctl {

JsonObject& JsonObject::Add(std::string_view key, std::string_view text) { return AddRaw(key, JsonString(text)); }

JsonObject& JsonObject::AddRaw(std::string_view key, std::string_view json) {
  absl::StrAppend(&fields_, fields_.empty() ? "" : ",", JsonString(key), ":", json);
  return *this;
}

std::string JsonString(std::string_view text) {
  std::string out;
  corocket::wire::AppendJsonString(text, out);
  return out;
}

}  // namespace rocketctl
