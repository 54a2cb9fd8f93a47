#include "samples/common/call_stats.h"

#include <algorithm>

namespace samples {

void CallStats::Success(Clock::time_point began, Clock::time_point now) {
  ++ok_;
  latencies_.Add(std::chrono::duration_cast<std::chrono::microseconds>(now - began));
  longest_gap_ = std::max(longest_gap_, now - last_success_);
  last_success_ = now;
}

CallStats::Clock::duration CallStats::longest_gap(Clock::time_point now) const {
  return std::max(longest_gap_, now - last_success_);
}

}  // namespace samples
