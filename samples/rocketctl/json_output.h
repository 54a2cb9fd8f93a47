#ifndef COROCKET_SAMPLES_ROCKETCTL_JSON_OUTPUT_H_
#define COROCKET_SAMPLES_ROCKETCTL_JSON_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "corocket/endpoint_event.h"
#include "corocket/options.h"
#include "corocket/route.h"
#include "samples/rocketctl/watch_summary.h"

namespace rocketctl {

/// Each of these is one JSON object on one line, in ASCII: whatever a server says, a terminal takes it for text. Bytes
/// that are not UTF-8 become U+FFFD.
std::string RouteJson(const std::string& topic, const corocket::TopicRoute& route, const corocket::CallReport& report);
/// @param seconds  Since the watch began.
std::string EventJson(const corocket::EndpointEvent& event, double seconds);
/// A call that failed in a way that no call had failed in before.
std::string FailureJson(const absl::Status& failure, double seconds);
std::string SummaryJson(const WatchSummary& summary);

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_JSON_OUTPUT_H_
