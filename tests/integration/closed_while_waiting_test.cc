// The chosen server ends the connection on which every caller waits: over TCP, with servers of the test kit, which can
// let go in just this moment. The figures are printed; the bound asserted is generous, because machines are busy.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "asio/thread_pool.hpp"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/test_server.h"
#include "gtest/gtest.h"
#include "tests/integration/figures.h"
#include "tests/integration/query_load.h"
#include "tests/support/poll_until.h"

namespace corocket::test {
namespace {

using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::kGetRouteInfo;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr char kTopic[] = "orders";
constexpr std::size_t kNamesrvs = 3;
constexpr std::size_t kCallers = 64;
constexpr int kRounds = 11;
constexpr seconds kLimit(30);  // for anything that has to happen at all

// Promised: 5 ms.
constexpr milliseconds kMaxSwitch(250);

class ClosedWhileWaiting : public ::testing::TestWithParam<CloseMode> {
 protected:
  void SetUp() override {
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i < kNamesrvs; ++i) {
      absl::StatusOr<EmbeddedNamesrv> server = EmbeddedNamesrv::Create(pool_.get_executor());
      ASSERT_TRUE(server.ok()) << server.status();
      server->AddTopic(kTopic, "broker-a");
      addresses.push_back(server->address());
      servers_.push_back(*std::move(server));
    }
    QueryLoad::Options options{.client = {.namesrv = addresses}, .topic = kTopic, .coroutines = kCallers};
    // The servers are made silent first, and a machine that stalls must not let the client leave for that.
    options.client.failover.silence_limit = kLimit;
    options.client.call = {.timeout = 2 * kLimit, .attempt_timeout = kLimit};
    absl::StatusOr<std::unique_ptr<QueryLoad>> load = QueryLoad::Start(options);
    ASSERT_TRUE(load.ok()) << load.status();
    load_ = *std::move(load);
    ASSERT_EQ(load_->AwaitSuccesses(kCallers, In(kLimit)), absl::OkStatus());
  }

  void TearDown() override {
    for (EmbeddedNamesrv& server : servers_) server.Stop();
    load_.reset();
    servers_.clear();
    pool_.join();
  }

  EmbeddedNamesrv* Chosen() {
    const std::string chosen = load_->Snapshot().chosen;
    const auto found = std::find_if(servers_.begin(), servers_.end(),
                                    [&](const EmbeddedNamesrv& server) { return server.address() == chosen; });
    return found == servers_.end() ? nullptr : &*found;
  }

  /// Waits until every caller has asked a server that does not answer, and no answer has come for a while.
  absl::Status AwaitAllWaiting() {
    std::uint64_t before = 0;
    const bool waiting = PollUntil(In(kLimit), [&] {
      const std::uint64_t answered = load_->totals().succeeded;
      std::uint64_t asked = 0;
      for (const EmbeddedNamesrv& server : servers_) asked += server.stats().requests_of(kGetRouteInfo);
      return answered == std::exchange(before, answered) && asked == answered + never_answered_ + kCallers;
    });
    if (!waiting) return absl::DeadlineExceededError("some callers still get answers, or do not ask");
    never_answered_ += kCallers;  // they will ask another server
    return absl::OkStatus();
  }

  asio::thread_pool pool_{1};
  std::vector<EmbeddedNamesrv> servers_;
  std::unique_ptr<QueryLoad> load_;
  std::uint64_t never_answered_ = 0;  // requests of earlier rounds
};

TEST_P(ClosedWhileWaiting, NoCallFailsAndTheNextAnswerComesAtOnce) {
  std::vector<microseconds> after_close;
  std::vector<microseconds> after_read;
  for (int round = 0; round < kRounds; ++round) {
    EmbeddedNamesrv* const chosen = Chosen();
    ASSERT_NE(chosen, nullptr);
    chosen->Stall(true);
    ASSERT_EQ(AwaitAllWaiting(), absl::OkStatus());
    ASSERT_EQ(Chosen(), chosen);
    load_->ResetGaps();
    const steady_clock::time_point closed = steady_clock::now();
    chosen->CloseAll(GetParam());
    ASSERT_EQ(load_->AwaitSuccesses(kCallers, In(kLimit)), absl::OkStatus());
    const std::optional<QueryLoad::Switch> taken = load_->last_switch();
    ASSERT_TRUE(taken) << "no end of a connection was read";
    EXPECT_EQ(taken->from, chosen->address());
    after_close.push_back(duration_cast<microseconds>(taken->gap.end - closed));
    after_read.push_back(taken->after_end());
    EXPECT_LE(after_close.back(), kMaxSwitch);
    chosen->Stall(false);
  }
  EXPECT_EQ(load_->Stop(), absl::OkStatus());
  const QueryLoad::Totals totals = load_->totals();
  EXPECT_EQ(totals.failed, 0U) << totals.first_failure;
  std::cout << (GetParam() == CloseMode::kFin ? "closed" : "reset") << " while " << kCallers
            << " wait: to the next success " << Figures(after_close) << "; from the end being read "
            << Figures(after_read) << "\n";
}

INSTANTIATE_TEST_SUITE_P(, ClosedWhileWaiting, ::testing::Values(CloseMode::kFin, CloseMode::kReset),
                         [](const ::testing::TestParamInfo<CloseMode>& mode) {
                           return mode.param == CloseMode::kFin ? "Fin" : "Reset";
                         });

}  // namespace
}  // namespace corocket::test
