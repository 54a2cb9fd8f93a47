#include "samples/common/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace samples {

std::size_t LatencyHistogram::BucketOf(std::uint64_t micros) {
  if (micros < kSteps) return static_cast<std::size_t>(micros);
  // The octave, and the five bits behind the leading one.
  const auto octave = static_cast<std::size_t>(std::bit_width(micros)) - 6;
  const auto step = static_cast<std::size_t>(micros >> octave) - kSteps;
  return std::min(kBuckets - 1, kSteps * (octave + 1) + step);
}

std::uint64_t LatencyHistogram::UpperEdge(std::size_t bucket) {
  if (bucket < kSteps) return bucket;
  const std::size_t octave = bucket / kSteps - 1;
  return ((kSteps + bucket % kSteps + 1) << octave) - 1;
}

void LatencyHistogram::Add(std::chrono::microseconds latency) {
  const std::int64_t micros = std::max<std::int64_t>(0, latency.count());
  ++counts_[BucketOf(static_cast<std::uint64_t>(micros))];
  ++total_;
  max_ = std::max(max_, micros);
}

std::int64_t LatencyHistogram::QuantileMicros(double quantile) const {
  if (total_ == 0) return 0;
  const auto rank = static_cast<std::uint64_t>(std::ceil(quantile * static_cast<double>(total_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= std::max<std::uint64_t>(1, rank)) return std::min(max_, static_cast<std::int64_t>(UpperEdge(bucket)));
  }
  return max_;
}

}  // namespace samples
