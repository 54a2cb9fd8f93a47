#include "sdk/protocol/crc32.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace corocket::protocol {
namespace {

constexpr std::uint32_t kReflectedPolynomial = 0xEDB8'8320;

constexpr std::array<std::uint32_t, 256> MakeTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder & 1U) != 0 ? kReflectedPolynomial ^ remainder >> 1 : remainder >> 1;
    }
    table[byte] = remainder;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kTable = MakeTable();

}  // namespace

std::int32_t BodyCrc32(std::string_view body) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const char c : body) crc = kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ crc >> 8;
  return static_cast<std::int32_t>(~crc & 0x7FFF'FFFF);
}

}  // namespace corocket::protocol
