// What a call that waits for its answer costs in memory, by the heap's own count. The figure of an optimised build
// stands in tests/bench.

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <memory>

#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::SimWorld;

constexpr int kCalls = 4000;
/// Not optimised, with the caller's own coroutine and the simulated wire: 2.6 KiB. The SDK's share in `-c opt`: 1.8
/// KiB.
constexpr std::size_t kBound = 4 * 1024;
/// Less is not possible. The sanitizers' heaps are not counted at all.
constexpr std::size_t kLeast = 256;

std::size_t HeapBytes() { return mallinfo2().uordblks; }

struct Ended {
  int well = 0;
  int failed = 0;
};

asio::awaitable<void> Ask(Client& client, std::shared_ptr<Ended> ended) {
  const absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders");
  ++(route.ok() ? ended->well : ended->failed);
}

TEST(ClientMemory, OfACallThatWaitsStaysSmallAndIsGivenBack) {
  SimWorld world;
  world.AddNamesrv("ns1:9876").AddTopic("orders", "broker-a");
  ClientOptions options;
  options.namesrv = {"ns1:9876"};
  options.call.timeout = options.call.attempt_timeout = 1min;
  options.failover.silence_limit = 1min;
  Client client = Client::Create(world.environment(), options).value();
  ASSERT_TRUE(world.Run(client.QueryRoute("orders")).ok());
  const auto ended = std::make_shared<Ended>();
  const auto wait = [&] {
    world.Pause("ns1:9876");
    for (int i = 0; i < kCalls; ++i) world.Spawn(Ask(client, ended));
    world.Advance(10ms);
  };
  const auto answer = [&] {
    world.Heal("ns1:9876");
    world.Advance(1s);
  };
  wait();  // Tables and buffers have their size now.
  answer();
  ASSERT_EQ(ended->well, kCalls);
  const std::size_t before = HeapBytes();
  wait();
  ASSERT_EQ(ended->well + ended->failed, kCalls) << "those of the second time all wait";
  const std::size_t each = (HeapBytes() - before) / kCalls;
  answer();
  EXPECT_EQ(ended->well, 2 * kCalls);
  std::cout << each << " bytes for each call that waits\n";
  EXPECT_LE(each, kBound);
  EXPECT_TRUE(before == 0 || each >= kLeast) << each;
  EXPECT_LE(HeapBytes(), before + before / 20) << "what ended is given back";
}

}  // namespace
}  // namespace corocket::test
