// Each phase of a call, cancelled in each way: one completion, the frame not sent or whole, the connection usable.

#include <chrono>
#include <string>
#include <system_error>
#include <tuple>

#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_state.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"
#include "asio/error.hpp"
#include "asio/this_coro.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "tests/unit/net/connection_fixture.h"

namespace corocket::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class When { kQueued, kWriting, kWritten, kAnswerOnItsWay, kAnswered };

struct Expected {
  bool may_have_been_sent;
  Phase phase;
  std::uint64_t frames_written;
  std::uint64_t late_answers;
};

class ConnectionCancel : public ConnectionFixture,
                         public ::testing::WithParamInterface<std::tuple<When, asio::cancellation_type>> {
 protected:
  ConnectionCancel() : ConnectionFixture({.connection = {}, .net = {.buffer_bytes = 4096}}) {}

  When when() const { return std::get<0>(GetParam()); }

  Expected expected() const {
    switch (when()) {
      case When::kQueued:
        return {.may_have_been_sent = false, .phase = Phase::kWrite, .frames_written = 0, .late_answers = 0};
      case When::kWriting:
        return {.may_have_been_sent = true, .phase = Phase::kWrite, .frames_written = 1, .late_answers = 1};
      case When::kWritten:
      case When::kAnswerOnItsWay:
      case When::kAnswered:
        break;
    }
    return {.may_have_been_sent = true, .phase = Phase::kRead, .frames_written = 1, .late_answers = 1};
  }

  /// Starts a call and brings it to the phase.
  Ref Begin() {
    // In the phase of writing the frame is larger than what the way holds while the peer does not read.
    const std::size_t bytes = when() == When::kWriting ? 50'000 : 10;
    const Ref call = Call(Request(1, std::string(bytes, 'x')), {.deadline = In(seconds(10))});
    switch (when()) {
      case When::kQueued:
        sim_.RunUntil([this] { return outstanding() == 1; }, seconds(1));
        EXPECT_EQ(connection_->stats().frames_written, 0u);
        break;
      case When::kWriting:
        Settle();
        EXPECT_EQ(connection_->stats().frames_written, 0u);
        EXPECT_EQ(outstanding(), 1u);
        break;
      case When::kWritten:
        Settle();
        break;
      case When::kAnswerOnItsWay:
        Reply(Receive());
        break;
      case When::kAnswered:
        Reply(Receive());
        // To the very step in which the call is taken out of the table.
        sim_.RunUntil([this] { return outstanding() == 0; }, seconds(1));
        break;
    }
    return call;
  }
};

TEST_P(ConnectionCancel, EndsTheCallOnceAndLeavesTheConnectionUsable) {
  const Ref call = Begin();
  call->cancel.emit(std::get<1>(GetParam()));
  sim_.RunUntilIdle();
  EXPECT_TRUE(call->done);
  EXPECT_EQ(outstanding(), 0u);
  StartEcho();
  sim_.RunFor(milliseconds(100));  // 4 KiB per round trip
  if (when() == When::kAnswered) {
    EXPECT_EQ(call->outcome(), "answered") << "too late to cancel";
  } else {
    ASSERT_TRUE(call->failed());
    EXPECT_EQ(call->error->code(), RemotingErrc::kCancelled);
    EXPECT_EQ(call->error->may_have_been_sent(), expected().may_have_been_sent);
    EXPECT_EQ(call->error->phase(), expected().phase);
    EXPECT_EQ(connection_->stats().frames_written, expected().frames_written);
    EXPECT_EQ(connection_->stats().late_answers, expected().late_answers) << "late answers are dropped and counted";
  }
  const Ref next = Call(2);
  Settle();
  EXPECT_EQ(next->outcome(), "answered");
}

/// The phases in which a retirement leaves the call alone.
class RetiredCancel : public ConnectionCancel {};

TEST_P(RetiredCancel, LetsTheConnectionEnd) {
  const Ref call = Begin();
  connection_->Retire(In(seconds(30)));
  if (when() != When::kAnswerOnItsWay) {
    sim_.RunFor(milliseconds(100));
  }
  EXPECT_EQ(net_.total().client_sockets, 1u);
  call->cancel.emit(std::get<1>(GetParam()));
  sim_.RunUntilIdle();
  EXPECT_EQ(call->error->code(), RemotingErrc::kCancelled);
  if (when() == When::kWriting) {
    EXPECT_EQ(net_.total().client_sockets, 1u) << "a frame that is half out is finished";
    EXPECT_EQ(Receive().body.size(), 50'000u);
    Settle();
  }
  EXPECT_EQ(net_.total().client_sockets, 0u);
}

std::string Name(const ::testing::TestParamInfo<ConnectionCancel::ParamType>& test) {
  static const char* const kPhases[] = {"Queued", "Writing", "Written", "AnswerOnItsWay", "Answered"};
  const std::string phase = kPhases[static_cast<int>(std::get<0>(test.param))];
  switch (std::get<1>(test.param)) {
    case asio::cancellation_type::terminal:
      return phase + "Terminal";
    case asio::cancellation_type::partial:
      return phase + "Partial";
    default:
      return phase + "Total";
  }
}

INSTANTIATE_TEST_SUITE_P(Matrix, ConnectionCancel,
                         ::testing::Combine(::testing::Values(When::kQueued, When::kWriting, When::kWritten,
                                                              When::kAnswerOnItsWay, When::kAnswered),
                                            ::testing::Values(asio::cancellation_type::terminal,
                                                              asio::cancellation_type::partial,
                                                              asio::cancellation_type::total)),
                         Name);

INSTANTIATE_TEST_SUITE_P(Matrix, RetiredCancel,
                         ::testing::Combine(::testing::Values(When::kWriting, When::kWritten, When::kAnswerOnItsWay),
                                            ::testing::Values(asio::cancellation_type::terminal,
                                                              asio::cancellation_type::partial,
                                                              asio::cancellation_type::total)),
                         Name);

class CancelledCaller : public ConnectionFixture {};

TEST_F(CancelledCaller, SendsNothingMore) {
  asio::cancellation_signal cancel;
  std::error_code seen;
  const auto caller = [&]() -> asio::awaitable<void> {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    cancel.emit(asio::cancellation_type::total);
    try {
      const wire::Frame answer = co_await connection_->Send(Request(1), {.deadline = In(seconds(10))});
      static_cast<void>(answer);
    } catch (const std::system_error& error) {
      seen = error.code();
    }
  };
  asio::co_spawn(sim_.executor(), caller(), asio::bind_cancellation_slot(cancel.slot(), asio::detached));
  Settle();
  EXPECT_EQ(seen, asio::error::operation_aborted);
  EXPECT_EQ(outstanding(), 0u);
  EXPECT_EQ(connection_->stats().frames_written, 0u);
}

class QueuedCancel : public ConnectionFixture {
 protected:
  QueuedCancel() : ConnectionFixture({.connection = {.max_queued_bytes = 10'000}, .net = {.buffer_bytes = 4096}}) {}
};

TEST_F(QueuedCancel, LeavesTheQueueAtOnceAndMakesRoom) {
  Call(Request(1, std::string(9'000, 'x')), {.deadline = In(seconds(10))});
  Settle();  // with the writer, and the peer does not read
  const Ref queued = Call(Request(2, std::string(8'000, 'x')), {.deadline = In(seconds(10))});
  Settle();
  queued->cancel.emit(asio::cancellation_type::total);
  sim_.RunUntilIdle();
  const Ref next = Call(Request(3, std::string(8'000, 'x')), {.deadline = In(seconds(10))});
  Settle();
  EXPECT_EQ(next->outcome(), "waits") << "there is room for it";
  EXPECT_EQ(Receive().header.code, 1);
  EXPECT_EQ(Receive().header.code, 3) << "the cancelled one never goes out";
}

}  // namespace
}  // namespace corocket::net
