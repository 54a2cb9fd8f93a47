// Random faults against the whole client, by seed, in virtual time. A failing seed is printed with the virtual time and
// the last events; a seed that once found a bug stays below as a test of its own.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/co_spawn.hpp"
#include "asio/use_awaitable.hpp"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"
#include "sdk/runtime/runtime.h"
#include "sdk/wire/frame.h"
#include "tests/support/sim_load.h"
#include "tests/support/wire_tap.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::SimWorld;

constexpr int kServers = 4;
constexpr int kCallers = 3;
constexpr int kSteps = 10;
constexpr std::uint64_t kSeeds = 300;
constexpr std::uint64_t kSeedsPerBlock = 15;
constexpr std::size_t kMaxDraining = 8;
constexpr std::chrono::milliseconds kPause{20};
/// Timers of many callers share one expiry per millisecond.
constexpr std::chrono::milliseconds kGrain{1};

/// One who asks for a topic of his own again and again, so that each request on the wire can be told whose it is.
struct Caller {
  std::string topic;
  bool asking = false;
  std::unique_ptr<asio::cancellation_signal> cancel = std::make_unique<asio::cancellation_signal>();
  /// When it lost patience with the call under way.
  std::optional<std::chrono::nanoseconds> cancelled = {};
  std::chrono::nanoseconds deadline{0};
  std::uint64_t succeeded = 0;
  std::vector<std::string> failures = {};
};

/// One run: a world, servers, a client under load, and a dice. The first server of an even seed is never touched, so
/// that not one call may fail; odd seeds break everything. After each step of the simulation, and at each request that
/// is written, everything is checked that must always hold.
class Play {
 public:
  explicit Play(std::uint64_t seed) : seed_(seed), dice_(seed), world_(seed), tap_(world_.environment()) {
    for (int i = 0; i < kCallers; ++i) callers_.emplace_back().topic = absl::StrCat("orders-", i);
    for (int i = 0; i < kServers; ++i) {
      names_.push_back(absl::StrCat("ns", i, ":9876"));
      servers_.push_back(&world_.AddNamesrv(names_.back()));
      Teach(*servers_.back());
    }
    // Few dials at one time are harder than many.
    options_.failover.max_parallel_dials = seed % 3 == 0 ? 2 : 8;
  }

  void ToTheEnd() {
    options_.namesrv = names_;
    absl::StatusOr<Client> created = Client::Create(tap_.environment(), options_);
    ASSERT_TRUE(created.ok()) << created.status();
    client_ = &*created;
    EventStream events = client_->Watch();
    RememberList(names_);
    tap_.OnRequest([this](const std::string& server, const wire::Frame& request) { CheckRequest(server, request); });
    world_.OnStep([this] {
      CheckState();
      CancelDoomed();
    });
    for (Caller& caller : callers_) world_.Spawn(Ask(caller));
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      Break();
      world_.Advance(std::chrono::milliseconds(10 + Roll(180)));
      Collect(events);
    }
    MendAll();
    const std::uint64_t succeeded = Successes();
    world_.Advance(1500ms);
    Collect(events);
    EXPECT_GT(Successes(), succeeded) << "no success within 1.5 s of healing; " << Where();
    stopping_ = true;
    while (running_ > 0) world_.Advance(10ms);
    if (always_one_healthy()) {
      EXPECT_EQ(Failures().size(), 0U) << Where() << "\n" << Failures().front();
    }
    EXPECT_TRUE(world_.Run(client_->Shutdown()).ok());
    Collect(events);
    CheckEvents();
    EXPECT_EQ(tap_.census().open, 0U) << "sockets are left; " << Where();
    EXPECT_EQ(tap_.census().dialling, 0U) << "dials are left; " << Where();
    world_.OnStep({});
  }

  /// Everything that happened, without the addresses of objects: what two runs of a seed are compared by.
  [[nodiscard]] std::string Trace() const {
    const std::string events = absl::StrJoin(events_, "\n", [](std::string* out, const EndpointEvent& event) {
      absl::StrAppend(out, event.sequence, " ", event.at.time_since_epoch().count(), " ", event.ToString());
    });
    return absl::StrCat(events, "\n", absl::StrJoin(outcomes_, "\n"));
  }

  /// Calls that ended because they were told to.
  [[nodiscard]] int cancelled() const { return cancelled_; }

 private:
  [[nodiscard]] bool always_one_healthy() const { return seed_ % 2 == 0; }
  std::uint64_t Roll(std::uint64_t sides) { return dice_() % sides; }
  std::chrono::milliseconds RollMs(std::uint64_t most) { return std::chrono::milliseconds(1 + Roll(most)); }

  std::string Where() const {
    std::string last;
    for (std::size_t i = events_.size() > 12 ? events_.size() - 12 : 0; i < events_.size(); ++i) {
      absl::StrAppend(&last, "\n  ", events_[i].ToString());
    }
    return absl::StrCat("seed ", seed_, ", at ", world_.Elapsed() / 1us, " us; last events:", last);
  }

  void Teach(EmbeddedNamesrv& server) {
    for (const Caller& caller : callers_) server.AddTopic(caller.topic, "broker-a");
  }

  asio::awaitable<void> Ask(Caller& caller) {
    Runtime& runtime = *world_.environment().runtime;
    ++running_;
    while (!stopping_) {
      caller.asking = true;
      caller.deadline = world_.Elapsed() + options_.call.timeout;
      absl::StatusOr<TopicRoute> route =
          co_await asio::co_spawn(world_.executor(), client_->QueryRoute(caller.topic),
                                  asio::bind_cancellation_slot(caller.cancel->slot(), asio::use_awaitable));
      caller.asking = false;
      EXPECT_LE(world_.Elapsed(), caller.deadline + kGrain) << "a call outlived its deadline; " << Where();
      outcomes_.push_back(absl::StrCat(caller.topic, " ", world_.Elapsed().count(), " ", route.status().ToString()));
      const std::optional<std::chrono::nanoseconds> cancelled = std::exchange(caller.cancelled, std::nullopt);
      EXPECT_TRUE(!cancelled || *cancelled == world_.Elapsed()) << "a cancelled call went on; " << Where();
      if (route.ok()) {
        ++caller.succeeded;
      } else if (cancelled && route.status().code() == absl::StatusCode::kCancelled) {
        ++cancelled_;
      } else {
        caller.failures.push_back(route.status().ToString());
      }
      co_await SleepUntil(runtime, runtime.Now() + kPause);
    }
    --running_;
  }

  std::uint64_t Successes() const {
    std::uint64_t all = 0;
    for (const Caller& caller : callers_) all += caller.succeeded;
    return all;
  }
  std::vector<std::string> Failures() const {
    std::vector<std::string> all;
    for (const Caller& caller : callers_) all.insert(all.end(), caller.failures.begin(), caller.failures.end());
    return all;
  }

  void Break() {
    const std::uint64_t first = always_one_healthy() ? 1 : 0;
    const std::size_t victim = static_cast<std::size_t>(first + Roll(kServers - first));
    const std::string& name = names_[victim];
    EmbeddedNamesrv& server = *servers_[victim];
    switch (Roll(19)) {
      case 0:
        return world_.Refuse(name);
      case 1:
        return world_.Blackhole(name);
      case 2:
        return world_.HalfOpen(name);
      case 3:
        return world_.Pause(name);
      case 4:
        return world_.Slow(name, RollMs(120));
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
        return world_.Trickle(name, RollMs(2));
      case 12:
        return world_.Flap(name, RollMs(200));
      case 13:
        return world_.ResetAfter(name, 1 + Roll(600));
      case 14:
        return Forget(victim);
      case 15:
        return Mend(victim);
      case 16:
        return DoomNextCall(callers_[Roll(kCallers)]);
      default:
        return ChangeList();
    }
  }

  /// Some steps into its next call.
  void DoomNextCall(Caller& caller) {
    doomed_ = &caller;
    steps_left_ = Roll(12);
  }

  void CancelDoomed() {
    if (doomed_ == nullptr || !doomed_->asking || steps_left_-- > 0) return;
    doomed_->cancelled = world_.Elapsed();
    std::exchange(doomed_, nullptr)->cancel->emit(asio::cancellation_type::terminal);
  }

  /// One server at a time: two that deny a topic are believed.
  void Forget(std::size_t victim) {
    if (always_one_healthy() && forgetful_) Mend(*forgetful_);
    servers_[victim]->Clear();
    forgetful_ = victim;
  }

  void ChangeList() {
    std::vector<std::string> list;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const bool keep = (i == 0 && always_one_healthy()) || Roll(3) > 0;
      if (keep) list.push_back(names_[i]);
    }
    if (list.empty()) list.push_back(names_[Roll(names_.size())]);
    ASSERT_TRUE(client_->UpdateEndpoints(list).ok());
    RememberList(list);
    CheckState();
  }

  void RememberList(const std::vector<std::string>& list) {
    lists_[client_->Snapshot().list_version] = {list.begin(), list.end()};
  }

  void Mend(std::size_t index) {
    world_.Heal(names_[index]);
    world_.Restart(names_[index]);
    servers_[index]->Stall(false);
    servers_[index]->RefuseReset(false);
    servers_[index]->SetNotReady(false);
    Teach(*servers_[index]);
  }

  void MendAll() {
    for (std::size_t i = 0; i < names_.size(); ++i) Mend(i);
    ASSERT_TRUE(client_->UpdateEndpoints(names_).ok());
    RememberList(names_);
  }

  /// At each request that is written.
  void CheckRequest(const std::string& server, const wire::Frame& request) {
    if (request.header.code != testing::kGetRouteInfo) return;  // A proof of life belongs to no call.
    const ChannelSnapshot snapshot = client_->Snapshot();
    EXPECT_TRUE(lists_[snapshot.list_version].contains(server))
        << "a request starts on " << server << ", which is not listed; " << Where();
    const std::string* topic = request.header.ext_fields.Find("topic");
    ASSERT_NE(topic, nullptr);
    const auto caller =
        std::find_if(callers_.begin(), callers_.end(), [&](const Caller& one) { return one.topic == *topic; });
    ASSERT_NE(caller, callers_.end()) << *topic;
    EXPECT_TRUE(caller->asking) << "a request of a call that has ended; " << Where();
    EXPECT_LT(world_.Elapsed(), caller->deadline) << "a request after its deadline; " << Where();
  }

  /// After each step.
  void CheckState() {
    const ChannelSnapshot snapshot = client_->Snapshot();
    ASSERT_GE(snapshot.generation, last_generation_) << Where();
    last_generation_ = snapshot.generation;
    ASSERT_LE(snapshot.draining, kMaxDraining) << Where();
    const std::set<std::string>& list = lists_[snapshot.list_version];
    std::size_t chosen = 0;
    std::size_t listed = 0;
    for (const EndpointSnapshot& endpoint : snapshot.endpoints) {
      ASSERT_EQ(list.contains(endpoint.endpoint), endpoint.listed) << endpoint.endpoint << " " << Where();
      ASSERT_TRUE(endpoint.listed || endpoint.draining) << endpoint.endpoint << " " << Where();
      listed += endpoint.listed ? 1 : 0;
      chosen += endpoint.chosen ? 1 : 0;
      ASSERT_FALSE(endpoint.chosen && endpoint.endpoint != snapshot.chosen) << Where();
    }
    ASSERT_EQ(listed, list.size()) << Where();
    ASSERT_EQ(chosen, snapshot.chosen.empty() ? 0U : 1U) << Where();
    // One race for the choice, and one side dial for a second opinion with as many candidates as there are others.
    ASSERT_LE(tap_.census().dialling, options_.failover.max_parallel_dials + kServers - 1) << Where();
    ASSERT_LE(tap_.census().open, 1 + kMaxDraining + 2 * kServers) << Where();
    CheckProgress(snapshot);
  }

  /// Who waits is served by a dial or a timer. Between a timer and what it does there is a step without either.
  void CheckProgress(const ChannelSnapshot& snapshot) {
    const bool stuck = snapshot.waiting_callers > 0 && snapshot.state == ChannelState::kIdle;
    if (!stuck) {
      stuck_since_.reset();
      return;
    }
    if (!stuck_since_) stuck_since_ = world_.Elapsed();
    ASSERT_EQ(world_.Elapsed(), *stuck_since_) << "callers wait, and nothing happens; " << Where();
  }

  void Collect(EventStream& stream) {
    for (EndpointEvent& event : TakeEvents(stream)) events_.push_back(std::move(event));
  }

  void CheckEvents() {
    std::uint64_t chosen_generation = 0;
    bool serving = false;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const EndpointEvent& event = events_[i];
      if (i > 0) {
        ASSERT_EQ(event.sequence, events_[i - 1].sequence + 1) << Where();
        ASSERT_GE(event.at, events_[i - 1].at) << Where();
      }
      if (event.kind == EventKind::kInvalidated) {
        ASSERT_TRUE(serving) << "an end without a choice: " << event.ToString() << " " << Where();
        serving = false;
      }
      if (event.kind != EventKind::kChosen) continue;
      ASSERT_FALSE(serving) << "a choice beside another: " << event.ToString() << " " << Where();
      serving = true;
      ASSERT_GT(event.generation, chosen_generation) << Where();
      chosen_generation = event.generation;
      ASSERT_TRUE(lists_[event.list_version].contains(event.endpoint)) << event.ToString() << " " << Where();
    }
    EXPECT_FALSE(serving) << "the last choice has no end; " << Where();
    ASSERT_FALSE(events_.empty());
    EXPECT_EQ(events_.back().kind, EventKind::kClosed) << Where();
  }

  std::uint64_t seed_;
  std::mt19937_64 dice_;
  SimWorld world_;
  WireTap tap_;
  ClientOptions options_;
  Client* client_ = nullptr;
  std::vector<std::string> names_;
  std::vector<EmbeddedNamesrv*> servers_;
  std::vector<Caller> callers_;
  int running_ = 0;
  int cancelled_ = 0;
  Caller* doomed_ = nullptr;
  std::uint64_t steps_left_ = 0;
  bool stopping_ = false;
  std::optional<std::size_t> forgetful_;
  std::map<std::uint64_t, std::set<std::string>> lists_;
  std::vector<EndpointEvent> events_;
  std::vector<std::string> outcomes_;
  std::uint64_t last_generation_ = 0;
  std::optional<std::chrono::nanoseconds> stuck_since_;
};

/// Blocks of seeds, so that they can run side by side.
class RandomFaults : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomFaults, BreakNoInvariantLoseNoCallAndLeaveNoSocket) {
  const std::uint64_t first = GetParam() * kSeedsPerBlock + 1;
  int cancelled = 0;
  for (std::uint64_t seed = first; seed < first + kSeedsPerBlock; ++seed) {
    Play play(seed);
    play.ToTheEnd();
    cancelled += play.cancelled();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(cancelled, 0) << "no call was under way when it was to be cancelled";
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
