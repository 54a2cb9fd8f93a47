#ifndef COROCKET_SDK_PROTOCOL_TOPIC_LIST_H_
#define COROCKET_SDK_PROTOCOL_TOPIC_LIST_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/wire/frame.h"

namespace corocket::protocol {

/// Answer to GET_ALL_TOPIC_LIST_FROM_NAMESERVER (206), and to all other requests for topic names. System topics are in
/// it; servers write it in no particular order.
struct TopicList {
  std::vector<std::string> topics;
  /// One broker to ask for its system topics; set in answers to GET_SYSTEM_TOPIC_LIST_FROM_NS only.
  std::string broker_address = {};

  friend bool operator==(const TopicList&, const TopicList&) = default;
};

[[nodiscard]] wire::Frame EncodeTopicListRequest();
[[nodiscard]] absl::Status DecodeTopicListRequest(const wire::Frame& frame);

/// The successful answer to `request`.
[[nodiscard]] wire::Frame EncodeTopicListResponse(const wire::Frame& request, const TopicList& list);
/// Errors: FAILED_PRECONDITION: not a success; INVALID_ARGUMENT: unreadable, with the offending spot.
[[nodiscard]] absl::StatusOr<TopicList> DecodeTopicListResponse(const wire::Frame& frame);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_TOPIC_LIST_H_
