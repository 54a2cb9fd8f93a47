#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_OBSERVATION_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_OBSERVATION_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "corocket/endpoint_event.h"

namespace failover_demo {

/// A switch event at its place on the time line.
struct Mark {
  double seconds = 0;
  std::string text;
  bool bad = false;
};

/// One row of the final table.
struct PhaseResult {
  std::string name;
  std::string what;
  double begin_seconds = 0;
  double end_seconds = 0;
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  double longest_gap_ms = 0;
  /// From the failure being known to the next choice; none when nothing was switched.
  std::optional<double> switch_ms;
  std::uint64_t switches = 0;
  std::uint64_t connects = 0;
};

/// What was seen, for the page, the table and the report.
class Observation {
 public:
  explicit Observation(std::chrono::steady_clock::time_point start) : start_(start) {}

  void OnEvent(const corocket::EndpointEvent& event);
  void BeginPhase() { phase_switches_ms_.clear(); }

  /// Longest time from losing a choice to having the next one, in this phase.
  [[nodiscard]] std::optional<double> LongestSwitchMs() const;
  [[nodiscard]] std::uint64_t SwitchesInPhase() const { return phase_switches_ms_.size(); }
  [[nodiscard]] const std::vector<Mark>& marks() const { return marks_; }
  /// The newest lines, oldest first.
  [[nodiscard]] const std::deque<std::string>& recent() const { return recent_; }
  [[nodiscard]] double SecondsSinceStart(std::chrono::steady_clock::time_point at) const {
    return std::chrono::duration<double>(at - start_).count();
  }

  std::vector<PhaseResult> results;

 private:
  std::chrono::steady_clock::time_point start_;
  std::optional<std::chrono::steady_clock::time_point> lost_at_;
  std::vector<double> phase_switches_ms_;
  std::vector<Mark> marks_;
  std::deque<std::string> recent_;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_OBSERVATION_H_
