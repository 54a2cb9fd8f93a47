#include "sdk/failover/state.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket::failover {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::error_code kRefused = std::make_error_code(std::errc::connection_refused);

/// A state machine, its clock, and what it asked its driver to do.
class FailoverStateTest : public ::testing::Test {
 protected:
  static HostPort At(const std::string& host) { return {.host = host, .port = 9876}; }

  void Start(const std::vector<std::string>& hosts, std::uint64_t seed = 1, FailoverOptions options = {}) {
    std::vector<HostPort> list;
    for (const std::string& host : hosts) list.push_back(At(host));
    state_ = std::make_unique<FailoverState>(options, std::move(list), seed, now_,
                                             [this](EndpointEvent event) { events_.push_back(std::move(event)); });
  }

  /// Dials asked for since the last look, by host.
  std::vector<std::string> TakeDials() {
    std::vector<std::string> hosts;
    for (Action& action : state_->TakeActions()) {
      if (auto* dial = std::get_if<DialAction>(&action)) {
        hosts.push_back(dial->authority.host);
        attempts_[dial->authority.host] = dial->attempt;
        dial_deadline_ = dial->deadline;
      } else if (auto* arm = std::get_if<ArmTimerAction>(&action)) {
        timer_ = *arm;
      }
    }
    return hosts;
  }

  void Fail(const std::string& host) {
    state_->DialFailed(attempts_.at(host), {.phase = Phase::kConnect, .cause = kRefused, .detail = {}}, now_);
  }
  bool Prove(const std::string& host) {
    return state_->Commit(attempts_.at(host), ConnectionId{next_connection_++}, nullptr, now_);
  }
  void FireTimer() {
    ASSERT_TRUE(timer_.at.has_value()) << "no timer is armed";
    const ArmTimerAction due = std::exchange(timer_, {});
    now_ = std::max(now_, *due.at);
    state_->OnTimer(due.token, now_);
  }
  std::string ChosenHost() const {
    const std::string chosen = state_->Snapshot(now_).chosen;
    return chosen.substr(0, chosen.find(':'));
  }
  void Need() { static_cast<void>(state_->Demand({}, now_)); }
  std::size_t Count(EventKind kind) const {
    return static_cast<std::size_t>(std::count_if(events_.begin(), events_.end(),
                                                  [kind](const EndpointEvent& event) { return event.kind == kind; }));
  }

  TimePoint now_{1000s};
  std::unique_ptr<FailoverState> state_;
  std::vector<EndpointEvent> events_;
  std::map<std::string, AttemptId> attempts_;
  TimePoint dial_deadline_;
  ArmTimerAction timer_;
  std::uint64_t next_connection_ = 1;
};

TEST_F(FailoverStateTest, NothingIsDialledBeforeSomebodyNeedsAServer) {
  Start({"a", "b"});
  EXPECT_THAT(TakeDials(), IsEmpty());
  Need();
  EXPECT_THAT(TakeDials(), SizeIs(1));
}

TEST_F(FailoverStateTest, TheNextDialStartsAfterTheDelayOrAtOnceWhenTheNewestFails) {
  Start({"a", "b", "c"});
  Need();
  const std::string first = TakeDials().at(0);
  EXPECT_EQ(timer_.at, now_ + 250ms);
  FireTimer();
  const std::vector<std::string> second = TakeDials();
  ASSERT_THAT(second, SizeIs(1));
  Fail(second.at(0));
  EXPECT_THAT(TakeDials(), SizeIs(1)) << "although the first is still under way";
}

TEST_F(FailoverStateTest, AnOlderDialThatFailsDoesNotHurryTheNextOne) {
  Start({"a", "b", "c"});
  Need();
  const std::string first = TakeDials().at(0);
  FireTimer();
  ASSERT_THAT(TakeDials(), SizeIs(1));
  Fail(first);
  EXPECT_THAT(TakeDials(), IsEmpty());
}

TEST_F(FailoverStateTest, LateFailureOfAnOldGenerationKeepsTheNewChoice) {
  Start({"a"});
  Need();
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  const Choice first = state_->Current()->choice;
  state_->Confirm(first, now_);
  ASSERT_TRUE(state_->Invalidate(first, SwitchReason::kBroken, kRefused, now_));
  TakeDials();
  ASSERT_TRUE(Prove("a")) << "the same address again: A, then A";
  EXPECT_FALSE(state_->Invalidate(first, SwitchReason::kBroken, kRefused, now_));
  EXPECT_EQ(ChosenHost(), "a");
  EXPECT_EQ(Count(EventKind::kStaleInvalidationIgnored), 1U);
}

TEST_F(FailoverStateTest, ALostServerIsDialledLast) {
  Start({"a", "b", "c"});
  Need();
  const std::string lost = TakeDials().at(0);
  ASSERT_TRUE(Prove(lost));
  state_->Confirm(state_->Current()->choice, now_);
  ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
  std::vector<std::string> order = TakeDials();
  while (order.size() < 3) {
    Fail(order.back());
    for (std::string& host : TakeDials()) order.push_back(std::move(host));
  }
  EXPECT_EQ(order.back(), lost);
}

TEST_F(FailoverStateTest, AChoiceThatNeverAnsweredIsOneMoreFailedCandidateOfItsPass) {
  Start({"a", "b"});
  Need();
  const std::string first = TakeDials().at(0);
  ASSERT_TRUE(Prove(first));
  ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
  const std::vector<std::string> second = TakeDials();
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_NE(second.at(0), first);
  ASSERT_TRUE(Prove(second.at(0)));
  ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
  EXPECT_THAT(TakeDials(), IsEmpty()) << "the pass is over: a pause comes first";
  EXPECT_EQ(Count(EventKind::kPassFailed), 1U);
}

TEST_F(FailoverStateTest, PausesGrowToASecondAndNeverBeyondWhileSomebodyWaits) {
  Start({"a"});
  Need();
  for (int pass = 0; pass < 200; ++pass) {
    ASSERT_THAT(TakeDials(), SizeIs(1)) << "pass " << pass;
    const TimePoint began = now_;
    Fail("a");
    TakeDials();
    FireTimer();
    EXPECT_LE(now_ - began, 1s);
  }
  EXPECT_GT(now_ - TimePoint(1000s), 50s) << "200 passes with a mean pause of half a second";
}

TEST_F(FailoverStateTest, PausesGrowToFiveSecondsWhileNobodyWaitsAndAreCutWhenSomebodyComes) {
  Start({"a"});
  std::chrono::microseconds longest{0};
  for (int pass = 0; pass < 200; ++pass) {
    Need();
    ASSERT_THAT(TakeDials(), SizeIs(1)) << "pass " << pass;
    state_->DropDemand(now_);
    Fail("a");  // The dial was under way when the last caller left.
    ASSERT_EQ(events_.back().kind, EventKind::kBackingOff);
    longest = std::max(longest, events_.back().elapsed);
    Need();
    TakeDials();
    ASSERT_LE(*timer_.at, now_ + 1s);
    FireTimer();
    TakeDials();
    Fail("a");
    state_->DropDemand(now_);
    now_ += 10s;
  }
  EXPECT_GT(longest, 3s);
  EXPECT_LE(longest, 5s);
}

TEST_F(FailoverStateTest, OnlyAnAnswerToRealWorkMakesThePausesShortAgain) {
  Start({"a"});
  Need();
  const auto fail_passes = [this](int passes) {
    std::chrono::microseconds longest{0};
    for (int pass = 0; pass < passes; ++pass) {
      TakeDials();
      Fail("a");
      longest = std::max(longest, events_.back().elapsed);
      TakeDials();
      FireTimer();
    }
    return longest;
  };
  EXPECT_GT(fail_passes(30), 500ms);
  TakeDials();
  ASSERT_TRUE(Prove("a")) << "the probe is answered, the work is not";
  ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
  TakeDials();
  FireTimer();
  EXPECT_GT(fail_passes(10), 200ms);
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  state_->Confirm(state_->Current()->choice, now_);
  ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
  TakeDials();
  Fail("a");
  EXPECT_LE(events_.back().elapsed, 100ms) << "as after the first failure";
}

TEST_F(FailoverStateTest, APauseIsCountedFromTheBeginOfItsPass) {
  Start({"a"});
  Need();
  TakeDials();
  now_ += 1500ms;
  Fail("a");
  EXPECT_THAT(TakeDials(), SizeIs(1)) << "the pass itself was longer than the pause";
}

TEST_F(FailoverStateTest, NoMoreDialsAtATimeThanAllowed) {
  FailoverOptions two_at_a_time;
  two_at_a_time.max_parallel_dials = 2;
  Start({"a", "b", "c", "d"}, 1, two_at_a_time);
  Need();
  std::vector<std::string> dialled = TakeDials();
  FireTimer();
  dialled.push_back(TakeDials().at(0));
  now_ += 1s;
  Need();
  EXPECT_THAT(TakeDials(), IsEmpty()) << "although its turn has come";
  Fail(dialled.at(0));
  EXPECT_THAT(TakeDials(), SizeIs(1));
}

TEST_F(FailoverStateTest, TheLoserOfARaceIsNextWhenTheWinnerDiesBeforeItHasAnswered) {
  Start({"a", "b"});
  Need();
  const std::string first = TakeDials().at(0);
  FireTimer();
  const std::string second = TakeDials().at(0);
  ASSERT_TRUE(Prove(second));
  TakeDials();
  ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
  EXPECT_THAT(TakeDials(), ElementsAre(first));
  EXPECT_EQ(Count(EventKind::kPassFailed), 0U);
}

TEST_F(FailoverStateTest, ABetterServerReplacesOnlyTheChoiceItWasHeldAgainst) {
  Start({"a", "b"});
  Need();
  ASSERT_TRUE(Prove(TakeDials().at(0)));
  const Choice denied = state_->Current()->choice;
  state_->Confirm(denied, now_);
  ASSERT_TRUE(state_->Invalidate(denied, SwitchReason::kBroken, kRefused, now_));
  const std::string next = TakeDials().at(0);
  ASSERT_TRUE(Prove(next));
  const EndpointId better = state_->Others(state_->Current()->choice.endpoint).at(0).first;
  EXPECT_FALSE(state_->Adopt(denied, better, ConnectionId{77}, nullptr, now_));
  EXPECT_EQ(ChosenHost(), next);
}

TEST_F(FailoverStateTest, CallsThatTimeOutSideBySideAreOneStrike) {
  Start({"a", "b"});
  Need();
  ASSERT_TRUE(Prove(TakeDials().at(0)));
  const Choice choice = state_->Current()->choice;
  const TimePoint began = now_;
  now_ += 1s;
  EXPECT_EQ(state_->CallTimedOut(choice, began, now_), Strike::kSuspected);
  EXPECT_EQ(state_->CallTimedOut(choice, began, now_), Strike::kSuspected);
  const TimePoint later = now_;
  now_ += 1s;
  EXPECT_EQ(state_->CallTimedOut(choice, later, now_), Strike::kInvalidated) << "in a row";
}

TEST_F(FailoverStateTest, AFailureOfLongAgoIsNoReasonWhileAServerWorks) {
  Start({"a", "b"});
  Need();
  const std::string dead = TakeDials().at(0);
  Fail(dead);
  const std::string alive = TakeDials().at(0);
  ASSERT_TRUE(Prove(alive));
  now_ += 1h;
  for (const EndpointFailure& failure : state_->FailuresSince(now_ - 1s, now_).failures) {
    EXPECT_FALSE(failure.cause) << failure.ToString();
  }
}

TEST_F(FailoverStateTest, LateFailuresOfOneGenerationAreToldOnceAndAllCounted) {
  Start({"a"});
  Need();
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  const Choice choice = state_->Current()->choice;
  for (int i = 0; i < 100; ++i) state_->Invalidate(choice, SwitchReason::kBroken, kRefused, now_);
  EXPECT_EQ(Count(EventKind::kInvalidated), 1U);
  EXPECT_EQ(Count(EventKind::kStaleInvalidationIgnored), 1U);
  EXPECT_EQ(state_->Snapshot(now_).stale_invalidations_ignored, 99U);
}

TEST_F(FailoverStateTest, ANewServerInTheListIsDialledAtOnceAndTheOthersKeepTheirPause) {
  Start({"a"});
  Need();
  TakeDials();
  Fail("a");
  EXPECT_THAT(TakeDials(), IsEmpty());
  const TimePoint pause_ends = *timer_.at;
  ASSERT_TRUE(state_->Apply({At("a"), At("b")}, now_).ok());
  EXPECT_THAT(TakeDials(), ElementsAre("b"));
  Fail("b");
  EXPECT_THAT(TakeDials(), IsEmpty());
  EXPECT_EQ(*timer_.at, pause_ends);
  FireTimer();
  EXPECT_THAT(TakeDials(), SizeIs(1)) << "a pass over all of them begins";
}

TEST_F(FailoverStateTest, AServerThatProvesAliveAfterItLeftTheListIsNotChosen) {
  Start({"a"});
  Need();
  TakeDials();
  ASSERT_TRUE(state_->Apply({At("b")}, now_).ok());
  EXPECT_FALSE(Prove("a"));
  EXPECT_FALSE(state_->Current().has_value());
}

TEST_F(FailoverStateTest, TheSameSetInAnotherOrderChangesNothing) {
  Start({"a", "b"});
  Need();
  const std::string first = TakeDials().at(0);
  ASSERT_TRUE(Prove(first));
  const std::uint64_t generation = state_->generation();
  absl::StatusOr<Applied> applied = state_->Apply({At("b"), At("a"), At("b")}, now_);
  ASSERT_TRUE(applied.ok());
  EXPECT_FALSE(applied->changed);
  EXPECT_EQ(state_->generation(), generation);
  EXPECT_EQ(Count(EventKind::kListApplied), 0U);
}

TEST_F(FailoverStateTest, AnEmptyListIsRefusedAndTheOldOneStays) {
  Start({"a"});
  EXPECT_FALSE(state_->Apply({}, now_).ok());
  EXPECT_EQ(state_->EndpointCount(), 1U);
  EXPECT_EQ(Count(EventKind::kListUpdateRejected), 1U);
}

TEST_F(FailoverStateTest, OneSlowCallMakesSuspectAndTheSecondInARowEndsTheChoice) {
  Start({"a", "b"});
  Need();
  ASSERT_TRUE(Prove(TakeDials().at(0)));
  const Choice choice = state_->Current()->choice;
  EXPECT_EQ(state_->CallTimedOut(choice, now_, now_), Strike::kSuspected);
  state_->Confirm(choice, now_);
  EXPECT_EQ(state_->CallTimedOut(choice, now_, now_), Strike::kSuspected) << "an answer between them clears it";
  EXPECT_EQ(state_->CallTimedOut(choice, now_, now_), Strike::kInvalidated);
}

TEST_F(FailoverStateTest, AllAddressesOfANameAreDialledAsOneEndpoint) {
  Start({"name"});
  Need();
  TakeDials();
  state_->DialResolved(attempts_.at("name"), {{.host = "10.0.0.1", .port = 9876}, {.host = "10.0.0.2", .port = 9876}},
                       now_);
  Fail("name");
  EXPECT_THAT(TakeDials(), ElementsAre("name")) << "its second address";
  EXPECT_TRUE(Prove("name"));
}

TEST_F(FailoverStateTest, OneDialAtATimeLeavesTimeForTheUntriedAndForTheRequest) {
  FailoverOptions one_at_a_time;
  one_at_a_time.max_parallel_dials = 1;
  Start({"a", "b", "c"}, 1, one_at_a_time);
  const TimePoint deadline = now_ + 3s;
  static_cast<void>(state_->Demand({.deadline = deadline}, now_));
  std::string dialled = TakeDials().at(0);
  EXPECT_EQ(dial_deadline_ - now_, 750ms) << "a third of what is left beside the quarter for the request";
  now_ = dial_deadline_;
  Fail(dialled);
  dialled = TakeDials().at(0);
  EXPECT_GT(dial_deadline_ - now_, 800ms) << "half of it now";
  EXPECT_LE(dial_deadline_ - now_, (deadline - now_) / 2) << "while another is untried";
  now_ = dial_deadline_;
  Fail(dialled);
  ASSERT_THAT(TakeDials(), SizeIs(1));
  EXPECT_EQ(dial_deadline_ - now_, 1500ms) << "nobody is behind it";
  EXPECT_LT(now_, deadline - 1s) << "two dead addresses have left time for the third";
}

TEST_F(FailoverStateTest, WhoDoesNotWaitFailsWithThePassThatItWaitedThroughHoweverShortThePause) {
  Start({"a"});
  Want impatient{.wait_for_ready = false};
  const Demanded first = state_->Demand(impatient, now_);
  ASSERT_TRUE(std::holds_alternative<MustWait>(first)) << "nothing has failed yet";
  TakeDials();
  now_ += 1500ms;  // Longer than any pause: the next pass begins at once.
  Fail("a");
  ASSERT_THAT(TakeDials(), SizeIs(1));
  state_->DropDemand(now_);
  const Demanded second = state_->Demand(impatient, now_);
  ASSERT_TRUE(std::holds_alternative<FailFast>(second));
  EXPECT_THAT(std::get<FailFast>(second).report.failures, SizeIs(1));
}

TEST_F(FailoverStateTest, WhoDoesNotWaitDoesNotFailForAnOutageThatHasEnded) {
  Start({"a"});
  const Want impatient{.wait_for_ready = false, .failed_passes = state_->failed_passes()};
  Need();
  TakeDials();
  Fail("a");
  TakeDials();
  FireTimer();
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  state_->Confirm(state_->Current()->choice, now_);
  ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
  ASSERT_EQ(state_->failed_passes(), 1U);
  EXPECT_TRUE(std::holds_alternative<MustWait>(state_->Demand(impatient, now_))) << "a pass of its own is due to it";
}

TEST_F(FailoverStateTest, AChoiceThatNeverAnsweredIsNoOutageWhenItsServerClosesItAfterMoreThanTheLongestPause) {
  const Duration longest = FailoverOptions().backoff_cap_idle;
  const auto passes_failed = [&](SwitchReason reason, Duration age) {
    Start({"a"});
    events_.clear();
    Need();
    TakeDials();
    state_->DropDemand(now_);
    EXPECT_TRUE(Prove("a"));
    now_ += age;
    EXPECT_TRUE(state_->Invalidate(state_->Current()->choice, reason, kRefused, now_));
    TakeDials();
    return Count(EventKind::kPassFailed);
  };
  EXPECT_EQ(passes_failed(SwitchReason::kPeerClosed, longest), 0U) << "nobody used it, and its server tidied up";
  Need();
  EXPECT_THAT(TakeDials(), ElementsAre("a")) << "without a pause";
  EXPECT_EQ(passes_failed(SwitchReason::kPeerClosed, longest - 1ms), 1U) << "else it would be dialled in a loop";
  EXPECT_EQ(passes_failed(SwitchReason::kSilence, longest), 1U) << "requests waited on it";
  EXPECT_EQ(passes_failed(SwitchReason::kCallTimeouts, longest), 1U);
}

TEST_F(FailoverStateTest, AChoiceThatNeverAnsweredIsNoOutageWhenItLeavesTheListMuchLater) {
  Start({"a", "b"});
  Need();
  const std::string failed = TakeDials().at(0);
  Fail(failed);
  const std::string chosen = TakeDials().at(0);
  state_->DropDemand(now_);
  ASSERT_TRUE(Prove(chosen));
  now_ += 600s;
  ASSERT_TRUE(state_->Apply({At(failed)}, now_).ok());
  EXPECT_EQ(Count(EventKind::kPassFailed), 0U) << "the other one was tried ten minutes ago";
  EXPECT_EQ(Count(EventKind::kAllDown), 0U);
}

TEST_F(FailoverStateTest, AProposalThatCannotBeReadIsToldAndChangesNothing) {
  Start({"a"});
  state_->RejectList("no port in \"b\"", now_);
  ASSERT_EQ(Count(EventKind::kListUpdateRejected), 1U);
  EXPECT_EQ(events_.back().detail, "no port in \"b\"");
  EXPECT_EQ(state_->EndpointCount(), 1U);
}

TEST_F(FailoverStateTest, AnOutageIsToldOnceAMinuteAndItsEndWithItsLength) {
  Start({"a"});
  Need();
  const TimePoint began = now_;
  while (now_ - began < 150s) {
    TakeDials();
    Fail("a");
    TakeDials();
    FireTimer();
  }
  EXPECT_EQ(Count(EventKind::kAllDown), 3U);
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  state_->Confirm(state_->Current()->choice, now_);
  ASSERT_EQ(events_.back().kind, EventKind::kRecovered);
  EXPECT_EQ(events_.back().elapsed, std::chrono::duration_cast<std::chrono::microseconds>(now_ - began));
}

TEST_F(FailoverStateTest, FirstChoicesOfManyClientsAreSpreadEvenly) {
  constexpr int kClients = 10'000;
  std::map<std::string, int> firsts;
  for (int i = 0; i < kClients; ++i) {
    Start({"a", "b", "c"}, static_cast<std::uint64_t>(i) * 7919);
    Need();
    ++firsts[TakeDials().at(0)];
  }
  double chi_square = 0;
  for (const auto& [host, count] : firsts) {
    const double expected = kClients / 3.0;
    chi_square += (count - expected) * (count - expected) / expected;
  }
  EXPECT_THAT(firsts, SizeIs(3));
  EXPECT_LT(chi_square, 13.8) << "two degrees of freedom, one run in a thousand";
}

TEST_F(FailoverStateTest, AfterCloseNothingHappensAnyMore) {
  Start({"a"});
  Need();
  TakeDials();
  state_->Close(now_);
  TakeDials();
  EXPECT_FALSE(Prove("a"));
  EXPECT_TRUE(std::holds_alternative<Refused>(state_->Demand({}, now_)));
  EXPECT_FALSE(state_->Apply({At("b")}, now_).ok());
  EXPECT_THAT(TakeDials(), IsEmpty());
}

TEST_F(FailoverStateTest, ATimerOfAnEarlierTimeDoesNothing) {
  Start({"a", "b", "c"});
  Need();
  TakeDials();
  const ArmTimerAction early = timer_;
  now_ += 10ms;
  Fail(attempts_.begin()->first);
  ASSERT_THAT(TakeDials(), SizeIs(1));
  ASSERT_NE(timer_.token, early.token);
  now_ += 10s;
  state_->OnTimer(early.token, now_);
  EXPECT_THAT(TakeDials(), IsEmpty());
  state_->OnTimer(timer_.token, now_);
  EXPECT_THAT(TakeDials(), SizeIs(1));
  state_->OnTimer(timer_.token - 1, now_);
  EXPECT_THAT(TakeDials(), IsEmpty());
}

TEST_F(FailoverStateTest, ATimerOfABackOffThatAListChangeEndedDoesNothing) {
  Start({"a"});
  Need();
  TakeDials();
  Fail("a");
  TakeDials();
  const ArmTimerAction back_off = timer_;
  ASSERT_TRUE(back_off.at.has_value());
  ASSERT_TRUE(state_->Apply({At("b")}, now_).ok());
  ASSERT_TRUE(!TakeDials().empty() && Prove("b"));
  TakeDials();
  now_ += 10s;
  state_->OnTimer(back_off.token, now_);
  EXPECT_THAT(TakeDials(), IsEmpty());
  EXPECT_EQ(ChosenHost(), "b");
}

TEST_F(FailoverStateTest, WhenEverybodyHasLeftNoNewDialStartsAndAWinnerIsKept) {
  Start({"a", "b", "c"});
  Need();
  Need();
  const std::string first = TakeDials().at(0);
  state_->DropDemand(now_);
  state_->DropDemand(now_);
  TakeDials();
  EXPECT_FALSE(timer_.at.has_value()) << "nothing is left to be waited for";
  now_ += 10s;
  EXPECT_TRUE(Prove(first));
  EXPECT_EQ(ChosenHost(), first);
  EXPECT_THAT(TakeDials(), IsEmpty());
}

TEST_F(FailoverStateTest, APassThatNobodyWaitsForAnyMoreEndsWithItsDials) {
  Start({"a", "b"});
  Need();
  const std::string first = TakeDials().at(0);
  state_->DropDemand(now_);
  Fail(first);
  EXPECT_THAT(TakeDials(), IsEmpty());
  EXPECT_EQ(Count(EventKind::kPassFailed), 0U) << "the other one was not tried";
  Need();
  EXPECT_THAT(TakeDials(), SizeIs(1));
}

TEST_F(FailoverStateTest, WhoDoesNotWaitIsToldTheLastCausesDuringAPauseAndBringsOnNothing) {
  Start({"a", "b"});
  static_cast<void>(state_->Demand({.wait_for_ready = false}, now_));
  for (int i = 0; i < 2; ++i) Fail(TakeDials().at(0));
  TakeDials();
  ASSERT_EQ(Count(EventKind::kPassFailed), 1U);
  const std::uint64_t dials = state_->Snapshot(now_).dials;
  for (int i = 0; i < 1000; ++i) {
    Demanded demanded = state_->Demand({.wait_for_ready = false}, now_);
    const FailFast* failed = std::get_if<FailFast>(&demanded);
    ASSERT_NE(failed, nullptr);
    ASSERT_THAT(failed->report.failures, SizeIs(2));
    EXPECT_EQ(failed->report.failures[0].cause, kRefused);
  }
  EXPECT_EQ(state_->Snapshot(now_).dials, dials);
  EXPECT_EQ(state_->Snapshot(now_).waiting_callers, 1U) << "those that were told are no demand";
}

TEST_F(FailoverStateTest, ServersThatStayInTheListKeepWhatIsKnownOfThemAndThoseThatComeBackDoNot) {
  Start({"a", "b"});
  Need();
  for (int i = 0; i < 2; ++i) Fail(TakeDials().at(0));
  ASSERT_TRUE(state_->Apply({At("a"), At("c")}, now_).ok());
  const auto failures_of = [this](const std::string& host) -> std::optional<std::uint64_t> {
    for (const EndpointSnapshot& endpoint : state_->Snapshot(now_).endpoints) {
      if (endpoint.endpoint == host + ":9876") return endpoint.consecutive_failures;
    }
    return std::nullopt;
  };
  EXPECT_EQ(failures_of("a"), 1U);
  EXPECT_EQ(failures_of("b"), std::nullopt) << "nothing is kept of a server that left";
  EXPECT_EQ(failures_of("c"), 0U);
  ASSERT_TRUE(state_->Apply({At("a"), At("b"), At("c")}, now_).ok());
  EXPECT_EQ(failures_of("a"), 1U);
  EXPECT_EQ(failures_of("b"), 0U);
  for (int i = 0; i < 1000; ++i) {  // What is known stays as large as the list.
    ASSERT_TRUE(state_->Apply({At("a"), At("x" + std::to_string(i))}, now_).ok());
    ASSERT_THAT(state_->Snapshot(now_).endpoints, SizeIs(2));
  }
}

TEST_F(FailoverStateTest, UntriedServersComeBeforeThoseThatFailedAndTheOldestFailureBeforeTheNewest) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Start({"a", "b", "c"}, seed);
    Need();
    std::vector<std::string> failed;
    for (int i = 0; i < 3; ++i) {
      failed.push_back(TakeDials().at(0));
      Fail(failed.back());
      now_ += 1ms;
    }
    TakeDials();
    ASSERT_TRUE(state_->Apply({At("a"), At("b"), At("c"), At("fresh")}, now_).ok());
    ASSERT_THAT(TakeDials(), ElementsAre("fresh")) << "the others' pause goes on";
    Fail("fresh");
    TakeDials();
    FireTimer();
    std::vector<std::string> order = TakeDials();
    for (int i = 0; i < 3; ++i) {
      Fail(order.back());
      for (std::string& host : TakeDials()) order.push_back(std::move(host));
    }
    EXPECT_THAT(order, ElementsAre(failed[0], failed[1], failed[2], "fresh")) << "seed " << seed;
  }
}

TEST_F(FailoverStateTest, AProofOfLifeEndsNeitherAnOutageNorItsBackOffAndARealAnswerBoth) {
  Start({"a"});
  Need();
  for (int pass = 0; pass < 3; ++pass) {
    TakeDials();
    ASSERT_TRUE(Prove("a"));
    ASSERT_TRUE(state_->Invalidate(state_->Current()->choice, SwitchReason::kBroken, kRefused, now_));
    TakeDials();
    FireTimer();
  }
  EXPECT_EQ(Count(EventKind::kPassFailed), 3U) << "a server that only answers the proof of life has failed";
  EXPECT_EQ(Count(EventKind::kRecovered), 0U);
  EXPECT_EQ(Count(EventKind::kAllDown), 1U);
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  EXPECT_EQ(state_->Snapshot(now_).endpoints[0].consecutive_failures, 3U);
  EXPECT_TRUE(state_->WantsConfirmation());
  state_->Confirm(state_->Current()->choice, now_);
  EXPECT_FALSE(state_->WantsConfirmation());
  EXPECT_EQ(state_->Snapshot(now_).endpoints[0].consecutive_failures, 0U);
  EXPECT_EQ(Count(EventKind::kRecovered), 1U);
}

TEST_F(FailoverStateTest, AnAnswerOfAnEarlierChoiceConfirmsNothing) {
  Start({"a"});
  Need();
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  const Choice first = state_->Current()->choice;
  state_->Confirm(first, now_);
  ASSERT_TRUE(state_->Invalidate(first, SwitchReason::kBroken, kRefused, now_));
  TakeDials();
  ASSERT_TRUE(Prove("a"));
  state_->Confirm(first, now_);
  EXPECT_TRUE(state_->WantsConfirmation()) << "the new one has answered nothing yet";
  EXPECT_EQ(state_->CallTimedOut(first, now_, now_), Strike::kIgnored);
  EXPECT_EQ(state_->Snapshot(now_).state, ChannelState::kReady);
}

}  // namespace
}  // namespace corocket::failover
