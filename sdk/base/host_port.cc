#include "sdk/base/host_port.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sdk/base/quoted.h"

namespace corocket {
namespace {

constexpr std::size_t kMaxNameBytes = 253;  // RFC 1035, without the root label.
constexpr std::size_t kMaxLabelBytes = 63;
constexpr std::size_t kMaxZoneBytes = 64;
constexpr std::string_view kExpected = "expected host:port, 1.2.3.4:port or [ipv6]:port";

using V6Bytes = std::array<unsigned char, 16>;

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsHexDigit(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }

// inet_pton stops at a NUL byte, which would let "::1\0junk" pass.
bool ParseNumeric(int family, std::string_view text, void* bytes) {
  return text.find('\0') == std::string_view::npos && inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool IsV4(std::string_view text) {
  std::array<unsigned char, 4> bytes;
  return ParseNumeric(AF_INET, text, bytes.data());
}

std::optional<V6Bytes> ParseV6(std::string_view text) {
  V6Bytes bytes;
  if (!ParseNumeric(AF_INET6, text, bytes.data())) return std::nullopt;
  return bytes;
}

// ::ffff:a.b.c.d, which is another way to write a.b.c.d.
bool IsMappedV4(const V6Bytes& bytes) {
  static constexpr std::array<unsigned char, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::ranges::equal(kPrefix, std::span(bytes).first<kPrefix.size()>());
}

// One spelling per address, so that two spellings are one endpoint.
std::string Canonical(const V6Bytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IsMappedV4(bytes)) return inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
  return inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
}

bool IsLinkLocal(const V6Bytes& bytes) { return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }

bool IsZone(std::string_view zone) {
  static constexpr std::string_view kReserved = "[]%/:;,";
  return !zone.empty() && zone.size() <= kMaxZoneBytes && std::ranges::all_of(zone, [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && kReserved.find(c) == std::string_view::npos;
  });
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, IsDigit)) return std::nullopt;
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  if (value == 0 || value > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(value);
}

// System look-ups take "10.1", "0x7f.1" and "2130706433" for IPv4 addresses in old spellings; nobody means that here.
bool LooksNumeric(std::string_view label) {
  if (label.starts_with("0x") || label.starts_with("0X")) return std::ranges::all_of(label.substr(2), IsHexDigit);
  return std::ranges::all_of(label, IsDigit);
}

/// One text on its way to a `HostPort`; every refusal quotes the whole of it.
class Parser {
 public:
  Parser(std::string_view text, std::uint16_t default_port) : text_(text), default_port_(default_port) {}

  absl::StatusOr<HostPort> Parse() const {
    if (text_.empty()) return Bad(kExpected);
    if (text_.front() == '[') return Bracketed();
    const std::size_t colon = text_.rfind(':');
    if (colon == std::string_view::npos) return Named(text_, std::nullopt);
    if (text_.find(':') != colon) return BareV6(colon);
    return Named(text_.substr(0, colon), text_.substr(colon + 1));
  }

 private:
  absl::Status Bad(std::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat("address ", Quoted(text_), ": ", what));
  }

  absl::StatusOr<std::uint16_t> Port(std::optional<std::string_view> port, std::string_view host) const {
    if (!port.has_value()) {
      if (default_port_ != 0) return default_port_;
      return Bad(absl::StrCat("the port is missing; write ", absl::CHexEscape(host), ":9876 if it is the usual one"));
    }
    const std::optional<std::uint16_t> number = ParsePort(*port);
    if (!number.has_value()) return Bad(absl::StrCat("port ", Quoted(*port), " is not a number from 1 to 65535"));
    return *number;
  }

  absl::StatusOr<HostPort> Bracketed() const {
    const std::size_t end = text_.find(']');
    if (end == std::string_view::npos) return Bad("'[' without ']'; expected [ipv6]:port");
    const std::string_view rest = text_.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return Bad("only :port may follow ']'");
    absl::StatusOr<std::string> host = V6Host(text_.substr(1, end - 1));
    if (!host.ok()) return host.status();
    std::optional<std::string_view> port;
    if (!rest.empty()) port = rest.substr(1);
    absl::StatusOr<std::uint16_t> number = Port(port, text_.substr(0, end + 1));
    if (!number.ok()) return number.status();
    return HostPort{*std::move(host), *number};
  }

  // Without brackets the port is what follows the last colon, as long as nobody can read the text in another way:
  // "2001:db8::1:9876" is an address of its own, "2001:db8::1:10911" is none.
  absl::StatusOr<HostPort> BareV6(std::size_t last_colon) const {
    const std::string_view head = text_.substr(0, last_colon);
    const std::string_view tail = text_.substr(last_colon + 1);
    const std::string_view whole_address = text_.substr(0, text_.find('%'));
    const bool whole = ParseV6(whole_address).has_value() && IsZoneOrNone(text_.substr(whole_address.size()));
    const bool split = ParseV6(head.substr(0, head.find('%'))).has_value();
    if (whole && split && ParsePort(tail).has_value()) {
      return Bad(absl::StrCat("ambiguous: write [", head, "]:", tail, " if ", tail, " is the port, [", text_,
                              "]:port if it belongs to the address"));
    }
    if (whole) {
      absl::StatusOr<std::string> host = V6Host(text_);
      if (!host.ok()) return host.status();
      absl::StatusOr<std::uint16_t> number = Port(std::nullopt, absl::StrCat("[", text_, "]"));
      if (!number.ok()) return number.status();
      return HostPort{*std::move(host), *number};
    }
    if (!split) return Bad("more than one ':' but no IPv6 address; expected host:port or [ipv6]:port");
    absl::StatusOr<std::string> host = V6Host(head);
    if (!host.ok()) return host.status();
    absl::StatusOr<std::uint16_t> number = Port(tail, head);
    if (!number.ok()) return number.status();
    return HostPort{*std::move(host), *number};
  }

  static bool IsZoneOrNone(std::string_view percent_zone) {
    return percent_zone.empty() || IsZone(percent_zone.substr(1));
  }

  absl::StatusOr<std::string> V6Host(std::string_view host) const {
    const std::size_t percent = host.find('%');
    const std::optional<V6Bytes> bytes = ParseV6(host.substr(0, percent));
    if (!bytes.has_value()) return Bad(absl::StrCat(Quoted(host.substr(0, percent)), " is not an IPv6 address"));
    if (percent == std::string_view::npos) return Canonical(*bytes);
    const std::string_view zone = host.substr(percent + 1);
    if (!IsZone(zone)) return Bad(absl::StrCat(Quoted(zone), " is not a zone id; expected an interface, as in %eth0"));
    if (!IsLinkLocal(*bytes)) {
      return Bad(absl::StrCat("zone id ", Quoted(host.substr(percent)),
                              " has a meaning for link-local addresses (fe80::/10) only; leave it out"));
    }
    return absl::StrCat(Canonical(*bytes), "%", zone);
  }

  absl::StatusOr<HostPort> Named(std::string_view host, std::optional<std::string_view> port) const {
    if (absl::Status status = CheckName(host); !status.ok()) return status;
    absl::StatusOr<std::uint16_t> number = Port(port, host);
    if (!number.ok()) return number.status();
    return HostPort{absl::AsciiStrToLower(host), *number};
  }

  absl::Status CheckName(std::string_view host) const {
    if (host.empty()) return Bad(absl::StrCat("the host is missing; ", kExpected));
    for (const char c : host) {
      if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_') continue;
      if (!absl::ascii_isascii(static_cast<unsigned char>(c))) {
        return Bad("a host name is ASCII; write an international name in its xn-- form");
      }
      return Bad(
          absl::StrCat("'", absl::CHexEscape(std::string_view(&c, 1)), "' is not allowed in a host name; ", kExpected));
    }
    // One dot at the end keeps search domains out of the look-up.
    const std::string_view name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
    if (name.size() > kMaxNameBytes) return Bad("a host name has at most 253 characters");
    const std::vector<std::string_view> labels = absl::StrSplit(name, '.');
    for (const std::string_view label : labels) {
      if (label.empty()) return Bad("the host name has an empty part between its dots");
      if (label.size() > kMaxLabelBytes) return Bad("a part of a host name has at most 63 characters");
      if (label.front() == '-' || label.back() == '-') {
        return Bad("a part of a host name neither begins nor ends with '-'");
      }
    }
    if (LooksNumeric(labels.back()) && !IsV4(host)) {
      return Bad("not an IPv4 address: four numbers from 0 to 255 without leading zeros");
    }
    return absl::OkStatus();
  }

  std::string_view text_;
  std::uint16_t default_port_;
};

}  // namespace

std::string HostPort::ToString() const {
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view text, std::uint16_t default_port) {
  return Parser(text, default_port).Parse();
}

bool IsIpLiteral(std::string_view host) {
  if (IsV4(host)) return true;
  const std::size_t percent = host.find('%');
  if (!ParseV6(host.substr(0, percent)).has_value()) return false;
  return percent == std::string_view::npos || IsZone(host.substr(percent + 1));
}

}  // namespace corocket
