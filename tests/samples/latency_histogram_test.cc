#include "samples/common/latency_histogram.h"

#include <chrono>
#include <cstdint>

#include "gtest/gtest.h"

namespace samples {
namespace {

using std::chrono::microseconds;

TEST(LatencyHistogram, IsZeroWithoutLatencies) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.QuantileMicros(0.5), 0);
  EXPECT_EQ(histogram.max_micros(), 0);
}

TEST(LatencyHistogram, QuantilesAreWithinThreePercentAndNeverTooSmall) {
  LatencyHistogram histogram;
  for (std::int64_t us = 1; us <= 100'000; ++us) histogram.Add(microseconds(us));
  for (const double quantile : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = quantile * 100'000;
    const auto told = static_cast<double>(histogram.QuantileMicros(quantile));
    EXPECT_GE(told, exact) << quantile;
    EXPECT_LE(told, exact * 1.035) << quantile;
  }
  EXPECT_EQ(histogram.QuantileMicros(1), 100'000);
}

TEST(LatencyHistogram, SmallLatenciesAreExact) {
  for (std::int64_t us = 0; us < 32; ++us) {
    LatencyHistogram histogram;
    histogram.Add(microseconds(us));
    histogram.Add(microseconds(1'000'000));
    EXPECT_EQ(histogram.QuantileMicros(0.5), us);
  }
}

TEST(LatencyHistogram, TakesWhatNoClockShouldGive) {
  LatencyHistogram histogram;
  histogram.Add(microseconds(-5));
  EXPECT_EQ(histogram.QuantileMicros(0.5), 0);
  histogram.Add(microseconds::max());
  EXPECT_LE(histogram.QuantileMicros(1), microseconds::max().count());
  EXPECT_EQ(histogram.max_micros(), microseconds::max().count());
}

}  // namespace
}  // namespace samples
