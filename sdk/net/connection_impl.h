#ifndef COROCKET_SDK_NET_CONNECTION_IMPL_H_
#define COROCKET_SDK_NET_CONNECTION_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_completion_handler.hpp"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/net/connection.h"
#include "sdk/net/frame_reader.h"
#include "sdk/net/pending_table.h"
#include "sdk/net/transport.h"
#include "sdk/net/write_batch.h"
#include "sdk/runtime/runtime.h"
#include "sdk/runtime/task_group.h"
#include "sdk/runtime/waiter_slab.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

/// What a connection is made of: a table of calls behind a mutex, and reader, writer and timer on the strand, which
/// keep it alive.
class Connection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand, std::unique_ptr<Transport> transport,
       ConnectionId id, std::string endpoint, ConnectionOptions options, ConnectionCallbacks callbacks);

  void Start();
  [[nodiscard]] static asio::awaitable<wire::Frame> Send(std::shared_ptr<Impl> self, wire::Frame frame,
                                                         SendOptions options, bool oneway);
  /// `handler` is called on `executor` when `exchange` has ended.
  void Begin(Exchange& exchange, asio::any_io_executor executor, asio::any_completion_handler<void()> handler);
  void Retire(TimePoint drain_until);
  /// Whose code runs up the stack. A stranger may be in the middle of anything, so nothing else is run inside the call;
  /// nor does the strand run strangers inside its own.
  enum class Caller : std::uint8_t { kStrand, kStranger };
  /// Ends the connection: every call fails with `cause`, with `detail` in its text.
  void End(std::error_code cause, Caller caller, std::string detail = {});
  [[nodiscard]] static asio::awaitable<void> Join(std::shared_ptr<Impl> self);
  [[nodiscard]] ConnectionId id() const { return id_; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] Stats stats() const;

 private:
  using Call = PendingTable::Call;

  /// Owned by the reader's frame. An execution context that is destroyed destroys the reader, and with it this; then
  /// the waiting calls go, too, which own the connection that holds them.
  class Lifeline {
   public:
    explicit Lifeline(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
    Lifeline(Lifeline&&) = default;
    Lifeline& operator=(Lifeline&&) = delete;
    ~Lifeline() {
      if (impl_) impl_->Abandon();
    }

   private:
    std::shared_ptr<Impl> impl_;
  };

  // Calls: connection_impl.cc.
  void Begin(Call call);
  [[nodiscard]] std::optional<std::error_code> Refusal(std::size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cancel(WaiterKey key);
  void Fail(Call& call, std::error_code cause, const std::string& detail = {}) const;
  void FailAll(std::vector<Call>& calls, std::error_code cause, Caller caller, const std::string& detail = {}) const;
  /// Nothing is left to wait for.
  [[nodiscard]] bool Drained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// On the strand: the socket is closed, the callbacks are told. Does nothing the second time.
  void Finish();
  void Abandon();

  // Timer: connection_impl.cc.
  /// Makes sure that the timer fires at `at` or before.
  void WantTimer(TimePoint at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Whether somebody has to call `PostKick` when the lock is released.
  [[nodiscard]] bool WantKick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PostKick();
  /// On the strand: sets the timer and wakes the writer, as far as they are wanted.
  void OnKick();
  void SetTimer();
  void OnTimer();
  /// When the peer is to be called silent; `TimePoint::max()`: not for what is known now.
  [[nodiscard]] TimePoint SilentAt(TimePoint now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Reader and writer: connection_io.cc.
  [[nodiscard]] asio::awaitable<void> ReadLoop(Lifeline lifeline);
  void EndReading(std::error_code cause);
  [[nodiscard]] bool TakeInput();
  void Deliver();
  void Answer(const wire::Frame& request);
  [[nodiscard]] asio::awaitable<void> WriteLoop(std::shared_ptr<Impl> self);
  [[nodiscard]] asio::awaitable<void> WaitForWork();
  enum class Work : std::uint8_t { kBatch, kNone, kEnded };
  [[nodiscard]] Work NextBatch();
  void EncodeBatch(std::vector<Outgoing> requests, std::vector<wire::Frame> replies);
  [[nodiscard]] asio::awaitable<void> WriteBatchOut();
  void OnBatchWritten();

  const std::shared_ptr<Runtime> runtime_;
  const asio::any_io_executor strand_;
  const ConnectionId id_;
  const std::string endpoint_;
  const ConnectionOptions options_;

  // On the strand.
  const std::unique_ptr<Transport> transport_;
  const std::unique_ptr<Timer> timer_;
  ConnectionCallbacks callbacks_;
  TaskGroup tasks_;
  bool finished_ = false;
  bool asked_ = false;   ///< Something has been written, or begun to be.
  bool spoken_ = false;  ///< Bytes have come from the peer.
  asio::any_completion_handler<void()> idle_writer_;
  FrameReader reader_;
  std::vector<wire::Frame> input_;
  WriteBatch batch_;
  std::vector<WaiterKey> batch_keys_;
  std::size_t batch_frames_ = 0;

  mutable absl::Mutex mutex_;
  PendingTable calls_ ABSL_GUARDED_BY(mutex_);
  /// Answers to the server's own requests, not yet with the writer.
  std::vector<wire::Frame> replies_ ABSL_GUARDED_BY(mutex_);
  std::size_t reply_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writer_idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool kick_posted_ ABSL_GUARDED_BY(mutex_) = false;
  /// When the timer is set for, or will be at the next kick; `TimePoint::max()`: not at all.
  TimePoint timer_at_ ABSL_GUARDED_BY(mutex_) = TimePoint::max();
  bool timer_moved_ ABSL_GUARDED_BY(mutex_) = false;
  /// Set: no new work, and why.
  std::error_code retired_ ABSL_GUARDED_BY(mutex_);
  TimePoint drain_until_ ABSL_GUARDED_BY(mutex_) = TimePoint::max();
  bool silent_ ABSL_GUARDED_BY(mutex_) = false;
  /// Silence was due when we were late ourselves: it is judged then. `TimePoint::min()`: nothing of the kind.
  TimePoint second_look_ ABSL_GUARDED_BY(mutex_) = TimePoint::min();
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::error_code end_cause_ ABSL_GUARDED_BY(mutex_);
  std::string end_detail_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t late_answers_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t frames_written_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t batches_written_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_CONNECTION_IMPL_H_
