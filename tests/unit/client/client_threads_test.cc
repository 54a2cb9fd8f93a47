// The whole client on an executor of four threads, over real TCP, while servers break and the list changes. Meant for
// ThreadSanitizer; counts calls only.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/co_spawn.hpp"
#include "asio/strand.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "gtest/gtest.h"
#include "tests/support/poll_until.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;

constexpr std::size_t kThreads = 4;
constexpr int kCallers = 32;
constexpr int kRounds = 24;

/// What the callers saw.
class Tally {
 public:
  void Add(const absl::Status& status) {
    absl::MutexLock lock(mutex_);
    ++calls_;
    if (!status.ok()) failures_.push_back(status);
  }
  std::uint64_t calls() const {
    absl::MutexLock lock(mutex_);
    return calls_;
  }
  std::vector<absl::Status> failures() const {
    absl::MutexLock lock(mutex_);
    return failures_;
  }
  /// Blocks until `more` further calls have ended.
  void AwaitCalls(std::uint64_t more) const {
    absl::MutexLock lock(mutex_);
    const std::uint64_t wanted = calls_ + more;
    const auto reached = [this, wanted]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return calls_ >= wanted; };
    mutex_.Await(absl::Condition(&reached));
  }

 private:
  mutable absl::Mutex mutex_;
  std::uint64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
};

asio::awaitable<void> Ask(Client& client, std::atomic<bool>& stop, Tally& tally) {
  CallOptions options;
  // A sanitizer on a busy machine is slow; what is counted here is that no call fails.
  options.timeout = 60s;
  options.attempt_timeout = 30s;
  while (!stop.load()) {
    absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders", options);
    tally.Add(route.status());
  }
}

TEST(ClientOnFourThreads, LosesNoCallWhileServersBreakAndTheListChanges) {
  asio::thread_pool pool(kThreads);
  std::vector<EmbeddedNamesrv> servers;
  std::vector<std::string> addresses;
  for (int i = 0; i < 3; ++i) {
    absl::StatusOr<EmbeddedNamesrv> server = EmbeddedNamesrv::Create(pool.get_executor());
    ASSERT_TRUE(server.ok()) << server.status();
    server->AddTopic("orders", "broker-a");
    addresses.push_back(server->address());
    servers.push_back(*std::move(server));
  }
  ClientOptions options;
  options.namesrv = addresses;
  // Silence is a matter of time, which a sanitizer has another sense of.
  options.failover.silence_limit = 20s;
  options.failover.dial_timeout = 20s;
  absl::StatusOr<Client> client = Client::Create(pool.get_executor(), options);
  ASSERT_TRUE(client.ok()) << client.status();

  std::atomic<bool> stop = false;
  Tally tally;
  std::vector<std::future<void>> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.push_back(asio::co_spawn(asio::make_strand(pool), Ask(*client, stop, tally), asio::use_future));
  }
  for (int round = 0; round < kRounds; ++round) {
    tally.AwaitCalls(2 * kCallers);
    const std::string chosen = client->Snapshot().chosen;
    const auto victim = std::find_if(servers.begin(), servers.end(),
                                     [&](const EmbeddedNamesrv& server) { return server.address() == chosen; });
    if (victim == servers.end()) continue;
    switch (round % 4) {
      case 0:
        victim->CloseAll(CloseMode::kReset);
        break;
      case 1:
        victim->CloseAll(CloseMode::kFin);
        break;
      case 2:
        victim->Stop();
        tally.AwaitCalls(kCallers);
        ASSERT_TRUE(victim->Start().ok());
        break;
      default: {
        std::vector<std::string> others;
        std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(others),
                     [&](const std::string& address) { return address != chosen; });
        ASSERT_TRUE(client->UpdateEndpoints(others).ok());
        EXPECT_NE(client->Snapshot().chosen, chosen);
        tally.AwaitCalls(kCallers);
        ASSERT_TRUE(client->UpdateEndpoints(addresses).ok());
      }
    }
  }
  stop = true;
  for (std::future<void>& caller : callers) caller.get();
  EXPECT_TRUE(tally.failures().empty()) << tally.failures().size() << " failed: " << tally.failures().front();
  EXPECT_GE(client->Snapshot().switches, static_cast<std::uint64_t>(kRounds) / 2);

  absl::Status shut_down = asio::co_spawn(pool, client->Shutdown(), asio::use_future).get();
  EXPECT_TRUE(shut_down.ok()) << shut_down;
  for (const EmbeddedNamesrv& server : servers) {
    // The client has closed its sockets; that a server has read the end of each takes a moment more.
    const auto closed = [&server] { return server.stats().connections_open == 0; };
    EXPECT_TRUE(PollUntil(In(60s), closed)) << server.stats().connections_open << " still open";
  }
  servers.clear();
  pool.join();
}

TEST(ClientOnFourThreads, IsDestroyedWhileCallsRun) {
  for (int round = 0; round < 20; ++round) {
    asio::thread_pool pool(kThreads);
    absl::StatusOr<EmbeddedNamesrv> server = EmbeddedNamesrv::Create(pool.get_executor());
    ASSERT_TRUE(server.ok()) << server.status();
    server->AddTopic("orders", "broker-a");
    ClientOptions options;
    options.namesrv = {server->address()};
    absl::StatusOr<Client> client = Client::Create(pool.get_executor(), options);
    ASSERT_TRUE(client.ok()) << client.status();
    std::vector<std::future<absl::StatusOr<TopicRoute>>> calls;
    for (int i = 0; i < 8; ++i) {
      calls.push_back(asio::co_spawn(asio::make_strand(pool), client->QueryRoute("orders"), asio::use_future));
    }
    client = absl::UnavailableError("gone");
    for (auto& call : calls) {
      const absl::StatusOr<TopicRoute> route = call.get();
      if (route.ok()) continue;
      EXPECT_EQ(route.status().code(), absl::StatusCode::kFailedPrecondition) << route.status();
    }
    server = absl::UnavailableError("gone");
    pool.join();
  }
}

}  // namespace
}  // namespace corocket::test
