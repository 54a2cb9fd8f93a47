#ifndef COROCKET_SDK_TESTKIT_SERVER_CORE_H_
#define COROCKET_SDK_TESTKIT_SERVER_CORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/testing/server_environment.h"
#include "corocket/testing/test_server.h"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/server_connection.h"
#include "sdk/testkit/server_strand.h"
#include "sdk/wire/frame.h"

namespace corocket::testkit {

/// `host:port` to listen on; port 0 for any free one.
/// Errors: INVALID_ARGUMENT quoting `text` and saying what is expected.
[[nodiscard]] absl::StatusOr<HostPort> ParseListenAddress(std::string_view text);

/// Connections beyond `max_connections` that have been ended in order and wait for their clients to close, too.
inline constexpr std::size_t kMaxLingering = 4096;

struct ServerCoreOptions {
  /// Port 0: any free one.
  HostPort listen;
  /// Open ones; one more is reset as soon as it is accepted.
  std::size_t max_connections = 4096;
};

/// What all test servers do alike: listen, accept, keep the connections, apply the faults, count.
///
/// Everything is on one `ServerStrand`; members enter it by themselves. Thread safety: all members may be called from
/// any thread.
class ServerCore final : public ServerConnection::Owner, public std::enable_shared_from_this<ServerCore> {
 public:
  /// What makes a particular server of it. Called on the strand.
  class Service {
   public:
    virtual ~Service() = default;
    /// Answers through `core.Answer` or the connection itself, now, later or never.
    virtual void OnRequest(ServerCore& core, ServerConnection& connection, wire::Frame request) = 0;
    virtual void OnConnectionEnded(ServerConnection::Id id) = 0;
  };

  /// Listens. Errors: UNAVAILABLE quoting the address.
  [[nodiscard]] static absl::StatusOr<std::shared_ptr<ServerCore>> Create(testing::ServerEnvironment environment,
                                                                          ServerCoreOptions options,
                                                                          std::shared_ptr<Service> service);

  // Faults and counters, as `testing::TestServer` has them.
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] testing::ServerStats stats() const;
  [[nodiscard]] bool listening() const;
  void Stop();
  [[nodiscard]] absl::Status Start();
  void Stall(bool stalled);
  void DelayAnswers(Duration delay);
  void RefuseReset(bool refuse);
  void CloseAll(testing::CloseMode how);

  /// For services, on the strand: sends `answer` as the faults allow.
  void Answer(ServerConnection& connection, const wire::Frame& answer);
  /// For services, on the strand: when an answer that is ready now leaves.
  [[nodiscard]] TimePoint AnswerTime() const { return environment_.runtime->Now() + answer_delay_; }
  [[nodiscard]] const ServerStrand& strand() const { return strand_; }
  [[nodiscard]] const std::shared_ptr<Runtime>& runtime() const { return environment_.runtime; }

  void OnRequest(ServerConnection& connection, wire::Frame request) override;
  void OnMalformed(std::string_view reason) override;
  void OnEnded(ServerConnection::Id id) override;
  void OnClosed(ServerConnection::Id id) override;

 private:
  ServerCore(testing::ServerEnvironment environment, ServerCoreOptions options, std::shared_ptr<Service> service);

  [[nodiscard]] static asio::awaitable<void> AcceptLoop(std::shared_ptr<ServerCore> self,
                                                        std::shared_ptr<net::Listener> listener);
  void Welcome(std::unique_ptr<net::Transport> transport);

  const testing::ServerEnvironment environment_;
  const ServerStrand strand_;
  const asio::any_io_executor executor_;
  ServerCoreOptions options_;
  std::string address_;
  const std::shared_ptr<Service> service_;

  // On the strand.
  std::shared_ptr<net::Listener> listener_;
  absl::btree_map<ServerConnection::Id, std::shared_ptr<ServerConnection>> connections_;
  ServerConnection::Id next_id_ = 1;
  testing::ServerStats stats_;
  Duration answer_delay_ = Duration::zero();
  bool stalled_ = false;
  bool refuse_reset_ = false;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_CORE_H_
