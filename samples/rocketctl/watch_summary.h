#ifndef COROCKET_SAMPLES_ROCKETCTL_WATCH_SUMMARY_H_
#define COROCKET_SAMPLES_ROCKETCTL_WATCH_SUMMARY_H_

#include <cstdint>

#include "absl/status/status.h"

namespace rocketctl {

/// What a watch saw in all.
struct WatchSummary {
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t switches = 0;
  /// Longest time without a successful completion, beginning and end of the watch included.
  double longest_gap_ms = 0;
  std::int64_t p50_us = 0;
  std::int64_t p99_us = 0;
  std::int64_t max_us = 0;
  /// Connections that were made.
  std::uint64_t connects = 0;
  /// OK while no call has failed.
  absl::Status last_failure;
};

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_WATCH_SUMMARY_H_
