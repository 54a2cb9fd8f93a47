// Every order of events in a small world: two endpoints, three callers, a list that changes. States that behave alike
// are visited once. An oracle of three lines says what must be chosen; the core has to agree with it in every state.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sdk/failover/state.h"
#include "tests/model/wrong_cores.h"

namespace corocket::failover {
namespace {

constexpr int kCallers = 3;
constexpr int kDepth = 12;
constexpr std::size_t kMaxStates = 60'000;

const HostPort kA{.host = "a", .port = 1};
const HostPort kB{.host = "b", .port = 1};
const std::vector<std::vector<HostPort>> kLists = {{kA, kB}, {kA}, {kB}};

/// Where the events of the state that is being stepped go; states are copied, so it cannot be part of them.
std::vector<EndpointEvent>* events_of_step = nullptr;

struct Caller {
  bool waiting = false;
  std::optional<Choice> lease;
};

struct FlyingDial {
  AttemptId id{};
  HostPort authority;
  bool aborted = false;
};

/// One state of the world: the core, what its driver and callers hold, and what the oracle expects.
template <typename Core>
struct World {
  World()
      : core(FailoverOptions{}, kLists[0], /*seed=*/1, TimePoint(),
             [](EndpointEvent event) { events_of_step->push_back(std::move(event)); }) {}

  Core core;
  TimePoint now;
  std::vector<Caller> callers = std::vector<Caller>(kCallers);
  std::vector<FlyingDial> dials;
  std::optional<ArmTimerAction> timer;
  std::uint64_t next_connection = 1;
  std::size_t list = 0;
  std::optional<Choice> expected;
  std::uint64_t last_chosen_generation = 0;
  bool chosen_event_open = false;
  std::shared_ptr<const World> parent;
  std::string step;
  int depth = 0;

  [[nodiscard]] std::string Fingerprint() const {
    std::vector<std::string> holders;
    for (const Caller& caller : callers) {
      std::string text = caller.waiting ? "w" : "-";
      if (caller.lease) {
        const bool fresh = expected && *expected == *caller.lease;
        absl::StrAppend(&text, fresh ? "fresh" : "stale", static_cast<std::uint32_t>(caller.lease->endpoint));
      }
      holders.push_back(std::move(text));
    }
    std::sort(holders.begin(), holders.end());  // Callers are alike.
    std::string text = absl::StrCat(core.Fingerprint(), "#", list);
    for (const std::string& holder : holders) absl::StrAppend(&text, ",", holder);
    for (const FlyingDial& dial : dials)
      absl::StrAppend(&text, ";", dial.authority.ToString(), dial.aborted ? "x" : "");
    return text;
  }

  [[nodiscard]] std::string Trace() const { return (parent ? parent->Trace() : std::string()) + "\n  " + step; }
};

/// What one step did wrong; empty when nothing.
template <typename Core>
std::string Settle(World<Core>& world, const std::vector<EndpointEvent>& events) {
  for (Action& action : world.core.TakeActions()) {
    if (auto* dial = std::get_if<DialAction>(&action)) {
      world.dials.push_back({.id = dial->attempt, .authority = dial->authority});
    } else if (auto* abort = std::get_if<AbortDialAction>(&action)) {
      for (FlyingDial& flying : world.dials) flying.aborted = flying.aborted || flying.id == abort->attempt;
    } else if (auto* arm = std::get_if<ArmTimerAction>(&action)) {
      world.timer = arm->at ? std::optional<ArmTimerAction>(*arm) : std::nullopt;
    }
  }
  for (const EndpointEvent& event : events) {
    if (event.kind == EventKind::kChosen) {
      if (world.chosen_event_open) return "two choices without an end between them";
      if (event.generation <= world.last_chosen_generation) return "generation of a choice did not rise";
      world.last_chosen_generation = event.generation;
      world.chosen_event_open = true;
    } else if (event.kind == EventKind::kInvalidated) {
      if (!world.chosen_event_open) return "an end without a choice";
      world.chosen_event_open = false;
    }
  }
  const std::optional<Lease>& current = world.core.Current();
  if (current.has_value() != world.expected.has_value()) return "the choice is not what the oracle says";
  if (current && !(current->choice == *world.expected)) return "another choice than the oracle's";
  const auto& list = kLists[world.list];
  const ChannelSnapshot snapshot = world.core.Snapshot(world.now);
  if (current &&
      std::none_of(list.begin(), list.end(), [&](const HostPort& one) { return one.ToString() == snapshot.chosen; })) {
    return "a removed endpoint is chosen: " + snapshot.chosen;
  }
  const auto in_flight = static_cast<std::size_t>(
      std::count_if(world.dials.begin(), world.dials.end(), [](const FlyingDial& dial) { return !dial.aborted; }));
  if (in_flight > list.size()) return "more dials than endpoints";
  if (current && in_flight > 0) return "dials go on beside a choice";
  const bool demand =
      std::any_of(world.callers.begin(), world.callers.end(), [](const Caller& one) { return one.waiting; });
  if (demand && !current && in_flight == 0 && !world.timer) return "somebody waits, and nothing will happen";
  return {};
}

/// Explores the states of one core, breadth first.
template <typename Core>
class Explorer {
 public:
  /// The trace to the first wrong state; none when all are right.
  std::optional<std::string> Run() {
    auto first = std::make_shared<World<Core>>();
    first->step = "start";
    seen_.insert(first->Fingerprint());
    frontier_.push_back(std::move(first));
    while (!frontier_.empty() && !violation_ && seen_.size() < kMaxStates) {
      const std::shared_ptr<const World<Core>> world = frontier_.front();
      frontier_.pop_front();
      if (world->depth == kDepth) continue;
      deepest_ = std::max(deepest_, world->depth + 1);
      Expand(world);
    }
    return violation_;
  }
  [[nodiscard]] std::size_t states() const { return seen_.size(); }
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] int deepest() const { return deepest_; }

 private:
  using WorldPointer = std::shared_ptr<const World<Core>>;

  /// Takes one step in a copy of `from`; `act` returns what is wrong, if it can tell by itself.
  template <typename Act>
  void Step(const WorldPointer& from, std::string name, Act act) {
    if (violation_) return;
    auto next = std::make_shared<World<Core>>(*from);
    next->parent = from;
    next->step = std::move(name);
    ++next->depth;
    ++steps_;
    std::vector<EndpointEvent> events;
    events_of_step = &events;
    std::string wrong = act(*next);
    if (wrong.empty()) wrong = Settle(*next, events);
    if (!wrong.empty()) {
      violation_ = wrong + next->Trace();
      return;
    }
    if (seen_.insert(next->Fingerprint()).second) frontier_.push_back(std::move(next));
  }

  void Expand(const WorldPointer& world) {
    for (std::size_t i = 0; i < world->callers.size(); ++i) ExpandCaller(world, i);
    for (std::size_t i = 0; i < world->dials.size(); ++i) ExpandDial(world, i);
    for (std::size_t list = 0; list < kLists.size(); ++list) {
      Step(world, absl::StrCat("list becomes #", list), [list](World<Core>& to) -> std::string {
        const std::optional<Choice> before = to.expected;
        absl::StatusOr<Applied> applied = to.core.Apply(kLists[list], to.now);
        if (!applied.ok()) return "list refused";
        to.list = list;
        if (before && !to.core.Current()) to.expected.reset();  // Whether that was right, Settle sees by the list.
        return {};
      });
    }
    if (world->timer) {
      Step(world, "timer", [](World<Core>& to) -> std::string {
        const ArmTimerAction timer = *std::exchange(to.timer, std::nullopt);
        to.now = std::max(to.now, *timer.at);
        to.core.OnTimer(timer.token, to.now);
        return {};
      });
    }
  }

  void ExpandCaller(const WorldPointer& world, std::size_t index) {
    const Caller& caller = world->callers[index];
    const std::string who = absl::StrCat("caller ", index);
    if (caller.waiting) {
      Step(world, who + " looks again or leaves", [index](World<Core>& to) -> std::string {
        to.callers[index].waiting = false;
        to.core.DropDemand(to.now);
        if (to.core.Current()) to.callers[index].lease = to.core.Current()->choice;
        return {};
      });
      return;
    }
    Step(world, who + " needs a server", [index](World<Core>& to) -> std::string {
      Demanded demanded = to.core.Demand(true, to.now);
      if (const Lease* lease = std::get_if<Lease>(&demanded)) {
        to.callers[index].lease = lease->choice;
      } else if (std::holds_alternative<MustWait>(demanded)) {
        to.callers[index].waiting = true;
      }
      return {};
    });
    if (!caller.lease) return;
    Step(world, absl::StrCat(who, " fails on generation ", caller.lease->generation),
         [index](World<Core>& to) -> std::string {
           const Choice lease = *to.callers[index].lease;
           const bool should = to.expected && to.expected->generation == lease.generation &&
                               to.expected->connection == lease.connection;
           const bool cleared = to.core.Invalidate(lease, SwitchReason::kBroken,
                                                   std::make_error_code(std::errc::connection_reset), to.now);
           if (should) to.expected.reset();
           return cleared == should ? ""
                  : should          ? "a failure did not clear its choice"
                                    : "a late failure cleared a fresh choice";
         });
    Step(world, who + " is answered", [index](World<Core>& to) -> std::string {
      to.core.Confirm(*to.callers[index].lease, to.now);
      return {};
    });
    Step(world, who + " times out on a talking connection", [index](World<Core>& to) -> std::string {
      const Strike strike = to.core.CallTimedOut(*to.callers[index].lease, to.now);
      if (strike == Strike::kInvalidated) to.expected.reset();
      return {};
    });
  }

  void ExpandDial(const WorldPointer& world, std::size_t index) {
    const std::string what = absl::StrCat("dial of ", world->dials[index].authority.ToString());
    Step(world, what + " proves alive", [index](World<Core>& to) -> std::string {
      const FlyingDial dial = to.dials[index];
      to.dials.erase(to.dials.begin() + static_cast<std::ptrdiff_t>(index));
      const ConnectionId connection{to.next_connection++};
      if (!to.core.Commit(dial.id, connection, nullptr, to.now)) return {};
      if (to.expected) return "a second choice beside the first";
      to.expected = to.core.Current()->choice;
      return to.expected->connection == connection ? "" : "the choice is another connection than the one committed";
    });
    Step(world, what + " fails", [index](World<Core>& to) -> std::string {
      const FlyingDial dial = to.dials[index];
      to.dials.erase(to.dials.begin() + static_cast<std::ptrdiff_t>(index));
      to.core.DialFailed(
          dial.id,
          {.phase = Phase::kConnect, .cause = std::make_error_code(std::errc::connection_refused), .detail = {}},
          to.now);
      return {};
    });
  }

  std::unordered_set<std::string> seen_;
  std::deque<WorldPointer> frontier_;
  std::optional<std::string> violation_;
  std::size_t steps_ = 0;
  int deepest_ = 0;
};

TEST(FailoverModel, TheCoreIsRightInEveryState) {
  Explorer<FailoverState> explorer;
  const std::optional<std::string> violation = explorer.Run();
  EXPECT_FALSE(violation.has_value()) << *violation;
  std::cout << explorer.states() << " states, " << explorer.steps() << " steps, depth " << explorer.deepest() << '\n';
  EXPECT_GT(explorer.states(), 1000U);
}

template <typename Core>
class WrongCore : public ::testing::Test {};
using WrongCores = ::testing::Types<wrong::ClearByAddress, wrong::ClearAlways, wrong::ChooseFromStaleList>;
TYPED_TEST_SUITE(WrongCore, WrongCores);

TYPED_TEST(WrongCore, IsCaught) {
  Explorer<TypeParam> explorer;
  const std::optional<std::string> violation = explorer.Run();
  ASSERT_TRUE(violation.has_value()) << "nothing found in " << explorer.states() << " states";
  std::cout << "caught: " << *violation << '\n';
}

}  // namespace
}  // namespace corocket::failover
