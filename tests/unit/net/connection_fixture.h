#ifndef COROCKET_TESTS_UNIT_NET_CONNECTION_FIXTURE_H_
#define COROCKET_TESTS_UNIT_NET_CONNECTION_FIXTURE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/strand.hpp"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/base/remoting_error.h"
#include "sdk/net/connection.h"
#include "sdk/net/frame_reader.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_net.h"
#include "sdk/testkit/sim_runtime.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

/// The other end of a connection, driven by the test line by line.
class Peer {
 public:
  explicit Peer(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}

  /// The next frame that the connection under test has written. Throws when the stream has ended.
  [[nodiscard]] asio::awaitable<wire::Frame> Receive();
  [[nodiscard]] asio::awaitable<void> Send(std::string bytes);
  /// Why reading ended: `eof` after a FIN. Frames before the end are dropped.
  [[nodiscard]] asio::awaitable<std::error_code> End();
  Transport& transport() { return *transport_; }

 private:
  std::unique_ptr<Transport> transport_;
  FrameReader reader_;
  std::vector<wire::Frame> frames_;
  std::size_t next_ = 0;
};

/// A call in flight and what has become of it.
struct TestCall {
  bool done = false;
  wire::Frame answer;
  std::optional<RemotingError> error;
  TimePoint done_at;
  asio::cancellation_signal cancel;

  [[nodiscard]] bool failed() const { return error.has_value(); }
  /// "waits", "answered" or the error's text.
  [[nodiscard]] std::string outcome() const;
};

/// A connection over the simulated network, and its peer. Ends it after each test and looks for what it leaves behind.
class ConnectionFixture : public ::testing::Test {
 protected:
  using milliseconds = std::chrono::milliseconds;
  using Ref = std::shared_ptr<TestCall>;

  struct Settings {
    ConnectionOptions connection;
    testkit::SimNetOptions net;
    /// The connection's timer fires this much after its time: the process is busy with something else.
    Duration timers_late = Duration::zero();
  };

  ConnectionFixture();
  explicit ConnectionFixture(Settings settings);
  ~ConnectionFixture() override;

  void TearDown() override;

  /// Starts a call, seen by the peer under this request code, that waits for `patience`.
  Ref Call(std::int32_t code, Duration patience = std::chrono::seconds(10), bool idempotent = true);
  Ref Call(wire::Frame request, SendOptions options);
  Ref CallOneway(std::int32_t code, Duration patience = std::chrono::seconds(10));
  Ref CallOneway(wire::Frame request, Duration patience);
  [[nodiscard]] static wire::Frame Request(std::int32_t code, std::string body = {});
  [[nodiscard]] TimePoint In(Duration duration) const { return sim_.Now() + duration; }

  /// The next frame that the peer reads; a test that waits for one that never comes fails.
  wire::Frame Receive() { return sim_.Run(peer_->Receive()); }
  /// The peer answers `request`.
  void Reply(const wire::Frame& request, std::string body = {});
  void PeerSends(const wire::Frame& frame) { PeerSends(Encoded(frame)); }
  void PeerSends(std::string bytes) { sim_.Run(peer_->Send(std::move(bytes))); }
  [[nodiscard]] static std::string Encoded(const wire::Frame& frame);
  /// Long enough for every packet to arrive and be handled.
  void Settle() { sim_.RunFor(milliseconds(2)); }
  /// Answers everything that the peer reads from now on.
  void StartEcho();
  /// The peer reads, and says nothing.
  void StartSink();
  /// What the peer's stream ended with; none: it goes on.
  [[nodiscard]] std::optional<std::error_code> PeerEnd();

  [[nodiscard]] std::size_t outstanding() const { return connection_->stats().outstanding; }

  testkit::SimRuntime sim_;
  testkit::SimNet net_;
  const HostPort address_{"10.0.0.1", 9876};
  asio::any_io_executor strand_;
  /// What the connection told, in order: "silent", "ended: ...", and calls as they end: "call 7: ...".
  std::vector<std::string> log_;
  std::unique_ptr<Listener> listener_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<Peer> peer_;
  /// Answers requests of the server when it is set.
  std::function<std::optional<wire::Frame>(const wire::Frame&)> on_request_;

 private:
  asio::awaitable<void> Record(Ref call, std::int32_t code, asio::awaitable<wire::Frame> work);
  Ref Start(std::int32_t code, asio::awaitable<wire::Frame> work);
};

}  // namespace corocket::net

#endif  // COROCKET_TESTS_UNIT_NET_CONNECTION_FIXTURE_H_
