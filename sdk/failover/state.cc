#include "sdk/failover/state.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "absl/status/status.h"

namespace corocket::failover {
namespace {

constexpr std::chrono::seconds kDownReminder{60};
/// Shares of a caller's time where servers are dialled one at a time.
constexpr std::chrono::milliseconds kLeastDialTime{200};
constexpr std::chrono::milliseconds kLeastRequestTime{100};

EndpointFailure FailureOf(const HostPort& authority, const DialFailure& failure, Duration elapsed) {
  return {.endpoint = authority.ToString(),
          .phase = std::string(PhaseName(failure.phase)),
          .cause = failure.cause,
          .detail = failure.detail,
          .elapsed = Micros(elapsed)};
}

EventKind EventOf(DialEnd end) {
  switch (end) {
    case DialEnd::kWon:
      return EventKind::kAttemptWon;
    case DialEnd::kLost:
      return EventKind::kAttemptLost;
    case DialEnd::kFailed:
      break;
  }
  return EventKind::kAttemptFailed;
}

/// What the event of a failed dial says beside its cause.
std::string DetailOf(const EndpointFailure& failure) {
  return failure.detail.empty() ? failure.phase : failure.phase + ": " + failure.detail;
}

}  // namespace

FailoverState::FailoverState(FailoverOptions options, std::vector<HostPort> list, std::uint64_t seed, TimePoint now,
                             Emit emit)
    : options_(options), emit_(std::move(emit)), random_(seed), pass_began_(now) {
  for (HostPort& authority : list) {
    const bool known =
        std::any_of(list_.begin(), list_.end(), [&](const Endpoint& e) { return e.authority == authority; });
    if (!known) Add(list_, std::move(authority));
  }
  Shuffle(list_);
}

void FailoverState::Add(std::vector<Endpoint>& to, HostPort authority) {
  Endpoint endpoint;
  endpoint.id = EndpointId{next_endpoint_++};
  endpoint.authority = std::move(authority);
  to.push_back(std::move(endpoint));
}

std::uint64_t FailoverState::Random() {
  // SplitMix64: one addition of state, and the same numbers everywhere.
  random_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = random_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

template <typename T>
void FailoverState::Shuffle(std::vector<T>& items) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Random() % i]);
}

FailoverState::Endpoint* FailoverState::Find(EndpointId id) {
  const auto found = std::find_if(list_.begin(), list_.end(), [id](const Endpoint& e) { return e.id == id; });
  return found == list_.end() ? nullptr : &*found;
}

const FailoverState::Endpoint* FailoverState::Find(EndpointId id) const {
  return const_cast<FailoverState*>(this)->Find(id);
}

std::vector<FailoverState::Dial>::iterator FailoverState::FindDial(AttemptId attempt) {
  return std::find_if(dials_.begin(), dials_.end(), [attempt](const Dial& dial) { return dial.id == attempt; });
}

EndpointEvent FailoverState::Event(EventKind kind, const Endpoint* endpoint) const {
  EndpointEvent event;
  event.kind = kind;
  if (endpoint != nullptr) event.endpoint = endpoint->authority.ToString();
  return event;
}

void FailoverState::Emitted(EndpointEvent event, TimePoint now) {
  event.at = now;
  event.generation = generation_;
  event.list_version = list_version_;
  emit_(std::move(event));
}

void FailoverState::SideDialStarted(EndpointId id, TimePoint now) {
  const Endpoint* endpoint = Find(id);
  if (endpoint == nullptr || closed_) return;
  ++dial_count_;
  Emitted(Event(EventKind::kAttemptStarted, endpoint), now);
}

void FailoverState::SideDialEnded(EndpointId id, TimePoint started, DialEnd end, const DialFailure& failure,
                                  TimePoint now) {
  Endpoint* endpoint = Find(id);
  if (endpoint == nullptr || closed_) return;
  EndpointEvent event = Event(EventOf(end), endpoint);
  event.elapsed = Micros(now - started);
  if (end == DialEnd::kFailed) {
    EndpointFailure recorded = FailureOf(endpoint->authority, failure, now - started);
    event.cause = recorded.cause;
    event.detail = DetailOf(recorded);
    RecordFailure(*endpoint, std::move(recorded), now);
  }
  Emitted(std::move(event), now);
}

void FailoverState::RejectList(std::string why, TimePoint now) {
  EndpointEvent event = Event(EventKind::kListUpdateRejected, nullptr);
  event.detail = std::move(why);
  Note(std::move(event), now);
}

void FailoverState::Note(EndpointEvent event, TimePoint now) {
  if (!closed_) Emitted(std::move(event), now);
}

bool FailoverState::IsCurrent(const Choice& choice) const {
  return current_ && current_->choice.generation == choice.generation &&
         current_->choice.connection == choice.connection;
}

Demanded FailoverState::Demand(const Want& want, TimePoint now) {
  if (closed_) return Refused{};
  if (current_) return *current_;
  const bool pausing = paused_until_ && now < *paused_until_;
  // Only an outage that is still on: an answer since then has ended the one that this call met.
  const bool waited_in_vain = want.failed_passes != failed_pass_count_ && failed_passes_in_a_row_ > 0;
  if (!want.wait_for_ready && (pausing || waited_in_vain)) return FailFast{FailuresSince(pass_began_, now)};
  if (demand_++ == 0) {
    longest_wait_ = want.deadline;
    const TimePoint latest = now + options_.backoff_cap_waiting;
    if (paused_until_) paused_until_ = std::min(*paused_until_, latest);
    if (kept_pause_) kept_pause_ = std::min(*kept_pause_, latest);
  }
  longest_wait_ = std::max(longest_wait_, want.deadline);
  Pump(now);
  return MustWait{};
}

void FailoverState::DropDemand(TimePoint now) {
  if (demand_ == 0) return;
  --demand_;
  if (demand_ == 0) Pump(now);
}

bool FailoverState::PauseIsOver(TimePoint now) {
  if (!paused_until_) return true;
  if (now < *paused_until_) {
    ArmTimer(demand_ > 0 ? paused_until_ : std::nullopt);
    return false;
  }
  paused_until_.reset();
  return true;
}

void FailoverState::Pump(TimePoint now) {
  if (closed_ || current_) {
    ArmTimer(std::nullopt);
    return;
  }
  for (;;) {
    if (!PauseIsOver(now)) return;
    if (!pass_open_) {
      if (demand_ == 0) {
        ArmTimer(std::nullopt);
        return;
      }
      BeginPass(now);
    }
    while (demand_ > 0 && !queue_.empty() && dials_.size() < options_.max_parallel_dials &&
           (dials_.empty() || now >= next_start_)) {
      StartDial(now);
    }
    if (!queue_.empty() || !dials_.empty()) break;
    FailPass(now);
  }
  const bool more = demand_ > 0 && !queue_.empty() && dials_.size() < options_.max_parallel_dials;
  ArmTimer(more ? std::optional<TimePoint>(next_start_) : std::nullopt);
}

void FailoverState::BeginPass(TimePoint now) {
  pass_open_ = true;
  pass_began_ = now;
  std::vector<const Endpoint*> well;
  std::vector<const Endpoint*> failed;
  const Endpoint* lost = nullptr;
  for (const Endpoint& endpoint : list_) {
    if (last_lost_ == endpoint.id) {
      lost = &endpoint;
    } else {
      (endpoint.consecutive_failures == 0 ? well : failed).push_back(&endpoint);
    }
  }
  Shuffle(well);
  std::stable_sort(failed.begin(), failed.end(),
                   [](const Endpoint* a, const Endpoint* b) { return a->failed_at < b->failed_at; });
  queue_.clear();
  for (const Endpoint* endpoint : well) queue_.push_back({.endpoint = endpoint->id, .address = std::nullopt});
  for (const Endpoint* endpoint : failed) queue_.push_back({.endpoint = endpoint->id, .address = std::nullopt});
  if (lost != nullptr) queue_.push_back({.endpoint = lost->id, .address = std::nullopt});
}

void FailoverState::StartDial(TimePoint now) {
  Candidate candidate = std::move(queue_.front());
  queue_.erase(queue_.begin());
  const Endpoint& endpoint = *Find(candidate.endpoint);
  const AttemptId id{next_attempt_++};
  ++dial_count_;
  next_start_ = now + options_.attempt_delay;
  actions_.emplace_back(DialAction{.attempt = id,
                                   .endpoint = endpoint.id,
                                   .authority = endpoint.authority,
                                   .address = candidate.address,
                                   .deadline = DialDeadline(now)});
  Emitted(Event(EventKind::kAttemptStarted, &endpoint), now);
  dials_.push_back({.id = id, .candidate = std::move(candidate), .started = now});
}

TimePoint FailoverState::DialDeadline(TimePoint now) const {
  const TimePoint limit = now + options_.dial_timeout;
  // Beside others a dead address takes nobody's time.
  if (options_.max_parallel_dials > 1 || queue_.empty() || longest_wait_ == TimePoint::max()) return limit;
  // Alone it must leave enough for those that are untried, and for the request itself.
  const Duration left = std::max(Duration::zero(), longest_wait_ - now);
  const Duration for_request = std::max<Duration>(kLeastRequestTime, left / 4);
  const Duration share = (left - for_request) / static_cast<Duration::rep>(queue_.size() + 1);
  return std::min(limit, now + std::min<Duration>(std::max<Duration>(share, kLeastDialTime), left / 2));
}

void FailoverState::FailPass(TimePoint now) {
  pass_open_ = false;
  if (kept_pause_ && now < *kept_pause_) {
    // Only what was new in the list has been tried; the pause of all goes on.
    paused_until_ = std::exchange(kept_pause_, std::nullopt);
    actions_.emplace_back(WakeWaitersAction{});
    return;
  }
  kept_pause_.reset();
  ++failed_pass_count_;
  EndpointEvent failed = Event(EventKind::kPassFailed, nullptr);
  failed.failures = FailuresSince(pass_began_, now).failures;
  Emitted(std::move(failed), now);
  if (!down_since_ || now - down_told_ >= kDownReminder) {
    if (!down_since_) down_since_ = pass_began_;
    down_told_ = now;
    EndpointEvent down = Event(EventKind::kAllDown, nullptr);
    down.failures = FailuresSince(pass_began_, now).failures;
    down.elapsed = Micros(now - *down_since_);
    Emitted(std::move(down), now);
  }
  double longest = static_cast<double>(Duration(options_.backoff_base).count());
  const Duration cap = demand_ > 0 ? options_.backoff_cap_waiting : options_.backoff_cap_idle;
  for (unsigned i = 0; i < failed_passes_in_a_row_ && longest < static_cast<double>(cap.count()); ++i) {
    longest *= kPauseGrowth;
  }
  longest = std::min(longest, static_cast<double>(cap.count()));
  ++failed_passes_in_a_row_;
  const auto pause = Duration(static_cast<Duration::rep>(Random() % (static_cast<std::uint64_t>(longest) + 1)));
  paused_until_ = std::max(now, pass_began_ + pause);
  EndpointEvent backing_off = Event(EventKind::kBackingOff, nullptr);
  backing_off.elapsed = Micros(*paused_until_ - now);
  Emitted(std::move(backing_off), now);
  actions_.emplace_back(WakeWaitersAction{});
}

void FailoverState::RecordFailure(Endpoint& endpoint, EndpointFailure failure, TimePoint now) {
  ++endpoint.consecutive_failures;
  endpoint.failed_at = now;
  endpoint.last_failure = std::move(failure);
}

void FailoverState::DialResolved(AttemptId attempt, std::vector<HostPort> addresses, TimePoint now) {
  const auto dial = FindDial(attempt);
  if (dial == dials_.end() || addresses.empty()) return;
  dial->candidate.address = addresses.front();
  for (std::size_t i = addresses.size(); i > 1; --i) {
    queue_.insert(queue_.begin(), {.endpoint = dial->candidate.endpoint, .address = std::move(addresses[i - 1])});
  }
  Pump(now);
}

void FailoverState::DialFailed(AttemptId attempt, DialFailure failure, TimePoint now) {
  const auto dial = FindDial(attempt);
  if (dial == dials_.end()) return;
  const bool newest = dial + 1 == dials_.end();
  Endpoint& endpoint = *Find(dial->candidate.endpoint);
  EndpointFailure recorded = FailureOf(endpoint.authority, failure, now - dial->started);
  EndpointEvent event = Event(EventKind::kAttemptFailed, &endpoint);
  event.cause = failure.cause;
  event.detail = DetailOf(recorded);
  event.elapsed = recorded.elapsed;
  RecordFailure(endpoint, std::move(recorded), now);
  dials_.erase(dial);
  Emitted(std::move(event), now);
  if (newest) next_start_ = now;
  Pump(now);
}

bool FailoverState::Commit(AttemptId attempt, ConnectionId id, std::shared_ptr<net::Connection> connection,
                           TimePoint now) {
  const auto dial = FindDial(attempt);
  if (dial == dials_.end() || closed_ || current_) return false;
  const Duration dialled = now - dial->started;
  Endpoint& endpoint = *Find(dial->candidate.endpoint);
  dials_.erase(dial);
  EndpointEvent won = Event(EventKind::kAttemptWon, &endpoint);
  won.elapsed = Micros(dialled);
  Emitted(std::move(won), now);
  AbortDials(now, /*keep_as_candidates=*/true);
  confirmed_ = false;
  Publish(endpoint, id, std::move(connection), Micros(dialled), now);
  return true;
}

void FailoverState::Publish(Endpoint& endpoint, ConnectionId id, std::shared_ptr<net::Connection> connection,
                            std::chrono::microseconds dialled, TimePoint now) {
  current_ = Lease{
      .choice = {.endpoint = endpoint.id, .generation = generation_, .connection = id, .list_version = list_version_},
      .connection = std::move(connection)};
  suspect_ = false;
  chosen_since_ = now;
  if (reason_ != SwitchReason::kFirstChoice) ++switches_;
  EndpointEvent chosen = Event(EventKind::kChosen, &endpoint);
  chosen.previous = previous_;
  chosen.reason = reason_;
  chosen.elapsed = dialled;
  Emitted(std::move(chosen), now);
  ArmTimer(std::nullopt);
  actions_.emplace_back(WakeWaitersAction{});
}

void FailoverState::Lose(const Dial& dial, TimePoint now) {
  actions_.emplace_back(AbortDialAction{.attempt = dial.id});
  EndpointEvent lost = Event(EventKind::kAttemptLost, Find(dial.candidate.endpoint));
  lost.elapsed = Micros(now - dial.started);
  Emitted(std::move(lost), now);
}

void FailoverState::AbortDials(TimePoint now, bool keep_as_candidates) {
  for (std::size_t i = dials_.size(); i > 0; --i) {
    Dial& dial = dials_[i - 1];
    Lose(dial, now);
    // Not tried to its end: still a candidate of this pass, should the winner die before it gave a real answer.
    if (keep_as_candidates) queue_.insert(queue_.begin(), std::move(dial.candidate));
  }
  dials_.clear();
}

void FailoverState::ClearChoice(SwitchReason reason, std::error_code cause, std::string detail, TimePoint now) {
  const Endpoint* endpoint = Find(current_->choice.endpoint);
  EndpointEvent event = Event(EventKind::kInvalidated, endpoint);
  event.reason = reason;
  event.cause = cause;
  event.detail = std::move(detail);
  Emitted(event, now);
  reason_ = reason;
  previous_ = event.endpoint;
  last_lost_ = current_->choice.endpoint;
  current_.reset();
  suspect_ = false;
  ++generation_;
}

bool FailoverState::EndsPass(SwitchReason reason, TimePoint now) const {
  if (confirmed_) return true;
  // One that nobody used lasts until its server closes it or the list changes. It lasted for longer than any pause.
  const bool unused =
      reason == SwitchReason::kPeerClosed || reason == SwitchReason::kBroken || reason == SwitchReason::kListChanged;
  return unused && now - chosen_since_ >= options_.backoff_cap_idle;
}

bool FailoverState::Invalidate(const Choice& failed, SwitchReason reason, std::error_code cause, TimePoint now,
                               std::string detail) {
  if (!IsCurrent(failed)) {
    ++stale_ignored_;
    // A thousand callers of one connection fail with it: that is one fact.
    if (!closed_ && std::exchange(stale_told_, failed.generation) != failed.generation) {
      EndpointEvent event = Event(EventKind::kStaleInvalidationIgnored, Find(failed.endpoint));
      event.reason = reason;
      event.cause = cause;
      Emitted(std::move(event), now);
    }
    return false;
  }
  Endpoint& endpoint = *Find(failed.endpoint);
  const Phase phase = reason == SwitchReason::kNotReady ? Phase::kAnswer : Phase::kRead;
  RecordFailure(endpoint, FailureOf(endpoint.authority, {.phase = phase, .cause = cause, .detail = detail}, {}), now);
  if (EndsPass(reason, now)) pass_open_ = false;
  ClearChoice(reason, cause, std::move(detail), now);
  Pump(now);
  return true;
}

Strike FailoverState::CallTimedOut(const Choice& choice, TimePoint started, TimePoint now) {
  if (!IsCurrent(choice)) return Strike::kIgnored;
  // Calls that waited side by side are one observation, not two in a row.
  if (suspect_ && started < suspect_since_) return Strike::kSuspected;
  if (suspect_) {
    Invalidate(choice, SwitchReason::kCallTimeouts, RemotingErrc::kAttemptTimeout, now);
    return Strike::kInvalidated;
  }
  suspect_ = true;
  suspect_since_ = now;
  Emitted(Event(EventKind::kSuspect, Find(choice.endpoint)), now);
  return Strike::kSuspected;
}

void FailoverState::Confirm(const Choice& choice, TimePoint now) {
  if (!IsCurrent(choice)) return;
  Endpoint& endpoint = *Find(choice.endpoint);
  if (suspect_) {
    suspect_ = false;
    Emitted(Event(EventKind::kCleared, &endpoint), now);
  }
  if (confirmed_) return;
  confirmed_ = true;
  pass_open_ = false;
  queue_.clear();
  failed_passes_in_a_row_ = 0;
  paused_until_.reset();
  kept_pause_.reset();
  endpoint.consecutive_failures = 0;
  endpoint.last_failure.reset();
  if (!down_since_) return;
  EndpointEvent recovered = Event(EventKind::kRecovered, &endpoint);
  recovered.elapsed = Micros(now - *down_since_);
  down_since_.reset();
  Emitted(std::move(recovered), now);
}

bool FailoverState::Adopt(const Choice& instead_of, EndpointId endpoint, ConnectionId id,
                          std::shared_ptr<net::Connection> connection, TimePoint now) {
  Endpoint* better = Find(endpoint);
  if (closed_ || better == nullptr || !IsCurrent(instead_of)) return false;
  ClearChoice(SwitchReason::kSecondOpinion, {}, {}, now);
  confirmed_ = true;
  pass_open_ = false;
  queue_.clear();
  better->consecutive_failures = 0;
  better->last_failure.reset();
  Publish(*better, id, std::move(connection), std::chrono::microseconds(0), now);
  return true;
}

absl::StatusOr<Applied> FailoverState::Apply(std::vector<HostPort> proposal, TimePoint now) {
  if (closed_) return absl::FailedPreconditionError("the client is shut down");
  std::sort(proposal.begin(), proposal.end());
  proposal.erase(std::unique(proposal.begin(), proposal.end()), proposal.end());
  if (proposal.empty()) {
    RejectList("the list is empty", now);
    return absl::InvalidArgumentError("an address list must not be empty; the old one stays in force");
  }
  const auto proposed = [&](const HostPort& authority) {
    return std::binary_search(proposal.begin(), proposal.end(), authority);
  };
  EndpointEvent event = Event(EventKind::kListApplied, nullptr);
  std::vector<Endpoint> added;
  for (const HostPort& authority : proposal) {
    const bool known =
        std::any_of(list_.begin(), list_.end(), [&](const Endpoint& e) { return e.authority == authority; });
    if (known) continue;
    event.added.push_back(authority.ToString());
    Add(added, authority);
  }
  std::vector<EndpointId> removed;
  for (const Endpoint& endpoint : list_) {
    if (proposed(endpoint.authority)) continue;
    event.removed.push_back(endpoint.authority.ToString());
    removed.push_back(endpoint.id);
  }
  Applied applied{.changed = !added.empty() || !removed.empty(), .version = list_version_, .retired = nullptr};
  if (!applied.changed) return applied;
  applied.version = ++list_version_;
  Emitted(std::move(event), now);
  const auto gone = [&](EndpointId id) { return std::find(removed.begin(), removed.end(), id) != removed.end(); };
  for (auto dial = dials_.begin(); dial != dials_.end();) {
    if (!gone(dial->candidate.endpoint)) {
      ++dial;
      continue;
    }
    Lose(*dial, now);
    dial = dials_.erase(dial);
    next_start_ = now;
  }
  std::erase_if(queue_, [&](const Candidate& candidate) { return gone(candidate.endpoint); });
  if (current_ && gone(current_->choice.endpoint)) {
    applied.retired = current_->connection;
    if (EndsPass(SwitchReason::kListChanged, now)) pass_open_ = false;
    ClearChoice(SwitchReason::kListChanged, {}, {}, now);
  }
  std::erase_if(list_, [&](const Endpoint& endpoint) { return gone(endpoint.id); });
  Shuffle(added);
  if (!added.empty() && paused_until_ && now < *paused_until_) {
    kept_pause_ = std::exchange(paused_until_, std::nullopt);
    pass_open_ = true;
    pass_began_ = now;
    queue_.clear();
  }
  for (const Endpoint& endpoint : added) {
    if (pass_open_) queue_.push_back({.endpoint = endpoint.id, .address = std::nullopt});
  }
  list_.insert(list_.end(), added.begin(), added.end());
  Pump(now);
  return applied;
}

void FailoverState::OnTimer(std::uint64_t token, TimePoint now) {
  if (token != timer_token_ || !timer_at_) return;
  timer_at_.reset();
  Pump(now);
}

void FailoverState::ArmTimer(std::optional<TimePoint> at) {
  if (timer_at_ == at) return;
  timer_at_ = at;
  actions_.emplace_back(ArmTimerAction{.token = ++timer_token_, .at = at});
}

std::shared_ptr<net::Connection> FailoverState::Close(TimePoint now) {
  if (closed_) return nullptr;
  std::shared_ptr<net::Connection> last;
  if (current_) {
    last = current_->connection;
    ClearChoice(SwitchReason::kShutdown, {}, {}, now);
  }
  AbortDials(now, /*keep_as_candidates=*/false);
  queue_.clear();
  closed_ = true;
  ArmTimer(std::nullopt);
  actions_.emplace_back(WakeWaitersAction{});
  return last;
}

}  // namespace corocket::failover
