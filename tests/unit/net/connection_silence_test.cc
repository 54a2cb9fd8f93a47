// A peer that is connected and says nothing.

#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "sdk/testkit/sim_options.h"
#include "sdk/wire/frame.h"
#include "tests/unit/net/connection_fixture.h"

namespace corocket::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr char kSilent[] = "connection is silent";

class ConnectionSilence : public ConnectionFixture {
 protected:
  /// The peer says something that answers nobody.
  void PeerTalks() {
    wire::Frame nothing = Request(0);
    nothing.header.flag = wire::kFlagResponse;
    PeerSends(nothing);
  }
};

TEST_F(ConnectionSilence, FailsRepeatableCallsAtTheLimitAndCloses) {
  const TimePoint begin = sim_.Now();
  const Ref first = Call(1);
  sim_.RunFor(milliseconds(100));
  const Ref second = Call(2);
  sim_.RunFor(milliseconds(399));
  EXPECT_EQ(first->outcome(), "waits");
  sim_.RunFor(milliseconds(2));
  for (const Ref& call : {first, second}) {
    EXPECT_EQ(call->error->code(), RemotingErrc::kSilence);
    EXPECT_TRUE(call->error->may_have_been_sent());
    EXPECT_EQ(call->done_at - begin, milliseconds(500)) << "counted from the oldest unanswered write";
  }
  EXPECT_THAT(log_, UnorderedElementsAre("call 1: connection is silent", "call 2: connection is silent",
                                         "ended: connection is silent"));
  EXPECT_EQ(net_.total().client_sockets, 0u);
}

TEST_F(ConnectionSilence, OthersWaitOnAndNewCallsAreRefused) {
  const Ref once_only = Call(1, seconds(2), /*idempotent=*/false);
  const Ref repeatable = Call(2);
  const wire::Frame request = Receive();
  sim_.RunFor(milliseconds(501));
  EXPECT_EQ(repeatable->outcome(), kSilent);
  EXPECT_EQ(once_only->outcome(), "waits");
  EXPECT_THAT(log_, UnorderedElementsAre("call 2: connection is silent", "silent"));
  const Ref late = Call(3);
  sim_.RunFor(milliseconds(100));
  EXPECT_EQ(late->error->code(), RemotingErrc::kSilence);
  EXPECT_FALSE(late->error->may_have_been_sent());
  Reply(request);
  Settle();
  EXPECT_EQ(once_only->outcome(), "answered");
  EXPECT_THAT(log_, Contains("ended: connection is silent"));
}

TEST_F(ConnectionSilence, IsToldOnceHoweverLongItLasts) {
  Call(1, seconds(3), /*idempotent=*/false);
  sim_.RunFor(seconds(4));
  EXPECT_THAT(log_, UnorderedElementsAre("silent", "call 1: no answer in time", "ended: connection is silent"));
}

TEST_F(ConnectionSilence, ARetirementBoundsTheWaitOfTheOthers) {
  const Ref once_only = Call(1, seconds(10), /*idempotent=*/false);
  sim_.RunFor(milliseconds(501));
  connection_->Retire(In(seconds(1)));
  sim_.RunFor(seconds(1) + milliseconds(1));
  EXPECT_EQ(once_only->outcome(), kSilent);
  EXPECT_THAT(log_, UnorderedElementsAre("silent", "call 1: connection is silent", "ended: connection is silent"));
}

TEST_F(ConnectionSilence, AnyByteBeginsTheCountAnew) {
  const Ref call = Call(1);
  for (int i = 0; i < 10; ++i) {
    sim_.RunFor(milliseconds(400));
    PeerTalks();
  }
  EXPECT_EQ(call->outcome(), "waits");
  sim_.RunFor(milliseconds(498));
  EXPECT_EQ(call->outcome(), "waits");
  sim_.RunFor(milliseconds(4));
  EXPECT_EQ(call->outcome(), kSilent);
}

TEST_F(ConnectionSilence, AnIdleConnectionIsNotSilent) {
  StartEcho();
  Call(1);
  sim_.RunFor(seconds(60));
  const Ref call = Call(2);
  Settle();
  EXPECT_EQ(call->outcome(), "answered");
  EXPECT_EQ(sim_.timers(), 1u) << "what is armed for the last call";
}

TEST_F(ConnectionSilence, ALongPauseBeforeARequestDoesNotCount) {
  StartSink();
  sim_.RunFor(seconds(60));
  const TimePoint begin = sim_.Now();
  const Ref call = Call(1);
  sim_.RunFor(milliseconds(501));
  EXPECT_EQ(call->done_at - begin, milliseconds(500));
}

TEST_F(ConnectionSilence, CallersWithShortTimeOutsGetRidOfAHungServerToo) {
  StartSink();
  const TimePoint begin = sim_.Now();
  for (int i = 0; i < 20 && log_.empty(); ++i) {
    const Ref call = Call(1, milliseconds(50));
    sim_.RunFor(milliseconds(51));
    if (call->outcome() != "no answer in time") break;
    log_.clear();
  }
  EXPECT_GE(sim_.Now() - begin, milliseconds(500));
  EXPECT_LE(sim_.Now() - begin, milliseconds(560));
}

TEST_F(ConnectionSilence, CancelledRequestsKeepCounting) {
  StartSink();
  const Ref call = Call(1);
  Settle();
  call->cancel.emit(asio::cancellation_type::terminal);
  sim_.RunFor(milliseconds(490));
  EXPECT_THAT(log_, ElementsAre("call 1: cancelled by the caller"));
  sim_.RunFor(milliseconds(20));
  EXPECT_EQ(log_.back(), "ended: connection is silent");
}

TEST_F(ConnectionSilence, AByteAfterwardsForgivesRequestsThatTimedOut) {
  StartSink();
  Call(1, milliseconds(100));
  sim_.RunFor(milliseconds(200));
  PeerTalks();
  sim_.RunFor(seconds(5));
  EXPECT_THAT(log_, ElementsAre("call 1: no answer in time"));
}

TEST_F(ConnectionSilence, AByteBeforeATimeOutForgivesNothing) {
  const TimePoint begin = sim_.Now();
  Call(1, milliseconds(400));
  StartSink();
  sim_.RunFor(milliseconds(50));
  PeerTalks();
  sim_.RunFor(milliseconds(1));
  const TimePoint spoke = sim_.Now();
  ASSERT_LE(spoke - begin, milliseconds(52));
  sim_.RunUntil([this] { return log_.size() == 2; }, seconds(5));
  EXPECT_THAT(log_, ElementsAre("call 1: no answer in time", "ended: connection is silent"));
  EXPECT_GE(sim_.Now() - begin, milliseconds(550)) << "counted from the last byte";
  EXPECT_LE(sim_.Now() - spoke, milliseconds(501));
}

TEST_F(ConnectionSilence, AOnewayRequestAwaitsNothing) {
  StartSink();
  CallOneway(1);
  sim_.RunFor(seconds(5));
  EXPECT_THAT(log_, ElementsAre("call 1: answered"));
}

TEST_F(ConnectionSilence, ARequestThatWasNeverSentDoesNotCount) {
  const Ref call = Call(1, -milliseconds(1));
  sim_.RunFor(seconds(5));
  EXPECT_EQ(call->error->code(), RemotingErrc::kAttemptTimeout);
  EXPECT_EQ(log_.size(), 1u);
}

class NarrowSilence : public ConnectionFixture {
 protected:
  NarrowSilence() : ConnectionFixture({.connection = {}, .net = {.buffer_bytes = 4096}}) {}
};

TEST_F(NarrowSilence, APeerThatTakesNoBytesIsSilentToo) {
  const TimePoint begin = sim_.Now();
  const Ref half = Call(Request(1, std::string(50'000, 'x')), {.deadline = In(seconds(10))});
  Settle();
  const Ref queued = Call(Request(2), {.deadline = In(seconds(10)), .idempotent = false});
  sim_.RunFor(milliseconds(500));
  EXPECT_EQ(half->error->code(), RemotingErrc::kSilence);
  EXPECT_EQ(half->error->phase(), Phase::kWrite);
  EXPECT_TRUE(half->error->may_have_been_sent());
  EXPECT_LE(half->done_at - begin, milliseconds(501));
  EXPECT_EQ(queued->error->code(), RemotingErrc::kSilence) << "it can be sent elsewhere: nobody has seen it";
  EXPECT_FALSE(queued->error->may_have_been_sent());
}

TEST_F(NarrowSilence, AWriteThatNobodyWaitsForAnyMoreIsSilentToo) {
  const TimePoint begin = sim_.Now();
  CallOneway(Request(1, std::string(50'000, 'x')), milliseconds(300));
  sim_.RunFor(milliseconds(400));
  EXPECT_THAT(log_, ElementsAre("call 1: no answer in time"));
  sim_.RunFor(milliseconds(101));
  EXPECT_EQ(log_.back(), "ended: connection is silent");
  EXPECT_LE(sim_.Now() - begin, milliseconds(501));
  const Ref late = Call(2);
  sim_.RunUntilIdle();
  ASSERT_TRUE(late->failed()) << late->outcome();
  EXPECT_EQ(late->error->code(), RemotingErrc::kSilence);
}

TEST_F(NarrowSilence, AnswersThatThePeerDoesNotTakeAreSilence) {
  on_request_ = [](const wire::Frame&) -> std::optional<wire::Frame> { return Request(0, std::string(50'000, 'x')); };
  PeerSends(Request(220));
  sim_.RunFor(milliseconds(499));
  EXPECT_TRUE(log_.empty());
  sim_.RunFor(milliseconds(3));
  EXPECT_THAT(log_, ElementsAre("ended: connection is silent"));
}

/// The process is held up for 200 ms whenever the timer is due.
class BusySilence : public ConnectionFixture {
 protected:
  BusySilence() : ConnectionFixture({.connection = {}, .net = {}, .timers_late = milliseconds(200)}) {}
};

TEST_F(BusySilence, IsNotDeclaredWhileTheAnswerLiesInTheSocket) {
  const Duration latency = testkit::SimNetOptions().latency;
  for (int time = 0; time < 3; ++time) {  // As often as it happens, with idle time between.
    const TimePoint begin = sim_.Now();
    const Ref call = Call(1);
    const wire::Frame request = Receive();
    // Arrives at the very moment at which the timer fires, 200 ms late, and is read after that.
    sim_.RunFor(begin + milliseconds(700) - latency - sim_.Now());
    Reply(request);
    sim_.RunFor(latency);
    ASSERT_EQ(sim_.Now() - begin, milliseconds(700));
    sim_.RunFor(seconds(10));
    EXPECT_EQ(call->outcome(), "answered") << "time " << time;
  }
  EXPECT_THAT(log_, ElementsAre("call 1: answered", "call 1: answered", "call 1: answered"));
}

TEST_F(BusySilence, IsFoundThoughEveryTimerIsLate) {
  StartSink();
  const TimePoint begin = sim_.Now();
  const Ref call = Call(1);
  sim_.RunUntil([&] { return call->done; }, seconds(5));
  EXPECT_EQ(call->outcome(), kSilent);
  EXPECT_LE(call->done_at - begin, milliseconds(911)) << "late twice, and the reader's turn";
}

/// Held up for longer than a connection may be silent.
class VeryBusySilence : public ConnectionFixture {
 protected:
  VeryBusySilence() : ConnectionFixture({.connection = {}, .net = {}, .timers_late = milliseconds(700)}) {}
};

TEST_F(VeryBusySilence, IsNotDeclaredOfTheNextRequestByTheSecondLookAtTheLastOne) {
  const Duration latency = testkit::SimNetOptions().latency;
  const TimePoint begin = sim_.Now();
  const Ref first = Call(1);
  const wire::Frame request = Receive();
  // Due at 500 ms, the timer fires at 1200 ms, and wants another look at 1210 ms, which will be at 1910 ms.
  sim_.RunFor(begin + milliseconds(1200) - latency - sim_.Now());
  Reply(request);
  sim_.RunUntil([&] { return first->done; }, seconds(1));
  const Ref second = Call(2);
  const wire::Frame another = Receive();
  sim_.RunFor(begin + milliseconds(1910) - latency - sim_.Now());
  Reply(another);
  sim_.RunFor(seconds(5));
  EXPECT_EQ(first->outcome(), "answered");
  EXPECT_EQ(second->outcome(), "answered");
}

class SlowUpload : public ConnectionFixture {
 protected:
  SlowUpload() : ConnectionFixture({.connection = {}, .net = {.buffer_bytes = 64 * 1024}}) {}
};

TEST_F(SlowUpload, IsNotSilenceWhileThePeerTakesEachPartOfItWithinTheLimit) {
  // 64 KiB per round trip of 100 ms: 2 MiB take some three seconds, in which no byte comes back.
  net_.At(address_).Slow(milliseconds(50));
  StartEcho();
  const Ref call = Call(Request(1, std::string(2'000'000, 'x')), {.deadline = In(seconds(60))});
  sim_.RunFor(seconds(2));
  EXPECT_EQ(call->outcome(), "waits");
  sim_.RunFor(seconds(20));
  EXPECT_EQ(call->outcome(), "answered");
}

}  // namespace
}  // namespace corocket::net
