#ifndef COROCKET_SDK_BASE_PRINTABLE_H_
#define COROCKET_SDK_BASE_PRINTABLE_H_

#include <string>
#include <string_view>

namespace corocket {

/// Text of a foreign origin as it may stand in one line of a log or on a terminal: what a terminal could take for a
/// command is escaped (control characters of ASCII and of Unicode, bytes that are no UTF-8), long text is cut after 256
/// bytes.
[[nodiscard]] std::string Printable(std::string_view text);

}  // namespace corocket

#endif  // COROCKET_SDK_BASE_PRINTABLE_H_
