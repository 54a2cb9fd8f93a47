#include "tests/support/real_servers/free_ports.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <set>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "tests/support/real_servers/file_descriptor.h"

namespace corocket::test {
namespace {

bool CanBind(std::uint16_t port) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

TEST(FreePorts, NoPortIsGivenTwice) {
  FreePorts ports;
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 100; ++i) {
    const absl::StatusOr<std::uint16_t> port = ports.PickWithSecondBelow();
    ASSERT_TRUE(port.ok()) << port.status();
    EXPECT_TRUE(seen.insert(*port).second) << *port;
    EXPECT_TRUE(seen.insert(static_cast<std::uint16_t>(*port - 2)).second) << *port - 2;
  }
}

TEST(FreePorts, PortsAreHeldUntilTheEnd) {
  std::uint16_t port = 0;
  {
    FreePorts ports;
    const absl::StatusOr<std::uint16_t> picked = ports.PickWithSecondBelow();
    ASSERT_TRUE(picked.ok()) << picked.status();
    port = *picked;
    EXPECT_FALSE(CanBind(port));
    EXPECT_FALSE(CanBind(static_cast<std::uint16_t>(port - 2)));
  }
  EXPECT_TRUE(CanBind(port));
  EXPECT_TRUE(CanBind(static_cast<std::uint16_t>(port - 2)));
}

}  // namespace
}  // namespace corocket::test
