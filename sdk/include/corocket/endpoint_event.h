#ifndef COROCKET_ENDPOINT_EVENT_H_
#define COROCKET_ENDPOINT_EVENT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace corocket {

/// What happened. The list is closed; names as printed by `EventKindName` are stable labels for metrics and alerts.
enum class EventKind : std::uint8_t {
  kChosen,       ///< `endpoint` serves from now on because of `reason`; `previous` did; `elapsed` = dialling time.
  kInvalidated,  ///< The choice of `endpoint` and `generation` was cleared: `reason`, `cause`, `detail` (server text).
  kStaleInvalidationIgnored,  ///< A late failure of an older choice, told once for each; nothing was changed.
  kAttemptStarted,            ///< A dial to `endpoint` began.
  kAttemptFailed,             ///< The dial failed: `cause`, `detail`, `elapsed`.
  kAttemptWon,                ///< The dial proved the server alive after `elapsed`.
  kAttemptLost,               ///< The dial was given up because another one won or it was no longer wanted.
  kListApplied,               ///< A new address list is in force: `added`, `removed`, `list_version`.
  kListUpdateRejected,        ///< A proposed list was refused (`detail`); the old one stays.
  kCandidateDiscarded,        ///< A server proved alive after it had left the list; it was not chosen.
  kSuspect,                   ///< One call timed out on a connection that talks.
  kCleared,                   ///< The suspicion is gone.
  kPassFailed,                ///< Every endpoint failed once: `failures`.
  kBackingOff,                ///< No attempt for `elapsed`.
  kAllDown,                   ///< No endpoint has worked for `elapsed`: `failures`; repeated every minute.
  kRecovered,                 ///< First real answer after an outage of `elapsed`.
  kDrainStarted,              ///< An old connection takes no new work; `count` requests wait on it.
  kDrainFinished,             ///< It is closed.
  kNegativeUnconfirmed,  ///< "No such topic" from one server, which no second one could confirm; `detail` = remark.
  kClosed,               ///< The channel is shut down; always the last event.
};
[[nodiscard]] std::string_view EventKindName(EventKind kind);

/// Why a choice ended or came to be.
enum class SwitchReason : std::uint8_t {
  kNone,
  kFirstChoice,    ///< There was none before.
  kPeerClosed,     ///< FIN.
  kBroken,         ///< Reset or another error of the socket.
  kSilence,        ///< Outstanding request, no byte for the silence limit.
  kCallTimeouts,   ///< Two calls in a row timed out on a talking connection.
  kProtocolError,  ///< Bytes that are no frame, or of another protocol.
  kNotReady,       ///< The server said that it does not serve yet.
  kListChanged,    ///< Its endpoint left the list.
  kSecondOpinion,  ///< Another server has what this one denied.
  kShutdown,
};
[[nodiscard]] std::string_view SwitchReasonName(SwitchReason reason);

/// One endpoint and how it failed last.
struct EndpointFailure {
  std::string endpoint = {};
  std::string phase = {};  ///< "resolve", "connect", "probe", "write", "read", "answer"; empty when it was not tried.
  std::error_code cause = {};
  std::string detail = {};
  std::chrono::microseconds elapsed{0};

  /// `host:port: connect: Connection refused after 0.2 ms`.
  [[nodiscard]] std::string ToString() const;
};

/// One fact about endpoint selection. Sequence numbers rise by one per event of a channel; generations never fall.
/// `at`, `generation` and `list_version` are always set, `endpoint` where the kind concerns one; other fields that a
/// kind does not name keep their defaults.
struct EndpointEvent {
  std::uint64_t sequence = 0;
  std::chrono::steady_clock::time_point at = {};
  EventKind kind = EventKind::kClosed;
  std::string endpoint = {};
  std::string previous = {};
  std::uint64_t generation = 0;
  std::uint64_t list_version = 0;
  SwitchReason reason = SwitchReason::kNone;
  std::error_code cause = {};
  std::string detail = {};
  std::chrono::microseconds elapsed{0};
  std::uint64_t count = 0;
  std::vector<std::string> added = {};
  std::vector<std::string> removed = {};
  std::vector<EndpointFailure> failures = {};

  /// One line for people, without time and sequence.
  [[nodiscard]] std::string ToString() const;
};

}  // namespace corocket

#endif  // COROCKET_ENDPOINT_EVENT_H_
