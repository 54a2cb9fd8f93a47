#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_TIMELINE_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_TIMELINE_H_

#include <chrono>
#include <cstdint>

namespace failover_demo {

/// Calls that ended within one step of the time line.
struct Moment {
  std::uint32_t ok = 0;
  std::uint32_t failed = 0;
  std::int64_t max_micros = 0;
  std::int64_t sum_micros = 0;
};

/// Width of a `Moment`.
inline constexpr std::chrono::milliseconds kStep{20};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_TIMELINE_H_
