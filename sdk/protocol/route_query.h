#ifndef COROCKET_SDK_PROTOCOL_ROUTE_QUERY_H_
#define COROCKET_SDK_PROTOCOL_ROUTE_QUERY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "corocket/route.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_writer.h"

namespace corocket::protocol {

/// GET_ROUTEINFO_BY_TOPIC (105). Refused with TOPIC_NOT_EXIST (17), or SYSTEM_ERROR (1) while the server starts.
struct RouteRequest {
  std::string topic;

  friend bool operator==(const RouteRequest&, const RouteRequest&) = default;
};

/// Asks for standard JSON in any case; servers before 4.9.4 do not heed it.
[[nodiscard]] wire::Frame EncodeRouteRequest(const RouteRequest& request);
[[nodiscard]] absl::StatusOr<RouteRequest> DecodeRouteRequest(const wire::Frame& frame);

/// The successful answer to `request`, its numeric keys quoted if the request says that its sender wants that.
[[nodiscard]] wire::Frame EncodeRouteResponse(const wire::Frame& request, const TopicRoute& route);
/// Queues, brokers and mappings come out sorted by broker name, whatever order they stand in; of two mappings of one
/// broker the later is kept.
/// Errors: FAILED_PRECONDITION: not a success; INVALID_ARGUMENT: unreadable, with the offending spot.
[[nodiscard]] absl::StatusOr<TopicRoute> DecodeRouteResponse(const wire::Frame& frame);

/// The bodies alone. `topic` is repeated inside the mappings of a static topic. What is beyond the limits of `limits.h`
/// and `wire/limits.h`, an `order_topic_conf` above `wire::kMaxStringBytes` for example, is written, and refused by
/// whoever decodes it with them.
[[nodiscard]] std::string EncodeRouteBody(const TopicRoute& route, std::string_view topic,
                                          wire::JsonWriter::NumericKeys keys);
[[nodiscard]] absl::StatusOr<TopicRoute> DecodeRouteBody(std::string_view body);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_ROUTE_QUERY_H_
