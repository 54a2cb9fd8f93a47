// What the client promises while real Apache NameServers die, freeze or fall silent: no call fails, and the gap without
// an answer is short. The figures are printed; the bounds asserted are generous, because machines are busy.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/this_coro.hpp"
#include "corocket/client.h"
#include "corocket/endpoint_event.h"
#include "corocket/observer.h"
#include "corocket/options.h"
#include "corocket/route.h"
#include "corocket/snapshot.h"
#include "gtest/gtest.h"
#include "sdk/wire/frame.h"
#include "tests/integration/figures.h"
#include "tests/integration/query_load.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/network_sandbox.h"
#include "tests/support/real_servers/real_cluster.h"
#include "tests/support/real_servers/remoting_socket.h"
#include "tests/support/real_servers/skip_if_missing.h"

namespace corocket::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr char kTopic[] = "orders";
constexpr std::size_t kNamesrvs = 3;
constexpr int kKills = 11;
constexpr int kColdStarts = 20;
constexpr std::uint64_t kWarm = 500;          // calls between two faults
constexpr std::uint64_t kWarmUpCalls = 5000;  // they make a JVM warm
constexpr int kWarmUpConnections = 300;
constexpr seconds kLimit(30);  // for anything that has to happen at all

// Promised: 5 ms after the end is read, 700 ms, 300 ms and 700 ms, 20 ms, 1.1 s.
constexpr milliseconds kMaxGapAfterKill(1500);
constexpr milliseconds kMaxSwitch(250);
constexpr milliseconds kMaxGapAfterSilence(1500);
constexpr milliseconds kMaxColdStartPerDeadAddress(1000);
constexpr milliseconds kMaxColdStartBesideFrozen(1500);
constexpr milliseconds kMaxLateness(250);
constexpr milliseconds kMaxRecovery(2000);
// Promised: 1 s. The longest pause decides how late the first answer can be; how late it is in one run is chance.
constexpr milliseconds kMaxPause(1500);
// Promised as it stands: an outage of 10 s, three refused addresses.
constexpr seconds kOutage(10);
constexpr std::uint64_t kMaxDialsInOutage = 150;
// One, unless the machine stalls for longer than a dial waits for the first server before it tries the second.
constexpr std::uint64_t kMaxDialsOfColdCrowd = 3;

/// What one call on a client of its own saw.
struct ColdCall {
  absl::Status status;
  microseconds elapsed{0};
};

asio::awaitable<void> AskOnce(std::string namesrv, CallOptions call, ColdCall& result) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  absl::StatusOr<Client> client = Client::Create(executor, {.namesrv = {std::move(namesrv)}, .call = call});
  if (!client.ok()) {
    result.status = client.status();
    co_return;
  }
  const steady_clock::time_point start = steady_clock::now();
  const absl::StatusOr<TopicRoute> route = co_await client->QueryRoute(kTopic);
  result = {.status = route.status(), .elapsed = duration_cast<microseconds>(steady_clock::now() - start)};
  const absl::Status shutdown = co_await client->Shutdown();
  if (result.status.ok()) result.status = shutdown;
}

ColdCall CallCold(const std::string& namesrv, CallOptions call = {}) {
  ColdCall result;
  asio::io_context io;
  const auto rethrow = [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  };
  asio::co_spawn(io, AskOnce(namesrv, std::move(call), result), rethrow);
  io.run();
  return result;
}

/// How long a client has let its servers alone between two dials.
class PauseMeter final : public Observer {
 public:
  void OnEvent(const EndpointEvent& event) override {
    if (event.kind != EventKind::kAttemptStarted) return;
    const absl::MutexLock lock(mutex_);
    if (last_dial_) longest_ = std::max(longest_, duration_cast<microseconds>(event.at - *last_dial_));
    last_dial_ = event.at;
  }

  /// Forgets everything; the next dial ends no pause.
  void Reset() {
    const absl::MutexLock lock(mutex_);
    last_dial_.reset();
    longest_ = {};
  }

  microseconds longest() const {
    const absl::MutexLock lock(mutex_);
    return longest_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::optional<steady_clock::time_point> last_dial_ ABSL_GUARDED_BY(mutex_);
  microseconds longest_ ABSL_GUARDED_BY(mutex_){0};
};

/// When the server at `address` first gives the route, asked without pause by somebody who is not the client under
/// test.
absl::StatusOr<steady_clock::time_point> AwaitFirstRoute(std::string address) {
  absl::StatusOr<RemotingSocket> socket = RemotingSocket::Connect(address, In(kLimit));
  if (!socket.ok()) return socket.status();
  absl::StatusOr<wire::Frame> answer = absl::UnknownError("not asked");
  const bool found = PollUntil(In(kLimit), [&] {
    answer = socket->Call(RouteRequest(kTopic), In(kLimit));
    return !answer.ok() || answer->header.code == 0;
  });
  if (!answer.ok()) return answer.status();
  if (!found) return absl::DeadlineExceededError(address + " denies the topic");
  return steady_clock::now();
}

class FailoverRealTest : public ::testing::Test {
 protected:
  void SetUp() override { COROCKET_SKIP_IF_MISSING(MissingPieces()); }

  void TearDown() override {
    load_.reset();
    cluster_.reset();  // before the network it runs in
  }

  void Boot() {
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster =
        RealCluster::Start({.namesrvs = kNamesrvs, .network = network_.get()});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
    ASSERT_EQ(cluster_->CreateTopic(kTopic), absl::OkStatus());
  }

  void BootInSandbox() {
    COROCKET_SKIP_IF_MISSING(NetworkSandbox::Missing());
    absl::StatusOr<std::unique_ptr<NetworkSandbox>> network = NetworkSandbox::Create({.servers = kNamesrvs});
    ASSERT_TRUE(network.ok()) << network.status();
    network_ = *std::move(network);
    Boot();
  }

  void StartLoad(QueryLoad::Options options = {}) {
    options.client.namesrv = {cluster_->Addresses()};
    options.topic = kTopic;
    absl::StatusOr<std::unique_ptr<QueryLoad>> load = QueryLoad::Start(std::move(options));
    ASSERT_TRUE(load.ok()) << load.status();
    load_ = *std::move(load);
    ASSERT_EQ(load_->AwaitSuccesses(kWarm, In(kLimit)), absl::OkStatus());
  }

  /// Index of the NameServer that is asked now.
  std::size_t Chosen() const {
    std::size_t index = 0;
    const bool found = PollUntil(In(kLimit), [&] {
      const std::string chosen = load_->Snapshot().chosen;
      for (index = 0; index < cluster_->namesrvs(); ++index) {
        if (cluster_->Address(index) == chosen) return true;
      }
      return false;
    });
    EXPECT_TRUE(found) << "chosen: '" << load_->Snapshot().chosen << "'";
    return found ? index : 0;
  }

  /// Asks every other NameServer, on one connection and on many, until its JVM has compiled what it answers with: the
  /// first answers of a fresh one, and those on its first connections, take milliseconds that are not ours.
  void WarmUpOthers(std::size_t chosen, const std::vector<std::size_t>& dead) {
    for (std::size_t i = 0; i < kNamesrvs; ++i) {
      if (i == chosen || std::find(dead.begin(), dead.end(), i) != dead.end()) continue;
      for (int connection = 0; connection < kWarmUpConnections; ++connection) {
        absl::StatusOr<RemotingSocket> socket = RemotingSocket::Connect(cluster_->Address(i), In(kLimit));
        ASSERT_TRUE(socket.ok()) << socket.status();
        ASSERT_TRUE(socket->Call(RouteRequest(kTopic), In(kLimit)).ok());
      }
      ClientOptions client;
      client.namesrv = {cluster_->Address(i)};
      absl::StatusOr<std::unique_ptr<QueryLoad>> load = QueryLoad::Start({.client = client, .topic = kTopic});
      ASSERT_TRUE(load.ok()) << load.status();
      EXPECT_EQ((*load)->AwaitSuccesses(kWarmUpCalls, In(kLimit)), absl::OkStatus());
    }
  }

  /// Breaks the chosen server by `fault` and waits until calls succeed again. @return The longest gap.
  template <typename Fault>
  microseconds BreakChosen(std::size_t chosen, Fault fault) {
    load_->ResetGaps();
    EXPECT_EQ(fault(chosen), absl::OkStatus());
    // More than the answers which were under way: those that are left have been asked of another server.
    EXPECT_EQ(load_->AwaitSuccesses(kWarm, In(kLimit)), absl::OkStatus());
    return load_->longest_gap().length();
  }

  /// Ends the load and expects that every call of it succeeded.
  void ExpectNoneFailed() {
    EXPECT_EQ(load_->Stop(), absl::OkStatus());
    const QueryLoad::Totals totals = load_->totals();
    EXPECT_EQ(totals.failed, 0U) << "of " << totals.succeeded + totals.failed << ", first: " << totals.first_failure;
  }

  std::unique_ptr<NetworkSandbox> network_;
  std::unique_ptr<RealCluster> cluster_;
  std::unique_ptr<QueryLoad> load_;
};

TEST_F(FailoverRealTest, KillingTheChosenNameserverFailsNoCall) {
  ASSERT_NO_FATAL_FAILURE(Boot());
  ASSERT_NO_FATAL_FAILURE(StartLoad());
  std::vector<microseconds> gaps;
  std::vector<microseconds> switches;
  std::vector<std::size_t> dead;
  for (int kill = 0; kill < kKills && !HasFailure(); ++kill) {
    ASSERT_NO_FATAL_FAILURE(WarmUpOthers(Chosen(), dead));
    // Asked again: warming up takes seconds, and a busy machine may have looked like a silent server meanwhile.
    const std::size_t chosen = Chosen();
    BreakChosen(chosen, [this](std::size_t index) { return cluster_->Kill9(index); });
    const std::optional<QueryLoad::Switch> taken = load_->last_switch();
    ASSERT_TRUE(taken) << "the end of no connection was read: the one killed was not the one asked";
    EXPECT_EQ(taken->from, cluster_->Address(chosen));
    gaps.push_back(taken->gap.length());
    switches.push_back(taken->after_end());
    EXPECT_LE(gaps.back(), kMaxGapAfterKill);
    EXPECT_LE(switches.back(), kMaxSwitch);
    EXPECT_NE(Chosen(), chosen);
    dead.push_back(chosen);
    if (dead.size() < kNamesrvs - 1) continue;
    for (const std::size_t index : dead) ASSERT_EQ(cluster_->Restart(index), absl::OkStatus());
    ASSERT_EQ(cluster_->RegisterBroker(In(kLimit)), absl::OkStatus());
    dead.clear();
  }
  EXPECT_EQ(switches.size(), static_cast<std::size_t>(kKills));
  std::cout << "kill -9 of the chosen: whole gap " << Figures(gaps) << "; from its end being read to the next success "
            << Figures(switches) << "\n";
  ExpectNoneFailed();
}

TEST_F(FailoverRealTest, FreezingTheChosenNameserverFailsNoCall) {
  ASSERT_NO_FATAL_FAILURE(Boot());
  ASSERT_NO_FATAL_FAILURE(StartLoad());
  std::vector<microseconds> gaps;
  for (std::size_t round = 0; round < kNamesrvs && !HasFailure(); ++round) {
    const std::size_t chosen = Chosen();
    gaps.push_back(BreakChosen(chosen, [this](std::size_t index) { return cluster_->Stop(index); }));
    EXPECT_LE(gaps.back(), kMaxGapAfterSilence);
    EXPECT_NE(Chosen(), chosen);
    ASSERT_EQ(cluster_->Continue(chosen), absl::OkStatus());
  }
  std::cout << "SIGSTOP of the chosen: gap " << Figures(gaps) << "\n";
  ExpectNoneFailed();
}

TEST_F(FailoverRealTest, DroppingAllPacketsOfTheChosenNameserverFailsNoCall) {
  ASSERT_NO_FATAL_FAILURE(BootInSandbox());
  if (IsSkipped()) return;
  ASSERT_NO_FATAL_FAILURE(StartLoad());
  std::vector<microseconds> gaps;
  for (std::size_t round = 0; round < kNamesrvs && !HasFailure(); ++round) {
    const std::size_t chosen = Chosen();
    gaps.push_back(BreakChosen(chosen, [this](std::size_t index) { return network_->Drop(index); }));
    EXPECT_LE(gaps.back(), kMaxGapAfterSilence);
    EXPECT_NE(Chosen(), chosen);
    ASSERT_EQ(network_->Restore(chosen), absl::OkStatus());
  }
  std::cout << "all packets of the chosen dropped: gap " << Figures(gaps) << "\n";
  ExpectNoneFailed();
}

TEST_F(FailoverRealTest, ColdStartsSucceedWhileAddressesAreBlackholed) {
  ASSERT_NO_FATAL_FAILURE(BootInSandbox());
  if (IsSkipped()) return;
  for (int dead = 1; dead < static_cast<int>(kNamesrvs); ++dead) {
    ASSERT_EQ(network_->Drop(static_cast<std::size_t>(dead - 1)), absl::OkStatus());
    std::vector<microseconds> times;
    for (int start = 0; start < kColdStarts; ++start) {
      const ColdCall call = CallCold(cluster_->Addresses());
      EXPECT_EQ(call.status, absl::OkStatus());
      EXPECT_LE(call.elapsed, dead * kMaxColdStartPerDeadAddress);
      times.push_back(call.elapsed);
    }
    std::cout << dead << " of 3 addresses blackholed: first answer " << Figures(times) << "\n";
  }
}

TEST_F(FailoverRealTest, ColdStartsSucceedWhileTwoNameserversAcceptAndNeverAnswer) {
  ASSERT_NO_FATAL_FAILURE(Boot());
  ASSERT_EQ(cluster_->Stop(0), absl::OkStatus());
  ASSERT_EQ(cluster_->Stop(1), absl::OkStatus());
  std::vector<microseconds> times;
  for (int start = 0; start < kColdStarts; ++start) {
    const ColdCall call = CallCold(cluster_->Addresses());
    EXPECT_EQ(call.status, absl::OkStatus());
    EXPECT_LE(call.elapsed, kMaxColdStartBesideFrozen);
    times.push_back(call.elapsed);
  }
  std::cout << "2 of 3 accept and never answer: first answer " << Figures(times) << "\n";
}

TEST_F(FailoverRealTest, ACallReturnsAtItsTimeoutWhenAllAddressesAreBlackholed) {
  ASSERT_NO_FATAL_FAILURE(BootInSandbox());
  if (IsSkipped()) return;
  for (std::size_t i = 0; i < kNamesrvs; ++i) ASSERT_EQ(network_->Drop(i), absl::OkStatus());
  constexpr milliseconds kTimeout(500);
  const ColdCall call = CallCold(cluster_->Addresses(), {.timeout = kTimeout});
  EXPECT_EQ(call.status.code(), absl::StatusCode::kDeadlineExceeded) << call.status;
  EXPECT_GE(call.elapsed, kTimeout - milliseconds(1));
  EXPECT_LE(call.elapsed, kTimeout + kMaxLateness);
  for (std::size_t i = 0; i < kNamesrvs; ++i) {
    EXPECT_NE(std::string(call.status.message()).find(cluster_->Address(i)), std::string::npos) << call.status;
  }
  std::cout << "all blackholed, timeout 500 ms: returned after " << Ms(call.elapsed) << " ms\n";
}

TEST_F(FailoverRealTest, AnOutageOfAllCostsFewDialsAndEndsSoonAfterTheFirstServerIsBack) {
  ASSERT_NO_FATAL_FAILURE(Boot());
  const auto pauses = std::make_shared<PauseMeter>();
  QueryLoad::Options watched;
  watched.client.observers = {pauses};
  ASSERT_NO_FATAL_FAILURE(StartLoad(std::move(watched)));
  pauses->Reset();
  for (std::size_t i = 0; i < kNamesrvs; ++i) ASSERT_EQ(cluster_->Kill9(i), absl::OkStatus());
  load_->ResetGaps();
  const std::uint64_t dials_before = load_->Snapshot().dials;
  // Answers that were read before the kill may still be handed out at first, hence more than one.
  EXPECT_EQ(load_->AwaitSuccesses(kWarm, In(kOutage)).code(), absl::StatusCode::kDeadlineExceeded);
  const std::uint64_t dials = load_->Snapshot().dials - dials_before;
  EXPECT_LE(dials, kMaxDialsInOutage);
  EXPECT_GE(dials, kNamesrvs);

  // A fresh NameServer denies every topic until the broker has registered; the callers, who find nobody else to ask,
  // are told so. Only valid answers count.
  ASSERT_EQ(cluster_->Restart(0), absl::OkStatus());
  // In parallel: the broker's own answer comes later than what we wait for.
  std::future<absl::StatusOr<steady_clock::time_point>> first_route =
      std::async(std::launch::async, AwaitFirstRoute, cluster_->Address(0));
  ASSERT_EQ(cluster_->RegisterBroker({0}, In(kLimit)), absl::OkStatus());
  const absl::StatusOr<steady_clock::time_point> healed = first_route.get();
  ASSERT_TRUE(healed.ok()) << healed.status();
  ASSERT_EQ(load_->AwaitSuccesses(kWarm, In(kLimit)), absl::OkStatus());
  const QueryLoad::Gap outage = load_->longest_gap();
  EXPECT_GE(outage.length(), kOutage - seconds(1)) << "somebody answered meanwhile";
  const auto recovery =
      duration_cast<microseconds>(outage.end - *healed);  // below zero: the client was quicker than we
  EXPECT_LE(recovery, kMaxRecovery);
  EXPECT_LE(pauses->longest(), kMaxPause);
  std::cout << "all down for 10 s: " << dials << " dials, longest pause " << Ms(pauses->longest())
            << " ms; first success " << Ms(recovery) << " ms after a server's first valid answer\n";

  // Well again, with one of three: from here on nothing may fail.
  const std::uint64_t failed = load_->totals().failed;
  EXPECT_EQ(load_->AwaitSuccesses(kWarm, In(kLimit)), absl::OkStatus());
  EXPECT_EQ(load_->totals().failed, failed);
}

TEST_F(FailoverRealTest, AThousandCoroutinesStartingColdShareOneConnection) {
  ASSERT_NO_FATAL_FAILURE(Boot());
  ASSERT_NO_FATAL_FAILURE(StartLoad({.coroutines = 1000}));
  ASSERT_EQ(load_->AwaitSuccesses(1000, In(kLimit)), absl::OkStatus());
  const ChannelSnapshot snapshot = load_->Snapshot();
  EXPECT_EQ(snapshot.generation, 1U);
  EXPECT_LE(snapshot.dials, kMaxDialsOfColdCrowd);
  ExpectNoneFailed();
}

}  // namespace
}  // namespace corocket::test
