#ifndef COROCKET_SDK_FAILOVER_SECOND_OPINION_H_
#define COROCKET_SDK_FAILOVER_SECOND_OPINION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/awaitable.hpp"
#include "corocket/options.h"
#include "sdk/failover/core.h"
#include "sdk/failover/dialler.h"
#include "sdk/runtime/parking_lot.h"
#include "sdk/runtime/runtime.h"
#include "sdk/runtime/task_group.h"
#include "sdk/wire/frame.h"

namespace corocket::failover {

/// Asks another server than the chosen one, over a side connection that lives as long as somebody asks: at most one per
/// channel, dialled once for all who want it, outside the channel's own connect round.
/// Thread safety: all members may be called from any thread; dials run on the channel's strand.
class SecondOpinion {
 public:
  struct Side {
    EndpointId endpoint{};
    std::shared_ptr<net::Connection> connection;
  };
  struct Opinion {
    wire::Frame reply;
    Side side;
    /// The reply came over the channel's own choice, which had moved meanwhile; nothing is to be adopted.
    bool from_choice = false;
    /// Keeps the side connection open while the reply is being judged.
    std::shared_ptr<void> hold;
  };

  SecondOpinion(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand, const FailoverOptions& options,
                FailoverCore& core, TaskGroup& tasks, std::shared_ptr<Dialler> dialler, std::weak_ptr<void> owner);

  /// The answer of a server other than `asked`; none when no other one gave any within `dial_timeout` and `deadline`.
  /// Throws RemotingError when the caller cancelled.
  [[nodiscard]] asio::awaitable<std::optional<Opinion>> Ask(EndpointId asked, wire::Frame request, TimePoint deadline);

  /// Gives the side connection away: it became the choice.
  void Release(net::ConnectionId id);
  /// The server behind it is of no use; the next asker gets another one.
  void Discard(net::ConnectionId id);
  /// No request starts any more on a side connection whose endpoint left the list.
  void DropUnlisted();
  void Close();

 private:
  class Asker;
  struct Round;
  struct Step {
    std::optional<Side> side;
    bool hopeless = false;
  };

  Step NextStep(EndpointId asked, const std::vector<net::ConnectionId>& failed, std::uint64_t& waited_round);
  std::optional<Side> TakeSide(net::ConnectionId id);
  bool Listed(EndpointId endpoint) const;
  asio::awaitable<void> RunRound(std::shared_ptr<Round> round, std::shared_ptr<void> alive);
  asio::awaitable<void> TryCandidate(std::shared_ptr<Round> round, std::shared_ptr<void> alive, EndpointId endpoint,
                                     HostPort authority);
  void EndRound(Round& round);

  std::shared_ptr<Runtime> runtime_;
  FailoverOptions options_;
  FailoverCore& core_;
  TaskGroup& tasks_;
  std::shared_ptr<Dialler> dialler_;
  std::weak_ptr<void> owner_;  ///< What holds this object; its dials keep it alive.
  ParkingLot changed_;

  absl::Mutex mutex_;
  std::optional<Side> side_ ABSL_GUARDED_BY(mutex_);
  std::size_t askers_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t round_ ABSL_GUARDED_BY(mutex_) = 0;
  bool dialling_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_SECOND_OPINION_H_
