#ifndef COROCKET_SDK_WIRE_CODEC_H_
#define COROCKET_SDK_WIRE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"

namespace corocket::wire {

/// Whole frame on the wire, its length field included; servers refuse one byte more.
inline constexpr std::size_t kMaxFrameBytes = 16 * 1024 * 1024;

/// Upper bound of the bytes that `AppendFrame` would write; used to refuse a frame before it is queued.
[[nodiscard]] std::size_t EncodedSizeBound(const Frame& frame);

/// Appends the complete frame, length field included, to `out`.
/// Errors: RESOURCE_EXHAUSTED: larger than `kMaxFrameBytes`; INVALID_ARGUMENT: not expressible in the binary form
///   (code or version beyond 16 bits, key longer than 32767 bytes). On error `out` is unchanged.
absl::Status AppendFrame(const Frame& frame, std::string& out);

/// Looks at the head of a byte stream.
struct FrameExtent {
  /// Bytes of the first frame, length field included; 0: more bytes are needed to tell.
  std::size_t bytes = 0;
};

/// Extent of the first frame in `stream`.
/// Errors: INVALID_ARGUMENT naming what is wrong and, where the bytes spell another protocol (HTTP, HTTP/2, TLS),
///   which one; RESOURCE_EXHAUSTED: declared length above `kMaxFrameBytes`.
[[nodiscard]] absl::StatusOr<FrameExtent> PeekFrame(std::string_view stream);

/// Decodes exactly one complete frame. Total: any bytes give a value or an error, and never an allocation beyond a
/// small multiple of their number.
[[nodiscard]] absl::StatusOr<Frame> DecodeFrame(std::string_view bytes);

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_CODEC_H_
