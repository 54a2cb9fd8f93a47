#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_state.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/strand.hpp"
#include "asio/this_coro.hpp"
#include "gtest/gtest.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket {
namespace {

using std::chrono::seconds;
using testkit::SimRuntime;

asio::awaitable<void> SleepAndTell(std::shared_ptr<Runtime> runtime, TimePoint until,
                                   std::optional<std::error_code>& out) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  try {
    co_await SleepUntil(*runtime, until);
    out = std::error_code();
  } catch (const std::system_error& error) {
    out = error.code();
  }
}

class SleepTest : public ::testing::Test {
 protected:
  void Start(TimePoint until) {
    asio::co_spawn(asio::make_strand(sim_.executor()), SleepAndTell(sim_.runtime(), until, outcome_),
                   asio::bind_cancellation_slot(signal_.slot(), [](std::exception_ptr) {}));
    sim_.RunUntilIdle();
  }

  SimRuntime sim_;
  asio::cancellation_signal signal_;
  std::optional<std::error_code> outcome_;
};

TEST_F(SleepTest, WakesAtItsTime) {
  Start(sim_.Now() + seconds(3));
  sim_.RunFor(seconds(3) - std::chrono::nanoseconds(1));
  EXPECT_EQ(outcome_, std::nullopt);
  sim_.RunFor(std::chrono::nanoseconds(1));
  EXPECT_EQ(outcome_, std::error_code());
}

TEST_F(SleepTest, UntilThePastIsOverAtOnce) {
  Start(sim_.Now() - seconds(3));
  sim_.RunFor(Duration::zero());
  EXPECT_EQ(outcome_, std::error_code());
}

TEST_F(SleepTest, ACancellationThatComesAfterTheWakeUpChangesNothing) {
  Start(sim_.Now() + seconds(1));
  sim_.RunFor(seconds(2));
  EXPECT_EQ(outcome_, std::error_code());
  signal_.emit(asio::cancellation_type::terminal);
  sim_.RunUntilIdle();
  EXPECT_EQ(outcome_, std::error_code());
}

class SleepCancelTest : public SleepTest, public ::testing::WithParamInterface<asio::cancellation_type> {};

TEST_P(SleepCancelTest, EndsAtOnceWithAnAbortAndLeavesNoTimer) {
  Start(sim_.Now() + seconds(3));
  sim_.RunFor(seconds(1));
  EXPECT_EQ(sim_.timers(), 1u);
  signal_.emit(GetParam());
  sim_.RunUntilIdle();
  EXPECT_EQ(outcome_, std::error_code(asio::error::operation_aborted));
  EXPECT_EQ(sim_.timers(), 0u);
  EXPECT_EQ(sim_.Elapsed(), seconds(1));
}

INSTANTIATE_TEST_SUITE_P(EachKind, SleepCancelTest,
                         ::testing::Values(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                                           asio::cancellation_type::total));

}  // namespace
}  // namespace corocket
