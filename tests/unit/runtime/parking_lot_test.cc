#include "sdk/runtime/parking_lot.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_state.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "asio/this_coro.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_awaitable.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/runtime/asio_runtime.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testkit::SimRuntime;

/// What became of a wait: "woken", "deadline" or "cancelled".
asio::awaitable<std::string> Outcome(asio::awaitable<WakeReason> wait) {
  try {
    const WakeReason reason = co_await std::move(wait);
    co_return reason == WakeReason::kWoken ? "woken" : "deadline";
  } catch (const std::system_error& error) {
    co_return error.code() == asio::error::operation_aborted ? "cancelled" : error.what();
  }
}

class ParkingLotTest : public ::testing::Test {
 protected:
  TimePoint In(Duration duration) const { return sim_.Now() + duration; }

  /// Starts a wait; its outcome is appended to `outcomes_`.
  void Park(ParkingLot& lot, TimePoint deadline) { sim_.Spawn(Record(lot.Wait(lot.Prepare(), deadline))); }
  asio::awaitable<void> Record(asio::awaitable<WakeReason> wait) {
    std::string outcome = co_await Outcome(std::move(wait));
    outcomes_.push_back(std::move(outcome));
  }

  SimRuntime sim_;
  std::vector<std::string> outcomes_;
};

TEST_F(ParkingLotTest, AllWhoWaitAreWokenButNotInsideTheCall) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  for (int i = 0; i < 3; ++i) Park(lot, In(seconds(1)));
  sim_.RunUntilIdle();
  EXPECT_EQ(lot.size(), 3u);
  lot.WakeAll();
  EXPECT_EQ(lot.size(), 0u);
  EXPECT_THAT(outcomes_, IsEmpty());
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("woken", "woken", "woken"));
  EXPECT_EQ(sim_.Elapsed(), Duration::zero());
}

TEST_F(ParkingLotTest, AChangeBetweenLookingAndWaitingIsNotMissed) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  const ParkingLot::Ticket before = lot.Prepare();
  lot.WakeAll();
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(before, In(seconds(1))))), "woken");
  EXPECT_EQ(sim_.Elapsed(), Duration::zero());
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(lot.Prepare(), In(seconds(1))))), "deadline") << "a fresh ticket waits";
}

TEST_F(ParkingLotTest, AWaitEndsAtItsDeadline) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(lot.Prepare(), In(milliseconds(30))))), "deadline");
  EXPECT_EQ(sim_.Elapsed(), milliseconds(30));
  EXPECT_EQ(lot.size(), 0u);
  EXPECT_EQ(sim_.timers(), 0u);
}

TEST_F(ParkingLotTest, ADeadlineThatHasPassedEndsTheWaitWithinAMillisecond) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(lot.Prepare(), In(-hours(1))))), "deadline");
  EXPECT_LE(sim_.Elapsed(), milliseconds(1));
}

TEST_F(ParkingLotTest, ANearerDeadlineOvertakes) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  Park(lot, In(seconds(10)));
  sim_.RunFor(seconds(1));
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(lot.Prepare(), In(seconds(1))))), "deadline");
  EXPECT_EQ(sim_.Elapsed(), seconds(2));
  EXPECT_EQ(lot.size(), 1u);
  sim_.RunFor(seconds(8));
  EXPECT_THAT(outcomes_, ElementsAre("deadline"));
}

TEST_F(ParkingLotTest, ThousandsOfDeadlinesShareOneTimerAndNoneIsMoreThanAMillisecondLate) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  std::mt19937_64 bits(7);
  Duration worst = Duration::zero();
  const auto wait = [&](TimePoint deadline) -> asio::awaitable<void> {
    const WakeReason reason = co_await lot.Wait(lot.Prepare(), deadline);
    EXPECT_EQ(reason, WakeReason::kDeadline);
    EXPECT_GE(sim_.Now(), deadline);
    worst = std::max(worst, sim_.Now() - deadline);
  };
  for (int i = 0; i < 5000; ++i) sim_.Spawn(wait(In(microseconds(bits() % 3'000'000))));
  sim_.RunUntilIdle();
  EXPECT_EQ(lot.size(), 5000u);
  EXPECT_EQ(sim_.timers(), 1u);
  const std::uint64_t before = sim_.steps();
  sim_.RunFor(seconds(4));
  EXPECT_EQ(lot.size(), 0u);
  EXPECT_LE(worst, milliseconds(1));
  EXPECT_LE(sim_.steps() - before, 3001u + 5000u) << "one expiry per millisecond, and one step for each who goes on";
}

TEST_F(ParkingLotTest, AWaitWithoutLimitArmsNoTimer) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  Park(lot, TimePoint::max());
  sim_.RunFor(hours(1));
  EXPECT_EQ(lot.size(), 1u);
  EXPECT_EQ(sim_.timers(), 0u);
  lot.WakeAll();
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("woken"));
}

TEST_F(ParkingLotTest, ClosedWakesAllForGoodAndLeavesNoTimer) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  Park(lot, In(seconds(1)));
  sim_.RunUntilIdle();
  lot.Close();
  lot.Close();
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("woken"));
  EXPECT_EQ(sim_.timers(), 0u);
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(lot.Prepare(), In(seconds(1))))), "woken");
  EXPECT_EQ(sim_.Elapsed(), Duration::zero());
}

TEST_F(ParkingLotTest, DestroyedWakesAll) {
  auto lot = std::make_unique<ParkingLot>(sim_.runtime(), sim_.executor());
  Park(*lot, In(seconds(1)));
  sim_.RunUntilIdle();
  lot.reset();
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("woken"));
  EXPECT_EQ(sim_.timers(), 0u);
}

TEST_F(ParkingLotTest, OneMoreThanItHoldsIsSentAway) {
  ParkingLot lot(sim_.runtime(), sim_.executor(), /*max_waiters=*/3);
  for (int i = 0; i < 3; ++i) Park(lot, In(seconds(1)));
  sim_.RunUntilIdle();
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(lot.Prepare(), In(seconds(1))))), "deadline");
  EXPECT_EQ(sim_.Elapsed(), Duration::zero());
  lot.WakeAll();
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("woken", "woken", "woken"));
  EXPECT_EQ(sim_.Run(Outcome(lot.Wait(lot.Prepare(), In(seconds(1))))), "deadline");
  EXPECT_EQ(sim_.Elapsed(), seconds(1)) << "there is room again";
}

class CancelTest : public ParkingLotTest, public ::testing::WithParamInterface<asio::cancellation_type> {
 protected:
  asio::awaitable<std::string> WaitCancellable(ParkingLot& lot, TimePoint deadline) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    std::string outcome = co_await Outcome(lot.Wait(lot.Prepare(), deadline));
    co_return outcome;
  }
  void ParkCancellable(ParkingLot& lot, asio::cancellation_signal& signal) {
    asio::co_spawn(
        sim_.executor(), WaitCancellable(lot, In(seconds(1))),
        asio::bind_cancellation_slot(signal.slot(), [this](const std::exception_ptr& error, std::string outcome) {
          EXPECT_FALSE(error);
          outcomes_.push_back(std::move(outcome));
        }));
    sim_.RunUntilIdle();
  }
};

TEST_P(CancelTest, EndsOneWaitAndLeavesNothingBehind) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  asio::cancellation_signal first;
  asio::cancellation_signal second;
  ParkCancellable(lot, first);
  ParkCancellable(lot, second);
  first.emit(GetParam());
  EXPECT_THAT(outcomes_, IsEmpty()) << "never inside the signal";
  EXPECT_EQ(lot.size(), 1u);
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("cancelled"));
  first.emit(GetParam());
  lot.WakeAll();
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("cancelled", "woken"));
}

TEST_P(CancelTest, TooLateChangesNothing) {
  ParkingLot lot(sim_.runtime(), sim_.executor());
  asio::cancellation_signal signal;
  ParkCancellable(lot, signal);
  lot.WakeAll();
  signal.emit(GetParam());
  sim_.RunUntilIdle();
  EXPECT_THAT(outcomes_, ElementsAre("woken"));
}

INSTANTIATE_TEST_SUITE_P(Types, CancelTest,
                         ::testing::Values(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                                           asio::cancellation_type::total));

/// Owns the lot that it waits in, as callers of a channel do.
asio::awaitable<void> WaitAsOwner(std::shared_ptr<ParkingLot> lot, TimePoint deadline, std::shared_ptr<int> alive) {
  const WakeReason reason = co_await lot->Wait(lot->Prepare(), deadline);
  EXPECT_EQ(reason, WakeReason::kWoken) << "never resumed";
  static_cast<void>(alive);
}

TEST(ParkingLotLifetime, ASimulationThatEndsFreesThoseWhoWait) {
  const auto alive = std::make_shared<int>(1);
  {
    SimRuntime sim;
    auto lot = std::make_shared<ParkingLot>(sim.runtime(), sim.executor());
    for (int i = 1; i <= 3; ++i) sim.Spawn(WaitAsOwner(lot, sim.Now() + seconds(10 - i), alive));
    sim.RunFor(seconds(1));
    EXPECT_EQ(alive.use_count(), 4);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(ParkingLotLifetime, AContextThatEndsFreesThoseWhoWaitWhetherTheTimerIsSetOrNot) {
  const auto alive = std::make_shared<int>(1);
  for (const bool armed : {false, true}) {
    asio::io_context context(1);
    const auto runtime = MakeAsioRuntime(context.get_executor());
    const asio::any_io_executor strand = asio::make_strand(context);
    auto lot = std::make_shared<ParkingLot>(runtime, strand);
    for (int i = 1; i <= 3; ++i) {
      asio::co_spawn(context, WaitAsOwner(lot, runtime->Now() + hours(10 - i), alive),
                     [](const std::exception_ptr&) { FAIL() << "resumed"; });
    }
    if (armed) {
      context.poll();
    } else {
      for (int i = 0; i < 3; ++i) context.poll_one();
    }
    EXPECT_EQ(alive.use_count(), 4) << armed;
  }
  EXPECT_EQ(alive.use_count(), 1);
}

/// Everything at once on four threads: waiters on strands of their own, wakers, cancellations, deadlines.
class ParkingLotThreadsTest : public ::testing::Test {
 protected:
  static constexpr int kThreads = 4;
  asio::thread_pool pool_{kThreads};
  std::shared_ptr<Runtime> runtime_ = MakeAsioRuntime(pool_.get_executor());
};

TEST_F(ParkingLotThreadsTest, NoWakeUpIsLost) {
  ParkingLot lot(runtime_, asio::make_strand(pool_));
  constexpr int kRounds = 300;
  constexpr int kWaiters = 16;
  std::atomic<int> round = 0;
  std::atomic<int> seen = 0;
  std::atomic<int> expired = 0;
  const auto wait = [&]() -> asio::awaitable<void> {
    for (int next = 1; next <= kRounds; ++next) {
      for (;;) {
        const ParkingLot::Ticket ticket = lot.Prepare();
        if (round >= next) break;
        const WakeReason reason = co_await lot.Wait(ticket, runtime_->Now() + hours(1));
        if (reason == WakeReason::kDeadline) ++expired;
      }
      ++seen;
    }
  };
  // The next round begins as soon as all have seen this one: a lost wake-up stops everything.
  const auto drive = [&]() -> asio::awaitable<void> {
    for (int next = 1; next <= kRounds; ++next) {
      round = next;
      lot.WakeAll();
      while (seen < next * kWaiters) co_await asio::post(asio::use_awaitable);
    }
    lot.Close();  // or its timer keeps the pool for an hour
  };
  for (int i = 0; i < kWaiters; ++i) {
    asio::co_spawn(asio::make_strand(pool_), wait(), [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  }
  asio::co_spawn(asio::make_strand(pool_), drive(), [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  pool_.join();
  EXPECT_EQ(seen, kRounds * kWaiters);
  EXPECT_EQ(expired, 0);
  EXPECT_EQ(lot.size(), 0u);
}

TEST_F(ParkingLotThreadsTest, WhoeverIsSentAwayAtADeadlineMayBlockAThread) {
  ParkingLot lot(runtime_, asio::make_strand(pool_));
  // Each holds its thread until all are there: resumed one inside the other, only the first would ever come.
  absl::Mutex mutex;
  int there = 0;
  std::atomic<int> met = 0;
  const auto wait = [&](TimePoint deadline) -> asio::awaitable<void> {
    const WakeReason reason = co_await lot.Wait(lot.Prepare(), deadline);
    EXPECT_EQ(reason, WakeReason::kDeadline);
    const absl::MutexLock lock(mutex);
    ++there;
    const auto all = [&there] { return there == kThreads; };
    if (mutex.AwaitWithTimeout(absl::Condition(&all), absl::Seconds(20))) ++met;
  };
  const TimePoint deadline = runtime_->Now() + milliseconds(20);
  for (int i = 0; i < kThreads; ++i) {
    asio::co_spawn(pool_, wait(deadline), [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  }
  pool_.join();
  EXPECT_EQ(met, kThreads);
}

TEST_F(ParkingLotThreadsTest, EachWaitEndsOnceWhateverRacesForIt) {
  auto lot = std::make_unique<ParkingLot>(runtime_, asio::make_strand(pool_));
  constexpr int kWaits = 3000;
  std::atomic<int> outcomes = 0;
  struct Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : strand(asio::make_strand(executor)) {}
    asio::strand<asio::any_io_executor> strand;
    asio::cancellation_signal signal;
  };
  std::vector<std::unique_ptr<Waiter>> waiters;
  const auto wait = [&](TimePoint deadline) -> asio::awaitable<void> {
    const std::string outcome = co_await Outcome(lot->Wait(lot->Prepare(), deadline));
    EXPECT_THAT((std::vector<std::string>{"woken", "deadline", "cancelled"}), Contains(outcome));
    ++outcomes;
  };
  for (int i = 0; i < kWaits; ++i) {
    waiters.push_back(std::make_unique<Waiter>(runtime_->executor()));
    Waiter& waiter = *waiters.back();
    asio::co_spawn(waiter.strand, wait(runtime_->Now() + microseconds(i % 2000)),
                   asio::bind_cancellation_slot(waiter.signal.slot(), [](const std::exception_ptr&) {}));
    asio::post(waiter.strand, [&waiter] { waiter.signal.emit(asio::cancellation_type::terminal); });
    if (i % 10 == 0) asio::post(pool_, [&lot] { lot->WakeAll(); });
  }
  pool_.join();
  // A coroutine that was cancelled before it began to wait has no outcome.
  EXPECT_LE(outcomes, kWaits);
  EXPECT_EQ(lot->size(), 0u);
}

}  // namespace
}  // namespace corocket
