#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_LOAD_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_LOAD_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "samples/common/call_stats.h"

namespace failover_demo {

using Clock = std::chrono::steady_clock;

/// What happened within one step of the timeline.
struct Moment {
  std::uint32_t ok = 0;
  std::uint32_t failed = 0;
  std::int64_t max_micros = 0;
  std::int64_t sum_micros = 0;
};

/// Width of a `Moment`.
inline constexpr std::chrono::milliseconds kStep{20};

/// Coroutines that ask for a route again and again, and what became of their calls. Everything runs on one thread.
class Load {
 public:
  Load(corocket::Client& client, std::string topic, std::chrono::milliseconds pause);

  /// Starts `coroutines` callers on `executor`.
  void Start(const asio::any_io_executor& executor, int coroutines);
  /// No new calls; the running ones end by themselves.
  void Stop() { stopping_ = true; }
  [[nodiscard]] int running() const { return running_; }

  /// Opens a new chapter of the statistics.
  void BeginPhase() { phase_ = samples::CallStats(Clock::now()); }
  [[nodiscard]] const samples::CallStats& phase() const { return phase_; }
  [[nodiscard]] const samples::CallStats& total() const { return total_; }
  [[nodiscard]] Clock::time_point start() const { return start_; }
  [[nodiscard]] const std::vector<Moment>& timeline() const { return timeline_; }
  /// Text of the last failed call; empty while there is none.
  [[nodiscard]] const std::string& last_failure() const { return last_failure_; }

 private:
  asio::awaitable<void> Caller();
  Moment& MomentAt(Clock::time_point now);

  corocket::Client& client_;
  std::string topic_;
  std::chrono::milliseconds pause_;
  Clock::time_point start_;
  bool stopping_ = false;
  int running_ = 0;
  samples::CallStats total_;
  samples::CallStats phase_;
  std::vector<Moment> timeline_;
  std::string last_failure_;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_LOAD_H_
