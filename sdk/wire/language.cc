#include "sdk/wire/language.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sdk/wire/frame.h"

namespace corocket::wire {
namespace {

// By byte of the binary header.
constexpr std::array<std::string_view, 14> kNames = {
    "JAVA",  "CPP",  "DOTNET", "PYTHON", "DELPHI", "ERLANG", "RUBY",
    "OTHER", "HTTP", "GO",     "PHP",    "OMS",    "RUST",   "NODE_JS",
};
static_assert(kNames.size() == static_cast<std::size_t>(Language::kNodeJs) + 1);

}  // namespace

std::string_view LanguageName(Language language) {
  const auto index = static_cast<std::size_t>(language);
  return index < kNames.size() ? kNames[index] : kNames[static_cast<std::size_t>(Language::kOther)];
}

Language LanguageFromName(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Language>(i);
  }
  return Language::kOther;
}

Language LanguageFromByte(std::uint8_t byte) {
  return byte < kNames.size() ? static_cast<Language>(byte) : Language::kOther;
}

}  // namespace corocket::wire
