#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_HTML_REPORT_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_HTML_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "samples/failover_demo/load.h"
#include "samples/failover_demo/observation.h"

namespace failover_demo {

/// The whole run as one self-contained page: latency over time with the faults and the switch events drawn on it, the
/// table, and every event in words.
std::string RenderReport(const Load& load, const Observation& seen);

/// Errors: UNAVAILABLE quoting `path` and the system's reason.
absl::Status WriteReport(const std::string& path, const std::string& html);

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_HTML_REPORT_H_
