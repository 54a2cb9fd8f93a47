#include "tests/support/real_servers/network_sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "tests/support/real_servers/child_process.h"
#include "tests/support/real_servers/file_descriptor.h"
#include "tests/support/real_servers/skip_if_missing.h"

namespace corocket::test {
namespace {

constexpr int kPort = 4000;  // in namespaces of our own, where nobody else listens

std::string OwnNetwork() {
  char link[64] = {};
  return ::readlink("/proc/thread-self/ns/net", link, sizeof link - 1) < 0 ? "unreadable" : link;
}

/// Whether who has left the network of this thread has the right to go back to it; tried in a child.
bool CanReturn() {
  const pid_t child = ::fork();
  if (child == 0) {
    const FileDescriptor home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    ::_exit(::unshare(CLONE_NEWNET) == 0 && ::setns(home.get(), CLONE_NEWNET) == 0 ? 0 : 1);
  }
  int status = 1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

std::size_t InterfaceCount() {
  struct if_nameindex* interfaces = ::if_nameindex();
  std::size_t count = 0;
  while (interfaces != nullptr && interfaces[count].if_index != 0) ++count;
  ::if_freenameindex(interfaces);
  return count;
}

sockaddr_in AddressOf(std::size_t server) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  ::inet_pton(AF_INET, NetworkSandbox::ServerHost(server).c_str(), &address.sin_addr);
  return address;
}

FileDescriptor TcpSocket() { return FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

/// A listening socket inside the namespace of server `index`.
FileDescriptor Listen(const NetworkSandbox& network, std::size_t index) {
  const FileDescriptor back(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (::setns(network.ServerNamespace(index), CLONE_NEWNET) != 0) return {};
  FileDescriptor listener = TcpSocket();
  const sockaddr_in address = AddressOf(index);
  const bool listens = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                       ::listen(listener.get(), 16) == 0;
  if (::setns(back.get(), CLONE_NEWNET) != 0 || !listens) return {};
  return listener;
}

/// errno of a connect to server `index`; EINPROGRESS when nothing was heard within `limit`.
int Dial(std::size_t index, std::chrono::milliseconds limit) {
  const FileDescriptor socket = TcpSocket();
  const sockaddr_in address = AddressOf(index);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd entry{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  if (::poll(&entry, 1, static_cast<int>(limit.count())) == 0) return EINPROGRESS;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

class NetworkSandboxTest : public ::testing::Test {
 protected:
  void SetUp() override { COROCKET_SKIP_IF_MISSING(NetworkSandbox::Missing()); }
};

constexpr std::chrono::milliseconds kSilence(150);
constexpr std::chrono::milliseconds kAnswer(10'000);

TEST_F(NetworkSandboxTest, DropSilencesOneServerAndRestoreHealsIt) {
  const auto network = NetworkSandbox::Create({.servers = 2});
  ASSERT_TRUE(network.ok()) << network.status();
  const FileDescriptor first = Listen(**network, 0);
  const FileDescriptor second = Listen(**network, 1);
  ASSERT_TRUE(first.valid() && second.valid());
  EXPECT_EQ(Dial(0, kAnswer), 0);

  ASSERT_EQ((*network)->Drop(0), absl::OkStatus());
  EXPECT_EQ(Dial(0, kSilence), EINPROGRESS);
  EXPECT_EQ(Dial(1, kAnswer), 0);

  ASSERT_EQ((*network)->Restore(0), absl::OkStatus());
  EXPECT_EQ(Dial(0, kAnswer), 0);
}

TEST_F(NetworkSandboxTest, AServerWithoutListenerRefuses) {
  const auto network = NetworkSandbox::Create({.servers = 1});
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(Dial(0, kAnswer), ECONNREFUSED);
}

TEST_F(NetworkSandboxTest, BytesOfAnOpenConnectionAreHeldBackWhileDropping) {
  const auto network = NetworkSandbox::Create({.servers = 1});
  ASSERT_TRUE(network.ok()) << network.status();
  const FileDescriptor listener = Listen(**network, 0);
  ASSERT_TRUE(listener.valid());
  const FileDescriptor client = TcpSocket();
  const sockaddr_in address = AddressOf(0);
  ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  pollfd accepting{.fd = listener.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&accepting, 1, static_cast<int>(kAnswer.count())), 1);
  const FileDescriptor server(::accept(listener.get(), nullptr, nullptr));
  pollfd reading{.fd = server.get(), .events = POLLIN, .revents = 0};

  ASSERT_EQ((*network)->Drop(0), absl::OkStatus());
  ASSERT_EQ(::send(client.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_EQ(::poll(&reading, 1, static_cast<int>(kSilence.count())), 0);

  ASSERT_EQ((*network)->Restore(0), absl::OkStatus());
  EXPECT_EQ(::poll(&reading, 1, static_cast<int>(kAnswer.count())), 1);  // sent again by the client's TCP
}

TEST_F(NetworkSandboxTest, TheMachinesOwnNetworkIsUntouched) {
  const std::string before = OwnNetwork();
  const std::size_t interfaces = InterfaceCount();
  const bool returns = CanReturn();
  std::string inside;
  {
    const auto network = NetworkSandbox::Create({.servers = 3});
    ASSERT_TRUE(network.ok()) << network.status();
    inside = OwnNetwork();
    EXPECT_NE(inside, before);
    EXPECT_EQ(InterfaceCount(), 4U);  // lo and three cables
  }
  if (returns) {
    EXPECT_EQ(OwnNetwork(), before);
    EXPECT_EQ(InterfaceCount(), interfaces);
  } else {
    EXPECT_EQ(OwnNetwork(), inside);  // all that is left to an ordinary user
  }
}

TEST_F(NetworkSandboxTest, AFailureHalfWayIsQuotedAndLeavesTheThreadWhereItWas) {
  const std::string before = OwnNetwork();
  const bool returns = CanReturn();
  const auto network = NetworkSandbox::Create({.servers = 2, .ip_program = "/bin/false"});
  EXPECT_EQ(network.status().code(), absl::StatusCode::kInternal);
  EXPECT_NE(std::string(network.status().message()).find("/bin/false link set lo up"), std::string::npos)
      << network.status();
  EXPECT_EQ(OwnNetwork() == before, returns);  // an ordinary user stays in the new network
}

}  // namespace
}  // namespace corocket::test
