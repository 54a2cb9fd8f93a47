#include "sdk/failover/call_status.h"

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "corocket/error.h"

namespace corocket::failover {
namespace {

absl::StatusCode CodeOf(CallEnd end) {
  switch (end) {
    case CallEnd::kUnavailable:
      return absl::StatusCode::kUnavailable;
    case CallEnd::kDeadline:
      return absl::StatusCode::kDeadlineExceeded;
    case CallEnd::kCancelled:
      return absl::StatusCode::kCancelled;
    case CallEnd::kShutDown:
      return absl::StatusCode::kFailedPrecondition;
    case CallEnd::kOverloaded:
      return absl::StatusCode::kResourceExhausted;
    case CallEnd::kTooLarge:
      return absl::StatusCode::kInvalidArgument;
  }
  return absl::StatusCode::kInternal;
}

std::string_view Headline(CallEnd end) {
  switch (end) {
    case CallEnd::kUnavailable:
      return "every endpoint failed";
    case CallEnd::kDeadline:
      return "timeout passed";
    case CallEnd::kCancelled:
      return "cancelled by the caller";
    case CallEnd::kShutDown:
      return "the client is shut down";
    case CallEnd::kOverloaded:
      return "too many requests wait on one connection; send fewer at a time";
    case CallEnd::kTooLarge:
      return "the request does not fit into a frame of 16 MiB";
  }
  return "failed";
}

RetryHint HintOf(const CallFailed& failed) {
  switch (failed.end()) {
    case CallEnd::kShutDown:
    case CallEnd::kTooLarge:
      return RetryHint::kPermanent;
    case CallEnd::kUnavailable:
    case CallEnd::kDeadline:
    case CallEnd::kCancelled:
    case CallEnd::kOverloaded:
      break;
  }
  return failed.may_have_happened() ? RetryHint::kMayHaveHappened : RetryHint::kSafeToRetry;
}

}  // namespace

absl::Status ToStatus(const CallFailed& failed, std::string_view operation, std::string_view kind) {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(failed.elapsed());
  std::string text = absl::StrCat("cannot ", operation, ": ", Headline(failed.end()));
  if (elapsed.count() > 0) absl::StrAppend(&text, " after ", elapsed.count(), " ms");
  if (!failed.failures().empty()) {
    absl::StrAppend(&text, "; ", kind, " list ", failed.list_version(), ": ",
                    absl::StrJoin(failed.failures(), "; ", [](std::string* out, const EndpointFailure& failure) {
                      absl::StrAppend(out, failure.ToString());
                    }));
  }
  ErrorDetails details;
  details.hint = HintOf(failed);
  details.attempts = failed.failures();
  details.list_version = failed.list_version();
  details.elapsed = elapsed;
  return WithDetails(absl::Status(CodeOf(failed.end()), text), details);
}

}  // namespace corocket::failover
