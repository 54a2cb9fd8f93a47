#include "samples/common/stop_signals.h"

#include <csignal>
#include <iostream>
#include <optional>

#include "asio/io_context.hpp"
#include "gtest/gtest.h"

namespace samples {
namespace {

TEST(StopSignals, TheFirstOneAsks) {
  asio::io_context io;
  int asked = 0;
  const StopSignals signals(io.get_executor(), [&asked] { ++asked; });
  std::raise(SIGTERM);
  while (asked == 0) io.run_one();
  EXPECT_EQ(asked, 1);
}

TEST(StopSignals, TheContextRunsOutOfWorkWhenNobodyListensAnyMore) {
  asio::io_context io;
  std::optional<StopSignals> signals;
  signals.emplace(io.get_executor(), [] {});
  signals.reset();
  io.run();
}

TEST(StopSignalsDeathTest, TheSecondOneEndsTheProgramAsIfNobodyListened) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto twice = [] {
    asio::io_context io;
    const auto again = [] { std::raise(SIGINT); };
    const StopSignals signals(io.get_executor(), again, [] { std::cerr << "left the screen" << std::endl; });
    std::raise(SIGINT);
    io.run();
  };
  EXPECT_EXIT(twice(), ::testing::KilledBySignal(SIGINT), "left the screen");
}

}  // namespace
}  // namespace samples
