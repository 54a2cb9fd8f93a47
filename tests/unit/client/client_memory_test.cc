// What a call that waits for its answer costs in memory, by the heap's own count (which sanitizers do not keep: there
// the test only runs the code). The figure of an optimised build stands in tests/bench.

#include <malloc.h>

#include <chrono>
#include <cstddef>
#include <iostream>

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

std::size_t HeapBytes() { return mallinfo2().uordblks; }

asio::awaitable<void> Ask(Client& client) {
  const absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders");
  static_cast<void>(route);
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
  world.Pause("ns1:9876");
  const auto wait = [&] {
    for (int i = 0; i < kCalls; ++i) world.Spawn(Ask(client));
    world.Advance(10ms);
  };
  wait();  // Tables and buffers have their size now.
  world.Heal("ns1:9876");
  world.Advance(1s);
  world.Pause("ns1:9876");
  const std::size_t before = HeapBytes();
  wait();
  const std::size_t during = HeapBytes();
  world.Heal("ns1:9876");
  world.Advance(1s);
  std::cout << (during - before) / kCalls << " bytes for each call that waits\n";
  EXPECT_LE((during - before) / kCalls, kBound);
  EXPECT_LE(HeapBytes(), before + before / 20) << "what ended is given back";
}

}  // namespace
}  // namespace corocket::test
