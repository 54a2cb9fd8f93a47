#include "corocket/endpoint_event.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/base/printable.h"
#include "sdk/observe/printable.h"

namespace corocket {
namespace {

std::string List(const std::vector<std::string>& endpoints) {
  return endpoints.empty() ? "none" : Printable(absl::StrJoin(endpoints, ", "));
}

std::string List(const std::vector<EndpointFailure>& failures) {
  if (failures.empty()) return "none was tried";
  return absl::StrJoin(failures, "; ", [](std::string* out, const EndpointFailure& failure) {
    absl::StrAppend(out, failure.ToString());
  });
}

std::string Chosen(const EndpointEvent& event) {
  std::string text = absl::StrCat("chosen ", Printable(event.endpoint), ": ", SwitchReasonName(event.reason),
                                  ", generation ", event.generation, ", dialled in ", PrintableDuration(event.elapsed));
  if (!event.previous.empty()) absl::StrAppend(&text, ", before it ", Printable(event.previous));
  return text;
}

std::string Invalidated(const EndpointEvent& event) {
  std::string text = absl::StrCat("left ", Printable(event.endpoint), ": ", SwitchReasonName(event.reason),
                                  ", generation ", event.generation);
  if (event.cause || !event.detail.empty()) absl::StrAppend(&text, ": ", PrintableCause(event.cause, event.detail));
  return text;
}

std::string Requests(const EndpointEvent& event) {
  return event.count == 1 ? "1 request" : absl::StrCat(event.count, " requests");
}

}  // namespace

std::string_view EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kChosen:
      return "chosen";
    case EventKind::kInvalidated:
      return "invalidated";
    case EventKind::kStaleInvalidationIgnored:
      return "stale_invalidation_ignored";
    case EventKind::kAttemptStarted:
      return "attempt_started";
    case EventKind::kAttemptFailed:
      return "attempt_failed";
    case EventKind::kAttemptWon:
      return "attempt_won";
    case EventKind::kAttemptLost:
      return "attempt_lost";
    case EventKind::kListApplied:
      return "list_applied";
    case EventKind::kListUpdateRejected:
      return "list_update_rejected";
    case EventKind::kCandidateDiscarded:
      return "candidate_discarded";
    case EventKind::kSuspect:
      return "suspect";
    case EventKind::kCleared:
      return "cleared";
    case EventKind::kPassFailed:
      return "pass_failed";
    case EventKind::kBackingOff:
      return "backing_off";
    case EventKind::kAllDown:
      return "all_down";
    case EventKind::kRecovered:
      return "recovered";
    case EventKind::kDrainStarted:
      return "drain_started";
    case EventKind::kDrainFinished:
      return "drain_finished";
    case EventKind::kNegativeUnconfirmed:
      return "negative_unconfirmed";
    case EventKind::kClosed:
      return "closed";
  }
  return "unknown";
}

std::string_view SwitchReasonName(SwitchReason reason) {
  switch (reason) {
    case SwitchReason::kNone:
      return "none";
    case SwitchReason::kFirstChoice:
      return "first_choice";
    case SwitchReason::kPeerClosed:
      return "peer_closed";
    case SwitchReason::kBroken:
      return "broken";
    case SwitchReason::kSilence:
      return "silence";
    case SwitchReason::kCallTimeouts:
      return "call_timeouts";
    case SwitchReason::kProtocolError:
      return "protocol_error";
    case SwitchReason::kNotReady:
      return "not_ready";
    case SwitchReason::kListChanged:
      return "list_changed";
    case SwitchReason::kSecondOpinion:
      return "second_opinion";
    case SwitchReason::kShutdown:
      return "shutdown";
  }
  return "unknown";
}

std::string EndpointFailure::ToString() const {
  std::string text = Printable(endpoint);
  if (phase.empty() && !cause && detail.empty()) return absl::StrCat(text, ": not tried");
  if (!phase.empty()) absl::StrAppend(&text, ": ", Printable(phase));
  absl::StrAppend(&text, ": ", PrintableCause(cause, detail));
  if (elapsed.count() > 0) absl::StrAppend(&text, " after ", PrintableDuration(elapsed));
  return text;
}

std::string EndpointEvent::ToString() const {
  const std::string where = Printable(endpoint);
  switch (kind) {
    case EventKind::kChosen:
      return Chosen(*this);
    case EventKind::kInvalidated:
      return Invalidated(*this);
    case EventKind::kStaleInvalidationIgnored:
      return absl::StrCat("late failure of ", where, ", generation ", generation,
                          ", changes nothing: ", PrintableCause(cause, detail));
    case EventKind::kAttemptStarted:
      return absl::StrCat("dialling ", where);
    case EventKind::kAttemptFailed:
      return absl::StrCat("dialling ", where, " failed after ", PrintableDuration(elapsed), ": ",
                          PrintableCause(cause, detail));
    case EventKind::kAttemptWon:
      return absl::StrCat(where, " proved alive in ", PrintableDuration(elapsed));
    case EventKind::kAttemptLost:
      return absl::StrCat("dialling ", where, " given up after ", PrintableDuration(elapsed));
    case EventKind::kListApplied:
      return absl::StrCat("list ", list_version, " in force: added ", List(added), "; removed ", List(removed));
    case EventKind::kListUpdateRejected:
      return absl::StrCat("proposed list refused, list ", list_version, " stays: ", Printable(detail));
    case EventKind::kCandidateDiscarded:
      return absl::StrCat(where, " proved alive after it had left the list; not chosen");
    case EventKind::kSuspect:
      return absl::StrCat(where, " suspected: a call timed out on a connection that talks");
    case EventKind::kCleared:
      return absl::StrCat(where, " no longer suspected");
    case EventKind::kPassFailed:
      return absl::StrCat("every endpoint failed: ", List(failures));
    case EventKind::kBackingOff:
      return absl::StrCat("no attempt for ", PrintableDuration(elapsed));
    case EventKind::kAllDown:
      return absl::StrCat("no endpoint has worked for ", PrintableDuration(elapsed), ": ", List(failures));
    case EventKind::kRecovered:
      return absl::StrCat("recovered after ", PrintableDuration(elapsed), " with ", where);
    case EventKind::kDrainStarted:
      return absl::StrCat("connection to ", where, " takes no new work; ", Requests(*this), " outstanding");
    case EventKind::kDrainFinished:
      return absl::StrCat("connection to ", where, " closed");
    case EventKind::kNegativeUnconfirmed:
      return absl::StrCat(where, " says \"no such topic\" and no second server could confirm it: ", Printable(detail));
    case EventKind::kClosed:
      return "closed";
  }
  return "unknown event";
}

}  // namespace corocket
