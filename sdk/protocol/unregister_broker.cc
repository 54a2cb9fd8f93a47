#include "sdk/protocol/unregister_broker.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/protocol/broker_fields.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {

wire::Frame EncodeUnregisterBrokerRequest(const UnregisterBrokerRequest& request) {
  wire::Frame frame = MakeRequest(RequestCode::kUnregisterBroker);
  wire::ExtFields& fields = frame.header.ext_fields;
  fields.Set(kBrokerName, request.broker_name);
  fields.Set(kBrokerAddr, request.broker_address);
  fields.Set(kClusterName, request.cluster);
  fields.Set(kBrokerId, absl::StrCat(request.broker_id));
  return frame;
}

absl::StatusOr<UnregisterBrokerRequest> DecodeUnregisterBrokerRequest(const wire::Frame& frame) {
  if (absl::Status valid = CheckRequest(frame, RequestCode::kUnregisterBroker); !valid.ok()) return valid;
  const absl::StatusOr<std::string_view> cluster = RequiredField(frame, kClusterName);
  if (!cluster.ok()) return cluster.status();
  const absl::StatusOr<std::string_view> name = RequiredField(frame, kBrokerName);
  if (!name.ok()) return name.status();
  const absl::StatusOr<std::string_view> address = RequiredField(frame, kBrokerAddr);
  if (!address.ok()) return address.status();
  const absl::StatusOr<std::int64_t> id = RequiredInteger(frame, kBrokerId);
  if (!id.ok()) return id.status();
  return UnregisterBrokerRequest{.cluster = std::string(*cluster),
                                 .broker_name = std::string(*name),
                                 .broker_address = std::string(*address),
                                 .broker_id = *id};
}

wire::Frame EncodeUnregisterBrokerResponse(const wire::Frame& request) { return MakeResponse(request); }

absl::Status DecodeUnregisterBrokerResponse(const wire::Frame& frame) { return CheckSuccess(frame); }

}  // namespace corocket::protocol
