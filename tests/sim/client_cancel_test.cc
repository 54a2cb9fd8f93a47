// A call that is cancelled, in each place where it can wait and in each way: it ends at once, once, and as CANCELLED;
// nothing else changes.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_state.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/co_spawn.hpp"
#include "asio/this_coro.hpp"
#include "corocket/client.h"
#include "corocket/error.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/sim_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/failover_fixture.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using ::testing::HasSubstr;

const std::vector<std::string> kTwo = {"ns1:9876", "ns2:9876"};

/// A call that can be cancelled, and what became of it.
struct Call {
  asio::cancellation_signal cancel;
  std::optional<absl::Status> outcome;
};

asio::awaitable<void> Ask(Client& client, std::string topic, std::shared_ptr<Call> call) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  absl::StatusOr<TopicRoute> route = co_await client.QueryRoute(std::move(topic));
  EXPECT_FALSE(call->outcome.has_value()) << "completed twice";
  call->outcome = route.status();
}

/// A client of two servers.
class CancelledCallers : public Failover {
 protected:
  CancelledCallers() : client_(MakeClient(kTwo)) {}

  std::shared_ptr<Call> Start(const std::string& topic = "orders") {
    auto call = std::make_shared<Call>();
    asio::co_spawn(world_.executor(), Ask(client_, topic, call),
                   asio::bind_cancellation_slot(call->cancel.slot(), [](const std::exception_ptr& error) {
                     EXPECT_FALSE(error) << "an exception left the call";
                   }));
    return call;
  }
  bool Works() { return world_.Run(client_.QueryRoute("orders")).ok(); }
  EmbeddedNamesrv& Chosen() { return Failover::Chosen(client_); }
  EmbeddedNamesrv& Other() { return *servers_[client_.Snapshot().chosen == kTwo[0] ? 1 : 0]; }

  Client client_;
};

enum class Where { kConnecting, kAnswerDue, kBackingOff, kBetweenLaps, kSecondOpinionDialled, kSecondOpinionDue };

class CancelledCall : public CancelledCallers,
                      public ::testing::WithParamInterface<std::tuple<Where, asio::cancellation_type>> {
 protected:
  static Where where() { return std::get<0>(GetParam()); }

  /// Starts a call and brings it to the place.
  std::shared_ptr<Call> Begin() {
    switch (where()) {
      case Where::kConnecting:
        for (const std::string& endpoint : kTwo) world_.Blackhole(endpoint);
        break;
      case Where::kAnswerDue:
        EXPECT_TRUE(Works());
        Chosen().Stall(true);
        break;
      case Where::kBackingOff:
        for (const std::string& endpoint : kTwo) world_.Kill(endpoint);
        break;
      case Where::kBetweenLaps:
        // With one server the call has to come back to it, and pauses before it does.
        EXPECT_TRUE(client_.UpdateEndpoints({"ns1:9876"}).ok());
        EXPECT_TRUE(Works());
        servers_[0]->Stall(true);
        break;
      case Where::kSecondOpinionDialled:
        EXPECT_TRUE(Works());
        world_.Blackhole(Other().address());
        break;
      case Where::kSecondOpinionDue:
        EXPECT_TRUE(Works());
        Other().DelayAnswers(400ms);
        break;
    }
    const bool denied = where() == Where::kSecondOpinionDialled || where() == Where::kSecondOpinionDue;
    std::shared_ptr<Call> call = Start(denied ? "nobody-knows" : "orders");
    world_.Advance(where() == Where::kSecondOpinionDue ? 600ms : 1ms);
    if (where() == Where::kBetweenLaps) {
      servers_[0]->CloseAll(CloseMode::kReset);
      servers_[0]->Stall(false);
      world_.Advance(600us);  // Dialled and proved again; the pause has begun.
      EXPECT_EQ(client_.Snapshot().state, ChannelState::kReady);
    }
    EXPECT_FALSE(call->outcome.has_value()) << *call->outcome;
    return call;
  }

  void Mend() {
    for (EmbeddedNamesrv* server : servers_) {
      world_.Heal(server->address());
      world_.Restart(server->address());
      server->Stall(false);
      server->DelayAnswers(0ms);
    }
  }
};

TEST_P(CancelledCall, EndsAtOnceAndTheClientStaysUsable) {
  const std::shared_ptr<Call> call = Begin();
  const ChannelSnapshot before = client_.Snapshot();
  call->cancel.emit(std::get<1>(GetParam()));
  world_.Advance(0ms);
  ASSERT_TRUE(call->outcome.has_value());
  EXPECT_EQ(call->outcome->code(), absl::StatusCode::kCancelled) << *call->outcome;
  EXPECT_THAT(std::string(call->outcome->message()), HasSubstr("query route of topic"));
  EXPECT_EQ(RetryHintOf(*call->outcome), RetryHint::kSafeToRetry);
  const ChannelSnapshot after = client_.Snapshot();
  EXPECT_EQ(after.generation, before.generation) << "a cancellation blames nobody";
  EXPECT_EQ(after.chosen, before.chosen);
  EXPECT_EQ(after.waiting_callers, 0U);
  Mend();
  EXPECT_TRUE(Works());
  EXPECT_EQ(client_.Snapshot().generation, before.generation) << "the connection is as good as before";
  EXPECT_TRUE(world_.Run(client_.Shutdown()).ok());
  world_.Advance(1ms);
  for (const EmbeddedNamesrv* server : servers_) EXPECT_EQ(server->stats().connections_open, 0U);
}

TEST_P(CancelledCall, LeavesItsNeighboursAlone) {
  const std::shared_ptr<Call> call = Begin();
  const std::shared_ptr<Call> neighbour = Start();
  world_.Advance(100us);
  call->cancel.emit(std::get<1>(GetParam()));
  Mend();
  world_.Advance(2s);
  ASSERT_TRUE(call->outcome.has_value());
  EXPECT_EQ(call->outcome->code(), absl::StatusCode::kCancelled);
  ASSERT_TRUE(neighbour->outcome.has_value());
  EXPECT_TRUE(neighbour->outcome->ok()) << *neighbour->outcome;
}

std::string Name(const ::testing::TestParamInfo<CancelledCall::ParamType>& test) {
  static const char* const kPlaces[] = {"Connecting",           "AnswerDue",       "BackingOff", "BetweenLaps",
                                        "SecondOpinionDialled", "SecondOpinionDue"};
  const std::string place = kPlaces[static_cast<int>(std::get<0>(test.param))];
  switch (std::get<1>(test.param)) {
    case asio::cancellation_type::terminal:
      return place + "Terminal";
    case asio::cancellation_type::partial:
      return place + "Partial";
    default:
      return place + "Total";
  }
}
INSTANTIATE_TEST_SUITE_P(
    Matrix, CancelledCall,
    ::testing::Combine(::testing::Values(Where::kConnecting, Where::kAnswerDue, Where::kBackingOff, Where::kBetweenLaps,
                                         Where::kSecondOpinionDialled, Where::kSecondOpinionDue),
                       ::testing::Values(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                                         asio::cancellation_type::total)),
    Name);

TEST_F(CancelledCallers, AShutdownGoesOnWithoutWhoAskedForIt) {
  ASSERT_TRUE(Works());
  Chosen().Stall(true);
  const std::shared_ptr<Call> waits = Start();
  EventStream events = client_.Watch();
  asio::cancellation_signal cancel;
  std::optional<absl::Status> outcome;
  const auto done = [&outcome](const std::exception_ptr& error, absl::Status status) {
    outcome = error ? absl::UnknownError("an exception came out") : std::move(status);
  };
  asio::co_spawn(world_.executor(), client_.Shutdown(200ms), asio::bind_cancellation_slot(cancel.slot(), done));
  world_.Advance(10ms);
  ASSERT_FALSE(outcome.has_value());
  cancel.emit(asio::cancellation_type::terminal);
  world_.Advance(0ms);
  ASSERT_TRUE(outcome.has_value()) << "who leaves does not wait for the end";
  EXPECT_EQ(outcome->code(), absl::StatusCode::kCancelled) << *outcome;
  world_.Advance(300ms);
  ASSERT_TRUE(waits->outcome.has_value());
  EXPECT_EQ(waits->outcome->code(), absl::StatusCode::kFailedPrecondition) << *waits->outcome;
  EXPECT_EQ(client_.Snapshot().state, ChannelState::kClosed);
  std::optional<EndpointEvent> last;
  while (std::optional<EndpointEvent> event = events.TryNext()) last = std::move(event);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->kind, EventKind::kClosed);
  EXPECT_FALSE(world_.Run(events.Next()).has_value()) << "nobody waits for events that never come";
  for (const EmbeddedNamesrv* server : servers_) EXPECT_EQ(server->stats().connections_open, 0U);
}

TEST_F(CancelledCallers, WhoStartedTheRoundMayLeaveAndItServesTheOthers) {
  for (EmbeddedNamesrv* server : servers_) world_.Slow(server->address(), 20ms);
  const std::shared_ptr<Call> starter = Start();
  world_.Advance(1ms);
  std::vector<std::shared_ptr<Call>> joined;
  for (int i = 0; i < 10; ++i) joined.push_back(Start());
  world_.Advance(1ms);
  starter->cancel.emit(asio::cancellation_type::terminal);
  world_.Advance(200ms);
  ASSERT_TRUE(starter->outcome.has_value());
  EXPECT_EQ(starter->outcome->code(), absl::StatusCode::kCancelled);
  for (const std::shared_ptr<Call>& call : joined) {
    ASSERT_TRUE(call->outcome.has_value());
    EXPECT_TRUE(call->outcome->ok()) << *call->outcome;
  }
  EXPECT_EQ(client_.Snapshot().dials, 1U) << "one round, and it went on";
}

TEST_F(CancelledCallers, WhenAllHaveLeftADialUnderWayIsKeptWarmAndNoOtherIsStarted) {
  world_.Slow("ns1:9876", 60ms);
  world_.Slow("ns2:9876", 60ms);
  const std::shared_ptr<Call> only = Start();
  world_.Advance(10ms);
  only->cancel.emit(asio::cancellation_type::terminal);
  world_.Advance(10s);
  EXPECT_EQ(client_.Snapshot().dials, 1U);
  EXPECT_EQ(client_.Snapshot().state, ChannelState::kReady);
  EXPECT_TRUE(Works());
  EXPECT_EQ(client_.Snapshot().dials, 1U);
}

}  // namespace
}  // namespace corocket::test
