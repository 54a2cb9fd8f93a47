#ifndef COROCKET_SDK_PROTOCOL_UNREGISTER_BROKER_H_
#define COROCKET_SDK_PROTOCOL_UNREGISTER_BROKER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {

/// UNREGISTER_BROKER (104): a broker that ends well takes itself off the routes. The answer carries nothing.
struct UnregisterBrokerRequest {
  std::string cluster;
  std::string broker_name;
  /// `host:port`, as registered.
  std::string broker_address;
  std::int64_t broker_id = 0;

  friend bool operator==(const UnregisterBrokerRequest&, const UnregisterBrokerRequest&) = default;
};

[[nodiscard]] wire::Frame EncodeUnregisterBrokerRequest(const UnregisterBrokerRequest& request);
[[nodiscard]] absl::StatusOr<UnregisterBrokerRequest> DecodeUnregisterBrokerRequest(const wire::Frame& frame);

/// The successful answer to `request`.
[[nodiscard]] wire::Frame EncodeUnregisterBrokerResponse(const wire::Frame& request);
/// Errors: FAILED_PRECONDITION: not a success.
[[nodiscard]] absl::Status DecodeUnregisterBrokerResponse(const wire::Frame& frame);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_UNREGISTER_BROKER_H_
