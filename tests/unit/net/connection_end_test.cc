// How a connection ends: by its peer, by garbage, by its owner.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/error.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_runtime.h"
#include "tests/unit/net/connection_fixture.h"

namespace corocket::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ConnectionEnd : public ConnectionFixture {
 protected:
  /// Calls that have all been written.
  std::vector<Ref> FiveHundredCalls() {
    std::vector<Ref> calls;
    for (int i = 0; i < 500; ++i) calls.push_back(Call(i));
    Settle();
    return calls;
  }
  static void ExpectAllFailed(const std::vector<Ref>& calls, std::error_code cause, TimePoint at) {
    for (const Ref& call : calls) {
      ASSERT_TRUE(call->failed()) << call->outcome();
      ASSERT_EQ(call->error->code(), cause);
      ASSERT_EQ(call->error->phase(), Phase::kRead);
      ASSERT_TRUE(call->error->may_have_been_sent());
      ASSERT_EQ(call->done_at, at);
    }
  }
};

TEST_F(ConnectionEnd, AFinFailsAllFiveHundredCallsAtOnce) {
  const std::vector<Ref> calls = FiveHundredCalls();
  StartSink();
  Settle();
  peer_->transport().CloseSend();
  sim_.RunUntil([&] { return calls[0]->done; }, seconds(1));
  EXPECT_EQ(outstanding(), 0u);
  sim_.RunUntilIdle();
  ExpectAllFailed(calls, RemotingErrc::kPeerClosed, sim_.Now());
  EXPECT_THAT(log_, Contains("ended: closed by peer"));
}

TEST_F(ConnectionEnd, AResetFailsAllFiveHundredCallsAtOnce) {
  const std::vector<Ref> calls = FiveHundredCalls();
  net_.At(address_).Reset();
  sim_.RunUntil([&] { return calls[0]->done; }, seconds(1));
  sim_.RunUntilIdle();
  ExpectAllFailed(calls, asio::error::connection_reset, sim_.Now());
  EXPECT_THAT(log_, Contains(HasSubstr("ended: ")));
}

TEST_F(ConnectionEnd, AnswersThatCameBeforeTheEndAreDelivered) {
  const Ref answered = Call(1);
  const Ref lost = Call(2);
  const wire::Frame request = Receive();
  Reply(request);
  peer_->transport().CloseSend();
  Settle();
  EXPECT_EQ(answered->outcome(), "answered");
  EXPECT_EQ(lost->error->code(), RemotingErrc::kPeerClosed);
}

TEST_F(ConnectionEnd, APeerThatReadsAndClosesWithoutAWordIsSaidToInsistOnTls) {
  const Ref call = Call(1);
  Receive();
  peer_->transport().Close();
  Settle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kPeerClosed);
  EXPECT_THAT(call->error->what(), HasSubstr("closed before it answered anything; a server that insists on TLS"));
}

TEST_F(ConnectionEnd, APeerThatHasAnsweredIsNotSaidToInsistOnTls) {
  const Ref answered = Call(1);
  Reply(Receive());
  Settle();
  const Ref call = Call(2);
  Settle();
  peer_->transport().CloseSend();
  Settle();
  EXPECT_EQ(answered->outcome(), "answered");
  EXPECT_EQ(call->error->code(), RemotingErrc::kPeerClosed);
  EXPECT_EQ(call->error->detail(), "");
}

TEST_F(ConnectionEnd, AFinInTheMiddleOfAFrameSaysSo) {
  const Ref call = Call(1);
  wire::Frame reply = Receive();
  reply.header.flag = wire::kFlagResponse;
  PeerSends(Encoded(reply).substr(0, 10));
  peer_->transport().CloseSend();
  Settle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kPeerClosed);
  EXPECT_THAT(call->error->what(), HasSubstr("in the middle of a frame, after 10 bytes"));
}

TEST_F(ConnectionEnd, ACallAfterTheEndFailsWithItsCauseAndIsNotSent) {
  peer_->transport().CloseSend();
  Settle();
  const Ref call = Call(1);
  sim_.RunUntilIdle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kPeerClosed);
  EXPECT_EQ(call->error->phase(), Phase::kWrite);
  EXPECT_FALSE(call->error->may_have_been_sent());
  EXPECT_EQ(call->error->detail(), "") << "nothing was asked, so nothing can be said about its silence";
}

struct Garbage {
  const char* name;
  std::string bytes;
  RemotingErrc cause;
  const char* text;
};

class GarbageTest : public ConnectionFixture, public ::testing::WithParamInterface<Garbage> {};

TEST_P(GarbageTest, FailsAllCallsAndSaysWhatCame) {
  const Ref answered = Call(1);
  const Ref first = Call(2);
  const Ref second = Call(3);
  wire::Frame reply = Receive();
  reply.header.flag = wire::kFlagResponse;
  PeerSends(Encoded(reply) + GetParam().bytes);
  Settle();
  EXPECT_EQ(answered->outcome(), "answered") << "what came before was a frame";
  for (const Ref& call : {first, second}) {
    EXPECT_EQ(call->error->code(), GetParam().cause);
    EXPECT_THAT(call->error->detail(), HasSubstr(GetParam().text));
  }
  const Ref later = Call(4);
  Settle();
  EXPECT_EQ(later->error->code(), GetParam().cause);
  EXPECT_THAT(later->error->detail(), HasSubstr(GetParam().text));
  // A FIN, or a reset where bytes of the garbage were still unread.
  EXPECT_TRUE(PeerEnd().has_value()) << "the socket is closed";
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, GarbageTest,
    ::testing::Values(
        Garbage{"Http", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", RemotingErrc::kWrongProtocol, "HTTP"},
        Garbage{"TlsAlert", std::string("\x15\x03\x03\x00\x02\x02\x28", 7), RemotingErrc::kWrongProtocol, "TLS"},
        Garbage{"Http2Settings", std::string("\0\0\x12\4\0\0\0\0\0\0\3\x7F\xFF\xFF\xFF", 15),
                RemotingErrc::kWrongProtocol, "HTTP/2"},
        Garbage{"HeaderForm", std::string("\x00\x00\x00\x10\x07\x00\x00\x08zzzzzzzzzzzz", 20),
                RemotingErrc::kMalformedFrame, "header form 7"},
        Garbage{"HeaderJson", std::string("\x00\x00\x00\x0c\x00\x00\x00\x08{\"code\":", 16),
                RemotingErrc::kMalformedFrame, ""},
        Garbage{"Length", std::string("\x7f\xff\xff\xff\x00\x00\x00\x08{}{}{}{}", 16), RemotingErrc::kMalformedFrame,
                ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(ConnectionEnd, AnHttp2ServerIsNamedEvenWhenItsBytesComeOneByOne) {
  net_.At(address_).Trickle(std::chrono::microseconds(10));
  const Ref call = Call(1);
  Settle();
  PeerSends(std::string("\0\0\x12\4\0\0\0\0\0\0\3\x7F\xFF\xFF\xFF", 15));
  Settle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kWrongProtocol);
  EXPECT_THAT(call->error->detail(), HasSubstr("HTTP/2"));
}

TEST_F(ConnectionEnd, AbortFailsEveryCallWithItsCause) {
  const Ref call = Call(1);
  Settle();
  connection_->Abort(RemotingErrc::kShutDown);
  EXPECT_EQ(call->outcome(), "waits") << "never inside the call";
  connection_->Abort(RemotingErrc::kQueueFull);
  sim_.Run(connection_->Join());
  EXPECT_EQ(call->error->code(), RemotingErrc::kShutDown);
  EXPECT_THAT(log_, Contains("ended: client is shut down"));
  EXPECT_EQ(PeerEnd(), std::error_code(asio::error::eof));
}

TEST_F(ConnectionEnd, DestroyedWhileCallsWaitItFailsThem) {
  const Ref call = Call(1);
  Settle();
  connection_.reset();
  Settle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kRetired);
  EXPECT_EQ(net_.total().client_sockets, 0u);
  EXPECT_EQ(sim_.timers(), 0u);
}

TEST_F(ConnectionEnd, RetiredItFinishesWhatWasWrittenAndCloses) {
  const Ref written = Call(1);
  const wire::Frame request = Receive();
  connection_->Retire(In(seconds(3)));
  const Ref refused = Call(2);
  sim_.RunFor(milliseconds(100));
  EXPECT_EQ(refused->error->code(), RemotingErrc::kRetired);
  EXPECT_FALSE(refused->error->may_have_been_sent());
  EXPECT_EQ(written->outcome(), "waits");
  Reply(request);
  Settle();
  EXPECT_EQ(written->outcome(), "answered");
  EXPECT_THAT(log_,
              UnorderedElementsAre("call 2: connection retired", "call 1: answered", "ended: connection retired"));
  EXPECT_EQ(PeerEnd(), std::error_code(asio::error::eof));
}

TEST_F(ConnectionEnd, RetiredIdleItClosesAtOnce) {
  connection_->Retire(In(seconds(3)));
  sim_.RunUntilIdle();
  EXPECT_EQ(log_.size(), 1u);
  EXPECT_EQ(net_.total().client_sockets, 0u);
}

TEST_F(ConnectionEnd, AOnewayRequestThatCannotBeWrittenFails) {
  peer_->transport().CloseSend();
  Settle();
  const Ref call = CallOneway(34);
  Settle();
  ASSERT_TRUE(call->failed()) << "dropped without a word";
  EXPECT_EQ(call->error->code(), RemotingErrc::kPeerClosed);
  EXPECT_FALSE(call->error->may_have_been_sent());
}

TEST_F(ConnectionEnd, AOnewayRequestOfARetiredConnectionIsHandedBack) {
  const Ref written = Call(1);
  Settle();
  connection_->Retire(In(seconds(3)));
  const Ref call = CallOneway(34);
  Settle();
  ASSERT_TRUE(call->failed());
  EXPECT_EQ(call->error->code(), RemotingErrc::kRetired);
  EXPECT_FALSE(call->error->may_have_been_sent());
}

TEST_F(ConnectionEnd, TheDrainLimitEndsItWithWhatStillWaits) {
  StartSink();
  const Ref call = Call(1);
  wire::Frame nothing = Request(0);
  nothing.header.flag = wire::kFlagResponse;
  Settle();
  const TimePoint begin = sim_.Now();
  connection_->Retire(begin + milliseconds(300));
  connection_->Retire(begin + seconds(10));
  sim_.RunFor(milliseconds(299));
  EXPECT_EQ(call->outcome(), "waits");
  sim_.RunFor(milliseconds(2));
  EXPECT_EQ(call->error->code(), RemotingErrc::kRetired);
  EXPECT_TRUE(call->error->may_have_been_sent());
  EXPECT_EQ(call->done_at - begin, milliseconds(300));
  EXPECT_THAT(log_, Contains("ended: connection retired"));
}

TEST_F(ConnectionEnd, ASecondRetirementMayBringTheLimitForward) {
  const Ref call = Call(1);
  Settle();
  connection_->Retire(In(seconds(3)));
  connection_->Retire(In(milliseconds(10)));
  sim_.RunFor(milliseconds(11));
  EXPECT_EQ(call->error->code(), RemotingErrc::kRetired);
}

TEST_F(ConnectionEnd, AfterRetireReturnsNoFrameGoesOut) {
  const Ref call = Call(1);
  // The caller has queued its request; the writer has not run yet.
  sim_.RunUntil([this] { return outstanding() == 1; }, seconds(1));
  connection_->Retire(In(seconds(3)));
  StartEcho();
  Settle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kRetired);
  EXPECT_FALSE(call->error->may_have_been_sent());
  EXPECT_EQ(connection_->stats().frames_written, 0u);
}

class NarrowEnd : public ConnectionFixture {
 protected:
  NarrowEnd() : ConnectionFixture({.connection = {}, .net = {.buffer_bytes = 4096}}) {}
};

TEST_F(NarrowEnd, RetiredWhileAFrameIsHalfOutItFinishesTheFrame) {
  const Ref half = Call(Request(1, std::string(50'000, 'x')), {.deadline = In(seconds(10))});
  Settle();  // the peer does not read
  const Ref queued = Call(Request(2, "never seen"), {.deadline = In(seconds(10))});
  Settle();
  connection_->Retire(In(seconds(3)));
  sim_.RunUntilIdle();
  EXPECT_EQ(queued->error->code(), RemotingErrc::kRetired);
  EXPECT_FALSE(queued->error->may_have_been_sent());
  EXPECT_EQ(half->outcome(), "waits");
  StartEcho();
  sim_.RunFor(milliseconds(100));  // 4 KiB per round trip
  EXPECT_EQ(half->outcome(), "answered");
  EXPECT_EQ(connection_->stats().frames_written, 1u);
}

TEST_F(NarrowEnd, RetiredWithAMebibyteQueuedItGivesBackAllButOneBatchAsNotSent) {
  constexpr std::size_t kCallBytes = 16 * 1024;
  std::vector<Ref> calls;
  for (int i = 0; i < 64; ++i) {
    calls.push_back(Call(Request(i, std::string(kCallBytes, 'x')), {.deadline = In(seconds(10))}));
  }
  Settle();  // the peer does not read
  connection_->Retire(In(milliseconds(100)));
  sim_.RunFor(milliseconds(101));
  std::size_t sent = 0;
  for (const Ref& call : calls) {
    ASSERT_TRUE(call->failed()) << call->outcome();
    EXPECT_EQ(call->error->code(), RemotingErrc::kRetired);
    sent += call->error->may_have_been_sent() ? 1 : 0;
  }
  EXPECT_GE(sent, 1u);
  EXPECT_LE(sent * kCallBytes, 256u * 1024) << "of what was queued the writer had taken one batch";
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(calls[i]->error->may_have_been_sent(), i < sent) << i;
}

TEST_F(NarrowEnd, ABrokenSocketFailsWhatWasHalfWrittenAndWhatWasNot) {
  const Ref half = Call(Request(1, std::string(50'000, 'x')), {.deadline = In(seconds(10))});
  Settle();
  const Ref queued = Call(2);
  Settle();
  net_.At(address_).Reset();
  Settle();
  EXPECT_EQ(half->error->code(), asio::error::connection_reset);
  EXPECT_EQ(half->error->phase(), Phase::kWrite);
  EXPECT_TRUE(half->error->may_have_been_sent());
  EXPECT_EQ(queued->error->code(), asio::error::connection_reset);
  EXPECT_FALSE(queued->error->may_have_been_sent());
}

TEST_F(ConnectionEnd, ACallbackMayDestroyTheConnectionAndSendOnIt) {
  std::vector<std::string> seen;
  const auto caller = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      try {
        const wire::Frame answer = co_await connection_->Send(Request(1), {.deadline = In(seconds(1))});
        static_cast<void>(answer);
      } catch (const RemotingError& error) {
        seen.push_back(error.code().message());
      }
    }
    connection_.reset();
  };
  sim_.Spawn(caller());
  Settle();
  peer_->transport().CloseSend();
  Settle();
  EXPECT_THAT(seen, ElementsAre("closed by peer", "closed by peer", "closed by peer"));
  EXPECT_EQ(connection_, nullptr);
  EXPECT_EQ(net_.total().client_sockets, 0u);
}

/// Holds the connection that it waits on, as callers of a channel do.
asio::awaitable<void> WaitAsOwner(std::shared_ptr<Connection> connection, TimePoint deadline,
                                  std::shared_ptr<int> alive) {
  const wire::Frame answer = co_await connection->Send(wire::Frame(), {.deadline = deadline});
  ADD_FAILURE() << "answered: " << answer.header.code;
  static_cast<void>(alive);
}

asio::awaitable<std::unique_ptr<Transport>> Dial(std::shared_ptr<Connector> connector, asio::any_io_executor on,
                                                 HostPort to) {
  return connector->Connect(std::move(on), std::move(to));
}

TEST(ConnectionLifetime, ASimulationThatEndsFreesTheCallsThatWait) {
  const auto alive = std::make_shared<int>(1);
  for (const bool written : {false, true}) {
    testkit::SimRuntime sim;
    testkit::SimNet net(sim);
    const HostPort address{"10.0.0.1", 9876};
    auto listener = net.binder()->Listen(sim.executor(), address);
    auto transport = sim.Run(Dial(net.connector(), sim.executor(), address));
    auto connection =
        Connection::Start(sim.runtime(), sim.executor(), std::move(transport), ConnectionId{1}, "ns1:9876", {}, {});
    for (int i = 0; i < 3; ++i) sim.Spawn(WaitAsOwner(connection, sim.Now() + seconds(10), alive));
    connection.reset();
    if (written) {
      sim.RunFor(milliseconds(100));
    } else {
      sim.RunUntil([steps = 0]() mutable { return ++steps > 6; }, seconds(1));
    }
    EXPECT_EQ(alive.use_count(), 4);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace corocket::net
