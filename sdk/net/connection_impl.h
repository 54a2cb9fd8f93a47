#ifndef COROCKET_SDK_NET_CONNECTION_IMPL_H_
#define COROCKET_SDK_NET_CONNECTION_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/base/remoting_error.h"
#include "sdk/net/connection.h"
#include "sdk/net/pending_table.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/parking_lot.h"
#include "sdk/runtime/task_group.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

/// A frame that waits for the writer.
struct Outgoing {
  wire::Frame frame;
  std::size_t bytes = 0;  ///< Upper bound of its size on the wire.
  /// Its waiter; none for an answer to a request of the server's.
  std::optional<PendingTable::Key> waiter;
};

/// What a connection is made of: a table of waiters and a queue of frames behind a mutex, and three activities on the
/// strand (reader, writer, timer). Kept alive by them.
class Connection::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand, std::unique_ptr<Transport> transport,
       ConnectionId id, std::string endpoint, ConnectionOptions options, ConnectionCallbacks callbacks);

  void Start();
  asio::awaitable<wire::Frame> Send(wire::Frame request, SendOptions options, bool oneway);
  void Retire(TimePoint drain_until);
  /// How waiting coroutines are resumed: inside the call where their executor allows it, or surely not (a caller that
  /// we do not know may hold locks).
  enum class Resume : std::uint8_t { kAtOnce, kLater };
  /// Ends the connection: every waiter fails with `cause`, with `detail` in its text.
  void End(std::error_code cause, Resume resume, const std::string& detail = {});
  asio::awaitable<void> Join() { return tasks_.Join(); }
  [[nodiscard]] ConnectionId id() const { return id_; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] Stats stats() const;

 private:
  using Waiters = std::vector<PendingTable::Item>;

  void Enqueue(PendingTable::Item waiter, wire::Frame request, bool oneway);
  std::exception_ptr Refusal(std::size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cancel(PendingTable::Key key);
  void WakeWriter() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool EndWhenDrained() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Fail(Waiters waiters, std::error_code cause, Resume resume, const std::string& detail = {});
  [[nodiscard]] std::exception_ptr ErrorFor(const PendingTable::Item& waiter, std::error_code cause,
                                            const std::string& detail) const;

  asio::awaitable<void> ReadLoop(std::shared_ptr<Impl> self);
  asio::awaitable<void> WriteLoop(std::shared_ptr<Impl> self);
  /// Takes complete frames out of `input`; false after bytes that are no frame.
  bool ConsumeFrames(std::string_view input, std::size_t& consumed, std::size_t& wanted);
  void Deliver(std::vector<wire::Frame> frames);
  void Answer(const wire::Frame& request);
  /// The next frames to write, encoded into `batch`; false when there are none. Calls whose frame cannot be encoded are
  /// moved to `unfit`.
  bool TakeBatch(std::string& batch, std::vector<PendingTable::Key>& oneways, Waiters& unfit);
  void CompleteOneways(const std::vector<PendingTable::Key>& oneways);

  /// Makes sure that the timer fires at `at` or before.
  void Arm(TimePoint at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ArmOnStrand();
  void OnTimer();
  void EndOnStrand(std::error_code cause);

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
  ParkingLot queue_filled_;

  mutable absl::Mutex mutex_;
  PendingTable pending_ ABSL_GUARDED_BY(mutex_);
  std::deque<Outgoing> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writer_idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool retired_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::error_code end_cause_ ABSL_GUARDED_BY(mutex_);
  std::optional<TimePoint> drain_until_ ABSL_GUARDED_BY(mutex_);
  std::optional<TimePoint> armed_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t late_answers_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t frames_written_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t write_calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_CONNECTION_IMPL_H_
