#ifndef COROCKET_SDK_FAILOVER_TYPES_H_
#define COROCKET_SDK_FAILOVER_TYPES_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "corocket/endpoint_event.h"
#include "sdk/base/host_port.h"
#include "sdk/base/remoting_error.h"
#include "sdk/net/connection_id.h"
#include "sdk/runtime/time.h"

namespace corocket::net {
class Connection;
}

namespace corocket::failover {

using net::ConnectionId;

/// How much longer than the one before it each pause may be, until its cap.
inline constexpr double kPauseGrowth = 1.6;

/// Failures that are no endpoint's doing: it is not blamed for them, and another one would not help.
[[nodiscard]] inline bool IsOurOwn(const std::error_code& code) {
  return code == RemotingErrc::kCancelled || code == RemotingErrc::kShutDown || code == RemotingErrc::kQueueFull ||
         code == RemotingErrc::kTooLarge;
}

/// As events and reports count time.
[[nodiscard]] inline std::chrono::microseconds Micros(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration);
}

/// Stable while an authority stays listed; a server that leaves and comes back gets a new one.
enum class EndpointId : std::uint32_t {};
/// One dial. Never used twice.
enum class AttemptId : std::uint64_t {};

/// An endpoint plus a generation. Compared by generation and connection, never by address.
struct Choice {
  EndpointId endpoint{};
  std::uint64_t generation = 0;
  ConnectionId connection{};
  std::uint64_t list_version = 0;

  friend bool operator==(const Choice&, const Choice&) = default;
};

/// A choice with the connection that serves it: what every attempt is handed. The core stores the pointer and never
/// looks behind it.
struct Lease {
  Choice choice;
  std::shared_ptr<net::Connection> connection;
};

/// How a dial failed.
struct DialFailure {
  Phase phase = Phase::kConnect;
  std::error_code cause;
  std::string detail;
};

/// How a dial ended.
enum class DialEnd : std::uint8_t { kWon, kLost, kFailed };

/// Actions: what the driver has to do, in this order.
struct DialAction {
  AttemptId attempt{};
  EndpointId endpoint{};
  HostPort authority;
  /// One of the authority's numeric addresses; none: look the authority up first and report with `DialResolved`.
  std::optional<HostPort> address;
  TimePoint deadline;
};
struct AbortDialAction {
  AttemptId attempt{};
};
/// Replaces the one timer of the core; `at` none: disarm. `token` comes back with `OnTimer`; stale tokens are ignored.
struct ArmTimerAction {
  std::uint64_t token = 0;
  std::optional<TimePoint> at;
};
/// State changed so that parked callers have to look again.
struct WakeWaitersAction {};
using Action = std::variant<DialAction, AbortDialAction, ArmTimerAction, WakeWaitersAction>;

/// What a caller who wants a connection brings along.
struct Want {
  /// False: do not wait while every endpoint is down.
  bool wait_for_ready = true;
  TimePoint deadline = TimePoint::max();
  /// The number of failed passes when the call began, for one that does not wait.
  std::uint64_t failed_passes = 0;
};

/// What is known of each endpoint of one list.
struct ListReport {
  std::uint64_t list_version = 0;
  std::vector<EndpointFailure> failures = {};
};

/// Answer to a caller who wants a connection.
struct MustWait {};
struct FailFast {
  ListReport report;
};
struct Refused {};  ///< The channel is shut down.
using Demanded = std::variant<Lease, MustWait, FailFast, Refused>;

/// What a list proposal did.
struct Applied {
  bool changed = false;
  std::uint64_t version = 0;
  /// Connection of the choice that left the list: takes no new work from now on; the caller retires it at once.
  std::shared_ptr<net::Connection> retired;
};

/// What a call's own time-out on a talking connection did.
enum class Strike : std::uint8_t { kIgnored, kSuspected, kInvalidated };

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_TYPES_H_
