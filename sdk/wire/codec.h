#ifndef COROCKET_SDK_WIRE_CODEC_H_
#define COROCKET_SDK_WIRE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/limits.h"

namespace corocket::wire {

/// Upper bound of the bytes that `AppendFrame` would write; used to refuse a frame before it is queued.
[[nodiscard]] std::size_t EncodedSizeBound(const Frame& frame);

/// False for a binary frame whose code or version is beyond 16 bits, or with a key longer than 32767 bytes. A JSON
/// header has room for them, and whoever reads frames tells the form of each by itself.
[[nodiscard]] bool FitsItsForm(const Frame& frame);

/// Appends the complete frame, length field included, to `out`.
/// Errors: RESOURCE_EXHAUSTED: larger than `kMaxFrameBytes`, a string of the header larger than `kMaxStringBytes`, more
///   than `kMaxExtFields` fields; INVALID_ARGUMENT: not `FitsItsForm`. On error `out` is unchanged.
absl::Status AppendFrame(const Frame& frame, std::string& out);

/// Appends the frame without its body, which it counts: the caller sends the body behind it from where it is.
/// Errors: as `AppendFrame`.
absl::Status AppendFrameHead(const Frame& frame, std::string& out);

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
