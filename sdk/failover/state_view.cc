// What can be read of the state without changing it.

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "sdk/failover/state.h"

namespace corocket::failover {

std::vector<std::pair<EndpointId, HostPort>> FailoverState::Others(EndpointId than) const {
  std::vector<const Endpoint*> others;
  for (const Endpoint& endpoint : list_) {
    if (endpoint.id != than) others.push_back(&endpoint);
  }
  std::stable_sort(others.begin(), others.end(), [](const Endpoint* a, const Endpoint* b) {
    return a->consecutive_failures < b->consecutive_failures;
  });
  std::vector<std::pair<EndpointId, HostPort>> result;
  result.reserve(others.size());
  for (const Endpoint* endpoint : others) result.emplace_back(endpoint->id, endpoint->authority);
  return result;
}

ListReport FailoverState::FailuresSince(TimePoint since, TimePoint now) const {
  ListReport report{.list_version = list_version_};
  for (const Endpoint& endpoint : list_) {
    // While some server works, what happened to others long ago is not why this call fails.
    const bool still_down = !current_ && endpoint.consecutive_failures > 0;
    const bool failed = endpoint.last_failure && (still_down || endpoint.failed_at >= since);
    EndpointFailure failure{
        .endpoint = endpoint.authority.ToString(), .phase = {}, .cause = {}, .detail = {}, .elapsed = {}};
    if (failed) failure = *endpoint.last_failure;
    for (const Dial& dial : dials_) {
      if (dial.candidate.endpoint != endpoint.id || failed) continue;
      failure.phase = std::string(PhaseName(Phase::kConnect));
      failure.cause = std::make_error_code(std::errc::operation_in_progress);
      failure.elapsed = Micros(now - dial.started);
    }
    report.failures.push_back(std::move(failure));
  }
  return report;
}

ChannelSnapshot FailoverState::Snapshot(TimePoint now) const {
  ChannelSnapshot snapshot;
  snapshot.generation = generation_;
  snapshot.list_version = list_version_;
  snapshot.switches = switches_;
  snapshot.dials = dial_count_;
  snapshot.stale_invalidations_ignored = stale_ignored_;
  snapshot.failed_passes = failed_pass_count_;
  snapshot.waiting_callers = demand_;
  snapshot.state = ChannelState::kIdle;
  if (closed_) {
    snapshot.state = ChannelState::kClosed;
  } else if (current_) {
    snapshot.state = suspect_ ? ChannelState::kSuspect : ChannelState::kReady;
    snapshot.chosen = Find(current_->choice.endpoint)->authority.ToString();
    snapshot.reason = reason_;
    snapshot.chosen_since = chosen_since_;
  } else if (!dials_.empty()) {
    snapshot.state = ChannelState::kConnecting;
  } else if (paused_until_ && now < *paused_until_) {
    snapshot.state = ChannelState::kBackingOff;
  }
  for (const Endpoint& endpoint : list_) {
    EndpointSnapshot one;
    one.endpoint = endpoint.authority.ToString();
    one.chosen = current_ && current_->choice.endpoint == endpoint.id;
    one.dialling = std::any_of(dials_.begin(), dials_.end(),
                               [&](const Dial& dial) { return dial.candidate.endpoint == endpoint.id; });
    one.consecutive_failures = endpoint.consecutive_failures;
    one.last_failure = endpoint.last_failure;
    snapshot.endpoints.push_back(std::move(one));
  }
  return snapshot;
}

std::string FailoverState::Fingerprint() const {
  const auto name = [this](EndpointId id) {
    const Endpoint* endpoint = Find(id);
    return endpoint == nullptr ? std::string("-") : endpoint->authority.ToString();
  };
  const auto flag = [](bool value) { return value ? '1' : '0'; };
  std::string text;
  for (const Endpoint& endpoint : list_) {
    text += endpoint.authority.ToString();
    text += flag(endpoint.consecutive_failures > 0);
  }
  text += "|now " + (current_ ? name(current_->choice.endpoint) : std::string());
  text += {flag(confirmed_),
           flag(suspect_),
           flag(pass_open_),
           flag(closed_),
           flag(down_since_.has_value()),
           flag(paused_until_.has_value()),
           flag(kept_pause_.has_value()),
           flag(timer_at_.has_value())};
  text += "|lost " + (last_lost_ ? name(*last_lost_) : std::string());
  text += "|demand " + std::to_string(demand_);
  text += "|passes " + std::to_string(std::min(failed_passes_in_a_row_, 2U));
  for (const Candidate& candidate : queue_) text += "|next " + name(candidate.endpoint);
  for (const Dial& dial : dials_) text += "|dials " + name(dial.candidate.endpoint);
  return text;
}

}  // namespace corocket::failover
