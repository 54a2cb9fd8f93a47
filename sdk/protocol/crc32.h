#ifndef COROCKET_SDK_PROTOCOL_CRC32_H_
#define COROCKET_SDK_PROTOCOL_CRC32_H_

#include <cstdint>
#include <string_view>

namespace corocket::protocol {

/// CRC-32 (the one of zlib and java.util.zip) without its top bit, as RocketMQ writes check sums of bodies.
[[nodiscard]] std::int32_t BodyCrc32(std::string_view body);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_CRC32_H_
