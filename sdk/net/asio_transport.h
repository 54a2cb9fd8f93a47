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
/// Sent bytes that the peer's kernel has not acknowledged for this long end the connection. Linux uses it in place of
/// the number of probes: an idle connection ends at the first unanswered probe after this time, so it must leave room
/// for all of them.
inline constexpr std::chrono::milliseconds kTcpUserTimeout = kKeepAliveIdle + kKeepAliveProbes * kKeepAliveInterval;

/// A transport over an established TCP connection, whose executor it lives on. Sets TCP_NODELAY, keep-alive and
/// TCP_USER_TIMEOUT, the latter two as far as the system has them.
[[nodiscard]] std::unique_ptr<Transport> MakeAsioTransport(asio::ip::tcp::socket socket);

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_ASIO_TRANSPORT_H_
