#include "sdk/failover/attempt_log.h"

#include <algorithm>
#include <utility>

namespace corocket::failover {
namespace {

/// A call against servers that flap could fail thousands of times within its deadline; its report stays readable.
constexpr std::size_t kMaxReportedFailures = 16;

}  // namespace

AttemptLog::AttemptLog(const CallOptions& options, const FailoverOptions& failover, bool idempotent, TimePoint now)
    : started_(now),
      deadline_(now + options.timeout),
      attempt_started_(now),
      attempt_timeout_(options.attempt_timeout),
      // A call with a very short deadline of its own still gets its one chance.
      min_attempt_(std::min<Duration>(failover.min_attempt, options.timeout / 2)),
      pause_(failover.backoff_base),
      pause_cap_(failover.backoff_cap_waiting),
      idempotent_(idempotent),
      wait_for_ready_(options.wait_for_ready) {}

bool AttemptLog::MayRetry(const RemotingError& error) const {
  if (IsOurOwn(error.code())) return false;
  return idempotent_ || !error.may_have_been_sent();
}

TimePoint AttemptLog::AttemptDeadline(TimePoint now) const { return std::min(deadline_, now + attempt_timeout_); }

bool AttemptLog::TriedThisLap(EndpointId endpoint) const {
  return std::find(lap_.begin(), lap_.end(), endpoint) != lap_.end();
}

Duration AttemptLog::NextLap(std::uint64_t random) {
  lap_.clear();
  const Duration longest = pause_;
  pause_ = std::min<Duration>(pause_cap_, std::chrono::duration_cast<Duration>(pause_ * kPauseGrowth));
  return Duration(static_cast<Duration::rep>(random % static_cast<std::uint64_t>(longest.count() + 1)));
}

void AttemptLog::RecordStart(EndpointId endpoint, TimePoint now) {
  ++attempts_;
  attempt_started_ = now;
  lap_.push_back(endpoint);
}

void AttemptLog::RecordFailure(const RemotingError& error, TimePoint now) {
  if (error.may_have_been_sent()) {
    may_have_happened_ = true;
  } else if (error.code() == RemotingErrc::kRetired && !lap_.empty()) {
    lap_.pop_back();  // Nothing was written, so the endpoint has not been tried.
  }
  Add({.endpoint = error.endpoint(),
       .phase = std::string(PhaseName(error.phase())),
       .cause = error.code(),
       .detail = error.detail(),
       .elapsed = Micros(now - attempt_started_)});
}

void AttemptLog::RecordBlame(const std::string& endpoint, std::error_code cause, std::string detail, TimePoint now) {
  Add({.endpoint = endpoint,
       .phase = std::string(PhaseName(Phase::kAnswer)),
       .cause = cause,
       .detail = std::move(detail),
       .elapsed = Micros(now - attempt_started_)});
}

void AttemptLog::Add(EndpointFailure failure) {
  if (failures_.size() == kMaxReportedFailures) failures_.erase(failures_.begin());
  failures_.push_back(std::move(failure));
}

CallFailed AttemptLog::Final(CallEnd end, ListReport listed, TimePoint now) const {
  std::vector<EndpointFailure> all = failures_;
  bool every_endpoint_failed = !listed.failures.empty();
  for (EndpointFailure& failure : listed.failures) {
    bool tried = false;
    bool failed = failure.cause && failure.cause != std::errc::operation_in_progress;
    for (const EndpointFailure& mine : failures_) {
      if (mine.endpoint != failure.endpoint) continue;
      tried = true;
      // A server that was too slow for this call has not failed.
      failed = mine.cause != RemotingErrc::kAttemptTimeout && mine.cause != RemotingErrc::kBusy;
    }
    if (tried) {
      every_endpoint_failed = every_endpoint_failed && failed;
      continue;
    }
    every_endpoint_failed = every_endpoint_failed && failed;
    all.push_back(std::move(failure));
  }
  // Time that ran out while every server was known to be down is an outage, not slowness.
  if (end == CallEnd::kDeadline && every_endpoint_failed) end = CallEnd::kUnavailable;
  return {end, may_have_happened_ && !idempotent_, std::move(all), listed.list_version, now - started_};
}

}  // namespace corocket::failover
