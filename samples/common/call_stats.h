#ifndef COROCKET_SAMPLES_COMMON_CALL_STATS_H_
#define COROCKET_SAMPLES_COMMON_CALL_STATS_H_

#include <chrono>
#include <cstdint>

#include "samples/common/latency_histogram.h"

namespace samples {

/// Calls of a while: how many, how fast, and the longest time without a success. Used from one thread.
class CallStats {
 public:
  using Clock = std::chrono::steady_clock;

  explicit CallStats(Clock::time_point start) : last_success_(start) {}
  void Success(Clock::time_point began, Clock::time_point now);
  void Failure() { ++failed_; }

  [[nodiscard]] std::uint64_t ok() const { return ok_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] std::uint64_t calls() const { return ok_ + failed_; }
  /// Longest time without a successful completion until `now`: an outage that still lasts counts, and so does the way
  /// to the first success.
  [[nodiscard]] Clock::duration longest_gap(Clock::time_point now) const;
  [[nodiscard]] const LatencyHistogram& latencies() const { return latencies_; }

 private:
  Clock::time_point last_success_;
  Clock::duration longest_gap_{0};
  std::uint64_t ok_ = 0;
  std::uint64_t failed_ = 0;
  LatencyHistogram latencies_;
};

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_CALL_STATS_H_
