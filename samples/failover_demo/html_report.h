#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_HTML_REPORT_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_HTML_REPORT_H_

#include <string>
#include <vector>

#include "samples/failover_demo/observation.h"
#include "samples/failover_demo/timeline.h"

namespace failover_demo {

/// The whole run as one page that needs nothing else: latency over time with the faults and the events drawn on it, the
/// table, and the events in words. Dials, drains and late failures are left out, and what comes after the first
/// `Observation::kMaxMarks` events, which the page says.
[[nodiscard]] std::string RenderReport(const std::vector<Moment>& timeline, const Observation& seen);

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_HTML_REPORT_H_
