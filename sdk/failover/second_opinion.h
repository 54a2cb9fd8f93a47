#ifndef COROCKET_SDK_FAILOVER_SECOND_OPINION_H_
#define COROCKET_SDK_FAILOVER_SECOND_OPINION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/options.h"
#include "sdk/failover/core.h"
#include "sdk/failover/dialler.h"
#include "sdk/failover/verdict.h"
#include "sdk/runtime/parking_lot.h"
#include "sdk/runtime/runtime.h"
#include "sdk/runtime/task_group.h"
#include "sdk/wire/frame.h"

namespace corocket::failover {

/// Asks another server than the chosen one, over a side connection beside the channel's own: at most one per channel,
/// dialled once for all who want it, kept for a moment after the last asker. A server that could not be reached, or was
/// of no use, is left alone for `kPause`.
/// Thread safety: all members may be called from any thread; dials run on the channel's strand.
class SecondOpinion {
 public:
  /// How long the side connection waits for a next asker, so that a caller in a loop does not use up the ports.
  static constexpr std::chrono::milliseconds kLinger{1000};
  /// How long a server that failed here is not dialled again for an opinion.
  static constexpr std::chrono::milliseconds kPause{1000};

  struct Side {
    EndpointId endpoint{};
    std::shared_ptr<net::Connection> connection;
  };
  /// What the others say.
  struct Opinion {
    enum class Kind : std::uint8_t {
      kNone,    ///< Nobody could be asked.
      kAgrees,  ///< A second server says the same.
      kBetter,  ///< A second server has what the first denied: `reply`, over `side`.
    };
    Kind kind = Kind::kNone;
    wire::Frame reply = {};
    Side side = {};
    /// The reply came over the channel's own choice, which had moved meanwhile; nothing is to be adopted.
    bool from_choice = false;
  };

  SecondOpinion(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand, const FailoverOptions& options,
                FailoverCore& core, TaskGroup& tasks, std::shared_ptr<Dialler> dialler, std::weak_ptr<void> owner);

  /// Asks the servers other than `asked`, one after the other, until one gives an answer that `judge` takes for one;
  /// for at most `dial_timeout` and until `deadline`.
  /// Throws RemotingError: kCancelled (the caller's doing), kShutDown. Cancellation: terminal, partial, total.
  [[nodiscard]] asio::awaitable<Opinion> Ask(EndpointId asked, const wire::Frame& request, Judge judge,
                                             TimePoint deadline);

  /// Takes the side connection away, to make it the choice. False: it is no longer there to be taken.
  [[nodiscard]] bool Take(net::ConnectionId id);
  /// No request starts any more on a side connection whose endpoint left the list.
  void DropUnlisted();
  /// Fails those who ask. On the strand `Disarm` follows.
  void Close();
  /// On the strand.
  void Disarm() { timer_->Disarm(); }

 private:
  class Asker;
  struct Round;
  struct Whom {
    Side side;
    bool is_choice = false;
  };

  /// Whom to ask next; none: nobody is left (`hopeless`), or a round of dials has to end first.
  std::optional<Whom> NextToAsk(EndpointId asked, const std::vector<EndpointId>& excluded, bool& hopeless);
  std::shared_ptr<Round> NewRound(EndpointId asked, const std::vector<EndpointId>& excluded)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// The server is of no use; the next asker gets another one.
  void Discard(const Side& side);
  /// The connection is of no use; its server may be.
  void SetAside(const Side& side);
  std::optional<Side> TakeSide(net::ConnectionId id);
  void LetLinger();
  void OnLingered();
  asio::awaitable<void> RunRound(std::shared_ptr<Round> round, std::shared_ptr<void> alive);
  asio::awaitable<void> Race(std::shared_ptr<Round> round, std::shared_ptr<void> alive);
  asio::awaitable<void> TryCandidate(std::shared_ptr<Round> round, std::shared_ptr<void> alive, EndpointId endpoint,
                                     HostPort authority);
  void EndRound(Round& round);
  bool Wanted() const;

  std::shared_ptr<Runtime> runtime_;
  asio::any_io_executor strand_;
  FailoverOptions options_;
  FailoverCore& core_;
  TaskGroup& tasks_;
  std::shared_ptr<Dialler> dialler_;
  std::weak_ptr<void> owner_;  ///< What holds this object; its dials keep it alive.
  ParkingLot changed_;
  std::unique_ptr<Timer> timer_;  ///< On the strand.

  mutable absl::Mutex mutex_;
  std::optional<Side> side_ ABSL_GUARDED_BY(mutex_);
  std::size_t askers_ ABSL_GUARDED_BY(mutex_) = 0;
  bool dialling_ ABSL_GUARDED_BY(mutex_) = false;
  bool lingering_ ABSL_GUARDED_BY(mutex_) = false;  ///< The timer is armed, or will be.
  TimePoint last_asked_ ABSL_GUARDED_BY(mutex_);
  std::map<EndpointId, TimePoint> paused_until_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_SECOND_OPINION_H_
