#ifndef COROCKET_SDK_NET_PENDING_TABLE_H_
#define COROCKET_SDK_NET_PENDING_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sdk/net/exchange.h"
#include "sdk/runtime/time.h"
#include "sdk/runtime/waiter_slab.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

/// What a connection knows of a waiting call.
struct PendingCall {
  enum class Stage : std::uint8_t {
    kQueued,   ///< Waits for the writer; nobody has seen it.
    kWriting,  ///< In the writer's batch.
    kWritten,  ///< Its answer is due.
  };
  Stage stage = Stage::kQueued;
  bool idempotent = true;
  bool oneway = false;
  /// Upper bound of the request's size on the wire.
  std::size_t bytes = 0;
  TimePoint written_at = {};
  // Neighbours among the calls of the same stage; 0: none.
  WaiterKey before = {};
  WaiterKey after = {};
};

/// A request that the writer has taken.
struct Outgoing {
  WaiterKey key{};
  wire::Frame request;
};

/// The calls that wait on one connection, in the order of their way: queued, being written, awaiting an answer; and
/// since when the connection has been quiet although something is due.
///
/// Thread safety: none; the connection locks. What is taken out is resumed without the lock.
class PendingTable {
 public:
  using Slab = WaiterSlab<Exchange, PendingCall>;
  using Call = Slab::Item;

  explicit PendingTable(std::size_t limit) : slab_(limit) {}

  [[nodiscard]] std::size_t size() const { return slab_.size(); }
  [[nodiscard]] bool full() const { return slab_.full(); }
  [[nodiscard]] bool has_queued() const { return queued_.first != WaiterKey{}; }
  /// Bytes of the queued requests, at most.
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  /// A batch is on its way into the socket.
  [[nodiscard]] bool writing() const { return writing_; }

  /// Queues a call, its request in `*call.result->frame`. The table must not be full.
  WaiterKey Add(Call call);

  /// The call ends otherwise than by its caller's doing: answered, written (one-way), or unfit for the wire.
  [[nodiscard]] std::optional<Call> TakeDone(WaiterKey key);
  /// Its caller waits no longer. If the writer has taken it, it keeps counting as unanswered until a byte comes.
  [[nodiscard]] std::optional<Call> TakeAbandoned(WaiterKey key);
  /// Those whose deadline has come; abandoned, too.
  void TakeExpired(TimePoint now, std::vector<Call>& taken);
  void TakeQueued(std::vector<Call>& taken);
  void TakeIdempotent(std::vector<Call>& taken);
  void TakeAll(std::vector<Call>& taken);

  /// The writer begins a batch: takes requests in order until their sizes add up to `max_bytes`; those that are too
  /// late already go to `late`. `replies`: the batch has other frames as well.
  void TakeBatch(TimePoint now, std::size_t max_bytes, bool replies, std::vector<Outgoing>& batch,
                 std::vector<Call>& late);
  /// The peer has taken part of the batch.
  void OnProgress(TimePoint now) { progress_at_ = now; }
  /// The batch has been written; its one-way calls are done.
  void OnBatchWritten(TimePoint now, const std::vector<WaiterKey>& batch, std::vector<Call>& oneways);
  /// Bytes have come from the peer.
  void OnBytes(TimePoint now);
  [[nodiscard]] TimePoint last_bytes() const { return last_bytes_; }

  /// Since when no byte has come although one is due, or none has been taken of a batch; none: nothing is due.
  [[nodiscard]] std::optional<TimePoint> QuietSince();
  /// The earliest deadline; `TimePoint::max()`: none.
  [[nodiscard]] TimePoint NextDeadline() { return slab_.NextDeadline(); }

 private:
  /// First in, first out, linked through the calls themselves, so that one can leave the middle at no cost.
  struct List {
    WaiterKey first{};
    WaiterKey last{};
  };
  void Append(List& list, WaiterKey key);
  void Unlink(List& list, const PendingCall& call);
  void Leave(const PendingCall& call);
  void TakeEach(const std::vector<WaiterKey>& keys, std::vector<Call>& taken);

  Slab slab_;
  List queued_;
  List written_;
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
  /// When the batch was begun, or a part of it taken last.
  TimePoint progress_at_;
  TimePoint last_bytes_ = TimePoint::min();
  /// Earliest write of the requests whose callers have left since `last_bytes_`.
  std::optional<TimePoint> abandoned_at_;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_PENDING_TABLE_H_
