#include "samples/common/pauses.h"

#include <chrono>

#include "asio/awaitable.hpp"
#include "asio/io_context.hpp"
#include "gtest/gtest.h"
#include "samples/common/tasks.h"

namespace samples {
namespace {

asio::awaitable<void> Sleeper(Pauses& pauses, int& awake) {
  co_await pauses.Pause(std::chrono::hours(1));
  ++awake;
}

asio::awaitable<void> EndAndJoin(Pauses& pauses, Tasks& sleepers, int& awake_at_end) {
  pauses.End();
  co_await sleepers.Join();
  co_await pauses.Pause(std::chrono::hours(1));  // Over before it begins.
  co_await sleepers.Join();                      // There is none: at once.
  awake_at_end = 3 - static_cast<int>(sleepers.running());
}

TEST(Pauses, EndAllAtOnceAndJoinSeesTheLastOneWakeUp) {
  asio::io_context io;
  Pauses pauses(io.get_executor());
  Tasks sleepers(io.get_executor());
  Tasks driver(io.get_executor());
  int awake = 0;
  int awake_at_end = 0;
  for (int i = 0; i < 3; ++i) sleepers.Spawn(Sleeper(pauses, awake));
  driver.Spawn(EndAndJoin(pauses, sleepers, awake_at_end));
  io.run();
  EXPECT_EQ(awake, 3);
  EXPECT_EQ(awake_at_end, 3);
}

TEST(Tasks, CanBeJoinedAgainAndAgain) {
  asio::io_context io;
  Pauses pauses(io.get_executor());
  pauses.End();
  Tasks sleepers(io.get_executor());
  int awake = 0;
  for (int round = 1; round <= 3; ++round) {
    // Rung for each round; only the last one is listened to.
    sleepers.Spawn(Sleeper(pauses, awake));
    io.run();
    io.restart();
    EXPECT_EQ(awake, round);
    EXPECT_EQ(sleepers.running(), 0U);
  }
  Tasks joiner(io.get_executor());
  joiner.Spawn(sleepers.Join());
  io.run();
  EXPECT_EQ(joiner.running(), 0U);
}

}  // namespace
}  // namespace samples
