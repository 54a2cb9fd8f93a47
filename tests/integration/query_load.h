#ifndef COROCKET_TESTS_INTEGRATION_QUERY_LOAD_H_
#define COROCKET_TESTS_INTEGRATION_QUERY_LOAD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "asio/awaitable.hpp"
#include "asio/io_context.hpp"
#include "corocket/client.h"
#include "corocket/options.h"
#include "corocket/snapshot.h"
#include "tests/support/poll_until.h"

namespace corocket::test {

/// Coroutines that ask for a route back to back over one client, on a thread of their own, so that the test's main
/// thread can break servers meanwhile.
///
/// Thread safety: not safe; to be used from the thread that made it.
class QueryLoad {
 public:
  struct Options {
    ClientOptions client = {};
    std::string topic = {};
    std::size_t coroutines = 64;
  };

  /// What the callers have seen so far.
  struct Totals {
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
    /// What the first call that failed was told.
    absl::Status first_failure;
  };

  /// A stretch without a successful completion.
  struct Gap {
    std::chrono::microseconds length{0};
    /// The part of it after the client had noticed and cleared its choice; none when it did not within the gap.
    std::optional<std::chrono::microseconds> after_noticing;
  };

  /// Starts asking. Errors: those of `Client::Create`.
  static absl::StatusOr<std::unique_ptr<QueryLoad>> Start(Options options);
  QueryLoad(const QueryLoad&) = delete;
  QueryLoad& operator=(const QueryLoad&) = delete;
  /// As `Stop`.
  ~QueryLoad();

  [[nodiscard]] ChannelSnapshot Snapshot() const { return client_->Snapshot(); }
  [[nodiscard]] Totals totals() const;

  /// Waits until `count` more calls have succeeded than now. Errors: DEADLINE_EXCEEDED.
  absl::Status AwaitSuccesses(std::uint64_t count, Deadline deadline) const;

  /// Longest gap that ended since the last `ResetGap`.
  [[nodiscard]] Gap longest_gap() const;
  void ResetGap();

  /// Lets each coroutine finish its call, shuts the client down and ends the thread; once.
  /// @return The status of the shutdown.
  absl::Status Stop();

 private:
  class NoticeClock;
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit QueryLoad(std::string topic);

  asio::awaitable<void> AskUntilStopped();
  void Note(const absl::Status& status);

  const std::string topic_;
  asio::io_context io_;
  std::optional<Client> client_;
  std::size_t running_ = 0;       // touched by thread_ only, once it runs
  absl::Status shutdown_status_;  // written by thread_, read when it has ended
  std::thread thread_;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Totals totals_ ABSL_GUARDED_BY(mutex_);
  TimePoint last_success_ ABSL_GUARDED_BY(mutex_);
  TimePoint last_noticed_ ABSL_GUARDED_BY(mutex_);  // end of the last choice that failed
  TimePoint gap_start_ ABSL_GUARDED_BY(mutex_);
  TimePoint gap_end_ ABSL_GUARDED_BY(mutex_);
  TimePoint gap_noticed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_INTEGRATION_QUERY_LOAD_H_
