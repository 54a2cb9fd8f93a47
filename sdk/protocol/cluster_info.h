#ifndef COROCKET_SDK_PROTOCOL_CLUSTER_INFO_H_
#define COROCKET_SDK_PROTOCOL_CLUSTER_INFO_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corocket/route.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {

/// GET_BROKER_CLUSTER_INFO (106).
[[nodiscard]] wire::Frame EncodeClusterInfoRequest();
[[nodiscard]] absl::Status DecodeClusterInfoRequest(const wire::Frame& frame);

/// The successful answer to `request`. As every server does, it writes broker ids as bare keys. What is beyond the
/// limits of `limits.h` and `wire/limits.h` is written, and refused by whoever decodes it with them.
[[nodiscard]] wire::Frame EncodeClusterInfoResponse(const wire::Frame& request, const ClusterInfo& info);
/// Brokers, clusters and the names in each cluster come out sorted by name, each once: of two with one name the later
/// is kept. Errors: FAILED_PRECONDITION: not a success; INVALID_ARGUMENT: unreadable, with the offending spot.
[[nodiscard]] absl::StatusOr<ClusterInfo> DecodeClusterInfoResponse(const wire::Frame& frame);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_CLUSTER_INFO_H_
