#ifndef COROCKET_SDK_PROTOCOL_REGISTER_BROKER_H_
#define COROCKET_SDK_PROTOCOL_REGISTER_BROKER_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corocket/route.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {

/// A topic as the broker that serves it describes it.
struct TopicConfig {
  std::string name;
  std::int32_t read_queues = 16;
  std::int32_t write_queues = 16;
  std::int32_t perm = kPermRead | kPermWrite;
  std::int32_t topic_sys_flag = 0;
  bool order = false;

  friend bool operator==(const TopicConfig&, const TopicConfig&) = default;
};

/// Says which of two registrations is the newer one.
struct DataVersion {
  std::int64_t state_version = 0;
  /// Milliseconds since 1970.
  std::int64_t timestamp = 0;
  std::int64_t counter = 0;

  friend bool operator==(const DataVersion&, const DataVersion&) = default;
};

/// REGISTER_BROKER (103): a broker tells a NameServer what it serves.
struct RegisterBrokerRequest {
  std::string cluster;
  std::string broker_name;
  /// `host:port` that clients connect to.
  std::string broker_address;
  std::string ha_server_address = {};
  std::int64_t broker_id = 0;
  std::string zone = {};
  /// After which silence the registration expires; the server's own limit when absent.
  std::optional<std::chrono::milliseconds> heartbeat_timeout = {};
  /// Absent: a broker before 5.0.
  std::optional<bool> enable_acting_master = {};
  /// Sorted by name when decoded, each name once.
  std::vector<TopicConfig> topics = {};
  DataVersion data_version = {};
  /// (static topic, its queues on this broker), sorted by topic when decoded, each topic once.
  std::vector<std::pair<std::string, QueueMapping>> mappings = {};

  friend bool operator==(const RegisterBrokerRequest&, const RegisterBrokerRequest&) = default;
};

/// Tells a replica where its master is; both empty for a master, or when there is none.
struct RegisterBrokerResponse {
  std::string ha_server_address = {};
  std::string master_address = {};

  friend bool operator==(const RegisterBrokerResponse&, const RegisterBrokerResponse&) = default;
};

/// The body goes uncompressed and with its check sum.
[[nodiscard]] wire::Frame EncodeRegisterBrokerRequest(const RegisterBrokerRequest& request);
/// Errors: INVALID_ARGUMENT: a field is missing, or cluster, name or address is empty; the check sum differs, the body
/// is unreadable; UNIMPLEMENTED: it is
///   compressed.
[[nodiscard]] absl::StatusOr<RegisterBrokerRequest> DecodeRegisterBrokerRequest(const wire::Frame& frame);

/// The successful answer to `request`.
[[nodiscard]] wire::Frame EncodeRegisterBrokerResponse(const wire::Frame& request,
                                                       const RegisterBrokerResponse& response);
/// Errors: FAILED_PRECONDITION: not a success.
[[nodiscard]] absl::StatusOr<RegisterBrokerResponse> DecodeRegisterBrokerResponse(const wire::Frame& frame);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_REGISTER_BROKER_H_
