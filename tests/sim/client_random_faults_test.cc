// Random faults against the whole client, by seed, in virtual time. A failing seed is printed with the virtual time and
// the last events; a seed that once found a bug stays below as a test of its own.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"
#include "tests/support/sim_load.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::SimWorld;

constexpr int kServers = 4;
constexpr int kSteps = 10;
constexpr std::uint64_t kSeeds = 300;
constexpr std::uint64_t kSeedsPerBlock = 15;
constexpr std::size_t kMaxDraining = 8;
constexpr std::chrono::milliseconds kLook{4};

/// One run: a world, servers, a client under load, and a dice. The first server of an even seed is never touched, so
/// that not one call may fail; odd seeds break everything.
class Play {
 public:
  explicit Play(std::uint64_t seed) : seed_(seed), dice_(seed), world_(seed) {
    for (int i = 0; i < kServers; ++i) {
      names_.push_back(absl::StrCat("ns", i, ":9876"));
      servers_.push_back(&world_.AddNamesrv(names_.back()));
      servers_.back()->AddTopic("orders", "broker-a");
    }
  }

  void ToTheEnd() {
    ClientOptions options;
    options.namesrv = names_;
    absl::StatusOr<Client> client = Client::Create(world_.environment(), options);
    ASSERT_TRUE(client.ok()) << client.status();
    EventStream events = client->Watch();
    lists_[client->Snapshot().list_version] = {names_.begin(), names_.end()};
    {
      SimLoad load(world_, *client, {.callers = 3, .pause = 8ms});
      for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
        Break(*client);
        Watch(*client, std::chrono::milliseconds(10 + Roll(180)));
        Collect(events);
      }
      const std::uint64_t failed = load.failed();
      const std::string first_failure = failed == 0 ? "" : load.failures().front().ToString();
      MendAll(*client);
      load.StartOver();
      Watch(*client, 1500ms);
      Collect(events);
      EXPECT_GT(load.succeeded(), 0U) << "no success within 1.5 s of healing; " << Where();
      load.StopAndWait();
      if (always_one_healthy()) {
        EXPECT_EQ(failed + load.failed(), 0U) << Where() << "\n" << first_failure;
      }
      EXPECT_TRUE(world_.Run(client->Shutdown()).ok());
    }
    Collect(events);
    CheckEvents();
    world_.Advance(1ms);
    for (const EmbeddedNamesrv* server : servers_) EXPECT_EQ(server->stats().connections_open, 0U) << Where();
  }

  /// Everything that happened, without the addresses of objects: what two runs of a seed are compared by.
  [[nodiscard]] std::string Trace() const {
    return absl::StrJoin(events_, "\n", [](std::string* out, const EndpointEvent& event) {
      absl::StrAppend(out, event.sequence, " ", event.at.time_since_epoch().count(), " ", event.ToString());
    });
  }

 private:
  [[nodiscard]] bool always_one_healthy() const { return seed_ % 2 == 0; }
  std::uint64_t Roll(std::uint64_t sides) { return dice_() % sides; }

  std::string Where() const {
    std::string last;
    for (std::size_t i = events_.size() > 12 ? events_.size() - 12 : 0; i < events_.size(); ++i) {
      absl::StrAppend(&last, "\n  ", events_[i].ToString());
    }
    return absl::StrCat("seed ", seed_, ", at ", world_.Elapsed() / 1us, " us; last events:", last);
  }

  void Break(Client& client) {
    const std::uint64_t first = always_one_healthy() ? 1 : 0;
    const std::size_t victim = static_cast<std::size_t>(first + Roll(kServers - first));
    const std::string& name = names_[victim];
    EmbeddedNamesrv& server = *servers_[victim];
    switch (Roll(13)) {
      case 0:
        return world_.Refuse(name);
      case 1:
        return world_.Blackhole(name);
      case 2:
        return world_.HalfOpen(name);
      case 3:
        return world_.Pause(name);
      case 4:
        return world_.Slow(name, std::chrono::milliseconds(1 + Roll(120)));
      case 5:
        return world_.Reset(name);
      case 6:
        return world_.Kill(name);
      case 7:
        return server.Stall(true);
      case 8:
        return server.RefuseReset(true);
      case 9:
        return server.CloseAll(Roll(2) == 0 ? CloseMode::kFin : CloseMode::kReset);
      case 10:
        return server.SetNotReady(true);
      case 11:
        return Mend(victim);
      default:
        return ChangeList(client);
    }
  }

  void ChangeList(Client& client) {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const bool keep = (i == 0 && always_one_healthy()) || Roll(3) > 0;
      if (keep) list.push_back(names_[i]);
    }
    if (list.empty()) list.push_back(names_[Roll(names_.size())]);
    ASSERT_TRUE(client.UpdateEndpoints(list).ok());
    const ChannelSnapshot snapshot = client.Snapshot();
    lists_[snapshot.list_version] = {list.begin(), list.end()};
    if (!snapshot.chosen.empty()) {
      EXPECT_TRUE(lists_[snapshot.list_version].contains(snapshot.chosen)) << Where();
    }
  }

  void Mend(std::size_t index) {
    world_.Heal(names_[index]);
    world_.Restart(names_[index]);
    servers_[index]->Stall(false);
    servers_[index]->RefuseReset(false);
    servers_[index]->SetNotReady(false);
  }

  void MendAll(Client& client) {
    for (std::size_t i = 0; i < names_.size(); ++i) Mend(i);
    ASSERT_TRUE(client.UpdateEndpoints(names_).ok());
    lists_[client.Snapshot().list_version] = {names_.begin(), names_.end()};
  }

  /// Lets time pass and looks at it every few milliseconds.
  void Watch(const Client& client, std::chrono::milliseconds length) {
    for (auto passed = 0ms; passed < length; passed += kLook) {
      world_.Advance(kLook);
      const ChannelSnapshot snapshot = client.Snapshot();
      ASSERT_GE(snapshot.generation, last_generation_) << Where();
      last_generation_ = snapshot.generation;
      ASSERT_LE(snapshot.draining, kMaxDraining) << Where();
      std::size_t chosen = 0;
      for (const EndpointSnapshot& endpoint : snapshot.endpoints) {
        chosen += endpoint.chosen ? 1 : 0;
        ASSERT_TRUE(endpoint.listed || endpoint.draining) << endpoint.endpoint << " " << Where();
      }
      ASSERT_EQ(chosen, snapshot.chosen.empty() ? 0U : 1U) << Where();
    }
  }

  void Collect(EventStream& stream) {
    for (EndpointEvent& event : TakeEvents(stream)) events_.push_back(std::move(event));
  }

  void CheckEvents() {
    std::uint64_t chosen_generation = 0;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const EndpointEvent& event = events_[i];
      if (i > 0) {
        ASSERT_EQ(event.sequence, events_[i - 1].sequence + 1) << Where();
        ASSERT_GE(event.at, events_[i - 1].at) << Where();
      }
      if (event.kind != EventKind::kChosen) continue;
      ASSERT_GT(event.generation, chosen_generation) << Where();
      chosen_generation = event.generation;
      ASSERT_TRUE(lists_[event.list_version].contains(event.endpoint)) << event.ToString() << " " << Where();
    }
    ASSERT_FALSE(events_.empty());
    EXPECT_EQ(events_.back().kind, EventKind::kClosed) << Where();
  }

  std::uint64_t seed_;
  std::mt19937_64 dice_;
  SimWorld world_;
  std::vector<std::string> names_;
  std::vector<EmbeddedNamesrv*> servers_;
  std::map<std::uint64_t, std::set<std::string>> lists_;
  std::vector<EndpointEvent> events_;
  std::uint64_t last_generation_ = 0;
};

/// Blocks of seeds, so that they can run side by side.
class RandomFaults : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomFaults, BreakNoInvariantLoseNoCallAndLeaveNoSocket) {
  const std::uint64_t first = GetParam() * kSeedsPerBlock + 1;
  for (std::uint64_t seed = first; seed < first + kSeedsPerBlock; ++seed) {
    Play(seed).ToTheEnd();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomFaults, ::testing::Range<std::uint64_t>(0, kSeeds / kSeedsPerBlock));

TEST(RandomFaultsTrace, IsTheSameForTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Play first(seed);
    first.ToTheEnd();
    Play second(seed);
    second.ToTheEnd();
    ASSERT_FALSE(first.Trace().empty());
    ASSERT_EQ(first.Trace(), second.Trace()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace corocket::test
