#ifndef COROCKET_SDK_FAILOVER_CORE_H_
#define COROCKET_SDK_FAILOVER_CORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "corocket/endpoint_event.h"
#include "corocket/options.h"
#include "corocket/snapshot.h"
#include "sdk/failover/state.h"
#include "sdk/failover/types.h"

namespace corocket::failover {

/// The one place where a server is chosen and a choice is cleared: list, choice, generation, connect round and back-off
/// in one critical section.
///
/// No I/O, no clock, no chance of its own: time comes in with each call, chance from a seed; what has to be done goes
/// out as actions. No call suspends and none runs foreign code but `emit`, which must only enqueue. So a `catch`
/// handler on any thread clears a choice atomically, and a list change is complete when `Apply` returns. Thread safety:
/// all members may be called from any thread.
class FailoverCore {
 public:
  using Emit = std::function<void(EndpointEvent)>;

  /// `list` is not empty. `emit` is called inside the critical section, in the order of the facts.
  FailoverCore(FailoverOptions options, std::vector<HostPort> list, std::uint64_t seed, TimePoint now, Emit emit);

  /// The current choice, or none. The hot path: one uncontended lock.
  [[nodiscard]] std::optional<Lease> Current() const;

  /// A caller needs a connection: the current one, or it has to wait (and counts as demand until `DropDemand`), or it
  /// fails at once (it does not wait for ready, and every endpoint has failed just now or since it began), or the
  /// channel is closed.
  [[nodiscard]] Demanded Demand(const Want& want, TimePoint now);
  /// A caller that was told to wait has left, served or not.
  void DropDemand(TimePoint now);

  /// A dial found its authority's addresses: the attempt goes on with the first, the others become dials of their own.
  void DialResolved(AttemptId attempt, std::vector<HostPort> addresses, TimePoint now);
  void DialFailed(AttemptId attempt, DialFailure failure, TimePoint now);
  /// A dial proved its server alive. True: it is the new choice. False: the list no longer holds it, or another one
  /// won; the caller closes it.
  [[nodiscard]] bool Commit(AttemptId attempt, ConnectionId id, std::shared_ptr<net::Connection> connection,
                            TimePoint now);

  /// Clears the choice if, and only if, `failed` is still the current one: same generation, same connection. True for
  /// exactly one of any number of callers. `detail` is told with the cause.
  bool Invalidate(const Choice& failed, SwitchReason reason, std::error_code cause, TimePoint now,
                  std::string detail = {});
  /// A call that began at `started` timed out on a connection that talked meanwhile: suspicion, and at the second one
  /// in a row invalidation.
  Strike CallTimedOut(const Choice& choice, TimePoint started, TimePoint now);
  /// A real request was answered: resets failures, back-off and suspicion.
  void Confirm(const Choice& choice, TimePoint now);
  /// Whether `Confirm` would change anything; lock-free, for the hot path.
  [[nodiscard]] bool WantsConfirmation() const { return wants_confirmation_.load(std::memory_order_relaxed); }

  /// A second server proved better than the choice `instead_of`: it becomes the choice if that one is still current and
  /// `endpoint` is listed. The caller retires the connection of `instead_of` when true is returned.
  [[nodiscard]] bool Adopt(const Choice& instead_of, EndpointId endpoint, ConnectionId id,
                           std::shared_ptr<net::Connection> connection, TimePoint now);

  /// Puts a new list in force: equal sets change nothing; an empty one is refused.
  /// Errors: INVALID_ARGUMENT: empty proposal; FAILED_PRECONDITION: closed.
  [[nodiscard]] absl::StatusOr<Applied> Apply(std::vector<HostPort> proposal, TimePoint now);

  /// Dials beside the connect round, for a second opinion: counted, told and held against the endpoint like the others.
  void SideDialStarted(EndpointId endpoint, TimePoint now);
  void SideDialEnded(EndpointId endpoint, TimePoint started, DialEnd end, const DialFailure& failure, TimePoint now);

  /// A proposal that cannot be read: the old list stays, and watchers are told why.
  void RejectList(std::string why, TimePoint now);

  /// Puts a fact that the driver found into the order of events, with the generation and list version of now.
  void Note(EndpointEvent event, TimePoint now);

  void OnTimer(std::uint64_t token, TimePoint now);
  /// No new work; dials are aborted. Returns the connection of the last choice. Absorbing; idempotent.
  std::shared_ptr<net::Connection> Close(TimePoint now);

  /// Actions decided since the last call, in order.
  [[nodiscard]] std::vector<Action> TakeActions();
  [[nodiscard]] bool HasActions() const { return has_actions_.load(std::memory_order_acquire); }

  /// Listed endpoints other than `than`, the healthiest first: candidates for a second opinion.
  [[nodiscard]] std::vector<std::pair<EndpointId, HostPort>> Others(EndpointId than) const;
  /// Every listed endpoint with what is known of its failure since `since`, or, while nothing is chosen, of its last
  /// one; one that is being dialled says so.
  [[nodiscard]] ListReport FailuresSince(TimePoint since, TimePoint now) const;
  [[nodiscard]] std::size_t EndpointCount() const;
  /// Whether `endpoint` is listed.
  [[nodiscard]] bool Holds(EndpointId endpoint) const;
  [[nodiscard]] std::uint64_t generation() const;
  [[nodiscard]] std::uint64_t list_version() const;
  /// Passes in which every endpoint failed, so far.
  [[nodiscard]] std::uint64_t failed_passes() const;
  [[nodiscard]] ChannelSnapshot Snapshot(TimePoint now) const;

 private:
  /// Brings what the lock-free readers see up to date; ends every change.
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  FailoverState state_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> has_actions_{false};
  std::atomic<bool> wants_confirmation_{false};
};

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_CORE_H_
