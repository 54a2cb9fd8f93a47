#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_REMOTING_SOCKET_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_REMOTING_SOCKET_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/file_descriptor.h"

namespace corocket::test {

/// One blocking TCP connection that exchanges remoting frames: the plain second view on a server, independent of the
/// client under test. IPv4 only.
///
/// Thread safety: distinct objects: safe. Shared object: not safe.
class RemotingSocket {
 public:
  /// Connects to `address`, "a.b.c.d:port".
  /// Errors: UNAVAILABLE: refused or unreachable; DEADLINE_EXCEEDED: no answer to the connect; INVALID_ARGUMENT.
  static absl::StatusOr<RemotingSocket> Connect(const std::string& address, Deadline deadline);

  /// Sends `request` under an opaque of its own and waits for the answer.
  absl::StatusOr<wire::Frame> Call(wire::Frame request, Deadline deadline);

  /// Writes `request` and does not wait. @return The opaque it was sent under.
  absl::StatusOr<std::int32_t> Send(wire::Frame request, Deadline deadline);

  /// Writes `bytes`, which need be no frame.
  /// Errors: UNAVAILABLE: the connection ended, perhaps with bytes of ours unread.
  absl::Status SendBytes(std::string_view bytes, Deadline deadline);

  /// The next frame from the server.
  /// Errors: DEADLINE_EXCEEDED: nothing complete arrived; UNAVAILABLE: the connection ended; else what the codec says.
  absl::StatusOr<wire::Frame> Receive(Deadline deadline);

 private:
  RemotingSocket(std::string address, FileDescriptor socket)
      : address_(std::move(address)), socket_(std::move(socket)) {}

  absl::Status AwaitReady(short events, Deadline deadline);

  std::string address_;
  FileDescriptor socket_;
  std::string received_;
  std::int32_t last_opaque_ = 0;
};

/// GET_ROUTEINFO_BY_TOPIC for `topic`.
[[nodiscard]] wire::Frame RouteRequest(const std::string& topic);

/// UPDATE_AND_CREATE_TOPIC for `topic` with `queues` read and write queues; goes to a broker.
[[nodiscard]] wire::Frame CreateTopicRequest(const std::string& topic, int queues);

/// UPDATE_BROKER_CONFIG, which sets the broker's permission to what it is. Goes to a broker, which tells every
/// NameServer it has a connection to all its topics before it answers.
[[nodiscard]] wire::Frame RegisterRequest();

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_REMOTING_SOCKET_H_
