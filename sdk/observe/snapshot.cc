#include "corocket/snapshot.h"

#include <string_view>

namespace corocket {

std::string_view ChannelStateName(ChannelState state) {
  switch (state) {
    case ChannelState::kIdle:
      return "idle";
    case ChannelState::kConnecting:
      return "connecting";
    case ChannelState::kReady:
      return "ready";
    case ChannelState::kSuspect:
      return "suspect";
    case ChannelState::kBackingOff:
      return "backing_off";
    case ChannelState::kClosed:
      return "closed";
  }
  return "unknown";
}

}  // namespace corocket
