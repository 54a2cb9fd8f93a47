#include "samples/failover_demo/observation.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "samples/common/connects.h"

namespace failover_demo {
namespace {

using corocket::EventKind;

/// None: single dials, drains and late failures would fill the page without telling a person anything.
std::optional<MarkKind> KindOf(const corocket::EndpointEvent& event) {
  switch (event.kind) {
    case EventKind::kInvalidated:
      // At the end of the run nothing was lost.
      if (event.reason == corocket::SwitchReason::kShutdown) return std::nullopt;
      return MarkKind::kLost;
    case EventKind::kChosen:
      return MarkKind::kChosen;
    case EventKind::kListUpdateRejected:
    case EventKind::kCandidateDiscarded:
    case EventKind::kSuspect:
    case EventKind::kPassFailed:
    case EventKind::kBackingOff:
    case EventKind::kAllDown:
    case EventKind::kNegativeUnconfirmed:
      return MarkKind::kTrouble;
    case EventKind::kListApplied:
    case EventKind::kCleared:
    case EventKind::kRecovered:
      return MarkKind::kNews;
    case EventKind::kAttemptStarted:
    case EventKind::kAttemptWon:
    case EventKind::kAttemptLost:
    case EventKind::kAttemptFailed:
    case EventKind::kStaleInvalidationIgnored:
    case EventKind::kDrainStarted:
    case EventKind::kDrainFinished:
    case EventKind::kClosed:
      return std::nullopt;
  }
  return std::nullopt;
}

/// Neighbouring spans share no moment.
bool Holds(Span span, double at) { return at >= span.begin && at < span.end; }

}  // namespace

void Observation::OnEvent(const corocket::EndpointEvent& event) {
  const double seconds = SecondsSinceStart(event.at);
  if (event.kind == EventKind::kInvalidated && !lost_at_) lost_at_ = seconds;
  if (event.kind == EventKind::kChosen && lost_at_) {
    switches_.push_back({.begin = *lost_at_, .end = seconds});
    lost_at_.reset();
  }
  if (samples::IsConnect(event)) connects_.push_back(seconds);
  const std::optional<MarkKind> kind = KindOf(event);
  if (!kind) return;
  ++lines_;
  if (marks_.size() < kMaxMarks) marks_.push_back({.seconds = seconds, .kind = *kind, .text = event.ToString()});
  recent_.push_back(absl::StrFormat("%8.3fs  %s", seconds, event.ToString()));
  if (recent_.size() > kRecentLines) recent_.pop_front();
}

std::optional<double> Observation::LongestSwitchMs(Span span) const {
  std::optional<double> longest;
  for (const Span& one : switches_) {
    if (!Holds(span, one.end)) continue;
    longest = std::max(longest.value_or(0), (one.end - one.begin) * 1000);
  }
  return longest;
}

std::uint64_t Observation::ConnectsIn(Span span) const {
  return static_cast<std::uint64_t>(
      std::count_if(connects_.begin(), connects_.end(), [span](double at) { return Holds(span, at); }));
}

}  // namespace failover_demo
