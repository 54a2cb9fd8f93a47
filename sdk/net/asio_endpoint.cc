#include "sdk/net/asio_endpoint.h"

#include <net/if.h>

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

#include "asio/ip/address.hpp"
#include "asio/ip/address_v4.hpp"
#include "asio/ip/address_v6.hpp"

namespace corocket::net {

namespace {

/// The number of an interface, given as it is or by name; 0: it is none. Asio's own reading takes the digits that a
/// zone begins with for the number, and cuts it to 32 bits, so that a slip of the pen dials through another interface.
asio::ip::scope_id_type ScopeOf(std::string_view zone) {
  asio::ip::scope_id_type number = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
  if (error == std::errc() && end == zone.data() + zone.size()) return number;
  return ::if_nametoindex(std::string(zone).c_str());
}

}  // namespace

asio::ip::tcp::endpoint ToEndpoint(const HostPort& address) {
  const std::size_t percent = address.host.find('%');
  std::error_code error;
  const asio::ip::address ip = asio::ip::make_address(address.host.substr(0, percent), error);
  if (error || (percent != std::string::npos && !ip.is_v6())) {
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            address.ToString() + " is no numeric address");
  }
  if (ip.is_v4()) return {ip, address.port};
  asio::ip::address_v6 v6 = ip.to_v6();
  if (v6.is_v4_mapped()) return {asio::ip::make_address_v4(asio::ip::v4_mapped, v6), address.port};
  if (percent != std::string::npos) {
    const asio::ip::scope_id_type scope = ScopeOf(std::string_view(address.host).substr(percent + 1));
    if (scope == 0) {
      throw std::system_error(std::make_error_code(std::errc::no_such_device),
                              address.ToString() + " names a zone that is no interface here");
    }
    v6.scope_id(scope);
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
