#ifndef COROCKET_TESTS_MODEL_WRONG_CORES_H_
#define COROCKET_TESTS_MODEL_WRONG_CORES_H_

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "sdk/failover/state.h"

// Three ways to get failover wrong, each of which a client in the field has had. They are kept so that the tests can
// show that they would find them, each by the sentence that it breaks.
namespace corocket::failover::wrong {

/// A failure clears whatever is chosen as long as it has the same address: the first connection to A kills the second.
class ClearByAddress : public FailoverState {
 public:
  static constexpr std::string_view kBreaks = "a late failure cleared a fresh choice";
  using FailoverState::FailoverState;
  bool Invalidate(const Choice& failed, SwitchReason reason, std::error_code cause, TimePoint now) {
    const bool same_address = Current() && Current()->choice.endpoint == failed.endpoint;
    return FailoverState::Invalidate(same_address ? Current()->choice : failed, reason, cause, now);
  }
};

/// A failure clears whatever is chosen now.
class ClearAlways : public FailoverState {
 public:
  static constexpr std::string_view kBreaks = "a late failure cleared a fresh choice";
  using FailoverState::FailoverState;
  bool Invalidate(const Choice& failed, SwitchReason reason, std::error_code cause, TimePoint now) {
    return FailoverState::Invalidate(Current() ? Current()->choice : failed, reason, cause, now);
  }
};

/// A connect that is under way chooses from the list that it started with; a new one counts from the next connect on.
class ChooseFromStaleList : public FailoverState {
 public:
  static constexpr std::string_view kBreaks = "a removed endpoint is chosen";
  using FailoverState::FailoverState;
  absl::StatusOr<Applied> Apply(std::vector<HostPort> proposal, TimePoint now) {
    const bool connecting = !Current() && Snapshot(now).state == ChannelState::kConnecting;
    if (!connecting) return FailoverState::Apply(std::move(proposal), now);
    waiting_ = std::move(proposal);
    return Applied{.changed = true, .version = 0, .retired = nullptr};
  }
  bool Invalidate(const Choice& failed, SwitchReason reason, std::error_code cause, TimePoint now) {
    const bool cleared = FailoverState::Invalidate(failed, reason, cause, now);
    if (cleared && !waiting_.empty()) static_cast<void>(FailoverState::Apply(std::exchange(waiting_, {}), now));
    return cleared;
  }

 private:
  std::vector<HostPort> waiting_;
};

}  // namespace corocket::failover::wrong

#endif  // COROCKET_TESTS_MODEL_WRONG_CORES_H_
