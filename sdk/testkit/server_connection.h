#ifndef COROCKET_SDK_TESTKIT_SERVER_CONNECTION_H_
#define COROCKET_SDK_TESTKIT_SERVER_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/testing/test_server.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/wake_signal.h"
#include "sdk/wire/frame.h"

namespace corocket::testkit {

/// Bytes that may wait for one client to read them; from then on its requests are left unread.
inline constexpr std::size_t kMaxUnsentBytes = 4 * 1024 * 1024;
/// Answers that may wait for their time on one connection; from then on its requests are left unread.
inline constexpr std::size_t kMaxScheduled = 16'384;

/// One accepted connection of a test server: requests in, answers out, now or later, and the ways to end it.
///
/// Lives on the server's strand; requests that were read together are answered with one write.
/// Thread safety: none; used on the strand only.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using Id = std::uint64_t;
  using CloseMode = ::corocket::testing::CloseMode;

  /// What leaves at a time of its own, uninterrupted by anything else.
  struct Output {
    std::string bytes = {};
    /// The bytes leave in so many parts, each `gap` after the one before it was written: a clock that is late, or a
    /// client that is slow, does not make one part of two.
    std::size_t parts = 1;
    Duration gap = Duration::zero();
    /// How the connection ends behind them, `gap` after they were written.
    std::optional<CloseMode> end = {};
  };

  /// Whose connection it is.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnRequest(ServerConnection& connection, wire::Frame request) = 0;
    /// The client sent what is no frame, for what `reason` says; the connection is closed after this.
    virtual void OnMalformed(std::string_view reason) = 0;
    /// No request comes any more and no answer leaves. Once, however it ended.
    virtual void OnEnded(Id id) = 0;
    /// The socket is closed, too. Once, after `OnEnded`, last.
    virtual void OnClosed(Id id) = 0;
  };

  ServerConnection(Id id, std::shared_ptr<Runtime> runtime, asio::any_io_executor strand,
                   std::unique_ptr<net::Transport> transport, std::shared_ptr<Owner> owner);

  /// Serves until the connection ends. Throws only what the owner throws.
  [[nodiscard]] static asio::awaitable<void> Serve(std::shared_ptr<ServerConnection> self);

  /// Appends the bytes of `answer`; where it cannot be expressed (too large for a frame), those of an answer that says
  /// so with code 1.
  static void AppendAnswer(const wire::Frame& answer, std::string& out);

  /// Sends `frame`; what is sent while requests are handled leaves in one write after them.
  void Send(const wire::Frame& frame);
  /// Sends `output` at `due`; what is due before it goes first.
  void SendAt(TimePoint due, Output output);
  /// Ends the connection now, whatever is still to be sent. Ending it twice does nothing.
  void Close(CloseMode how);
  /// Whether output is held back.
  void SetStalled(bool stalled);

  [[nodiscard]] Id id() const { return id_; }
  [[nodiscard]] bool open() const { return state_ == State::kOpen; }

 private:
  enum class State : std::uint8_t { kOpen, kFinished, kClosed };
  /// An output whose time has come.
  struct Begun {
    Output output;
    std::size_t parts_sent = 0;
    /// When the next part leaves, or the end is made.
    TimePoint due;

    [[nodiscard]] bool at_end() const { return parts_sent == output.parts; }
  };

  [[nodiscard]] bool MayWrite() const;
  [[nodiscard]] bool HasRoom() const;
  void StartWriting();
  [[nodiscard]] static asio::awaitable<void> WriteAll(std::shared_ptr<ServerConnection> self);
  /// Handles what has been read, as far as there is room for answers. True: more is there and waits for room.
  [[nodiscard]] bool HandleRequests();
  /// The next request that has been read; none: it is not complete. Errors: what was read is no frame.
  [[nodiscard]] absl::StatusOr<std::optional<wire::Frame>> TakeRequest();
  void MakeRoomToRead();
  void ArmTimer();
  void PerformDue();
  /// Takes the step that is due: a part into the outbox, or the end. False: none is.
  [[nodiscard]] bool PerformStep(TimePoint now);
  void AppendPart(Begun& begun);
  /// Sets when the step comes that follows what is in the outbox.
  void TimeNextStep();
  void CloseNow();

  const Id id_;
  const std::shared_ptr<Runtime> runtime_;
  const asio::any_io_executor strand_;
  const std::unique_ptr<net::Transport> transport_;
  std::shared_ptr<Owner> owner_;
  const std::unique_ptr<Timer> timer_;
  const std::shared_ptr<WakeSignal> room_ = std::make_shared<WakeSignal>();

  State state_ = State::kOpen;
  bool stalled_ = false;
  bool writing_ = false;
  /// Requests are being handled: their answers are collected.
  bool handling_ = false;
  std::vector<char> inbox_;
  std::size_t inbox_begin_ = 0;
  std::size_t inbox_end_ = 0;
  std::string outbox_;
  std::string leaving_;
  absl::btree_multimap<TimePoint, Output> scheduled_;
  std::optional<Begun> begun_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_CONNECTION_H_
