#ifndef COROCKET_SDK_NET_CONNECTION_H_
#define COROCKET_SDK_NET_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "asio/any_completion_handler.hpp"
#include "asio/any_io_executor.hpp"
#include "asio/associated_executor.hpp"
#include "asio/async_result.hpp"
#include "asio/awaitable.hpp"
#include "asio/deferred.hpp"
#include "sdk/net/connection_id.h"
#include "sdk/net/exchange.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/runtime.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

struct ConnectionOptions {
  /// No byte for this long while a request is outstanding: the connection is silent. Timed-out and cancelled requests
  /// keep counting until a byte comes. While a batch is being written, a part of 256 KiB that the kernel takes counts
  /// as a byte. The time that the network needs to empty the kernel's buffers does not: on links that need
  /// longer than this for such a part, or for those buffers (some MiB), a request of that size is called silent.
  std::chrono::milliseconds silence_limit{500};
  /// Requests waiting for their answer; one more is refused with `kQueueFull`.
  std::size_t max_outstanding = 65'535;
  /// Bytes of frames that wait for the writer; beyond that `kQueueFull`.
  std::size_t max_queued_bytes = 64 * 1024 * 1024;
};

/// Told on the connection's strand, with no lock held, when the waiters concerned have been taken out of the table;
/// those on other executors may resume before or after.
struct ConnectionCallbacks {
  /// A request is out and no byte comes: the connection takes no new work; calls that may not be repeated still wait.
  std::function<void(ConnectionId)> on_silent;
  /// Closed for good: broken, silent, or retired and drained. Called exactly once. `detail`: what is known beside the
  /// cause, for people; mostly empty.
  std::function<void(ConnectionId, std::error_code cause, const std::string& detail)> on_ended;
  /// A request of the server's own. The returned frame is sent as its answer; none: code 3 ("not supported") is
  /// answered, unless the request is one-way. Empty: as if it returned none.
  std::function<std::optional<wire::Frame>(const wire::Frame& request)> on_request;
};

/// One socket that many calls share: one reader, one writer, answers matched by opaque in any order.
///
/// States: open -> retired (no new work; what was written may be answered until the drain limit) -> ended.
/// Thread safety: all members may be called from any thread. The transport, the reader, the writer and the one timer
/// live on the connection's strand; the table of waiters is guarded by a mutex that is never held across a suspension.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// Takes over an established transport, which lives on `strand`, and starts reading.
  static std::shared_ptr<Connection> Start(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand,
                                           std::unique_ptr<Transport> transport, ConnectionId id, std::string endpoint,
                                           ConnectionOptions options, ConnectionCallbacks callbacks);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends `request` (its opaque is set here) and waits for the answer.
  ///
  /// Throws RemotingError: kAttemptTimeout (deadline), kSilence, kPeerClosed or the socket's error (broken),
  ///   kMalformedFrame / kWrongProtocol (garbage came), kRetired (not sent), kQueueFull, kTooLarge, kCancelled.
  /// Cancellation: terminal, partial, total. Before the writer takes the frame it is dropped; after that the frame is
  ///   finished and a late answer is counted and dropped. The connection stays usable. Whoever is cancelled before it
  ///   begins gets Asio's own operation_aborted.
  /// Resumes on the caller's executor, never inside the connection's work unless that is the connection's own strand.
  [[nodiscard]] asio::awaitable<wire::Frame> Send(wire::Frame request, SendOptions options);

  /// `Send` without a coroutine of its own, for calls that wait by the thousand. Names the operation; awaiting it runs
  /// it:
  ///
  ///     auto ended = connection->Run(exchange);
  ///     co_await std::move(ended);
  ///     exchange.ThrowIfFailed();
  ///
  /// `exchange` and its frame outlive the wait; after a failure the frame may be empty. Throws, by `ThrowIfFailed`, and
  /// is cancelled like `Send`; whoever is cancelled before it begins gets Asio's own operation_aborted.
  [[nodiscard]] auto Run(Exchange& exchange) {
    auto begin = [this, &exchange](auto handler) {
      asio::any_io_executor executor = asio::get_associated_executor(handler);
      Begin(exchange, std::move(executor), std::move(handler));
    };
    return asio::async_initiate<const asio::deferred_t, void()>(begin, asio::deferred);
  }

  /// Queues a request that has no answer. Throws like `Send`; returns when the frame has been written.
  [[nodiscard]] asio::awaitable<void> SendOneway(wire::Frame request, SendOptions options);

  /// No new work from the moment this returns: frames not yet with the writer fail with `kRetired` (not sent), what was
  /// written may be answered until `drain_until`; then, or as soon as nothing is outstanding, the socket is closed.
  void Retire(TimePoint drain_until);

  /// Ends now: every waiter fails with `cause`.
  void Abort(std::error_code cause);

  /// Suspends until reader, writer and timer have ended and the socket is closed. Call after `Abort` or `Retire`.
  [[nodiscard]] asio::awaitable<void> Join();

  [[nodiscard]] ConnectionId id() const;
  [[nodiscard]] const std::string& endpoint() const;

  struct Stats {
    std::size_t outstanding = 0;
    /// When a byte came last; `TimePoint::min()`: never.
    TimePoint last_byte_at = TimePoint::min();
    std::uint64_t late_answers = 0;
    std::uint64_t frames_written = 0;
    std::uint64_t batches_written = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  class Impl;
  explicit Connection(std::shared_ptr<Impl> impl);
  void Begin(Exchange& exchange, asio::any_io_executor executor, asio::any_completion_handler<void()> handler);
  std::shared_ptr<Impl> impl_;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_CONNECTION_H_
