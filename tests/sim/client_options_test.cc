// Every option has an effect that can be seen: one that is read nowhere fails here.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/error.h"
#include "corocket/observer.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/routes.h"
#include "corocket/testing/scripted_namesrv.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"
#include "tests/support/sim_load.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::SimWorld;

const std::vector<std::string> kThree = {"ns1:9876", "ns2:9876", "ns3:9876"};

/// Three servers, and a client whose options differ from the default in one.
class OptionEffect : public ::testing::Test {
 protected:
  OptionEffect() {
    for (const std::string& endpoint : kThree) {
      servers_.push_back(&world_.AddNamesrv(endpoint));
      servers_.back()->AddTopic("orders", "broker-a");
    }
    options_.namesrv = kThree;
  }
  Client& Make() { return client_.emplace(Client::Create(world_.environment(), options_).value()); }
  void BlackholeAll() {
    for (const std::string& endpoint : kThree) world_.Blackhole(endpoint);
  }
  void KillAll() {
    for (const std::string& endpoint : kThree) world_.Kill(endpoint);
  }
  EmbeddedNamesrv& Chosen() {
    for (EmbeddedNamesrv* server : servers_) {
      if (server->address() == client_->Snapshot().chosen) return *server;
    }
    ADD_FAILURE() << "nothing is chosen";
    return *servers_[0];
  }
  /// How long one call takes, and how it ends.
  std::chrono::nanoseconds Timed(absl::StatusCode code = absl::StatusCode::kOk) {
    const auto before = world_.Elapsed();
    const absl::Status status = world_.Run(client_->QueryRoute("orders")).status();
    EXPECT_EQ(status.code(), code) << status;
    return world_.Elapsed() - before;
  }
  static asio::awaitable<void> Ask(Client& client) {
    const absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders");
    static_cast<void>(route);
  }
  /// Dials of the first `time` of a call that nobody answers.
  std::uint64_t DialsWithin(std::chrono::milliseconds time) {
    world_.Spawn(Ask(*client_));
    world_.Advance(time);
    return client_->Snapshot().dials;
  }

  SimWorld world_{9};
  std::vector<EmbeddedNamesrv*> servers_;
  ClientOptions options_;
  std::optional<Client> client_;
};

TEST_F(OptionEffect, CallTimeoutOfTheClientEndsItsCalls) {
  options_.call.timeout = 700ms;
  BlackholeAll();
  Make();
  EXPECT_EQ(Timed(absl::StatusCode::kDeadlineExceeded), 700ms);
}

TEST_F(OptionEffect, CallAttemptTimeoutEndsTheWaitForOneServer) {
  options_.call.attempt_timeout = 200ms;
  Make();
  Timed();
  EmbeddedNamesrv& slow = Chosen();
  slow.DelayAnswers(300ms);
  const auto report = std::make_shared<CallReport>();
  CallOptions own = options_.call;
  own.report = report;
  own.timeout = 1s;
  const absl::StatusOr<TopicRoute> route = world_.Run(client_->QueryRoute("orders", own));
  ASSERT_FALSE(report->failures.empty());
  EXPECT_GE(report->failures[0].elapsed, 200ms);
  EXPECT_LE(report->failures[0].elapsed, 201ms);
  EXPECT_GE(report->attempts, 2U);
}

TEST_F(OptionEffect, WaitForReadyOfTheClientDecidesWhetherCallsWait) {
  options_.call.wait_for_ready = false;
  KillAll();
  Make();
  EXPECT_LE(Timed(absl::StatusCode::kUnavailable), 50ms);
}

TEST_F(OptionEffect, AttemptDelayStaggersDials) {
  options_.failover.attempt_delay = 100ms;
  BlackholeAll();
  Make();
  EXPECT_EQ(DialsWithin(210ms), 3U);
}

TEST_F(OptionEffect, MaxParallelDialsBoundsThem) {
  options_.failover.max_parallel_dials = 2;
  BlackholeAll();
  Make();
  EXPECT_EQ(DialsWithin(1400ms), 2U);
}

TEST_F(OptionEffect, DialTimeoutEndsADial) {
  options_.failover.dial_timeout = 200ms;
  options_.failover.max_parallel_dials = 1;
  BlackholeAll();
  Make();
  EXPECT_EQ(DialsWithin(410ms), 3U);
}

TEST_F(OptionEffect, SilenceLimitIsTheTimeAfterWhichASilentServerIsLeft) {
  options_.failover.silence_limit = 100ms;
  Make();
  Timed();
  Chosen().Stall(true);
  const auto took = Timed();
  EXPECT_GE(took, 100ms);
  EXPECT_LE(took, 102ms);
}

TEST_F(OptionEffect, DrainTimeoutBoundsTheWaitOnARemovedServer) {
  options_.failover.drain_timeout = 50ms;
  Make();
  Timed();
  EmbeddedNamesrv& removed = Chosen();
  removed.DelayAnswers(400ms);
  world_.Spawn(Ask(*client_));
  world_.Advance(10ms);
  std::vector<std::string> others;
  for (const std::string& endpoint : kThree) {
    if (endpoint != removed.address()) others.push_back(endpoint);
  }
  ASSERT_TRUE(client_->UpdateEndpoints(others).ok());
  world_.Advance(40ms);
  EXPECT_EQ(removed.stats().connections_open, 1U);
  world_.Advance(20ms);
  EXPECT_EQ(removed.stats().connections_open, 0U);
}

TEST_F(OptionEffect, BackOffBaseAndCapDecideHowOftenADeadListIsDialled) {
  options_.failover.backoff_base = 10ms;
  options_.failover.backoff_cap_waiting = 20ms;
  KillAll();
  Make();
  EXPECT_GE(DialsWithin(2s), 300U) << "by default about 40";
}

TEST_F(OptionEffect, BackOffBaseAloneDecidesTheFirstPause) {
  options_.failover.backoff_base = 60s;
  options_.failover.backoff_cap_waiting = 60s;
  options_.failover.backoff_cap_idle = 60s;
  options_.call.timeout = 10min;
  KillAll();
  Make();
  EXPECT_LE(DialsWithin(2s), 6U);
}

TEST_F(OptionEffect, BackOffCapIdleLetsADeadListRestLongerWhileNobodyWaits) {
  options_.failover.backoff_base = 1ms;
  options_.failover.backoff_cap_waiting = 1ms;
  options_.failover.backoff_cap_idle = 10min;
  options_.call.timeout = 300ms;
  options_.call.wait_for_ready = true;
  KillAll();
  Make();
  EXPECT_GE(DialsWithin(300ms), 30U);
  world_.Advance(1s);
  const std::uint64_t dials = client_->Snapshot().dials;
  world_.Advance(1min);
  EXPECT_EQ(client_->Snapshot().dials, dials);
}

TEST_F(OptionEffect, MinAttemptKeepsARequestFromBeingWrittenTooLate) {
  options_.failover.min_attempt = 400ms;
  options_.call.timeout = 1s;
  world_.Blackhole("ns1:9876");
  options_.namesrv = {"ns1:9876"};
  Make();
  world_.Spawn(Ask(*client_));
  world_.Advance(700ms);
  ASSERT_TRUE(client_->UpdateEndpoints({"ns2:9876"}).ok());  // 300 ms are left: too few.
  world_.Advance(1s);
  EXPECT_EQ(servers_[1]->stats().connections_accepted, 1U);
  EXPECT_EQ(servers_[1]->stats().requests_of(testing::kGetRouteInfo), 0U);
}

class Counting final : public Observer {
 public:
  void OnEvent(const EndpointEvent& event) override { kinds.push_back(event.kind); }
  std::vector<EventKind> kinds;
};

TEST_F(OptionEffect, ObserversAreToldOfEveryEvent) {
  const auto observer = std::make_shared<Counting>();
  options_.observers = {observer, observer};
  Make();
  EventStream events = client_->Watch();
  Timed();
  EXPECT_TRUE(world_.Run(client_->Shutdown()).ok());
  EXPECT_EQ(observer->kinds.size(), 2 * TakeEvents(events).size());
  EXPECT_EQ(observer->kinds.back(), EventKind::kClosed) << "and the last one is not lost";
}

TEST_F(OptionEffect, AReportTellsHowACallWentWhetherItSucceededOrNot) {
  Make();
  CallOptions own;
  own.report = std::make_shared<CallReport>();
  ASSERT_TRUE(world_.Run(client_->QueryRoute("orders", own)).ok());
  EXPECT_EQ(own.report->answered_by, client_->Snapshot().chosen);
  EXPECT_EQ(own.report->attempts, 1U);
  EXPECT_TRUE(own.report->failures.empty());
  EXPECT_EQ(own.report->elapsed, 600us);
  own.report = std::make_shared<CallReport>();
  EXPECT_FALSE(world_.Run(client_->QueryRoute("nobody-knows", own)).ok());
  EXPECT_FALSE(own.report->answered_by.empty()) << "a refusal is an answer";
  KillAll();
  own.report = std::make_shared<CallReport>();
  own.wait_for_ready = false;
  EXPECT_FALSE(world_.Run(client_->QueryRoute("orders", own)).ok());
  EXPECT_TRUE(own.report->answered_by.empty());
}

}  // namespace
}  // namespace corocket::test
