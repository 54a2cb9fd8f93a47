#ifndef COROCKET_SDK_FAILOVER_CALL_STATUS_H_
#define COROCKET_SDK_FAILOVER_CALL_STATUS_H_

#include <string_view>

#include "absl/status/status.h"
#include "sdk/failover/attempt_log.h"

namespace corocket::failover {

/// The one translation of a failed call into the caller's vocabulary: a small report (operation, what was tried,
/// elapsed, version of the endpoint list, each endpoint with its cause) and details for programs.
/// @param operation  As in `query route of topic "orders"`.
/// @param kind  What endpoints are, as in `namesrv`.
[[nodiscard]] absl::Status ToStatus(const CallFailed& failed, std::string_view operation, std::string_view kind);

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_CALL_STATUS_H_
