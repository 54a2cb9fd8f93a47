#ifndef COROCKET_SDK_OBSERVE_PRINTABLE_H_
#define COROCKET_SDK_OBSERVE_PRINTABLE_H_

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

namespace corocket {

/// `850 us`, `12.3 ms`, `4.56 s`.
[[nodiscard]] std::string PrintableDuration(std::chrono::microseconds duration);

/// What `cause` says, with `detail` in brackets when there is one; both made `Printable`.
[[nodiscard]] std::string PrintableCause(std::error_code cause, std::string_view detail);

}  // namespace corocket

#endif  // COROCKET_SDK_OBSERVE_PRINTABLE_H_
