#include "sdk/testkit/sim_runtime.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/async_result.hpp"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/deferred.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/runtime/parked.h"
#include "sdk/runtime/runtime.h"

namespace corocket::testkit {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

asio::awaitable<void> SleepFor(std::shared_ptr<Runtime> runtime, Duration duration) {
  co_await SleepUntil(*runtime, runtime->Now() + duration);
}

asio::awaitable<std::string> AnswerAfter(std::shared_ptr<Runtime> runtime, Duration duration, std::string answer) {
  co_await SleepFor(runtime, duration);
  co_return answer;
}

asio::awaitable<void> FailAfter(std::shared_ptr<Runtime> runtime, Duration duration) {
  co_await SleepFor(runtime, duration);
  throw std::out_of_range("broken on purpose");
}

asio::awaitable<void> SpinFor(int rounds) {
  for (int i = 0; i < rounds; ++i) co_await asio::post(asio::deferred);
}

asio::awaitable<void> SleepThenWait(std::shared_ptr<Runtime> runtime, std::optional<Parked<std::error_code>>& parked) {
  co_await SleepFor(runtime, seconds(2));
  const asio::any_io_executor executor = runtime->executor();
  auto park = [&](auto handler) { parked.emplace(std::move(handler), executor); };
  auto wait = asio::async_initiate<const asio::deferred_t, void(std::error_code)>(park, asio::deferred);
  co_await std::move(wait);
}

std::string WhatOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const SimError& error) {
    return error.what();
  }
  return "no SimError";
}

TEST(SimRuntime, ATaskSleepsThroughVirtualTimeOnly) {
  SimRuntime sim;
  EXPECT_EQ(sim.Run(AnswerAfter(sim.runtime(), hours(20), "late")), "late");
  EXPECT_EQ(sim.Elapsed(), hours(20));
}

TEST(SimRuntime, AnExceptionOfTheTaskReachesTheCaller) {
  SimRuntime sim;
  EXPECT_THROW(sim.Run(FailAfter(sim.runtime(), seconds(1))), std::out_of_range);
}

TEST(SimRuntime, AnExceptionOfABackgroundTaskIsNotLost) {
  SimRuntime sim;
  sim.Spawn(FailAfter(sim.runtime(), seconds(1)));
  EXPECT_THROW(sim.RunFor(seconds(2)), std::out_of_range);
}

TEST(SimRuntime, AValueWithoutDefaultConstructorComesBack) {
  struct Strict {
    explicit Strict(std::unique_ptr<int> number) : value(std::move(number)) {}
    std::unique_ptr<int> value;
  };
  const auto task = []() -> asio::awaitable<Strict> { co_return Strict(std::make_unique<int>(5)); };
  SimRuntime sim;
  EXPECT_EQ(*sim.Run(task()).value, 5);
}

TEST(SimRuntime, TimersFireInTheOrderOfTimeThenOfArming) {
  SimRuntime sim;
  std::vector<int> fired;
  std::vector<std::unique_ptr<Timer>> timers;
  const auto arm = [&](int name, Duration after) {
    timers.push_back(sim.runtime()->NewTimer(sim.executor()));
    timers.back()->Arm(sim.Now() + after, [&fired, name] { fired.push_back(name); });
  };
  arm(1, milliseconds(7));
  arm(2, milliseconds(5));
  arm(3, milliseconds(7));
  arm(4, milliseconds(5));
  arm(5, Duration::zero());
  sim.RunFor(milliseconds(7));
  EXPECT_THAT(fired, ElementsAre(5, 2, 4, 1, 3));
  EXPECT_EQ(sim.timers(), 0u);
}

TEST(SimRuntime, AReplacedTimerFiresOnceAndADisarmedOneNever) {
  SimRuntime sim;
  std::vector<int> fired;
  const auto timer = sim.runtime()->NewTimer(sim.executor());
  timer->Arm(sim.Now() + seconds(1), [&] { fired.push_back(1); });
  timer->Arm(sim.Now() + seconds(2), [&] { fired.push_back(2); });
  sim.RunFor(seconds(5));
  EXPECT_THAT(fired, ElementsAre(2));
  timer->Arm(sim.Now() + seconds(1), [&] { fired.push_back(3); });
  timer->Disarm();
  sim.RunFor(seconds(5));
  EXPECT_THAT(fired, ElementsAre(2));
}

TEST(SimRuntime, ATimerDisarmedAfterItWasDueButBeforeItRanStaysSilent) {
  SimRuntime sim;
  bool fired = false;
  const auto second = sim.runtime()->NewTimer(sim.executor());
  const auto first = sim.runtime()->NewTimer(sim.executor());
  const TimePoint at = sim.Now() + seconds(1);
  first->Arm(at, [&] { second->Disarm(); });
  second->Arm(at, [&] { fired = true; });
  sim.RunFor(seconds(2));
  EXPECT_FALSE(fired);
}

TEST(SimRuntime, ATimerDisarmedBetweenItsTimeAndItsRunStaysSilent) {
  SimRuntime sim;
  bool fired = false;
  const auto timer = sim.runtime()->NewTimer(sim.executor());
  const TimePoint at = sim.Now() + seconds(1);
  timer->Arm(at, [&] { fired = true; });
  // Stops where the alarm has been handed to its executor and has not run yet.
  ASSERT_TRUE(sim.RunUntil([&] { return sim.Now() >= at; }, seconds(2)));
  ASSERT_FALSE(fired);
  timer->Disarm();
  sim.RunUntilIdle();
  EXPECT_FALSE(fired);
}

TEST(SimRuntime, ATimerInThePastFiresNow) {
  SimRuntime sim;
  bool fired = false;
  const auto timer = sim.runtime()->NewTimer(sim.executor());
  timer->Arm(sim.Now() - hours(3), [&] { fired = true; });
  sim.RunFor(Duration::zero());
  EXPECT_TRUE(fired);
  EXPECT_EQ(sim.Elapsed(), Duration::zero());
}

TEST(SimRuntime, RunForStopsExactlyAndRunsWhatIsDueAtItsEnd) {
  SimRuntime sim;
  std::vector<Duration> fired;
  const auto timer = sim.runtime()->NewTimer(sim.executor());
  std::function<void()> again = [&] {
    fired.push_back(sim.Elapsed());
    timer->Arm(sim.Now() + seconds(1), again);
  };
  timer->Arm(sim.Now() + seconds(1), again);
  sim.RunFor(seconds(3));
  EXPECT_THAT(fired, ElementsAre(seconds(1), seconds(2), seconds(3)));
  sim.RunFor(milliseconds(500));
  EXPECT_EQ(sim.Elapsed(), milliseconds(3500));
  EXPECT_EQ(fired.size(), 3u);
}

TEST(SimRuntime, RunUntilStopsAtTheFirstStepThatFulfilsIt) {
  SimRuntime sim;
  bool done = false;
  const auto timer = sim.runtime()->NewTimer(sim.executor());
  timer->Arm(sim.Now() + seconds(4), [&] { done = true; });
  EXPECT_TRUE(sim.RunUntil([&] { return done; }, seconds(10)));
  EXPECT_EQ(sim.Elapsed(), seconds(4));
  EXPECT_FALSE(sim.RunUntil([] { return false; }, seconds(10)));
  EXPECT_EQ(sim.Elapsed(), seconds(14));
}

TEST(SimRuntime, ATaskThatNobodyWillWakeIsADeadlockAndSaysSo) {
  SimRuntime sim({.seed = 77});
  std::optional<Parked<std::error_code>> nobody_wakes_it;
  EXPECT_THAT(WhatOf([&] { sim.Run(SleepThenWait(sim.runtime(), nobody_wakes_it)); }),
              AllOf(HasSubstr("deadlock at virtual time 2 s"), HasSubstr("seed 77")));
  EXPECT_TRUE(nobody_wakes_it);
}

TEST(SimRuntime, TwoTasksThatWakeEachOtherForEverAreALivelockAndSaySo) {
  SimRuntime sim({.max_steps_per_instant = 1000});
  EXPECT_THAT(WhatOf([&] { sim.Run(SpinFor(5000)); }),
              AllOf(HasSubstr("livelock at virtual time 0 s"), HasSubstr("1000 steps")));
}

TEST(SimRuntime, ManyStepsAreNoLivelockWhileTimeMoves) {
  SimRuntime sim({.max_steps_per_instant = 1000});
  const auto work = [](std::shared_ptr<Runtime> runtime) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      co_await SpinFor(500);
      co_await SleepFor(runtime, milliseconds(1));
    }
  };
  sim.Run(work(sim.runtime()));
  EXPECT_GT(sim.steps(), 10'000u);
}

TEST(SimRuntime, AWaitBesideAPeriodicTimerEndsAtTheRunLimit) {
  SimRuntime sim({.max_run_time = hours(1)});
  const auto timer = sim.runtime()->NewTimer(sim.executor());
  std::function<void()> again = [&] { timer->Arm(sim.Now() + seconds(30), again); };
  again();
  std::optional<Parked<std::error_code>> nobody_wakes_it;
  EXPECT_THAT(WhatOf([&] { sim.Run(SleepThenWait(sim.runtime(), nobody_wakes_it)); }),
              HasSubstr("not completed in 3600 s of virtual time"));
}

TEST(SimRuntime, TheHookSeesEachStepAndMayEndTheRun) {
  SimRuntime sim;
  int calls = 0;
  sim.OnStep([&](TimePoint now) {
    EXPECT_EQ(now, sim.Now());
    if (++calls == 10) throw std::logic_error("invariant broken");
  });
  EXPECT_THROW(sim.Run(SpinFor(100)), std::logic_error);
  EXPECT_EQ(calls, 10);
}

std::vector<std::string> TraceOfRandomSleepers(std::uint64_t seed) {
  SimRuntime sim({.seed = seed});
  std::vector<std::string> trace;
  const auto sleeper = [](std::shared_ptr<Runtime> runtime, std::vector<std::string>& out,
                          int name) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      co_await SleepFor(runtime, std::chrono::nanoseconds(runtime->Random() % 1000));
      out.push_back(std::to_string(name) + "@" + std::to_string(runtime->Now().time_since_epoch().count()));
    }
  };
  for (int i = 0; i < 10; ++i) sim.Spawn(sleeper(sim.runtime(), trace, i));
  sim.RunFor(seconds(1));
  return trace;
}

TEST(SimRuntime, EqualSeedsGiveEqualTracesAndOthersDiffer) {
  const auto trace = TraceOfRandomSleepers(3);
  EXPECT_EQ(trace.size(), 200u);
  EXPECT_EQ(trace, TraceOfRandomSleepers(3));
  EXPECT_NE(trace, TraceOfRandomSleepers(4));
}

TEST(SimRuntime, DestroyingItFreesWhatStillSleeps) {
  auto witness = std::make_shared<int>(0);
  const auto sleeper = [](std::shared_ptr<Runtime> runtime, std::shared_ptr<int> held) -> asio::awaitable<void> {
    co_await SleepFor(runtime, hours(1));
    ++*held;
  };
  {
    SimRuntime sim;
    const auto strand = asio::make_strand(sim.executor());
    sim.Spawn(sleeper(sim.runtime(), witness));
    asio::co_spawn(strand, sleeper(sim.runtime(), witness), [](std::exception_ptr) {});
    sim.RunFor(seconds(1));
    EXPECT_EQ(witness.use_count(), 3);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

}  // namespace
}  // namespace corocket::testkit
