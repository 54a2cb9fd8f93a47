#ifndef COROCKET_SDK_NET_ASIO_ENDPOINT_H_
#define COROCKET_SDK_NET_ASIO_ENDPOINT_H_

#include "asio/ip/tcp.hpp"
#include "sdk/base/host_port.h"

namespace corocket::net {

/// The socket address of an IP literal. A v4-mapped IPv6 address becomes the IPv4 one, which also works where IPv6 is
/// switched off.
/// Throws `std::system_error` naming `address`: `invalid_argument` if its host is no IP literal, `no_such_device` if
/// its zone is no interface of this machine.
[[nodiscard]] asio::ip::tcp::endpoint ToEndpoint(const HostPort& address);

[[nodiscard]] HostPort ToHostPort(const asio::ip::tcp::endpoint& endpoint);

/// Dialling a port of this machine that nobody listens on can, if the kernel picks that very port for our end, connect
/// the socket to itself. It would echo our requests.
[[nodiscard]] bool IsConnectedToItself(const asio::ip::tcp::socket& socket);

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_ASIO_ENDPOINT_H_
