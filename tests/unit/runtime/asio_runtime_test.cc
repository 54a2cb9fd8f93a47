#include "sdk/runtime/asio_runtime.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "asio/thread_pool.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/runtime/runtime.h"

namespace corocket {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

TEST(AsioRuntime, ATimerFiresAtItsTimeOrLater) {
  asio::io_context context;
  const auto runtime = MakeAsioRuntime(context.get_executor());
  const auto timer = runtime->NewTimer(context.get_executor());
  const TimePoint at = runtime->Now() + milliseconds(2);
  TimePoint fired;
  timer->Arm(at, [&] { fired = runtime->Now(); });
  context.run();
  EXPECT_GE(fired, at);
}

TEST(AsioRuntime, ArmingAgainReplacesWhatWasArmed) {
  asio::io_context context;
  const auto runtime = MakeAsioRuntime(context.get_executor());
  const auto timer = runtime->NewTimer(context.get_executor());
  std::vector<int> fired;
  timer->Arm(runtime->Now() + hours(1), [&] { fired.push_back(1); });
  timer->Arm(runtime->Now(), [&] { fired.push_back(2); });
  context.run();
  EXPECT_THAT(fired, ElementsAre(2));
}

TEST(AsioRuntime, ATimerMayBeArmedFromItsOwnFire) {
  asio::io_context context;
  const auto runtime = MakeAsioRuntime(context.get_executor());
  const auto timer = runtime->NewTimer(context.get_executor());
  std::vector<int> fired;
  timer->Arm(runtime->Now(), [&] {
    fired.push_back(1);
    timer->Arm(runtime->Now(), [&] { fired.push_back(2); });
  });
  context.run();
  EXPECT_THAT(fired, ElementsAre(1, 2));
}

TEST(AsioRuntime, ADisarmedOrDestroyedTimerNeverFiresEvenWhenItWasDue) {
  asio::io_context context;
  const auto runtime = MakeAsioRuntime(context.get_executor());
  auto first = runtime->NewTimer(context.get_executor());
  auto second = runtime->NewTimer(context.get_executor());
  auto third = runtime->NewTimer(context.get_executor());
  std::vector<int> fired;
  const TimePoint past = runtime->Now() - milliseconds(1);
  // All three expire in one go, so the handlers of the others are queued when the first one runs.
  first->Arm(past, [&] {
    fired.push_back(1);
    second->Disarm();
    third.reset();
  });
  second->Arm(past + microseconds(1), [&] { fired.push_back(2); });
  third->Arm(past + microseconds(2), [&] { fired.push_back(3); });
  context.run();
  EXPECT_THAT(fired, ElementsAre(1));
}

TEST(AsioRuntime, AReplacedFireDoesNotRunWhenItWasDueAlready) {
  asio::io_context context;
  const auto runtime = MakeAsioRuntime(context.get_executor());
  const auto first = runtime->NewTimer(context.get_executor());
  const auto second = runtime->NewTimer(context.get_executor());
  std::vector<int> fired;
  const TimePoint past = runtime->Now() - milliseconds(1);
  first->Arm(past, [&] { second->Arm(runtime->Now(), [&] { fired.push_back(3); }); });
  second->Arm(past + microseconds(1), [&] { fired.push_back(2); });
  context.run();
  EXPECT_THAT(fired, ElementsAre(3));
}

TEST(AsioRuntime, TheEndOfTimeIsATimeToArmFor) {
  asio::io_context context;
  const auto runtime = MakeAsioRuntime(context.get_executor());
  const auto timer = runtime->NewTimer(context.get_executor());
  bool fired = false;
  timer->Arm(TimePoint::max(), [&] { fired = true; });
  asio::post(context, [&] { timer->Disarm(); });
  context.run();
  EXPECT_FALSE(fired);
}

TEST(AsioRuntime, ATimerFiresOnItsExecutor) {
  asio::thread_pool pool(4);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  const auto strand = asio::make_strand(asio::any_io_executor(pool.get_executor()));
  std::shared_ptr<Timer> timer = runtime->NewTimer(strand);
  std::atomic<int> on_strand = 0;
  asio::post(strand, [&, timer] {
    timer->Arm(runtime->Now(), [&, timer] { on_strand += strand.running_in_this_thread() ? 1 : 0; });
  });
  pool.join();
  EXPECT_EQ(on_strand, 1);
}

// For ThreadSanitizer: the last owner of a connection may be a caller on any thread.
TEST(AsioRuntime, ATimerMayBeDestroyedOnAnyThreadAtTheMomentItIsDue) {
  asio::thread_pool pool(4);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  std::atomic<int> fired = 0;
  constexpr int kTimers = 2'000;
  for (int i = 0; i < kTimers; ++i) {
    auto timer = runtime->NewTimer(asio::make_strand(asio::any_io_executor(pool.get_executor())));
    timer->Arm(runtime->Now() + microseconds(i % 50), [&fired] { ++fired; });
    asio::post(pool, [timer = std::move(timer)]() mutable { timer.reset(); });
  }
  pool.join();
  EXPECT_LE(fired, kTimers);
}

TEST(AsioRuntime, AContextThatEndsFreesSleepersAndTheirTimers) {
  const auto witness = std::make_shared<int>(0);
  const auto sleeper = [](std::shared_ptr<Runtime> runtime, std::shared_ptr<int>) -> asio::awaitable<void> {
    co_await SleepUntil(*runtime, runtime->Now() + hours(1));
  };
  {
    asio::io_context context;
    const auto runtime = MakeAsioRuntime(context.get_executor());
    asio::co_spawn(context, sleeper(runtime, witness), [](std::exception_ptr) {});
    asio::co_spawn(asio::make_strand(context), sleeper(runtime, witness), [](std::exception_ptr) {});
    context.poll();
    EXPECT_EQ(witness.use_count(), 3);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(AsioRuntime, RandomIsDifferentInEachRuntimeAndSafeFromFourThreads) {
  asio::io_context context;
  const auto first = MakeAsioRuntime(context.get_executor());
  const auto second = MakeAsioRuntime(context.get_executor());
  EXPECT_NE(first->Random(), second->Random());
  std::vector<std::vector<std::uint64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& numbers : drawn) {
    threads.emplace_back([&numbers, first] {
      for (int i = 0; i < 1'000; ++i) numbers.push_back(first->Random());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& numbers : drawn) all.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(all.size(), 4'000u) << "64-bit numbers repeat once in 10^12 runs of this test";
}

TEST(AsioRuntime, SleepersOnManyStrandsOverFourThreadsAllWake) {
  asio::thread_pool pool(4);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  std::atomic<int> woken = 0;
  const auto sleeper = [](std::shared_ptr<Runtime> on, Duration duration,
                          std::atomic<int>& count) -> asio::awaitable<void> {
    for (int i = 0; i < 5; ++i) co_await SleepUntil(*on, on->Now() + duration);
    ++count;
  };
  for (int i = 0; i < 500; ++i) {
    asio::co_spawn(asio::make_strand(asio::any_io_executor(pool.get_executor())),
                   sleeper(runtime, microseconds(i % 90), woken),
                   [](std::exception_ptr error) { EXPECT_FALSE(error); });
  }
  pool.join();
  EXPECT_EQ(woken, 500);
}

}  // namespace
}  // namespace corocket
