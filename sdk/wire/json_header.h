#ifndef COROCKET_SDK_WIRE_JSON_HEADER_H_
#define COROCKET_SDK_WIRE_JSON_HEADER_H_

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"

namespace corocket::wire {

/// Upper bound of the bytes that `WriteJsonHeader` writes, computed from the lengths of the strings alone.
[[nodiscard]] std::size_t JsonHeaderBound(const Header& header);

/// Exactly the bytes that `WriteJsonHeader` writes.
[[nodiscard]] std::size_t JsonHeaderBytes(const Header& header);

/// Writes `header` in JSON form to `to`, which has room for `JsonHeaderBound`. @return The end of what was written.
char* WriteJsonHeader(char* to, const Header& header);

/// Total: any bytes give a value or INVALID_ARGUMENT. `code`, `opaque` and `flag` must be there: without them an answer
/// would pass for a success, and for the answer to somebody else's request.
[[nodiscard]] absl::StatusOr<Header> ParseJsonHeader(std::string_view bytes);

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_JSON_HEADER_H_
