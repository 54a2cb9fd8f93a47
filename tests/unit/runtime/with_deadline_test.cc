#include "sdk/runtime/with_deadline.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_state.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/strand.hpp"
#include "asio/this_coro.hpp"
#include "asio/thread_pool.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/runtime/asio_runtime.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testkit::SimRuntime;

asio::awaitable<void> SleepFor(std::shared_ptr<Runtime> runtime, Duration duration) {
  co_await SleepUntil(*runtime, runtime->Now() + duration);
}

template <typename T>
asio::awaitable<T> AnswerAfter(std::shared_ptr<Runtime> runtime, Duration duration, T answer) {
  co_await SleepFor(runtime, duration);
  co_return answer;
}

asio::awaitable<void> FailAfter(std::shared_ptr<Runtime> runtime, Duration duration) {
  co_await SleepFor(runtime, duration);
  throw std::out_of_range("broken on purpose");
}

asio::awaitable<std::error_code> ErrorOf(asio::awaitable<void> work) {
  try {
    co_await std::move(work);
  } catch (const std::system_error& error) {
    co_return error.code();
  }
  co_return std::error_code();
}

/// Sleeps through its cancellation, as work does that cleans up slowly.
asio::awaitable<void> IgnoreCancellation(std::shared_ptr<Runtime> runtime, Duration duration,
                                         std::vector<std::string>& log) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::error_code error = co_await ErrorOf(SleepFor(runtime, duration));
  if (error == asio::error::operation_aborted) log.push_back("cancelled");
  co_await asio::this_coro::reset_cancellation_state();
  co_await SleepFor(runtime, seconds(10));
  log.push_back("wound down");
}

class WithDeadlineTest : public ::testing::Test {
 protected:
  TimePoint In(Duration duration) const { return sim_.Now() + duration; }
  std::error_code Try(asio::awaitable<void> work) { return sim_.Run(ErrorOf(std::move(work))); }

  SimRuntime sim_;
  Runtime& runtime_ = *sim_.runtime();
  std::vector<std::string> log_;
};

TEST_F(WithDeadlineTest, WorkThatIsInTimeGivesItsValue) {
  auto work = AnswerAfter<std::string>(sim_.runtime(), seconds(1), "answer");
  EXPECT_EQ(sim_.Run(WithDeadline(runtime_, In(seconds(2)), std::move(work))), "answer");
  EXPECT_EQ(sim_.Elapsed(), seconds(1));
  EXPECT_EQ(sim_.timers(), 0u) << "the deadline is disarmed";
}

TEST_F(WithDeadlineTest, AValueThatCannotBeCopiedOrMadeFromNothingComesThrough) {
  struct Strict {
    explicit Strict(int number) : value(std::make_unique<int>(number)) {}
    std::unique_ptr<int> value;
  };
  const auto work = []() -> asio::awaitable<Strict> { co_return Strict(7); };
  EXPECT_EQ(*sim_.Run(WithDeadline(runtime_, In(seconds(2)), work())).value, 7);
}

TEST_F(WithDeadlineTest, AnExceptionOfTheWorkComesThrough) {
  EXPECT_THROW(sim_.Run(WithDeadline(runtime_, In(seconds(2)), FailAfter(sim_.runtime(), seconds(1)))),
               std::out_of_range);
}

TEST_F(WithDeadlineTest, WorkThatIsLateIsCancelledAndTheDeadlineIsKept) {
  EXPECT_EQ(Try(WithDeadline(runtime_, In(seconds(2)), SleepFor(sim_.runtime(), seconds(3)))), asio::error::timed_out);
  EXPECT_EQ(sim_.Elapsed(), seconds(2));
  sim_.RunUntilIdle();
  EXPECT_EQ(sim_.timers(), 0u) << "the sleep is cancelled";
}

TEST_F(WithDeadlineTest, TheDeadlineDoesNotWaitForWorkThatIgnoresIt) {
  auto work = IgnoreCancellation(sim_.runtime(), seconds(5), log_);
  EXPECT_EQ(Try(WithDeadline(runtime_, In(seconds(2)), std::move(work))), asio::error::timed_out);
  EXPECT_EQ(sim_.Elapsed(), seconds(2));
  sim_.RunUntilIdle();
  EXPECT_THAT(log_, ElementsAre("cancelled"));
  sim_.RunFor(seconds(20));
  EXPECT_THAT(log_, ElementsAre("cancelled", "wound down"));
}

TEST_F(WithDeadlineTest, AnErrorOfLateWorkIsDropped) {
  const auto work = [](std::shared_ptr<Runtime> runtime) -> asio::awaitable<void> {
    const std::error_code ignored = co_await ErrorOf(SleepFor(runtime, seconds(5)));
    throw std::out_of_range(ignored.message());
  };
  EXPECT_EQ(Try(WithDeadline(runtime_, In(seconds(2)), work(sim_.runtime()))), asio::error::timed_out);
  sim_.RunFor(seconds(20));
}

TEST_F(WithDeadlineTest, WorkIsNotBegunAtADeadlineThatHasPassed) {
  bool begun = false;
  const auto work = [](bool& flag) -> asio::awaitable<void> {
    flag = true;
    co_return;
  };
  EXPECT_EQ(Try(WithDeadline(runtime_, sim_.Now(), work(begun))), asio::error::timed_out);
  EXPECT_FALSE(begun);
}

TEST_F(WithDeadlineTest, WorkThatNeverSuspendsIsDoneAtOnce) {
  const auto work = []() -> asio::awaitable<int> { co_return 5; };
  EXPECT_EQ(sim_.Run(WithDeadline(runtime_, In(seconds(2)), work())), 5);
  EXPECT_EQ(sim_.Elapsed(), Duration::zero());
}

TEST_F(WithDeadlineTest, AnInnerDeadlineDoesNotReachTheOuterWork) {
  auto inner = ErrorOf(WithDeadline(runtime_, In(seconds(1)), SleepFor(sim_.runtime(), seconds(9))));
  EXPECT_EQ(sim_.Run(WithDeadline(runtime_, In(seconds(2)), std::move(inner))), asio::error::timed_out);
  EXPECT_EQ(sim_.Elapsed(), seconds(1));
}

TEST_F(WithDeadlineTest, AnOuterDeadlineEndsTheInnerOne) {
  auto inner = WithDeadline(runtime_, In(seconds(9)), SleepFor(sim_.runtime(), seconds(9)));
  EXPECT_EQ(Try(WithDeadline(runtime_, In(seconds(2)), std::move(inner))), asio::error::timed_out);
  sim_.RunUntilIdle();
  EXPECT_EQ(sim_.timers(), 0u);
}

TEST_F(WithDeadlineTest, WorkThatEndsAtTheTickOfTheDeadlineCompletesOnce) {
  for (const bool work_first : {true, false}) {
    const TimePoint at = In(seconds(1));
    int completions = 0;
    const auto racer = [](Runtime& runtime, TimePoint deadline, TimePoint end, int& count) -> asio::awaitable<void> {
      const auto work = [](Runtime& on, TimePoint until) -> asio::awaitable<void> { co_await SleepUntil(on, until); };
      co_await ErrorOf(WithDeadline(runtime, deadline, work(runtime, end)));
      ++count;
    };
    sim_.Spawn(racer(runtime_, at, work_first ? at - std::chrono::nanoseconds(1) : at, completions));
    sim_.RunFor(seconds(2));
    EXPECT_EQ(completions, 1);
  }
}

class WithDeadlineCancelTest : public WithDeadlineTest,
                               public ::testing::WithParamInterface<asio::cancellation_type> {};

TEST_P(WithDeadlineCancelTest, CancellingTheCallerCancelsTheWork) {
  asio::cancellation_signal signal;
  std::optional<std::error_code> outcome;
  const auto caller = [](std::shared_ptr<Runtime> runtime,
                         std::optional<std::error_code>& out) -> asio::awaitable<void> {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    const TimePoint deadline = runtime->Now() + seconds(60);
    out = co_await ErrorOf(WithDeadline(*runtime, deadline, SleepFor(runtime, seconds(30))));
  };
  asio::co_spawn(sim_.executor(), caller(sim_.runtime(), outcome),
                 asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
  sim_.RunFor(seconds(3));
  signal.emit(GetParam());
  sim_.RunUntilIdle();
  EXPECT_EQ(outcome, std::error_code(asio::error::operation_aborted));
  EXPECT_EQ(sim_.timers(), 0u);
}

TEST_P(WithDeadlineCancelTest, ACancelledCallerStillLeavesAtTheDeadlineWhenTheWorkStays) {
  asio::cancellation_signal signal;
  std::optional<std::error_code> outcome;
  const auto caller = [](std::shared_ptr<Runtime> runtime, std::vector<std::string>& log,
                         std::optional<std::error_code>& out) -> asio::awaitable<void> {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    const TimePoint deadline = runtime->Now() + seconds(8);
    out = co_await ErrorOf(WithDeadline(*runtime, deadline, IgnoreCancellation(runtime, seconds(5), log)));
  };
  asio::co_spawn(sim_.executor(), caller(sim_.runtime(), log_, outcome),
                 asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr) {}));
  sim_.RunFor(seconds(3));
  signal.emit(GetParam());
  sim_.RunFor(seconds(4));
  EXPECT_THAT(log_, ElementsAre("cancelled"));
  EXPECT_EQ(outcome, std::nullopt);
  sim_.RunFor(seconds(1));
  EXPECT_EQ(outcome, std::error_code(asio::error::timed_out));
}

INSTANTIATE_TEST_SUITE_P(EachKind, WithDeadlineCancelTest,
                         ::testing::Values(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                                           asio::cancellation_type::total));

TEST(WithDeadlineSim, DestroyingTheSimulationFreesCallerAndWork) {
  const auto witness = std::make_shared<int>(0);
  const auto work = [](std::shared_ptr<Runtime> runtime, std::shared_ptr<int>) -> asio::awaitable<void> {
    co_await SleepFor(runtime, seconds(30));
  };
  {
    SimRuntime sim;
    const auto caller = [&](std::shared_ptr<int>) -> asio::awaitable<void> {
      co_await WithDeadline(*sim.runtime(), sim.Now() + seconds(60), work(sim.runtime(), witness));
    };
    sim.Spawn(caller(witness));
    sim.RunFor(seconds(1));
    EXPECT_EQ(witness.use_count(), 3);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(WithDeadlineThreads, EachOfManyRacesOnStrandsOverFourThreadsCompletesExactlyOnce) {
  constexpr int kRaces = 10'000;
  constexpr int kStrands = 64;
  asio::thread_pool pool(4);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  std::atomic<int> in_time = 0;
  std::atomic<int> late = 0;
  std::atomic<int> ended = 0;
  const auto race = [&](Duration deadline, Duration work) -> asio::awaitable<void> {
    const TimePoint now = runtime->Now();
    const std::error_code error = co_await ErrorOf(WithDeadline(*runtime, now + deadline, SleepFor(runtime, work)));
    ++(error == asio::error::timed_out ? late : in_time);
  };
  std::vector<asio::strand<asio::any_io_executor>> strands;
  for (int i = 0; i < kStrands; ++i) strands.push_back(asio::make_strand(asio::any_io_executor(pool.get_executor())));
  for (int i = 0; i < kRaces; ++i) {
    // Both ends close together, in either order and often equal.
    auto one = race(microseconds(100 + i % 7), microseconds(97 + i % 13));
    asio::co_spawn(strands[static_cast<std::size_t>(i % kStrands)], std::move(one), [&](std::exception_ptr error) {
      EXPECT_FALSE(error);
      ++ended;
    });
  }
  pool.join();
  EXPECT_EQ(ended, kRaces);
  EXPECT_EQ(in_time + late, kRaces);
}

TEST(WithDeadlineThreads, CancellationDeadlineAndEndMayAllComeTogether) {
  constexpr int kRaces = 2'000;
  asio::thread_pool pool(4);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  std::atomic<int> ended = 0;
  const auto race = [&](Duration deadline, Duration work) -> asio::awaitable<void> {
    const TimePoint now = runtime->Now();
    co_await WithDeadline(*runtime, now + deadline, SleepFor(runtime, work));
  };
  std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
  for (int i = 0; i < kRaces; ++i) {
    const auto strand = asio::make_strand(asio::any_io_executor(pool.get_executor()));
    asio::cancellation_signal& signal = *signals.emplace_back(std::make_unique<asio::cancellation_signal>());
    auto one = race(microseconds(50 + i % 7), microseconds(47 + i % 13));
    asio::post(strand, [&, strand, one = std::move(one)]() mutable {
      asio::co_spawn(strand, std::move(one),
                     asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ++ended; }));
    });
    asio::post(strand, [&signal] { signal.emit(asio::cancellation_type::terminal); });
  }
  pool.join();
  EXPECT_EQ(ended, kRaces);
}

}  // namespace
}  // namespace corocket
