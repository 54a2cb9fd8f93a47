#include "sdk/runtime/task_group.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "asio/this_coro.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/runtime/asio_runtime.h"
#include "sdk/runtime/runtime.h"
#include "sdk/runtime/with_deadline.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using testkit::SimRuntime;

asio::awaitable<void> SleepFor(std::shared_ptr<Runtime> runtime, Duration duration) {
  co_await SleepUntil(*runtime, runtime->Now() + duration);
}

asio::awaitable<void> LogAfter(std::shared_ptr<Runtime> runtime, Duration duration, std::string text,
                               std::vector<std::string>& log) {
  co_await SleepFor(runtime, duration);
  log.push_back(text);
}

asio::awaitable<void> FailAfter(std::shared_ptr<Runtime> runtime, Duration duration, std::string what) {
  co_await SleepFor(runtime, duration);
  throw std::runtime_error(what);
}

asio::awaitable<void> AbortItself() {
  throw std::system_error(asio::error::make_error_code(asio::error::operation_aborted));
  co_return;  // makes it a coroutine
}

asio::awaitable<std::string> OutcomeOf(asio::awaitable<void> work) {
  try {
    co_await std::move(work);
  } catch (const std::exception& error) {
    co_return error.what();
  }
  co_return "fine";
}

class TaskGroupTest : public ::testing::Test {
 protected:
  std::string Outcome(asio::awaitable<void> work) { return sim_.Run(OutcomeOf(std::move(work))); }

  SimRuntime sim_;
  std::shared_ptr<Runtime> runtime_ = sim_.runtime();
  std::vector<std::string> log_;
  TaskGroup tasks_{asio::make_strand(sim_.executor())};
};

TEST_F(TaskGroupTest, JoinWaitsForEveryTask) {
  tasks_.Spawn(LogAfter(runtime_, seconds(2), "slow", log_));
  tasks_.Spawn(LogAfter(runtime_, seconds(1), "quick", log_));
  EXPECT_EQ(tasks_.size(), 2u);
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_THAT(log_, ElementsAre("quick", "slow"));
  EXPECT_EQ(sim_.Elapsed(), seconds(2));
  EXPECT_EQ(tasks_.size(), 0u);
}

TEST_F(TaskGroupTest, JoinOfAnEmptyGroupIsDoneAtOnceAndAgain) {
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_EQ(sim_.Elapsed(), Duration::zero());
}

TEST_F(TaskGroupTest, ATaskDoesNotBeginInsideSpawn) {
  const auto task = [](std::vector<std::string>& log) -> asio::awaitable<void> {
    log.push_back("task");
    co_return;
  };
  const auto spawn = [&]() -> asio::awaitable<void> {
    tasks_.Spawn(task(log_));
    log_.push_back("spawned");
    co_return;
  };
  sim_.Run(spawn());
  sim_.RunUntilIdle();
  EXPECT_THAT(log_, ElementsAre("spawned", "task"));
}

TEST_F(TaskGroupTest, TheFirstErrorReachesEveryJoinerAndStays) {
  tasks_.Spawn(FailAfter(runtime_, seconds(2), "second"));
  tasks_.Spawn(FailAfter(runtime_, seconds(1), "first"));
  tasks_.Spawn(LogAfter(runtime_, seconds(3), "the others go on", log_));
  std::vector<std::string> seen;
  const auto joiner = [&]() -> asio::awaitable<void> {
    const std::string outcome = co_await OutcomeOf(tasks_.Join());
    seen.push_back(outcome);
  };
  sim_.Spawn(joiner());
  sim_.Spawn(joiner());
  sim_.RunFor(seconds(10));
  EXPECT_THAT(seen, ElementsAre("first", "first"));
  EXPECT_THAT(log_, ElementsAre("the others go on"));
  EXPECT_EQ(Outcome(tasks_.Join()), "first");
  EXPECT_TRUE(tasks_.error());
}

TEST_F(TaskGroupTest, CancelEndsOneTaskAndIsNoError) {
  const TaskId first = tasks_.Spawn(LogAfter(runtime_, seconds(1), "first", log_));
  tasks_.Spawn(LogAfter(runtime_, seconds(1), "second", log_));
  sim_.RunUntilIdle();
  tasks_.Cancel(first);
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_THAT(log_, ElementsAre("second"));
  tasks_.Cancel(first);
  tasks_.Cancel(TaskId{12345});
}

TEST_F(TaskGroupTest, ATaskCancelledBeforeItBeganIsDropped) {
  const auto witness = std::make_shared<int>(0);
  const auto task = [](std::shared_ptr<int> begun) -> asio::awaitable<void> {
    ++*begun;
    co_return;
  };
  tasks_.Cancel(tasks_.Spawn(task(witness)));
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_EQ(*witness, 0);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(TaskGroupTest, ATaskThatThrowsSomethingElseWhenCancelledHasFailed) {
  const auto task = [](std::shared_ptr<Runtime> runtime) -> asio::awaitable<void> {
    const std::string why = co_await OutcomeOf(SleepFor(runtime, seconds(9)));
    throw std::runtime_error("clean-up failed");
  };
  tasks_.Spawn(task(runtime_));
  sim_.RunUntilIdle();
  tasks_.CancelAll();
  EXPECT_EQ(Outcome(tasks_.Join()), "clean-up failed");
}

TEST_F(TaskGroupTest, AnAbortThatNobodyAskedForIsAnError) {
  tasks_.Spawn(AbortItself());
  EXPECT_EQ(Outcome(tasks_.Join()), asio::error::make_error_code(asio::error::operation_aborted).message());
}

TEST_F(TaskGroupTest, CancelAllTouchesTheTasksThereAreAndNotLaterOnes) {
  tasks_.Spawn(LogAfter(runtime_, seconds(1), "before", log_));
  tasks_.Spawn(LogAfter(runtime_, seconds(2), "before", log_));
  sim_.RunUntilIdle();
  tasks_.CancelAll();
  tasks_.Spawn(LogAfter(runtime_, seconds(3), "after", log_));
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_THAT(log_, ElementsAre("after"));
}

TEST_F(TaskGroupTest, ATaskMaySpawnAnother) {
  const auto parent = [&]() -> asio::awaitable<void> {
    co_await SleepFor(runtime_, seconds(1));
    tasks_.Spawn(LogAfter(runtime_, seconds(1), "child", log_));
  };
  tasks_.Spawn(parent());
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_THAT(log_, ElementsAre("child"));
}

TEST_F(TaskGroupTest, CancellingAJoinLeavesTheTasksAlone) {
  tasks_.Spawn(LogAfter(runtime_, seconds(5), "done", log_));
  EXPECT_EQ(Outcome(WithDeadline(*runtime_, sim_.Now() + seconds(1), tasks_.Join())),
            asio::error::make_error_code(asio::error::timed_out).message());
  EXPECT_EQ(Outcome(tasks_.Join()), "fine");
  EXPECT_THAT(log_, ElementsAre("done"));
}

TEST_F(TaskGroupTest, DestroyingAGroupCancelsItsTasksWhichEndByThemselves) {
  const auto task = [](std::shared_ptr<Runtime> runtime, std::vector<std::string>& log) -> asio::awaitable<void> {
    const std::string why = co_await OutcomeOf(SleepFor(runtime, hours(1)));
    log.push_back(why);
  };
  {
    TaskGroup group(asio::make_strand(sim_.executor()));
    group.Spawn(task(runtime_, log_));
    sim_.RunUntilIdle();
    EXPECT_THAT(log_, ElementsAre());
  }
  EXPECT_THAT(log_, ElementsAre()) << "the destructor runs nothing itself";
  sim_.RunUntilIdle();
  EXPECT_THAT(log_, ElementsAre(asio::error::make_error_code(asio::error::operation_aborted).message()));
}

TEST_F(TaskGroupTest, AGroupMayBeDestroyedUnderItsJoiners) {
  auto group = std::make_unique<TaskGroup>(asio::make_strand(sim_.executor()));
  group->Spawn(SleepFor(runtime_, hours(1)));
  std::string outcome;
  const auto joiner = [&](asio::awaitable<void> join) -> asio::awaitable<void> {
    outcome = co_await OutcomeOf(std::move(join));
  };
  sim_.Spawn(joiner(group->Join()));
  sim_.RunFor(seconds(1));
  group.reset();
  sim_.RunUntilIdle();
  EXPECT_EQ(outcome, "fine");
}

TEST(TaskGroupSim, DestroyingTheContextFreesTasksAndJoiners) {
  const auto witness = std::make_shared<int>(0);
  const auto task = [](std::shared_ptr<Runtime> runtime, std::shared_ptr<int>) -> asio::awaitable<void> {
    co_await SleepFor(runtime, hours(1));
  };
  const auto joiner = [](asio::awaitable<void> join, std::shared_ptr<int>) -> asio::awaitable<void> {
    co_await std::move(join);
  };
  auto sim = std::make_unique<SimRuntime>();
  {
    TaskGroup group(asio::make_strand(sim->executor()));
    group.Spawn(task(sim->runtime(), witness));
    sim->Spawn(joiner(group.Join(), witness));
    sim->RunFor(seconds(1));
    group.Spawn(task(sim->runtime(), witness));
  }
  EXPECT_EQ(witness.use_count(), 4) << "nothing has run since: one sleeps, one waits, one has not begun";
  sim.reset();
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(TaskGroupThreads, SpawnCancelAndJoinFromFourThreads) {
  constexpr int kSpawners = 4;
  constexpr int kTasks = 1'000;
  asio::thread_pool pool(4);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  TaskGroup tasks(asio::make_strand(asio::any_io_executor(pool.get_executor())));
  int on_strand = 0;  // plain: the strand guards it
  std::atomic<int> joined = 0;
  const auto task = [](std::shared_ptr<Runtime> on, Duration duration, int& counter) -> asio::awaitable<void> {
    ++counter;
    co_await SleepFor(on, duration);
    ++counter;
  };
  std::vector<std::thread> spawners;
  for (int spawner = 0; spawner < kSpawners; ++spawner) {
    spawners.emplace_back([&, spawner] {
      for (int i = 0; i < kTasks; ++i) {
        const TaskId id = tasks.Spawn(task(runtime, microseconds(i % 50), on_strand));
        if (i % 3 == spawner % 3) tasks.Cancel(id);
        if (i % 400 == 399) tasks.CancelAll();
      }
      const auto join = [](TaskGroup& group, std::atomic<int>& count) -> asio::awaitable<void> {
        co_await group.Join();
        ++count;
      };
      asio::co_spawn(pool, join(tasks, joined), asio::use_future).get();
    });
  }
  for (std::thread& spawner : spawners) spawner.join();
  EXPECT_EQ(joined, kSpawners);
  EXPECT_EQ(tasks.size(), 0u);
  EXPECT_FALSE(tasks.error());
  pool.join();
  EXPECT_GT(on_strand, 0);
  EXPECT_LE(on_strand, 2 * kSpawners * kTasks);
}

TEST(TaskGroupThreads, GroupsMayDieWhileTheirTasksRunElsewhere) {
  asio::thread_pool pool(4);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  std::atomic<int> begun = 0;
  std::atomic<int> ended = 0;
  const auto task = [](std::shared_ptr<Runtime> on, std::atomic<int>& in,
                       std::atomic<int>& out) -> asio::awaitable<void> {
    ++in;
    const std::string why = co_await OutcomeOf(SleepFor(on, hours(1)));
    ++out;
  };
  for (int i = 0; i < 500; ++i) {
    TaskGroup tasks(asio::make_strand(asio::any_io_executor(pool.get_executor())));
    for (int k = 0; k < 4; ++k) tasks.Spawn(task(runtime, begun, ended));
  }
  pool.join();  // ends only because every task was cancelled
  EXPECT_EQ(begun, ended);
}

TEST(TaskGroupThreads, AJoinerOnAnotherContextKeepsThatContextRunning) {
  asio::thread_pool pool(2);
  const auto runtime = MakeAsioRuntime(pool.get_executor());
  TaskGroup tasks(asio::make_strand(asio::any_io_executor(pool.get_executor())));
  tasks.Spawn(SleepFor(runtime, std::chrono::milliseconds(5)));
  asio::io_context other;
  bool joined = false;
  const auto join = [](TaskGroup& group, bool& flag) -> asio::awaitable<void> {
    co_await group.Join();
    flag = true;
  };
  asio::co_spawn(other, join(tasks, joined), [](std::exception_ptr error) { EXPECT_FALSE(error); });
  other.run();
  EXPECT_TRUE(joined);
  pool.join();
}

}  // namespace
}  // namespace corocket
