#ifndef COROCKET_TESTS_SUPPORT_SIM_LOAD_H_
#define COROCKET_TESTS_SUPPORT_SIM_LOAD_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/testing/sim_world.h"
#include "sdk/runtime/runtime.h"

namespace corocket::test {

/// Callers that ask for a route again and again in virtual time, and what they saw.
///
///     SimLoad load(world, client, {.callers = 64});
///     world.Advance(1s);
///     world.Reset("ns1:9876");
///     world.Advance(1s);
///     load.StopAndWait();
///     EXPECT_EQ(load.failed(), 0);
class SimLoad {
 public:
  struct Options {
    std::string topic = "orders";
    int callers = 64;
    /// Pause of each caller between two calls.
    std::chrono::microseconds pause{10'000};
    CallOptions call = {};
  };

  SimLoad(testing::SimWorld& world, Client& client, Options options);
  SimLoad(const SimLoad&) = delete;
  SimLoad& operator=(const SimLoad&) = delete;

  /// Ends the callers; every one has completed its last call when this returns. A call that never completes fails the
  /// test.
  void StopAndWait();

  /// Forgets gaps, times and failures seen so far; counting starts now.
  void StartOver();

  [[nodiscard]] std::uint64_t succeeded() const { return succeeded_; }
  [[nodiscard]] std::uint64_t failed() const { return static_cast<std::uint64_t>(failures_.size()); }
  [[nodiscard]] const std::vector<absl::Status>& failures() const { return failures_; }
  /// Longest time between two successful completions, from the last `StartOver` on.
  [[nodiscard]] std::chrono::nanoseconds longest_gap() const;
  /// Longest time that a call took, answered or failed, from the last `StartOver` on.
  [[nodiscard]] std::chrono::nanoseconds longest_call() const { return longest_call_; }
  [[nodiscard]] std::chrono::nanoseconds last_success() const { return last_success_; }
  [[nodiscard]] int running() const { return running_; }
  /// Calls without an answer, now.
  [[nodiscard]] int waiting() const { return waiting_; }

 private:
  asio::awaitable<void> Caller(std::chrono::microseconds delay);

  testing::SimWorld& world_;
  Client& client_;
  Options options_;
  Runtime& runtime_;
  bool stopping_ = false;
  int running_ = 0;
  int waiting_ = 0;
  std::uint64_t succeeded_ = 0;
  std::vector<absl::Status> failures_;
  std::chrono::nanoseconds last_success_;
  std::chrono::nanoseconds longest_gap_{0};
  std::chrono::nanoseconds longest_call_{0};
};

/// What calls came to, in the order of their ends.
using Outcomes = std::vector<absl::Status>;
/// Asks once and notes the outcome; for calls that a test starts and looks at later.
asio::awaitable<void> AskInto(Client& client, std::string topic, std::shared_ptr<Outcomes> outcomes);

/// Every event that has come since the last time.
std::vector<EndpointEvent> TakeEvents(EventStream& events);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_SIM_LOAD_H_
