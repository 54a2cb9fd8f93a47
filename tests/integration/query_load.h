#ifndef COROCKET_TESTS_INTEGRATION_QUERY_LOAD_H_
#define COROCKET_TESTS_INTEGRATION_QUERY_LOAD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
  using TimePoint = std::chrono::steady_clock::time_point;

  struct Options {
    ClientOptions client = {};
    std::string topic = {};
    std::size_t coroutines = 64;
    /// How long `Stop` waits for the calls and the shutdown, which end by themselves in a fifth of the default.
    std::chrono::milliseconds stop_limit = std::chrono::seconds(30);
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
    TimePoint start = {};
    TimePoint end = {};
    [[nodiscard]] std::chrono::microseconds length() const {
      return std::chrono::duration_cast<std::chrono::microseconds>(end - start);
    }
  };

  /// A server that ended its connection, and how the callers got over it.
  struct Switch {
    /// `host:port`.
    std::string from = {};
    /// When its FIN or reset was read.
    TimePoint end_read = {};
    /// From the last success before to the first answer of another server. (Answers of the old one that came in time
    /// may be handed out after the end was read; they prove nothing.)
    Gap gap = {};

    [[nodiscard]] std::chrono::microseconds after_end() const {
      return std::chrono::duration_cast<std::chrono::microseconds>(gap.end - end_read);
    }
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

  /// Longest gap that ended since the last `ResetGaps`.
  [[nodiscard]] Gap longest_gap() const;
  /// Last switch that was completed since the last `ResetGaps`; none when no server ended a connection.
  [[nodiscard]] std::optional<Switch> last_switch() const;
  void ResetGaps();

  /// Lets each coroutine finish its call, shuts the client down and ends the thread; once.
  /// @return The status of the shutdown; DEADLINE_EXCEEDED with the number of calls that did not return in time.
  absl::Status Stop();

 private:
  explicit QueryLoad(Options options);

  asio::awaitable<void> AskUntilStopped();
  void Note(const absl::Status& status, std::string_view answered_by);
  void NoteEnd(const std::string& server);
  bool ended() const;

  const Options options_;

  // Before what runs: it notes things here to its end.
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  Totals totals_ ABSL_GUARDED_BY(mutex_);
  TimePoint last_success_ ABSL_GUARDED_BY(mutex_);
  Gap longest_gap_ ABSL_GUARDED_BY(mutex_);
  std::optional<Switch> switching_ ABSL_GUARDED_BY(mutex_);  // no other server has answered yet
  std::optional<Switch> last_switch_ ABSL_GUARDED_BY(mutex_);

  asio::io_context io_;
  std::optional<Client> client_;
  std::size_t running_ = 0;       // touched by thread_ only, while it runs
  absl::Status shutdown_status_;  // likewise
  std::thread thread_;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_INTEGRATION_QUERY_LOAD_H_
