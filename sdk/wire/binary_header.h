#ifndef COROCKET_SDK_WIRE_BINARY_HEADER_H_
#define COROCKET_SDK_WIRE_BINARY_HEADER_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"

namespace corocket::wire {

/// Bytes of the binary header without its strings: none is shorter.
inline constexpr std::size_t kMinBinaryHeaderBytes = 21;

/// INVALID_ARGUMENT when `header` does not fit the binary form, which has 16 bits for code, version and key lengths.
[[nodiscard]] absl::Status CheckBinaryHeader(const Header& header);

/// Exactly the bytes that `WriteBinaryHeader` writes.
[[nodiscard]] std::size_t BinaryHeaderBytes(const Header& header);

/// Writes `header`, which `CheckBinaryHeader` accepts, in binary form to `to`. @return The end of what was written.
char* WriteBinaryHeader(char* to, const Header& header);

/// Total: any bytes give a value or INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<Header> ParseBinaryHeader(std::string_view bytes);

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_BINARY_HEADER_H_
