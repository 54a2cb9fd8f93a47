#include "samples/failover_demo/observation.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace failover_demo {
namespace {

constexpr std::size_t kRecentLines = 8;
/// The report stays a file that a browser likes.
constexpr std::size_t kMaxMarks = 2000;

/// Single dials and late failures would fill the page without telling a person anything.
bool Interesting(corocket::EventKind kind) {
  switch (kind) {
    case corocket::EventKind::kAttemptStarted:
    case corocket::EventKind::kAttemptWon:
    case corocket::EventKind::kAttemptLost:
    case corocket::EventKind::kAttemptFailed:
    case corocket::EventKind::kStaleInvalidationIgnored:
    case corocket::EventKind::kDrainStarted:
    case corocket::EventKind::kDrainFinished:
    case corocket::EventKind::kClosed:
      return false;
    default:
      return true;
  }
}

}  // namespace

void Observation::OnEvent(const corocket::EndpointEvent& event) {
  if (event.kind == corocket::EventKind::kInvalidated && !lost_at_) lost_at_ = event.at;
  if (event.kind == corocket::EventKind::kChosen && lost_at_) {
    phase_switches_ms_.push_back(std::chrono::duration<double, std::milli>(event.at - *lost_at_).count());
    lost_at_.reset();
  }
  if (!Interesting(event.kind)) return;
  const double seconds = SecondsSinceStart(event.at);
  const bool bad = event.kind != corocket::EventKind::kChosen && event.kind != corocket::EventKind::kRecovered &&
                   event.kind != corocket::EventKind::kListApplied && event.kind != corocket::EventKind::kCleared;
  if (marks_.size() < kMaxMarks) marks_.push_back({.seconds = seconds, .text = event.ToString(), .bad = bad});
  recent_.push_back(absl::StrFormat("%8.3fs  %s", seconds, event.ToString()));
  if (recent_.size() > kRecentLines) recent_.pop_front();
}

std::optional<double> Observation::LongestSwitchMs() const {
  if (phase_switches_ms_.empty()) return std::nullopt;
  return *std::max_element(phase_switches_ms_.begin(), phase_switches_ms_.end());
}

}  // namespace failover_demo
