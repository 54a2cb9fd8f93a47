#ifndef COROCKET_SAMPLES_COMMON_CONNECTS_H_
#define COROCKET_SAMPLES_COMMON_CONNECTS_H_

#include "corocket/endpoint_event.h"

namespace samples {

/// Whether `event` tells of a connection that was made: a dial that proved its server alive, or the move to a server
/// that was asked for a second opinion, whose dial has no event of its own. A dial that failed is none.
[[nodiscard]] inline bool IsConnect(const corocket::EndpointEvent& event) {
  return event.kind == corocket::EventKind::kAttemptWon ||
         (event.kind == corocket::EventKind::kChosen && event.reason == corocket::SwitchReason::kSecondOpinion);
}

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_CONNECTS_H_
