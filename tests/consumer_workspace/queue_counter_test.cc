#include "queue_counter.h"

#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"

namespace {

TEST(QueueCounter, CountsQueuesOfAllBrokersWhileTheNameServerInUseDies) {
  corocket::testing::SimWorld world(/*seed=*/1);
  for (const char* endpoint : {"ns1:9876", "ns2:9876"}) {
    auto& server = world.AddNamesrv(endpoint);
    server.AddTopic("orders", "broker-a", 8);
    server.AddTopic("orders", "broker-b", 4);
  }
  auto namesrv = corocket::NamesrvChannel::Create(world.environment(), {.namesrv = {"ns1:9876", "ns2:9876"}});
  ASSERT_TRUE(namesrv.ok()) << namesrv.status();
  const auto before = world.Run(CountQueues(*namesrv, "orders"));
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(*before, 12);

  const std::string chosen = namesrv->Snapshot().chosen;
  world.Kill(chosen);
  const auto after = world.Run(CountQueues(*namesrv, "orders"));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(*after, 12);
  EXPECT_NE(namesrv->Snapshot().chosen, chosen);
}

}  // namespace
