#include "sdk/failover/core.h"

#include <utility>

namespace corocket::failover {

FailoverCore::FailoverCore(FailoverOptions options, std::vector<HostPort> list, std::uint64_t seed, TimePoint now,
                           Emit emit)
    : state_(options, std::move(list), seed, now, std::move(emit)) {}

void FailoverCore::Publish() {
  has_actions_.store(state_.HasActions(), std::memory_order_release);
  wants_confirmation_.store(state_.WantsConfirmation(), std::memory_order_relaxed);
}

std::optional<Lease> FailoverCore::Current() const {
  absl::MutexLock lock(mutex_);
  return state_.Current();
}

Demanded FailoverCore::Demand(const Want& want, TimePoint now) {
  absl::MutexLock lock(mutex_);
  Demanded demanded = state_.Demand(want, now);
  Publish();
  return demanded;
}

void FailoverCore::DropDemand(TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.DropDemand(now);
  Publish();
}

void FailoverCore::DialResolved(AttemptId attempt, std::vector<HostPort> addresses, TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.DialResolved(attempt, std::move(addresses), now);
  Publish();
}

void FailoverCore::DialFailed(AttemptId attempt, DialFailure failure, TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.DialFailed(attempt, std::move(failure), now);
  Publish();
}

bool FailoverCore::Commit(AttemptId attempt, ConnectionId id, std::shared_ptr<net::Connection> connection,
                          TimePoint now) {
  absl::MutexLock lock(mutex_);
  const bool chosen = state_.Commit(attempt, id, std::move(connection), now);
  Publish();
  return chosen;
}

bool FailoverCore::Invalidate(const Choice& failed, SwitchReason reason, std::error_code cause, TimePoint now,
                              std::string detail) {
  absl::MutexLock lock(mutex_);
  const bool cleared = state_.Invalidate(failed, reason, cause, now, std::move(detail));
  Publish();
  return cleared;
}

Strike FailoverCore::CallTimedOut(const Choice& choice, TimePoint started, TimePoint now) {
  absl::MutexLock lock(mutex_);
  const Strike strike = state_.CallTimedOut(choice, started, now);
  Publish();
  return strike;
}

void FailoverCore::Confirm(const Choice& choice, TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.Confirm(choice, now);
  Publish();
}

bool FailoverCore::Adopt(const Choice& instead_of, EndpointId endpoint, ConnectionId id,
                         std::shared_ptr<net::Connection> connection, TimePoint now) {
  absl::MutexLock lock(mutex_);
  const bool adopted = state_.Adopt(instead_of, endpoint, id, std::move(connection), now);
  Publish();
  return adopted;
}

absl::StatusOr<Applied> FailoverCore::Apply(std::vector<HostPort> proposal, TimePoint now) {
  absl::MutexLock lock(mutex_);
  absl::StatusOr<Applied> applied = state_.Apply(std::move(proposal), now);
  Publish();
  return applied;
}

void FailoverCore::SideDialStarted(EndpointId endpoint, TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.SideDialStarted(endpoint, now);
}

void FailoverCore::SideDialEnded(EndpointId endpoint, TimePoint started, DialEnd end, const DialFailure& failure,
                                 TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.SideDialEnded(endpoint, started, end, failure, now);
}

void FailoverCore::RejectList(std::string why, TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.RejectList(std::move(why), now);
}

void FailoverCore::Note(EndpointEvent event, TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.Note(std::move(event), now);
}

void FailoverCore::OnTimer(std::uint64_t token, TimePoint now) {
  absl::MutexLock lock(mutex_);
  state_.OnTimer(token, now);
  Publish();
}

std::shared_ptr<net::Connection> FailoverCore::Close(TimePoint now) {
  absl::MutexLock lock(mutex_);
  std::shared_ptr<net::Connection> last = state_.Close(now);
  Publish();
  return last;
}

std::vector<Action> FailoverCore::TakeActions() {
  absl::MutexLock lock(mutex_);
  std::vector<Action> actions = state_.TakeActions();
  Publish();
  return actions;
}

std::vector<std::pair<EndpointId, HostPort>> FailoverCore::Others(EndpointId than) const {
  absl::MutexLock lock(mutex_);
  return state_.Others(than);
}

ListReport FailoverCore::FailuresSince(TimePoint since, TimePoint now) const {
  absl::MutexLock lock(mutex_);
  return state_.FailuresSince(since, now);
}

std::size_t FailoverCore::EndpointCount() const {
  absl::MutexLock lock(mutex_);
  return state_.EndpointCount();
}

bool FailoverCore::Holds(EndpointId endpoint) const {
  absl::MutexLock lock(mutex_);
  return state_.Holds(endpoint);
}

std::uint64_t FailoverCore::generation() const {
  absl::MutexLock lock(mutex_);
  return state_.generation();
}

std::uint64_t FailoverCore::list_version() const {
  absl::MutexLock lock(mutex_);
  return state_.list_version();
}

std::uint64_t FailoverCore::failed_passes() const {
  absl::MutexLock lock(mutex_);
  return state_.failed_passes();
}

ChannelSnapshot FailoverCore::Snapshot(TimePoint now) const {
  absl::MutexLock lock(mutex_);
  return state_.Snapshot(now);
}

}  // namespace corocket::failover
