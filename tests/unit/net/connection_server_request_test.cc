// Requests that the server sends on its own.

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "asio/error.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/limits.h"
#include "tests/unit/net/connection_fixture.h"

namespace corocket::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class ServerRequest : public ConnectionFixture {
 protected:
  static wire::Frame FromServer(std::int32_t code, std::int32_t opaque) {
    wire::Frame request = Request(code, "hello");
    request.header.opaque = opaque;
    return request;
  }
};

TEST_F(ServerRequest, IsAnsweredByItsHandlerUnderItsOwnOpaqueAndInItsOwnForm) {
  on_request_ = [](const wire::Frame& request) -> std::optional<wire::Frame> {
    return Request(0, request.body + " to you");
  };
  wire::Frame request = FromServer(220, -17);
  request.serialize = wire::SerializeType::kRocketMq;
  PeerSends(request);
  const wire::Frame answer = Receive();
  EXPECT_EQ(answer.header.opaque, -17);
  EXPECT_TRUE(answer.header.is_response());
  EXPECT_EQ(answer.body, "hello to you");
  EXPECT_EQ(answer.serialize, wire::SerializeType::kRocketMq);
}

TEST_F(ServerRequest, DoesNotEndACallOfTheSameOpaque) {
  const Ref call = Call(1);
  const wire::Frame request = Receive();
  PeerSends(FromServer(40, request.header.opaque));
  EXPECT_EQ(Receive().header.code, 3);
  EXPECT_EQ(call->outcome(), "waits");
  Reply(request);
  Settle();
  EXPECT_EQ(call->outcome(), "answered");
  EXPECT_EQ(connection_->stats().late_answers, 0u);
}

TEST_F(ServerRequest, ThatNobodyKnowsGetsCodeThree) {
  PeerSends(FromServer(4711, 5));
  const wire::Frame answer = Receive();
  EXPECT_EQ(answer.header.code, 3);
  EXPECT_EQ(answer.header.opaque, 5);
  EXPECT_THAT(answer.header.remark, HasSubstr("4711"));
}

TEST_F(ServerRequest, OnewayIsHandledAndNotAnswered) {
  std::vector<std::int32_t> handled;
  on_request_ = [&handled](const wire::Frame& request) -> std::optional<wire::Frame> {
    handled.push_back(request.header.code);
    return Request(0);
  };
  wire::Frame request = FromServer(40, 5);
  request.header.flag = wire::kFlagOneway;
  PeerSends(request);
  Settle();
  EXPECT_EQ(handled, std::vector<std::int32_t>{40});
  EXPECT_EQ(connection_->stats().frames_written, 0u);
}

TEST_F(ServerRequest, WhoseHandlerThrowsIsToldSo) {
  on_request_ = [](const wire::Frame&) -> std::optional<wire::Frame> { throw std::runtime_error("out of luck"); };
  PeerSends(FromServer(307, 5));
  const wire::Frame answer = Receive();
  EXPECT_EQ(answer.header.code, 1);
  EXPECT_EQ(answer.header.remark, "out of luck");
}

TEST_F(ServerRequest, WhoseAnswerFitsNoFrameIsToldSo) {
  on_request_ = [](const wire::Frame&) -> std::optional<wire::Frame> {
    return Request(0, std::string(wire::kMaxFrameBytes, 'x'));
  };
  PeerSends(FromServer(307, 5));
  EXPECT_EQ(Receive().header.code, 1);
}

TEST_F(ServerRequest, WhoseAnswerHasAHeaderStringBeyondTheLimitIsToldSo) {
  on_request_ = [](const wire::Frame&) -> std::optional<wire::Frame> {
    wire::Frame answer = Request(0);
    answer.header.remark.assign(wire::kMaxStringBytes + 1, 'r');
    return answer;
  };
  PeerSends(FromServer(307, 5));
  const wire::Frame answer = Receive();
  EXPECT_EQ(answer.header.code, 1);
  EXPECT_EQ(answer.header.opaque, 5);
}

TEST_F(ServerRequest, WhoseAnswerTheBinaryFormCannotExpressIsAnsweredWithAJsonHeader) {
  on_request_ = [](const wire::Frame&) -> std::optional<wire::Frame> { return Request(1'000'000); };
  wire::Frame request = FromServer(307, 5);
  request.serialize = wire::SerializeType::kRocketMq;
  PeerSends(request);
  const wire::Frame answer = Receive();
  EXPECT_EQ(answer.header.code, 1'000'000);
  EXPECT_EQ(answer.header.opaque, 5);
  EXPECT_EQ(answer.serialize, wire::SerializeType::kJson);
}

TEST_F(ServerRequest, OfARetiredConnectionIsNotAnswered) {
  const Ref call = Call(1);
  const wire::Frame request = Receive();
  connection_->Retire(In(seconds(3)));
  PeerSends(FromServer(40, 5));
  Settle();
  EXPECT_EQ(connection_->stats().frames_written, 1u);
  Reply(request);
  Settle();
  EXPECT_EQ(call->outcome(), "answered");
}

class NarrowServerRequest : public ConnectionFixture {
 protected:
  NarrowServerRequest()
      : ConnectionFixture({.connection = {.max_queued_bytes = 50'000}, .net = {.buffer_bytes = 4096}}) {}
};

TEST_F(NarrowServerRequest, OfAPeerThatDoesNotReadEndTheConnectionBeforeTheyFillMemory) {
  const Ref call = Call(1);
  Settle();
  std::string flood;
  for (int i = 0; i < 3000; ++i) {
    wire::Frame request = Request(220);
    request.header.opaque = i;
    flood += Encoded(request);
  }
  const auto send = [](Peer& peer, std::string bytes) -> asio::awaitable<void> {
    try {
      co_await peer.Send(std::move(bytes));
    } catch (const std::system_error&) {  // the connection has hung up
    }
  };
  sim_.Spawn(send(*peer_, std::move(flood)));
  sim_.RunFor(milliseconds(400));
  EXPECT_EQ(call->error->code(), RemotingErrc::kQueueFull);
  EXPECT_THAT(log_, ::testing::Contains("ended: too many requests wait on the connection"));
}

}  // namespace
}  // namespace corocket::net
