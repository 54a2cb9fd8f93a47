#ifndef COROCKET_SDK_FAILOVER_ATTEMPT_LOG_H_
#define COROCKET_SDK_FAILOVER_ATTEMPT_LOG_H_

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "corocket/endpoint_event.h"
#include "corocket/options.h"
#include "sdk/base/remoting_error.h"
#include "sdk/failover/types.h"
#include "sdk/runtime/time.h"

namespace corocket::failover {

/// How a call ended without an answer.
enum class CallEnd : std::uint8_t {
  kUnavailable,  ///< Every endpoint failed.
  kDeadline,     ///< Time ran out while some endpoint had not failed yet.
  kCancelled,
  kShutDown,
  kOverloaded,  ///< A bound of this client was reached.
  kTooLarge,    ///< The request does not fit into a frame.
};

/// The report of a call that failed for good; translated into a `Status` at the public boundary.
class CallFailed : public std::exception {
 public:
  CallFailed(CallEnd end, bool may_have_happened, std::vector<EndpointFailure> failures, std::uint64_t list_version,
             Duration elapsed)
      : end_(end),
        may_have_happened_(may_have_happened),
        failures_(std::move(failures)),
        list_version_(list_version),
        elapsed_(elapsed) {}
  [[nodiscard]] const char* what() const noexcept override { return "call failed on every attempt"; }

  [[nodiscard]] CallEnd end() const { return end_; }
  /// A request that is not idempotent left; nobody knows what became of it.
  [[nodiscard]] bool may_have_happened() const { return may_have_happened_; }
  [[nodiscard]] const std::vector<EndpointFailure>& failures() const { return failures_; }
  /// Version of the endpoint list when the call ended.
  [[nodiscard]] std::uint64_t list_version() const { return list_version_; }
  [[nodiscard]] Duration elapsed() const { return elapsed_; }

 private:
  CallEnd end_;
  bool may_have_happened_;
  std::vector<EndpointFailure> failures_;
  std::uint64_t list_version_;
  Duration elapsed_;
};

/// What one call tried, and whether it may go on. Lives in the call's own frame; not thread-safe.
class AttemptLog {
 public:
  AttemptLog(const CallOptions& options, const FailoverOptions& failover, bool idempotent, TimePoint now);

  /// Whether enough time is left for a request to be written.
  [[nodiscard]] bool MayTry(TimePoint now) const { return deadline_ - now >= min_attempt_; }
  [[nodiscard]] bool MayRetry(const RemotingError& error) const;
  /// When the wait for the answer of an attempt that starts now has to end.
  [[nodiscard]] TimePoint AttemptDeadline(TimePoint now) const;

  /// Whether this call already wrote to `endpoint` in its current lap; it then pauses before the next lap.
  [[nodiscard]] bool TriedThisLap(EndpointId endpoint) const;
  /// Starts the next lap; returns the pause before it, jittered with `random`.
  [[nodiscard]] Duration NextLap(std::uint64_t random);

  void RecordStart(EndpointId endpoint, TimePoint now);
  void RecordFailure(const RemotingError& error, TimePoint now);
  /// A server's answer that blames the server itself.
  void RecordBlame(const std::string& endpoint, std::error_code cause, std::string detail, TimePoint now);

  /// The request may be sent again after it was written.
  [[nodiscard]] bool idempotent() const { return idempotent_; }
  /// While every endpoint is down the call waits for one.
  [[nodiscard]] bool wait_for_ready() const { return wait_for_ready_; }
  [[nodiscard]] TimePoint started() const { return started_; }
  /// When the attempt that is running, or ended last, began.
  [[nodiscard]] TimePoint attempt_started() const { return attempt_started_; }
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  [[nodiscard]] std::uint32_t attempts() const { return attempts_; }
  [[nodiscard]] const std::vector<EndpointFailure>& failures() const { return failures_; }

  /// The final error. `listed` is the channel's view of every endpoint; those that this call did not reach itself are
  /// added with the channel's cause.
  [[nodiscard]] CallFailed Final(CallEnd end, ListReport listed, TimePoint now) const;

 private:
  void Add(EndpointFailure failure);

  TimePoint started_;
  TimePoint deadline_;
  TimePoint attempt_started_;
  Duration attempt_timeout_;
  Duration min_attempt_;
  Duration pause_;
  Duration pause_cap_;
  bool idempotent_;
  bool wait_for_ready_;
  bool may_have_happened_ = false;
  std::uint32_t attempts_ = 0;
  absl::InlinedVector<EndpointId, 4> lap_;
  std::vector<EndpointFailure> failures_;
};

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_ATTEMPT_LOG_H_
