#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_LOAD_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_LOAD_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "samples/common/call_stats.h"
#include "samples/common/pauses.h"
#include "samples/common/tasks.h"
#include "samples/failover_demo/timeline.h"

namespace failover_demo {

using Clock = std::chrono::steady_clock;

/// Coroutines that ask for a route again and again, and what became of their calls. Everything runs on one thread.
class Load {
 public:
  Load(const asio::any_io_executor& executor, corocket::Client& client, std::string topic,
       std::chrono::milliseconds pause);

  void Start(int coroutines);
  /// No new calls; the running ones end by themselves.
  void Stop();
  /// The same, before the client is shut down under the calls that run: those that fail by it are counted nowhere.
  void Abandon();
  /// Completes when no call runs any more; after `Stop` or `Abandon`.
  [[nodiscard]] asio::awaitable<void> Join() { return callers_.Join(); }
  [[nodiscard]] std::size_t running() const { return callers_.running(); }

  /// Opens a new chapter of the statistics.
  void BeginPhase() { phase_ = samples::CallStats(Clock::now()); }
  [[nodiscard]] const samples::CallStats& phase() const { return phase_; }
  [[nodiscard]] const samples::CallStats& total() const { return total_; }
  [[nodiscard]] Clock::time_point start() const { return start_; }
  [[nodiscard]] const std::vector<Moment>& timeline() const { return timeline_; }
  /// How the last failed call failed; OK while there is none.
  [[nodiscard]] const absl::Status& last_failure() const { return last_failure_; }
  /// INVALID_ARGUMENT when the topic has a name that no topic may have; the load has stopped then.
  [[nodiscard]] const absl::Status& refused() const { return refused_; }

 private:
  asio::awaitable<void> Caller();
  void Succeeded(Clock::time_point began, Clock::time_point now);
  void Failed(const absl::Status& status, Clock::time_point now);
  Moment& MomentAt(Clock::time_point now);

  corocket::Client& client_;
  std::string topic_;
  std::chrono::milliseconds pause_;
  samples::Tasks callers_;
  samples::Pauses pauses_;
  Clock::time_point start_;
  bool stopping_ = false;
  bool abandoned_ = false;
  samples::CallStats total_;
  samples::CallStats phase_;
  std::vector<Moment> timeline_;
  absl::Status last_failure_;
  absl::Status refused_;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_LOAD_H_
