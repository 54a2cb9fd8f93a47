// Every order of events in a small world: two endpoints, three callers, a list that changes. States that behave alike
// are visited once. An oracle of three lines says what must be chosen; the core has to agree with it in every state.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "sdk/failover/state.h"
#include "tests/model/wrong_cores.h"

namespace corocket::failover {
namespace {

constexpr int kCallers = 3;
constexpr int kDepth = 12;
/// Far beyond what there is: reaching it would mean that some states were never looked at.
constexpr std::size_t kMaxStates = 2'000'000;

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

/// How a state was reached. Kept for the trace; the states before are not.
struct Step {
  std::shared_ptr<const Step> before;
  std::string what;

  [[nodiscard]] std::string Trace() const { return (before ? before->Trace() : std::string()) + "\n  " + what; }
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
  TimePoint chosen_at;
  std::uint64_t last_chosen_generation = 0;
  bool chosen_event_open = false;
  std::shared_ptr<const Step> last_step;
  int depth = 0;

  /// States with the same text behave alike. Callers are alike, dials of one kind are, old leases are but for whose
  /// they were, and so are the two endpoints: of a state and its mirror image one is looked at.
  [[nodiscard]] std::string Fingerprint() const {
    std::vector<std::string> holders;
    for (const Caller& caller : callers) {
      std::string text = caller.waiting ? "w" : "-";
      if (caller.lease) {
        const bool fresh = expected && *expected == *caller.lease;
        absl::StrAppend(&text, fresh ? "fresh" : absl::StrCat("stale ", NameOf(caller.lease->endpoint)));
      }
      holders.push_back(std::move(text));
    }
    for (const FlyingDial& dial : dials) {
      holders.push_back(absl::StrCat("dial ", dial.authority.ToString(), dial.aborted ? "x" : ""));
    }
    std::sort(holders.begin(), holders.end());
    // A wrong core may not know the list that is in force.
    const std::string in_force = kLists[list].size() == 1 ? kLists[list].front().ToString() : "both";
    const std::string text =
        absl::StrCat(core.Fingerprint(), IsOld() ? "old#" : "#", in_force, "#", absl::StrJoin(holders, ","));
    const std::string mirrored = absl::StrReplaceAll(text, {{"a:1", "b:1"}, {"b:1", "a:1"}});
    return std::min(text, mirrored);
  }

  /// Whether the choice has lasted for longer than any pause.
  [[nodiscard]] bool IsOld() const { return expected && now - chosen_at >= FailoverOptions().backoff_cap_idle; }

  [[nodiscard]] std::string NameOf(EndpointId id) const {
    for (const auto& [listed, authority] : core.Others(EndpointId{0})) {
      if (listed == id) return authority.ToString();
    }
    return "gone";
  }
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
  Explorer() = default;
  /// Looks for states that break just this sentence; other wrong ones are not followed.
  explicit Explorer(std::string_view sentence) : sentence_(sentence) {}

  /// The trace to the first wrong state; none when all are right.
  std::optional<std::string> Run() {
    auto first = std::make_shared<World<Core>>();
    first->last_step = std::make_shared<Step>(Step{.before = nullptr, .what = "start"});
    seen_.insert(Hash(*first));
    frontier_.push_back(std::move(first));
    while (!frontier_.empty() && !violation_ && seen_.size() < kMaxStates) {
      const std::shared_ptr<const World<Core>> world = frontier_.front();
      frontier_.pop_front();
      if (world->depth == kDepth) {
        ++unexplored_;
        continue;
      }
      deepest_ = std::max(deepest_, world->depth + 1);
      Expand(world);
    }
    return violation_;
  }
  [[nodiscard]] std::size_t states() const { return seen_.size(); }
  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] int deepest() const { return deepest_; }
  /// States at the greatest depth, from which no step was taken.
  [[nodiscard]] std::size_t unexplored() const { return unexplored_; }

 private:
  using WorldPointer = std::shared_ptr<const World<Core>>;

  /// Two states that share a hash are taken for one: with 64 bits, about once in a million explorations.
  static std::size_t Hash(const World<Core>& world) { return std::hash<std::string>()(world.Fingerprint()); }

  /// Takes one step in a copy of `from`; `act` returns what is wrong, if it can tell by itself.
  template <typename Act>
  void Take(const WorldPointer& from, std::string name, Act act) {
    if (violation_) return;
    auto next = std::make_shared<World<Core>>(*from);
    next->last_step = std::make_shared<Step>(Step{.before = from->last_step, .what = std::move(name)});
    ++next->depth;
    ++steps_;
    std::vector<EndpointEvent> events;
    events_of_step = &events;
    std::string wrong = act(*next);
    if (wrong.empty()) wrong = Settle(*next, events);
    if (!wrong.empty()) {
      if (!absl::StartsWith(wrong, sentence_)) return;
      violation_ = wrong + next->last_step->Trace();
      return;
    }
    if (seen_.insert(Hash(*next)).second) frontier_.push_back(std::move(next));
  }

  void Expand(const WorldPointer& world) {
    for (std::size_t i = 0; i < world->callers.size(); ++i) ExpandCaller(world, i);
    for (std::size_t i = 0; i < world->dials.size(); ++i) ExpandDial(world, i);
    for (std::size_t list = 0; list < kLists.size(); ++list) {
      Take(world, absl::StrCat("list becomes #", list), [list](World<Core>& to) -> std::string {
        const std::optional<Choice> before = to.expected;
        absl::StatusOr<Applied> applied = to.core.Apply(kLists[list], to.now);
        if (!applied.ok()) return "list refused";
        to.list = list;
        if (before && !to.core.Current()) to.expected.reset();  // Whether that was right, Settle sees by the list.
        return {};
      });
    }
    if (world->expected && !world->IsOld()) {
      Take(world, "the choice grows old", [](World<Core>& to) -> std::string {
        to.now += FailoverOptions().backoff_cap_idle;
        return {};
      });
    }
    if (world->timer) {
      Take(world, "timer", [](World<Core>& to) -> std::string {
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
      Take(world, who + " looks again or leaves", [index](World<Core>& to) -> std::string {
        to.callers[index].waiting = false;
        to.core.DropDemand(to.now);
        if (to.core.Current()) to.callers[index].lease = to.core.Current()->choice;
        return {};
      });
      return;
    }
    Take(world, who + " needs a server", [index](World<Core>& to) -> std::string {
      Demanded demanded = to.core.Demand({}, to.now);
      if (const Lease* lease = std::get_if<Lease>(&demanded)) {
        to.callers[index].lease = lease->choice;
      } else if (std::holds_alternative<MustWait>(demanded)) {
        to.callers[index].waiting = true;
      }
      return {};
    });
    if (!caller.lease) return;
    Take(world, absl::StrCat(who, " fails on generation ", caller.lease->generation),
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
    Take(world, who + " is answered", [index](World<Core>& to) -> std::string {
      to.core.Confirm(*to.callers[index].lease, to.now);
      return {};
    });
    Take(world, who + " times out on a talking connection", [index](World<Core>& to) -> std::string {
      const Strike strike = to.core.CallTimedOut(*to.callers[index].lease, to.now, to.now);
      if (strike == Strike::kInvalidated) to.expected.reset();
      return {};
    });
  }

  void ExpandDial(const WorldPointer& world, std::size_t index) {
    const std::string what = absl::StrCat("dial of ", world->dials[index].authority.ToString());
    Take(world, what + " proves alive", [index](World<Core>& to) -> std::string {
      const FlyingDial dial = to.dials[index];
      to.dials.erase(to.dials.begin() + static_cast<std::ptrdiff_t>(index));
      const ConnectionId connection{to.next_connection++};
      if (!to.core.Commit(dial.id, connection, nullptr, to.now)) return {};
      if (to.expected) return "a second choice beside the first";
      to.expected = to.core.Current()->choice;
      to.chosen_at = to.now;
      return to.expected->connection == connection ? "" : "the choice is another connection than the one committed";
    });
    Take(world, what + " fails", [index](World<Core>& to) -> std::string {
      const FlyingDial dial = to.dials[index];
      to.dials.erase(to.dials.begin() + static_cast<std::ptrdiff_t>(index));
      to.core.DialFailed(
          dial.id,
          {.phase = Phase::kConnect, .cause = std::make_error_code(std::errc::connection_refused), .detail = {}},
          to.now);
      return {};
    });
  }

  std::string_view sentence_;
  std::unordered_set<std::size_t> seen_;
  std::deque<WorldPointer> frontier_;
  std::optional<std::string> violation_;
  std::size_t steps_ = 0;
  int deepest_ = 0;
  std::size_t unexplored_ = 0;
};

TEST(FailoverModel, TheCoreIsRightInEveryState) {
  Explorer<FailoverState> explorer;
  const std::optional<std::string> violation = explorer.Run();
  EXPECT_FALSE(violation.has_value()) << *violation;
  std::cout << explorer.states() << " states, " << explorer.steps() << " steps, depth " << explorer.deepest() << ", "
            << explorer.unexplored() << " not followed further\n";
  EXPECT_EQ(explorer.deepest(), kDepth);
  EXPECT_GT(explorer.states(), 50'000U) << "fewer than there were: is something no longer explored?";
  EXPECT_LT(explorer.states(), kMaxStates) << "some states were never looked at";
}

template <typename Core>
class WrongCore : public ::testing::Test {};
using WrongCores = ::testing::Types<wrong::ClearByAddress, wrong::ClearAlways, wrong::ChooseFromStaleList>;
TYPED_TEST_SUITE(WrongCore, WrongCores);

TYPED_TEST(WrongCore, IsCaughtByTheSentenceThatItBreaks) {
  Explorer<TypeParam> explorer(TypeParam::kBreaks);
  const std::optional<std::string> violation = explorer.Run();
  ASSERT_TRUE(violation.has_value()) << "nothing found in " << explorer.states() << " states";
  std::cout << "caught: " << *violation << '\n';
}

}  // namespace
}  // namespace corocket::failover
