#ifndef COROCKET_SDK_NET_ASIO_TRANSPORT_H_
#define COROCKET_SDK_NET_ASIO_TRANSPORT_H_

#include <chrono>
#include <memory>

#include "asio/ip/tcp.hpp"
#include "sdk/net/transport.h"

namespace corocket::net {

/// The kernel's own watch over a connection: the last resort for one that nothing above looks at. Requests notice
/// silence far earlier.
inline constexpr std::chrono::seconds kKeepAliveIdle{30};
inline constexpr std::chrono::seconds kKeepAliveInterval{10};
inline constexpr int kKeepAliveProbes = 3;
/// Sent bytes that the peer's kernel has not acknowledged for this long end the connection.
inline constexpr std::chrono::milliseconds kTcpUserTimeout{30'000};

/// A transport over an established TCP connection, whose executor it lives on. Sets TCP_NODELAY, keep-alive and
/// TCP_USER_TIMEOUT, the latter two as far as the system has them.
[[nodiscard]] std::unique_ptr<Transport> MakeAsioTransport(asio::ip::tcp::socket socket);

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_ASIO_TRANSPORT_H_
