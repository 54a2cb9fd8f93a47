#ifndef COROCKET_SDK_WIRE_LANGUAGE_H_
#define COROCKET_SDK_WIRE_LANGUAGE_H_

#include <cstdint>
#include <string_view>

#include "sdk/wire/frame.h"

namespace corocket::wire {

/// Name in JSON headers, as `JAVA`.
[[nodiscard]] std::string_view LanguageName(Language language);

/// The language of that name; `kOther` for one that this version does not know.
[[nodiscard]] Language LanguageFromName(std::string_view name);

/// The language of that byte of a binary header; `kOther` for one that this version does not know.
[[nodiscard]] Language LanguageFromByte(std::uint8_t byte);

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_LANGUAGE_H_
