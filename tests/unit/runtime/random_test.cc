#include "sdk/runtime/random.h"

#include <array>
#include <chrono>
#include <cstdint>

#include "gtest/gtest.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket {
namespace {

using testkit::SimRuntime;

TEST(UniformBelow, StaysBelowItsBoundAndReachesEveryValue) {
  SimRuntime sim({.seed = 3});
  std::array<int, 7> seen{};
  for (int i = 0; i < 7'000; ++i) ++seen.at(UniformBelow(*sim.runtime(), 7));
  for (const int count : seen) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(UniformBelow, OneAndZeroLeaveNoChoice) {
  SimRuntime sim;
  EXPECT_EQ(UniformBelow(*sim.runtime(), std::uint64_t{1}), 0u);
  EXPECT_EQ(UniformBelow(*sim.runtime(), std::uint64_t{0}), 0u);
}

TEST(UniformBelow, UsesTheWholeRangeOfALargeBound) {
  SimRuntime sim;
  constexpr std::uint64_t kBound = UINT64_MAX;
  bool high = false;
  bool low = false;
  for (int i = 0; i < 100; ++i) (UniformBelow(*sim.runtime(), kBound) > kBound / 2 ? high : low) = true;
  EXPECT_TRUE(high && low);
}

TEST(UniformBelow, DrawsDurationsAndTakesNegativeOnesForZero) {
  SimRuntime sim;
  for (int i = 0; i < 100; ++i) {
    const Duration drawn = UniformBelow(*sim.runtime(), Duration(std::chrono::milliseconds(5)));
    EXPECT_GE(drawn, Duration::zero());
    EXPECT_LT(drawn, std::chrono::milliseconds(5));
  }
  EXPECT_EQ(UniformBelow(*sim.runtime(), Duration(-5)), Duration::zero());
}

TEST(UniformBelow, TheSameSeedDrawsTheSame) {
  SimRuntime first({.seed = 9});
  SimRuntime second({.seed = 9});
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(UniformBelow(*first.runtime(), std::uint64_t{1000}),
              UniformBelow(*second.runtime(), std::uint64_t{1000}));
  }
}

}  // namespace
}  // namespace corocket
