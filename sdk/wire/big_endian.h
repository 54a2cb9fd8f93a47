#ifndef COROCKET_SDK_WIRE_BIG_ENDIAN_H_
#define COROCKET_SDK_WIRE_BIG_ENDIAN_H_

#include <cstdint>

namespace corocket::wire {

/// The 16 bits at `from`, most significant byte first.
[[nodiscard]] inline std::uint16_t LoadBigEndian16(const char* from) {
  const auto byte = [from](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(from[i])); };
  return static_cast<std::uint16_t>(byte(0) << 8 | byte(1));
}

/// The 32 bits at `from`, most significant byte first.
[[nodiscard]] inline std::uint32_t LoadBigEndian32(const char* from) {
  const auto byte = [from](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(from[i])); };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

/// Writes 16 bits to `to`. @return The end of what was written.
inline char* StoreBigEndian16(char* to, std::uint16_t value) {
  to[0] = static_cast<char>(value >> 8);
  to[1] = static_cast<char>(value & 0xFF);
  return to + 2;
}

/// Writes 32 bits to `to`. @return The end of what was written.
inline char* StoreBigEndian32(char* to, std::uint32_t value) {
  to[0] = static_cast<char>(value >> 24);
  to[1] = static_cast<char>(value >> 16 & 0xFF);
  to[2] = static_cast<char>(value >> 8 & 0xFF);
  to[3] = static_cast<char>(value & 0xFF);
  return to + 4;
}

}  // namespace corocket::wire

#endif  // COROCKET_SDK_WIRE_BIG_ENDIAN_H_
