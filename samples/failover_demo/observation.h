#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_OBSERVATION_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_OBSERVATION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "corocket/endpoint_event.h"

namespace failover_demo {

/// A piece of the run, in seconds since its start.
struct Span {
  double begin = 0;
  double end = 0;
};

/// What an event means to the calls.
enum class MarkKind : std::uint8_t {
  kLost,     ///< The server in use was left.
  kChosen,   ///< A server came into use.
  kTrouble,  ///< Any other bad news.
  kNews,
};

/// An event at its place on the time line.
struct Mark {
  double seconds = 0;
  MarkKind kind = MarkKind::kNews;
  std::string text;
};

/// One row of the final table.
struct PhaseResult {
  std::string name;
  std::string what;
  Span span;
  /// While the fault lasted; of no length when it was over at once; none when nothing was broken.
  std::optional<Span> fault;
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  double longest_gap_ms = 0;
  /// From the failure being known to the next choice; none when nothing was switched.
  std::optional<double> switch_ms;
  /// Connections that were made.
  std::uint64_t connects = 0;
};

/// What was seen, for the page, the table and the report.
class Observation {
 public:
  /// The report stays a file that a browser likes.
  static constexpr std::size_t kMaxMarks = 2000;
  static constexpr std::size_t kRecentLines = 200;

  explicit Observation(std::chrono::steady_clock::time_point start) : start_(start) {}

  void OnEvent(const corocket::EndpointEvent& event);

  /// Longest time from losing a choice to having the next one, of the switches that were complete within `span`.
  [[nodiscard]] std::optional<double> LongestSwitchMs(Span span) const;
  [[nodiscard]] std::uint64_t ConnectsIn(Span span) const;
  /// The first `kMaxMarks` events that tell a person something, and how many came after them.
  [[nodiscard]] const std::vector<Mark>& marks() const { return marks_; }
  [[nodiscard]] std::uint64_t marks_left_out() const { return lines_ - marks_.size(); }
  /// The same events as lines, without end: the newest `kRecentLines`, oldest first, and how many there were in all.
  [[nodiscard]] const std::deque<std::string>& recent() const { return recent_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] double SecondsSinceStart(std::chrono::steady_clock::time_point at) const {
    return std::chrono::duration<double>(at - start_).count();
  }

  std::vector<PhaseResult> results;

 private:
  std::chrono::steady_clock::time_point start_;
  std::optional<double> lost_at_;
  /// From the loss to the next choice.
  std::vector<Span> switches_;
  std::vector<double> connects_;
  std::vector<Mark> marks_;
  std::deque<std::string> recent_;
  std::uint64_t lines_ = 0;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_OBSERVATION_H_
