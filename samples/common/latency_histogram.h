#ifndef COROCKET_SAMPLES_COMMON_LATENCY_HISTOGRAM_H_
#define COROCKET_SAMPLES_COMMON_LATENCY_HISTOGRAM_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace samples {

/// Latencies in buckets of 1/32 of their size: bounded memory however long it runs, quantiles within 3 %.
class LatencyHistogram {
 public:
  void Add(std::chrono::microseconds latency);
  /// Upper edge of the bucket that holds the `quantile` (0 to 1) of all latencies; 0 when there are none.
  [[nodiscard]] std::int64_t QuantileMicros(double quantile) const;
  [[nodiscard]] std::int64_t max_micros() const { return max_; }

 private:
  static constexpr std::size_t kSteps = 32;
  static constexpr std::size_t kBuckets = kSteps * 48;
  static std::size_t BucketOf(std::uint64_t micros);
  static std::uint64_t UpperEdge(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_LATENCY_HISTOGRAM_H_
