#ifndef COROCKET_ERROR_H_
#define COROCKET_ERROR_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "corocket/endpoint_event.h"

namespace corocket {

/// Whether calling again can help, and whether it could do something twice.
enum class RetryHint : std::uint8_t {
  kPermanent,        ///< The same call fails again.
  kSafeToRetry,      ///< Nothing was executed, or executing twice does no harm.
  kMayHaveHappened,  ///< The request left, its outcome is unknown.
};
[[nodiscard]] std::string_view RetryHintName(RetryHint hint);

/// What lies behind a failed `Status` of the SDK.
struct ErrorDetails {
  RetryHint hint = RetryHint::kPermanent;
  /// Response code and remark of the server, when it was a server's answer that ended the call.
  std::optional<std::int32_t> server_code = {};
  std::string remark = {};
  /// What this call tried, in order, the last 16 at most, each with its own cause; then every other server of the list
  /// with what is known of it.
  std::vector<EndpointFailure> attempts = {};
  /// Version of that list, as in events and snapshots; 0 when the call ended with a server's answer, or before it had
  /// begun.
  std::uint64_t list_version = 0;
  std::chrono::milliseconds elapsed{0};
  /// NOT_FOUND said by one server that no second one could confirm.
  bool unconfirmed = false;
};

/// Details of a status that an operation of the SDK returned; none for OK and for foreign statuses.
[[nodiscard]] std::optional<ErrorDetails> DetailsOf(const absl::Status& status);
/// The hint alone; `kPermanent` where there are no details.
[[nodiscard]] RetryHint RetryHintOf(const absl::Status& status);
/// Attaches `details` to a failed status.
[[nodiscard]] absl::Status WithDetails(absl::Status status, const ErrorDetails& details);

}  // namespace corocket

#endif  // COROCKET_ERROR_H_
