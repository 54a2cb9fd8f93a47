// Calls on a connection that works: pipelining, deadlines, bounds.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/limits.h"
#include "tests/unit/net/connection_fixture.h"

namespace corocket::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;

class ConnectionCalls : public ConnectionFixture {
 protected:
  using ConnectionFixture::ConnectionFixture;
};

TEST_F(ConnectionCalls, AnAnswerGoesToTheCallThatAsked) {
  const Ref call = Call(105);
  const wire::Frame request = Receive();
  EXPECT_EQ(request.header.code, 105);
  EXPECT_GT(request.header.opaque, 0);
  EXPECT_EQ(outstanding(), 1u);
  Reply(request, "routes");
  Settle();
  EXPECT_EQ(call->outcome(), "answered");
  EXPECT_EQ(call->answer.body, "routes");
  EXPECT_EQ(outstanding(), 0u);
}

TEST_F(ConnectionCalls, AnswersComeBackInAnyOrder) {
  std::vector<Ref> calls;
  for (int i = 0; i < 50; ++i) calls.push_back(Call(i));
  std::vector<wire::Frame> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(Receive());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(requests[static_cast<std::size_t>(i)].header.code, i) << "sent in order";
  for (std::size_t step = 0; step < 50; ++step) {
    const wire::Frame& request = requests[step * 37 % 50];
    Reply(request, std::to_string(request.header.code));
  }
  Settle();
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(calls[i]->answer.body, std::to_string(i));
}

TEST_F(ConnectionCalls, CallersOfTheSameMomentShareOneWrite) {
  StartEcho();
  for (int i = 0; i < 64; ++i) Call(i);
  Settle();
  EXPECT_EQ(connection_->stats().frames_written, 64u);
  EXPECT_EQ(connection_->stats().batches_written, 1u);
}

TEST_F(ConnectionCalls, AnAnswerThatComesByteByByteIsPutTogether) {
  net_.At(address_).Trickle(microseconds(10));
  const Ref call = Call(1);
  const wire::Frame request = Receive();
  Reply(request, "in many pieces");
  EXPECT_EQ(call->outcome(), "waits");
  sim_.RunFor(milliseconds(50));
  EXPECT_EQ(call->answer.body, "in many pieces");
}

TEST_F(ConnectionCalls, LargeBodiesComeThroughWholeInBothDirections) {
  StartEcho();
  std::vector<Ref> calls;
  std::vector<std::string> bodies;
  for (const std::size_t size : {std::size_t{16 * 1024 - 1}, std::size_t{16 * 1024}, std::size_t{300'000},
                                 std::size_t{5'000'000}, wire::kMaxFrameBytes - 1000}) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + (i * 7 + size) % 26);
    calls.push_back(Call(Request(1, body), {.deadline = In(seconds(60))}));
    bodies.push_back(std::move(body));
  }
  sim_.RunFor(seconds(50));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(calls[i]->outcome(), "answered") << i;
    EXPECT_TRUE(calls[i]->answer.body == bodies[i]) << i;
  }
}

TEST_F(ConnectionCalls, ACallGivesUpAtItsDeadlineAndItsLateAnswerIsDropped) {
  const TimePoint begin = sim_.Now();
  const Ref call = Call(1, milliseconds(100));
  const wire::Frame request = Receive();
  sim_.RunFor(milliseconds(200));
  EXPECT_EQ(call->error->code(), RemotingErrc::kAttemptTimeout);
  EXPECT_EQ(call->error->phase(), Phase::kRead);
  EXPECT_TRUE(call->error->may_have_been_sent());
  EXPECT_EQ(call->error->endpoint(), "ns1:9876");
  EXPECT_EQ(call->done_at - begin, milliseconds(100));
  Reply(request);
  Settle();
  EXPECT_EQ(connection_->stats().late_answers, 1u);
  const Ref next = Call(2);
  Reply(Receive());
  Settle();
  EXPECT_EQ(next->outcome(), "answered") << "the connection is as good as before";
}

TEST_F(ConnectionCalls, AnAnswerThatComesAtTheTickOfTheDeadlineEndsTheCallOnce) {
  int answered = 0;
  int late = 0;
  // The answer takes 100 us; the timer of the deadlines has a grain of 1 ms.
  for (int offset = -1200; offset <= 1200; offset += 50) {
    const TimePoint deadline = In(milliseconds(20));
    const Ref call = Call(Request(1), {.deadline = deadline});
    const wire::Frame request = Receive();
    sim_.RunFor(deadline - sim_.Now() - microseconds(100) + microseconds(offset));
    Reply(request, "in time or not");
    sim_.RunFor(milliseconds(5));
    ASSERT_TRUE(call->done) << offset;
    if (call->failed()) {
      EXPECT_EQ(call->error->code(), RemotingErrc::kAttemptTimeout);
      ++late;
    } else {
      EXPECT_EQ(call->answer.body, "in time or not");
      ++answered;
    }
    EXPECT_EQ(outstanding(), 0u);
  }
  EXPECT_GE(answered, 10);
  EXPECT_GE(late, 10);
  EXPECT_EQ(connection_->stats().late_answers, static_cast<std::uint64_t>(late));
}

TEST_F(ConnectionCalls, ALateAnswerNeverEndsANewerCall) {
  Call(1, milliseconds(1));
  const wire::Frame forgotten = Receive();
  Settle();
  std::set<std::int32_t> opaques = {forgotten.header.opaque};
  for (int i = 0; i < 500; ++i) {
    const Ref call = Call(2);
    const wire::Frame request = Receive();
    EXPECT_TRUE(opaques.insert(request.header.opaque).second) << "an opaque came again";
    Reply(forgotten, "too late");
    Settle();
    ASSERT_EQ(call->outcome(), "waits");
    Reply(request, "in time");
    Settle();
    ASSERT_EQ(call->answer.body, "in time");
  }
  EXPECT_EQ(connection_->stats().late_answers, 500u);
}

TEST_F(ConnectionCalls, AnAnswerThatComesTwiceCountsOnce) {
  const Ref call = Call(1);
  const wire::Frame request = Receive();
  Reply(request, "first");
  Reply(request, "second");
  Settle();
  EXPECT_EQ(call->answer.body, "first");
  EXPECT_EQ(connection_->stats().late_answers, 1u);
}

TEST_F(ConnectionCalls, OneSlowCallDoesNotHurtItsNeighbours) {
  const Ref slow = Call(999, milliseconds(300));
  const wire::Frame never_answered = Receive();
  std::vector<Ref> quick;
  for (int i = 0; i < 40; ++i) {
    quick.push_back(Call(i, milliseconds(50)));
    Reply(Receive());
    sim_.RunFor(milliseconds(20));
  }
  EXPECT_EQ(slow->error->code(), RemotingErrc::kAttemptTimeout);
  for (const Ref& call : quick) EXPECT_EQ(call->outcome(), "answered");
  EXPECT_TRUE(std::none_of(log_.begin(), log_.end(), [](const std::string& line) {
    return line == "silent" || line.starts_with("ended");
  })) << "a connection that talks is kept";
}

TEST_F(ConnectionCalls, DeadlinesShareOneTimerAndAreKeptToAMillisecond) {
  std::vector<Ref> calls;
  std::vector<TimePoint> deadlines;
  for (int i = 0; i < 2000; ++i) {
    deadlines.push_back(In(milliseconds(10) + microseconds(i * 7919 % 400'000)));
    calls.push_back(Call(Request(i), {.deadline = deadlines.back()}));
  }
  sim_.RunUntilIdle();
  EXPECT_EQ(sim_.timers(), 1u + 1u) << "one of ours, one of the packet on its way";
  sim_.RunFor(milliseconds(420));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    ASSERT_EQ(calls[i]->error->code(), RemotingErrc::kAttemptTimeout);
    ASSERT_GE(calls[i]->done_at, deadlines[i]);
    ASSERT_THAT(calls[i]->done_at - deadlines[i], Le(milliseconds(1)));
  }
}

TEST_F(ConnectionCalls, ARequestWhoseDeadlineHasPassedIsNotWritten) {
  const Ref call = Call(1, -milliseconds(1));
  Settle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kAttemptTimeout);
  EXPECT_FALSE(call->error->may_have_been_sent());
  EXPECT_EQ(connection_->stats().frames_written, 0u);
}

TEST_F(ConnectionCalls, AOnewayRequestIsDoneWhenItIsWritten) {
  const Ref call = CallOneway(34);
  Settle();
  EXPECT_EQ(call->outcome(), "answered");
  const wire::Frame request = Receive();
  EXPECT_TRUE(request.header.is_oneway());
  EXPECT_EQ(outstanding(), 0u);
}

TEST_F(ConnectionCalls, ARequestThatFitsNoFrameIsRefused) {
  const Ref call = Call(Request(1, std::string(wire::kMaxFrameBytes, 'x')), {.deadline = In(seconds(1))});
  sim_.RunUntilIdle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kTooLarge);
  EXPECT_FALSE(call->error->may_have_been_sent());
}

TEST_F(ConnectionCalls, AFrameOfExactlyTheLimitComesThroughWholeInBothDirections) {
  StartEcho();
  wire::Frame request = Request(1);
  request.serialize = wire::SerializeType::kRocketMq;  // Whose size does not depend on the opaque.
  request.body.assign(wire::kMaxFrameBytes - Encoded(request).size(), 'x');
  ASSERT_EQ(Encoded(request).size(), wire::kMaxFrameBytes);
  const std::string body = request.body;
  const Ref call = Call(std::move(request), {.deadline = In(seconds(60))});
  sim_.RunFor(seconds(50));
  EXPECT_EQ(call->outcome(), "answered");
  EXPECT_TRUE(call->answer.body == body);
}

TEST_F(ConnectionCalls, ARequestThatTheBinaryFormCannotExpressGoesWithAJsonHeader) {
  wire::Frame wide = Request(200'050);
  wide.serialize = wire::SerializeType::kRocketMq;
  Call(std::move(wide), {.deadline = In(seconds(1))});
  const wire::Frame received = Receive();
  EXPECT_EQ(received.header.code, 200'050);
  EXPECT_EQ(received.serialize, wire::SerializeType::kJson);
}

TEST_F(ConnectionCalls, ARequestWithAHeaderStringBeyondTheLimitIsRefusedAndItsNeighboursGo) {
  StartEcho();
  const Ref before = Call(1);
  wire::Frame unfit = Request(1);
  unfit.header.ext_fields.Set("topic", std::string(wire::kMaxStringBytes + 1, 't'));
  const Ref call = Call(std::move(unfit), {.deadline = In(seconds(1))});
  const Ref after = Call(2);
  Settle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kTooLarge);
  EXPECT_FALSE(call->error->may_have_been_sent());
  EXPECT_THAT(call->error->detail(), HasSubstr("header string"));
  EXPECT_EQ(before->outcome(), "answered");
  EXPECT_EQ(after->outcome(), "answered");
  EXPECT_EQ(connection_->stats().frames_written, 2u);
}

class NarrowConnection : public ConnectionFixture {
 protected:
  // Eight calls, and room for no more than some kilobytes on the way.
  NarrowConnection()
      : ConnectionFixture(
            {.connection = {.max_outstanding = 8, .max_queued_bytes = 20'000}, .net = {.buffer_bytes = 4096}}) {}
};

TEST_F(NarrowConnection, OneCallTooManyIsRefusedUntilAnotherHasEnded) {
  std::vector<Ref> calls;
  for (int i = 0; i < 9; ++i) calls.push_back(Call(i));
  Settle();
  EXPECT_EQ(calls[8]->error->code(), RemotingErrc::kQueueFull);
  EXPECT_EQ(calls[8]->error->phase(), Phase::kWrite);
  EXPECT_FALSE(calls[8]->error->may_have_been_sent());
  Reply(Receive());
  Settle();
  EXPECT_EQ(calls[0]->outcome(), "answered");
  const Ref next = Call(9);
  Settle();
  EXPECT_EQ(next->outcome(), "waits");
}

TEST_F(NarrowConnection, BytesThatWaitForTheWriterAreBounded) {
  const auto call = [this](std::size_t bytes) {
    return Call(Request(1, std::string(bytes, 'x')), {.deadline = In(seconds(1))});
  };
  const Ref in_writer = call(10'000);  // more than the way holds, and the peer does not read
  Settle();
  const Ref first = call(15'000);
  const Ref refused = call(15'000);
  Settle();
  EXPECT_EQ(first->outcome(), "waits");
  EXPECT_EQ(refused->error->code(), RemotingErrc::kQueueFull);
  StartEcho();
  Settle();
  EXPECT_EQ(in_writer->outcome(), "answered");
  EXPECT_EQ(first->outcome(), "answered");
  const Ref again = call(15'000);
  Settle();
  EXPECT_EQ(again->outcome(), "answered") << "there is room again";
}

TEST_F(ConnectionCalls, AHundredThousandTimeOutsLeaveTheTableEmpty) {
  std::size_t timed_out = 0;
  const auto caller = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 100; ++i) {
      try {
        const wire::Frame answer = co_await connection_->Send(Request(1), {.deadline = In(milliseconds(1 + i % 3))});
        ADD_FAILURE() << "answered: " << answer.header.code;
      } catch (const RemotingError& error) {
        timed_out += error.code() == RemotingErrc::kAttemptTimeout ? 1 : 0;
      }
    }
  };
  // The peer reads, and says something now and then, or the connection would be found silent.
  const auto talk = [&]() -> asio::awaitable<void> {
    wire::Frame nothing = Request(0);
    nothing.header.flag = wire::kFlagResponse;
    for (int i = 0; i < 10; ++i) {
      co_await SleepUntil(*sim_.runtime(), In(milliseconds(100)));
      co_await peer_->Send(Encoded(nothing));
    }
  };
  for (int i = 0; i < 1000; ++i) sim_.Spawn(caller());
  sim_.Spawn(talk());
  StartSink();
  sim_.RunFor(seconds(1));
  EXPECT_EQ(timed_out, 100'000u);
  EXPECT_EQ(outstanding(), 0u);
  EXPECT_EQ(connection_->stats().frames_written, 100'000u);
}

}  // namespace
}  // namespace corocket::net
