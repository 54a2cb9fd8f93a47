#include "sdk/net/asio_endpoint.h"

#include <string>
#include <string_view>
#include <system_error>

#include "asio/ip/address.hpp"
#include "asio/ip/address_v4.hpp"
#include "asio/ip/address_v6.hpp"

namespace corocket::net {

asio::ip::tcp::endpoint ToEndpoint(const HostPort& address) {
  std::error_code error;
  const asio::ip::address ip = asio::ip::make_address(address.host, error);
  if (error) {
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            address.ToString() + " is no numeric address");
  }
  if (ip.is_v4()) return {ip, address.port};
  const asio::ip::address_v6 v6 = ip.to_v6();
  if (v6.is_v4_mapped()) return {asio::ip::make_address_v4(asio::ip::v4_mapped, v6), address.port};
  if (v6.scope_id() == 0 && address.host.find('%') != std::string::npos) {
    throw std::system_error(std::make_error_code(std::errc::no_such_device),
                            address.ToString() + " names a zone that is no interface here");
  }
  return {v6, address.port};
}

HostPort ToHostPort(const asio::ip::tcp::endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port()};
}

bool IsConnectedToItself(const asio::ip::tcp::socket& socket) {
  std::error_code gone;
  const asio::ip::tcp::endpoint local = socket.local_endpoint(gone);
  if (gone) return false;
  const asio::ip::tcp::endpoint remote = socket.remote_endpoint(gone);
  return !gone && local == remote;
}

}  // namespace corocket::net
