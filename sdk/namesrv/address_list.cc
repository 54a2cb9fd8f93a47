#include "sdk/namesrv/address_list.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sdk/base/host_port.h"
#include "sdk/base/quoted.h"

namespace corocket::namesrv {
namespace {

constexpr std::string_view kSeparators = ";, \t\r\n\v\f";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr char kVariable[] = "NAMESRV_ADDR";

// Takes the next word of `text`; empty at the end. Files that went through other systems have byte order marks and
// carriage returns in places where nobody sees them.
std::string_view NextWord(std::string_view& text) {
  while (!text.empty()) {
    if (text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    } else if (kSeparators.find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  const std::size_t end = std::min({text.find_first_of(kSeparators), text.find(kByteOrderMark), text.size()});
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

absl::Status Unsupported(std::string_view word, std::string_view source) {
  return absl::InvalidArgumentError(absl::StrCat(
      "address ", Quoted(word), ": ", source, " is not supported yet; give the NameServers themselves as host:port"));
}

// A server may be called "file" or "dns"; what follows is then its port.
bool IsSource(std::string_view word, std::string_view scheme) {
  return absl::StartsWithIgnoreCase(word, scheme) && !ParseHostPort(word).ok();
}

// `word` without a URL's frame around the address.
absl::StatusOr<std::string> WithoutScheme(std::string_view word) {
  const std::size_t frame = word.find("://");
  if (frame == std::string_view::npos) return std::string(word);
  const std::string_view scheme = word.substr(0, frame);
  if (!absl::EqualsIgnoreCase(scheme, "http") && !absl::EqualsIgnoreCase(scheme, "https")) {
    return absl::InvalidArgumentError(absl::StrCat("address ", Quoted(word), ": ", Quoted(scheme),
                                                   " is no scheme for a NameServer; write host:port"));
  }
  const std::string_view rest = word.substr(frame + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view path = rest.substr(end);
  if (!path.empty() && path != "/") return Unsupported(word, "an address server (http://host/path)");
  // In a URL the percent sign of a zone id is itself escaped (RFC 6874).
  return absl::StrReplaceAll(rest.substr(0, end), {{"%25", "%"}});
}

absl::StatusOr<HostPort> ReadWord(std::string_view word) {
  if (const std::size_t at = word.rfind('@'); at != std::string_view::npos) {
    // What stands before it is a secret and not repeated.
    return absl::InvalidArgumentError(absl::StrCat("address ending in ", Quoted(word.substr(at)),
                                                   ": credentials are no part of an address; write ", "host:port"));
  }
  if (IsSource(word, "file:")) return Unsupported(word, "a list in a file");
  if (IsSource(word, "dns:")) return Unsupported(word, "a list in DNS");
  const absl::StatusOr<std::string> address = WithoutScheme(word);
  if (!address.ok()) return address.status();
  return ParseHostPort(*address);
}

// The addresses in `items`, which may be none.
absl::StatusOr<std::vector<HostPort>> ReadItems(const std::vector<std::string>& items) {
  std::vector<HostPort> endpoints;
  for (const std::string_view item : items) {
    std::string_view rest = item;
    while (true) {
      const std::string_view word = NextWord(rest);
      if (word.empty()) break;
      absl::StatusOr<HostPort> endpoint = ReadWord(word);
      if (!endpoint.ok()) return endpoint.status();
      if (std::ranges::find(endpoints, *endpoint) != endpoints.end()) continue;
      if (endpoints.size() == kMaxNamesrvEndpoints) {
        return absl::InvalidArgumentError(absl::StrCat("more than ", kMaxNamesrvEndpoints,
                                                       " NameServer addresses, the next one being ", Quoted(word)));
      }
      endpoints.push_back(*std::move(endpoint));
    }
  }
  return endpoints;
}

}  // namespace

absl::StatusOr<std::vector<HostPort>> ParseNamesrvList(const std::vector<std::string>& items) {
  absl::StatusOr<std::vector<HostPort>> endpoints = ReadItems(items);
  if (!endpoints.ok() || !endpoints->empty()) return endpoints;
  return absl::InvalidArgumentError("no NameServer address in the list; give host:port");
}

absl::StatusOr<std::vector<HostPort>> NamesrvFromEnvironment() {
  const char* const value = std::getenv(kVariable);
  absl::StatusOr<std::vector<HostPort>> endpoints = ReadItems({value == nullptr ? "" : value});
  if (endpoints.ok() && endpoints->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no NameServer address: set ClientOptions::namesrv or the environment variable ", kVariable,
                     " to \"host:port;host:port\""));
  }
  if (endpoints.ok()) return endpoints;
  return absl::Status(endpoints.status().code(),
                      absl::StrCat("environment variable ", kVariable, ": ", endpoints.status().message()));
}

}  // namespace corocket::namesrv
