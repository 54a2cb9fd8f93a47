#include "tests/support/real_servers/remoting_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sdk/wire/codec.h"

namespace corocket::test {
namespace {

constexpr std::int32_t kGetRouteInfoByTopic = 105;
constexpr std::int32_t kUpdateAndCreateTopic = 17;
constexpr std::int32_t kUpdateBrokerConfig = 25;
constexpr std::int32_t kVersion = 479;  // 5.3.3: servers answer route queries in standard JSON from 401 on
constexpr std::size_t kReceiveChunkBytes = 16 * 1024;

absl::StatusOr<sockaddr_in> ParseAddress(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in parsed{};
  parsed.sin_family = AF_INET;
  std::uint32_t port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port > 65535 ||
      ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &parsed.sin_addr) != 1) {
    return absl::InvalidArgumentError(absl::StrCat("'", address, "' is not of the form a.b.c.d:port"));
  }
  parsed.sin_port = htons(static_cast<std::uint16_t>(port));
  return parsed;
}

wire::Frame Request(std::int32_t code) {
  wire::Frame frame;
  frame.header.code = code;
  frame.header.version = kVersion;
  return frame;
}

}  // namespace

absl::StatusOr<RemotingSocket> RemotingSocket::Connect(const std::string& address, Deadline deadline) {
  const absl::StatusOr<sockaddr_in> peer = ParseAddress(address);
  if (!peer.ok()) return peer.status();
  RemotingSocket connection(address, FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
  if (!connection.socket_.valid()) return absl::InternalError(absl::StrCat("socket: ", std::strerror(errno)));
  int error = 0;
  if (::connect(connection.socket_.get(), reinterpret_cast<const sockaddr*>(&*peer), sizeof *peer) != 0) error = errno;
  if (error == EINPROGRESS) {
    const absl::Status writable = connection.AwaitReady(POLLOUT, deadline);
    if (!writable.ok()) return writable;
    socklen_t size = sizeof error;
    ::getsockopt(connection.socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) return absl::UnavailableError(absl::StrCat(address, ": connect: ", std::strerror(error)));
  return connection;
}

absl::Status RemotingSocket::AwaitReady(short events, Deadline deadline) {
  pollfd entry{.fd = socket_.get(), .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, static_cast<int>(TimeLeft(deadline).count()));
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return absl::OkStatus();
  if (ready < 0) return absl::InternalError(absl::StrCat("poll: ", std::strerror(errno)));
  return absl::DeadlineExceededError(absl::StrCat(address_, ": silent until the deadline"));
}

absl::StatusOr<std::int32_t> RemotingSocket::Send(wire::Frame request, Deadline deadline) {
  request.header.opaque = ++last_opaque_;
  std::string bytes;
  absl::Status sent = wire::AppendFrame(request, bytes);
  if (sent.ok()) sent = SendBytes(bytes, deadline);
  if (!sent.ok()) return sent;
  return request.header.opaque;
}

absl::Status RemotingSocket::SendBytes(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      absl::Status writable = AwaitReady(POLLOUT, deadline);
      if (!writable.ok()) return writable;
    } else if (errno != EINTR) {
      return absl::UnavailableError(absl::StrCat(address_, ": send: ", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<wire::Frame> RemotingSocket::Receive(Deadline deadline) {
  for (;;) {
    const absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(received_);
    if (!extent.ok()) return extent.status();
    if (extent->bytes != 0 && extent->bytes <= received_.size()) {
      absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(std::string_view(received_).substr(0, extent->bytes));
      received_.erase(0, extent->bytes);
      return frame;
    }
    absl::Status readable = AwaitReady(POLLIN, deadline);
    if (!readable.ok()) return readable;
    char chunk[kReceiveChunkBytes];
    const ssize_t count = ::recv(socket_.get(), chunk, sizeof chunk, 0);
    if (count == 0) return absl::UnavailableError(absl::StrCat(address_, ": closed by the server"));
    if (count > 0) {
      received_.append(chunk, static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      return absl::UnavailableError(absl::StrCat(address_, ": receive: ", std::strerror(errno)));
    }
  }
}

absl::StatusOr<wire::Frame> RemotingSocket::Call(wire::Frame request, Deadline deadline) {
  const absl::StatusOr<std::int32_t> opaque = Send(std::move(request), deadline);
  if (!opaque.ok()) return opaque.status();
  for (;;) {
    absl::StatusOr<wire::Frame> answer = Receive(deadline);
    // Anything else is a late answer to a call that gave up, or a request of the server.
    if (!answer.ok() || (answer->header.is_response() && answer->header.opaque == *opaque)) return answer;
  }
}

wire::Frame RouteRequest(const std::string& topic) {
  wire::Frame frame = Request(kGetRouteInfoByTopic);
  frame.header.ext_fields.Set("topic", topic);
  frame.header.ext_fields.Set("acceptStandardJsonOnly", "true");
  return frame;
}

wire::Frame CreateTopicRequest(const std::string& topic, int queues) {
  wire::Frame frame = Request(kUpdateAndCreateTopic);
  wire::ExtFields& fields = frame.header.ext_fields;
  fields.Set("topic", topic);
  fields.Set("defaultTopic", "TBW102");
  fields.Set("readQueueNums", absl::StrCat(queues));
  fields.Set("writeQueueNums", absl::StrCat(queues));
  fields.Set("perm", "6");  // read and write
  fields.Set("topicFilterType", "SINGLE_TAG");
  fields.Set("topicSysFlag", "0");
  fields.Set("order", "false");
  return frame;
}

wire::Frame RegisterRequest() {
  wire::Frame frame = Request(kUpdateBrokerConfig);
  frame.body = "brokerPermission=6\n";
  return frame;
}

}  // namespace corocket::test
