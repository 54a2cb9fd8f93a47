// A client that is shut down, or destroyed, at every single step of its life and under every fault: each call ends
// once, the end is bounded, and nothing is left: no socket, no timer, no coroutine.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "gtest/gtest.h"
#include "sdk/testkit/sim_net.h"
#include "sdk/testkit/sim_runtime.h"
#include "tests/support/sim_load.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::EmbeddedNamesrv;
using testkit::SimNet;
using testkit::SimRuntime;

constexpr int kCallers = 3;
/// More than a life has, which is over when all calls have ended or 700 ms have passed.
constexpr std::size_t kMaxSteps = 2000;
constexpr std::chrono::milliseconds kDrain{300};
const std::vector<std::string> kList = {"ns1:9876", "ns2:9876"};

enum class Fault { kNone, kRefuseAll, kBlackholeAll, kPauseAll, kLookUpHangs, kSlowAnswers, kUnknownTopic };
enum class End { kShutdown, kDestroy };

/// What the callers saw. Each caller's coroutine holds it as long as it lives.
struct Seen {
  int ended = 0;
  std::vector<absl::Status> statuses;
};

/// A caller who begins after the client has gone asks nobody.
asio::awaitable<void> Ask(std::optional<Client>& client, std::string topic, std::shared_ptr<Seen> seen) {
  if (!client) {
    ++seen->ended;
    co_return;
  }
  absl::StatusOr<TopicRoute> route = co_await client->QueryRoute(std::move(topic));
  ++seen->ended;
  seen->statuses.push_back(route.status());
}

/// One life of a client, up to some step.
class Life {
 public:
  Life(Fault fault, std::size_t steps) : fault_(fault) {
    for (std::size_t i = 0; i < kList.size(); ++i) {
      const std::string host = "10.0.0." + std::to_string(i + 1);
      net_.SetName("ns" + std::to_string(i + 1), {host});
      servers_.push_back(
          EmbeddedNamesrv::Create({.runtime = sim_.runtime(), .binder = net_.binder()}, {.listen = host + ":9876"})
              .value());
      servers_.back().AddTopic("orders", "broker-a");
    }
    ClientOptions options;
    options.namesrv = kList;
    client_.emplace(Client::Create({.runtime = sim_.runtime(), .connector = net_.connector()}, options).value());
    events_.emplace(client_->Watch());
    timers_of_servers_ = sim_.timers();
    Break();
    for (int i = 0; i < kCallers; ++i) {
      sim_.Spawn(Ask(client_, fault_ == Fault::kUnknownTopic ? "nobody-knows" : "orders", seen_));
    }
    lives_ = sim_.RunUntil([&steps] { return steps-- == 0; }, 700ms);
  }

  /// It came as far as the step; later ones are the same.
  [[nodiscard]] bool lives() const { return lives_; }

  void ShutDown() {
    const auto begin = sim_.Elapsed();
    EXPECT_TRUE(sim_.Run(client_->Shutdown(kDrain)).ok());
    EXPECT_LE(sim_.Elapsed() - begin, kDrain + 1ms);
    // From here on nothing happens any more.
    std::vector<EndpointEvent> events = TakeEvents(*events_);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().kind, EventKind::kClosed);
    EXPECT_EQ(net_.total().client_sockets, 0U);
    EXPECT_EQ(net_.total().dialling, 0U);
    EXPECT_EQ(client_->Snapshot().state, ChannelState::kClosed);
  }
  void Destroy() { client_.reset(); }

  void ExpectNothingIsLeft() {
    sim_.RunFor(1ms);
    EXPECT_EQ(seen_->ended, kCallers);
    EXPECT_EQ(seen_.use_count(), 1) << "a caller's coroutine is left";
    for (const absl::Status& status : seen_->statuses) {
      const bool expected = status.ok() || status.code() == absl::StatusCode::kFailedPrecondition ||
                            (fault_ == Fault::kUnknownTopic && status.code() == absl::StatusCode::kNotFound);
      EXPECT_TRUE(expected) << status;
    }
    EXPECT_EQ(net_.total().client_sockets, 0U);
    EXPECT_EQ(net_.total().dialling, 0U);
    sim_.RunFor(3s);  // For the servers, which close their side a little later.
    EXPECT_EQ(sim_.timers(), timers_of_servers_);
  }

 private:
  void Break() {
    for (std::size_t i = 0; i < kList.size(); ++i) {
      testkit::SimRoute route = net_.At({"10.0.0." + std::to_string(i + 1), 9876});
      if (fault_ == Fault::kRefuseAll) route.Refuse();
      if (fault_ == Fault::kBlackholeAll) route.Blackhole();
      if (fault_ == Fault::kPauseAll) route.Pause();
      if (fault_ == Fault::kLookUpHangs) net_.SlowName("ns" + std::to_string(i + 1), 1h);
      if (fault_ == Fault::kSlowAnswers) servers_[i].DelayAnswers(400ms);
    }
  }

  const Fault fault_;
  SimRuntime sim_{{.seed = 5}};
  SimNet net_{sim_};
  std::vector<EmbeddedNamesrv> servers_;
  std::optional<Client> client_;
  std::optional<EventStream> events_;
  std::size_t timers_of_servers_ = 0;
  bool lives_ = false;
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
};

class EndAtEveryStep : public ::testing::TestWithParam<std::tuple<Fault, End>> {};

TEST_P(EndAtEveryStep, EndsEveryCallOnceAndLeavesNothing) {
  bool lives = true;
  for (std::size_t step = 0; step < kMaxSteps && lives && !HasFailure(); ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    Life life(std::get<0>(GetParam()), step);
    lives = life.lives();
    if (std::get<1>(GetParam()) == End::kShutdown) {
      life.ShutDown();
    } else {
      life.Destroy();
    }
    life.ExpectNothingIsLeft();
  }
  EXPECT_FALSE(lives) << "some steps were never looked at";
}

std::string Name(const ::testing::TestParamInfo<EndAtEveryStep::ParamType>& test) {
  static const char* const kFaults[] = {"AllWell",     "RefuseAll",   "BlackholeAll", "PauseAll",
                                        "LookUpHangs", "SlowAnswers", "UnknownTopic"};
  return std::string(kFaults[static_cast<int>(std::get<0>(test.param))]) +
         (std::get<1>(test.param) == End::kShutdown ? "Shutdown" : "Destroy");
}
INSTANTIATE_TEST_SUITE_P(Matrix, EndAtEveryStep,
                         ::testing::Combine(::testing::Values(Fault::kNone, Fault::kRefuseAll, Fault::kBlackholeAll,
                                                              Fault::kPauseAll, Fault::kLookUpHangs,
                                                              Fault::kSlowAnswers, Fault::kUnknownTopic),
                                            ::testing::Values(End::kShutdown, End::kDestroy)),
                         Name);

}  // namespace
}  // namespace corocket::test
