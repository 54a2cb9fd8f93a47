#include "samples/common/call_stats.h"

#include <chrono>

#include "gtest/gtest.h"

namespace samples {
namespace {

using std::chrono::milliseconds;

constexpr CallStats::Clock::time_point kStart{};

CallStats::Clock::time_point At(int ms) { return kStart + milliseconds(ms); }

TEST(CallStats, CountsCallsByTheirEnd) {
  CallStats stats(kStart);
  stats.Success(At(0), At(2));
  stats.Success(At(2), At(5));
  stats.Failure();
  EXPECT_EQ(stats.ok(), 2U);
  EXPECT_EQ(stats.failed(), 1U);
  EXPECT_EQ(stats.calls(), 3U);
  EXPECT_EQ(stats.latencies().max_micros(), 3000);
}

TEST(CallStats, TheLongestGapIsThatBetweenTwoSuccesses) {
  CallStats stats(kStart);
  stats.Success(At(0), At(10));
  stats.Success(At(10), At(60));
  stats.Success(At(60), At(70));
  EXPECT_EQ(stats.longest_gap(At(75)), milliseconds(50));
}

TEST(CallStats, TheWayToTheFirstSuccessIsAGap) {
  CallStats stats(kStart);
  stats.Success(At(0), At(100));
  EXPECT_EQ(stats.longest_gap(At(101)), milliseconds(100));
}

TEST(CallStats, AnOutageThatStillLastsIsAGap) {
  CallStats stats(kStart);
  stats.Success(At(0), At(10));
  stats.Failure();
  EXPECT_EQ(stats.longest_gap(At(400)), milliseconds(390));
  stats.Success(At(10), At(500));
  EXPECT_EQ(stats.longest_gap(At(501)), milliseconds(490));
}

TEST(CallStats, WithoutASuccessAllOfTheTimeIsAGap) {
  const CallStats stats(kStart);
  EXPECT_EQ(stats.longest_gap(At(6000)), milliseconds(6000));
}

}  // namespace
}  // namespace samples
