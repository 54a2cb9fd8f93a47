#include "sdk/testkit/server_strand.h"

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "asio/co_spawn.hpp"
#include "asio/deferred.hpp"
#include "asio/dispatch.hpp"
#include "asio/io_context.hpp"
#include "asio/post.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "gtest/gtest.h"

namespace corocket::testkit {
namespace {

constexpr int kThreads = 4;

asio::awaitable<void> CountUp(std::uint64_t& counter, int times) {
  for (int i = 0; i < times; ++i) {
    ++counter;
    co_await asio::post(asio::deferred);
  }
}

TEST(ServerStrand, HandlersOfAPoolRunOneAtATime) {
  asio::thread_pool pool(kThreads);
  const ServerStrand strand(pool.get_executor());
  std::uint64_t counter = 0;  // plain: a thread sanitizer sees whether two handlers meet
  std::vector<std::future<void>> done;
  for (int i = 0; i < 16; ++i) {
    done.push_back(asio::co_spawn(strand.executor(), CountUp(counter, 1000), asio::use_future));
  }
  for (std::future<void>& one : done) one.get();
  EXPECT_EQ(counter, 16'000u);
}

TEST(ServerStrand, PlainCodeStepsInBetweenHandlers) {
  asio::thread_pool pool(kThreads);
  const ServerStrand strand(pool.get_executor());
  std::uint64_t counter = 0;
  auto handlers = asio::co_spawn(strand.executor(), CountUp(counter, 10'000), asio::use_future);
  std::vector<std::thread> others;
  for (int i = 0; i < kThreads; ++i) {
    others.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        const ServerStrand::Entry entry(strand);
        ++counter;
      }
    });
  }
  for (std::thread& other : others) other.join();
  handlers.get();
  EXPECT_EQ(counter, 14'000u);
}

TEST(ServerStrand, PlainCodeStepsInWhileNobodyRunsTheExecutor) {
  asio::io_context io;
  const ServerStrand strand(io.get_executor());
  bool posted = false;
  asio::post(strand.executor(), [&posted] { posted = true; });
  {
    const ServerStrand::Entry entry(strand);
    const ServerStrand::Entry again(strand);
    EXPECT_FALSE(posted);
  }
  io.run();
  EXPECT_TRUE(posted);
}

TEST(ServerStrand, DispatchFromTheStrandRunsInsideAndPostDoesNot) {
  asio::io_context io;
  const ServerStrand strand(io.get_executor());
  std::vector<int> order;
  asio::post(strand.executor(), [&] {
    asio::post(strand.executor(), [&] { order.push_back(3); });
    asio::dispatch(strand.executor(), [&] { order.push_back(1); });
    order.push_back(2);
  });
  io.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(ServerStrand, OneStrandInsideAnotherIsItself) {
  asio::io_context io;
  const ServerStrand outer(io.get_executor());
  const ServerStrand inner(io.get_executor());
  int seen = 0;
  asio::post(outer.executor(), [&] {
    const ServerStrand::Entry in(inner);
    const ServerStrand::Entry out_again(outer);  // would block for ever if it were taken for another thread's
    ++seen;
  });
  io.run();
  EXPECT_EQ(seen, 1);
}

TEST(ServerStrand, WhatAHandlerOwnsEndsOnTheStrand) {
  asio::thread_pool pool(kThreads);
  const ServerStrand strand(pool.get_executor());
  std::uint64_t counter = 0;
  std::latch all(1000);
  struct Guard {
    std::uint64_t& counter;
    std::latch& all;
    ~Guard() {
      ++counter;
      all.count_down();
    }
  };
  for (int i = 0; i < 1000; ++i) {
    auto guard = std::make_unique<Guard>(counter, all);
    asio::post(strand.executor(), [guard = std::move(guard)] {});
  }
  all.wait();
  pool.join();
  EXPECT_EQ(counter, 1000u);
}

TEST(ServerStrand, IsItselfAndNoOther) {
  asio::io_context io;
  const ServerStrand one(io.get_executor());
  const ServerStrand two(io.get_executor());
  EXPECT_EQ(one.executor(), one.executor());
  EXPECT_NE(one.executor(), two.executor());
}

}  // namespace
}  // namespace corocket::testkit
