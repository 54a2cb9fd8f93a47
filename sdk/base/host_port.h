#ifndef COROCKET_SDK_BASE_HOST_PORT_H_
#define COROCKET_SDK_BASE_HOST_PORT_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace corocket {

/// Where a server is, as it was configured: identity of an endpoint. Host and port together; two ports of one host are
/// two endpoints. A name is lower-case, an IPv6 address has its shortest spelling and no brackets (a v4-mapped one is
/// the IPv4 address that it stands for); the zone id of a link-local one stays behind its `%`, as it was written.
/// Thread safety: distinct objects: safe. Shared object: safe to read.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;

  /// `host:port`, IPv6 in brackets.
  [[nodiscard]] std::string ToString() const;
  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};

/// Reads `host:port`, `1.2.3.4:port`, `[v6]:port`, `[v6%zone]:port`; a host without a port gets `default_port` unless
/// that is 0. Nothing is trimmed. IPv6 without brackets is taken where there is one way to read it:
/// `2001:db8::1:10911` has a port, `2001:db8::1:9876` is refused.
/// Errors: INVALID_ARGUMENT quoting `text` and saying what is expected.
[[nodiscard]] absl::StatusOr<HostPort> ParseHostPort(std::string_view text, std::uint16_t default_port = 0);

/// Whether `host` is an IP literal (v4, or v6 with or without zone): such hosts never go through a resolver.
[[nodiscard]] bool IsIpLiteral(std::string_view host);

}  // namespace corocket

#endif  // COROCKET_SDK_BASE_HOST_PORT_H_
