#ifndef COROCKET_SDK_NET_CONNECTION_ID_H_
#define COROCKET_SDK_NET_CONNECTION_ID_H_

#include <cstdint>

namespace corocket::net {

/// Names one connection for as long as the process lives; never used twice.
enum class ConnectionId : std::uint64_t {};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_CONNECTION_ID_H_
