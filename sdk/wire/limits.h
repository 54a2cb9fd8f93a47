#ifndef COROCKET_SDK_WIRE_LIMITS_H_
#define COROCKET_SDK_WIRE_LIMITS_H_

#include <cstddef>

namespace corocket::wire {

/// Whole frame on the wire, its length field included; servers refuse one byte more.
inline constexpr std::size_t kMaxFrameBytes = 16 * 1024 * 1024;

/// Bytes of a header; its length field has 24 bits.
inline constexpr std::size_t kMaxHeaderBytes = 0xFF'FFFF;

/// Bytes of one string, counted when its escapes are decoded, or of the spelling of a value that is taken as a string.
/// The longest that servers are known to send are stack traces and order configurations of some tens of KiB.
inline constexpr std::size_t kMaxStringBytes = 1024 * 1024;

/// Extension fields of one header; a decoder counts repeated keys, and all `extFields` of a JSON header, each time.
/// They are searched one after the other, so their number must be small; the richest request known has about 20.
inline constexpr std::size_t kMaxExtFields = 1024;

/// Objects and arrays inside each other. Protocol bodies nest less than ten deep.
inline constexpr int kMaxJsonDepth = 64;

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_LIMITS_H_
