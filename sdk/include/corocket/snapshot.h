#ifndef COROCKET_SNAPSHOT_H_
#define COROCKET_SNAPSHOT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "corocket/endpoint_event.h"

namespace corocket {

/// Where a channel stands.
enum class ChannelState : std::uint8_t {
  kIdle,        ///< No server is chosen, and nobody needs one.
  kConnecting,  ///< Servers are being dialled; callers wait.
  kReady,       ///< A server is chosen.
  kSuspect,     ///< The same, but a call has timed out on it since it answered last.
  kBackingOff,  ///< Every server failed; the next dial comes after a pause.
  kClosed,      ///< After `Shutdown`.
};
[[nodiscard]] std::string_view ChannelStateName(ChannelState state);

/// One endpoint of the list, or one that is only draining.
struct EndpointSnapshot {
  std::string endpoint = {};
  bool listed = true;
  bool chosen = false;
  bool dialling = false;
  bool draining = false;
  /// Failed dials and lost choices since its last real answer; a name with several addresses is dialled once for each.
  std::uint64_t consecutive_failures = 0;
  /// None after a real answer.
  std::optional<EndpointFailure> last_failure = {};
};

/// Who is chosen, why, since when: all of it from one moment, but for what drains.
struct ChannelSnapshot {
  ChannelState state = ChannelState::kIdle;
  std::uint64_t generation = 0;
  std::uint64_t list_version = 0;
  /// `host:port` of the choice; empty when there is none.
  std::string chosen = {};
  /// Why it was chosen, and since when; without meaning when nothing is.
  SwitchReason reason = SwitchReason::kNone;
  std::chrono::steady_clock::time_point chosen_since = {};
  std::vector<EndpointSnapshot> endpoints = {};
  // So far.
  std::uint64_t switches = 0;  ///< Choices that took the place of another one.
  std::uint64_t dials = 0;     ///< Begun, with whatever result.
  std::uint64_t stale_invalidations_ignored = 0;
  std::uint64_t failed_passes = 0;  ///< Rounds in which every server failed.
  // Now.
  std::uint64_t draining = 0;         ///< Old connections whose last requests may still be answered.
  std::uint64_t waiting_callers = 0;  ///< Calls that wait for a server to be chosen.
};

}  // namespace corocket

#endif  // COROCKET_SNAPSHOT_H_
