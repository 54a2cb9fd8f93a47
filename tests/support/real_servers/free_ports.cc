#include "tests/support/real_servers/free_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace corocket::test {
namespace {

constexpr int kMaxTries = 50;

struct BoundPort {
  FileDescriptor socket;
  std::uint16_t port;
};

/// `port` 0: any.
absl::StatusOr<BoundPort> Bind(std::uint16_t port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!socket.valid() || ::bind(socket.get(), generic, size) != 0 || ::getsockname(socket.get(), generic, &size) != 0) {
    return absl::InternalError(absl::StrCat("bind 127.0.0.1:", port, ": ", std::strerror(errno)));
  }
  return BoundPort{std::move(socket), ntohs(address.sin_port)};
}

}  // namespace

absl::StatusOr<std::uint16_t> FreePorts::Pick() {
  absl::StatusOr<BoundPort> bound = Bind(0);
  if (!bound.ok()) return bound.status();
  held_.push_back(std::move(bound->socket));
  return bound->port;
}

absl::StatusOr<std::uint16_t> FreePorts::PickWithSecondBelow() {
  for (int tries = 0; tries < kMaxTries; ++tries) {
    absl::StatusOr<std::uint16_t> port = Pick();
    if (!port.ok()) return port;
    absl::StatusOr<BoundPort> below = Bind(static_cast<std::uint16_t>(*port - 2));
    if (!below.ok()) continue;
    held_.push_back(std::move(below->socket));
    return port;
  }
  return absl::InternalError(absl::StrCat("no port with a free one two below it in ", kMaxTries, " tries"));
}

}  // namespace corocket::test
