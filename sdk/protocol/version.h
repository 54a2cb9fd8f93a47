#ifndef COROCKET_SDK_PROTOCOL_VERSION_H_
#define COROCKET_SDK_PROTOCOL_VERSION_H_

#include <cstdint>

namespace corocket::protocol {

/// The version that our requests carry: an ordinal, 213 + 20 * (10 * (major - 4) + minor) + 2 * patch. This is 5.3.0:
/// servers know us as one that reads standard JSON, and as one that does not know GO_AWAY (1500), which they may answer
/// to a client above 475.
inline constexpr std::int32_t kProtocolVersion = 473;

/// From here on (4.9.4) a server may write every route in standard JSON.
inline constexpr std::int32_t kStandardJsonVersion = 401;

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_VERSION_H_
