#include "sdk/wire/frame.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace corocket::wire {

std::string& ExtFields::Slot(std::string_view key) {
  for (Field& field : fields_) {
    if (field.first == key) return field.second;
  }
  return fields_.emplace_back(key, std::string()).second;
}

void ExtFields::Set(std::string_view key, std::string_view value) { Slot(key).assign(value); }

const std::string* ExtFields::Find(std::string_view key) const {
  for (const Field& field : fields_) {
    if (field.first == key) return &field.second;
  }
  return nullptr;
}

bool operator==(const ExtFields& a, const ExtFields& b) {
  // Keys are unique, so equal sizes and one-way inclusion are enough.
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const ExtFields::Field& field) {
           const std::string* const other = b.Find(field.first);
           return other != nullptr && *other == field.second;
         });
}

}  // namespace corocket::wire
