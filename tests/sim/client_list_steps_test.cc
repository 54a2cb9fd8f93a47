// The address list is replaced at every single step of calls that dial, prove and ask: wherever that falls, the removed
// server is not chosen, gets no request, and its connection is closed.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"
#include "sdk/wire/frame.h"
#include "tests/support/sim_load.h"
#include "tests/support/wire_tap.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::SimWorld;

constexpr std::size_t kSteps = 120;
constexpr int kCallers = 3;

TEST(ListChange, AtEveryStepOfACallLeavesNothingOnTheRemovedServer) {
  std::size_t discarded = 0;
  std::size_t drained = 0;
  for (std::size_t step = 1; step <= kSteps && !::testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE(step);
    SimWorld world(3);
    EmbeddedNamesrv& removed = world.AddNamesrv("ns1:9876");
    removed.AddTopic("orders", "broker-a");
    world.AddNamesrv("ns2:9876").AddTopic("orders", "broker-a");
    WireTap tap(world.environment());
    absl::StatusOr<Client> client = Client::Create(tap.environment(), {.namesrv = {"ns1:9876"}});
    ASSERT_TRUE(client.ok());
    EventStream events = client->Watch();
    bool changed = false;
    tap.OnRequest([&](const std::string& server, const wire::Frame& request) {
      if (request.header.code != testing::kGetRouteInfo) return;
      EXPECT_FALSE(changed && server == "ns1:9876") << "a request starts on a server that has left";
    });
    const auto outcomes = std::make_shared<std::vector<absl::Status>>();
    for (int i = 0; i < kCallers; ++i) world.Spawn(AskInto(*client, "orders", outcomes));
    std::size_t steps = 0;
    world.OnStep([&] {
      if (++steps != step) return;
      changed = true;
      ASSERT_TRUE(client->UpdateEndpoints({"ns2:9876"}).ok());
      EXPECT_NE(client->Snapshot().chosen, "ns1:9876");
    });
    world.Advance(100ms);
    world.OnStep({});
    ASSERT_EQ(outcomes->size(), static_cast<std::size_t>(kCallers));
    for (const absl::Status& status : *outcomes) EXPECT_TRUE(status.ok()) << status;
    if (!changed) break;  // The calls were over before.
    EXPECT_EQ(removed.stats().connections_open, 0U);
    for (const EndpointEvent& event : TakeEvents(events)) {
      discarded += event.kind == EventKind::kCandidateDiscarded ? 1 : 0;
      drained += event.kind == EventKind::kDrainStarted ? 1 : 0;
      const bool after = event.list_version > 1;
      EXPECT_FALSE(after && event.kind == EventKind::kChosen && event.endpoint == "ns1:9876");
    }
  }
  EXPECT_GE(discarded, 1U) << "no change fell between the proof of life and the choice";
  EXPECT_GE(drained, 1U) << "no change fell on a request that was under way";
}

}  // namespace
}  // namespace corocket::test
