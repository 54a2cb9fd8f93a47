#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_LATENCY_CHART_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_LATENCY_CHART_H_

#include <string>
#include <vector>

#include "samples/failover_demo/observation.h"
#include "samples/failover_demo/timeline.h"

namespace failover_demo {

/// Latency of the calls over `seconds`, with phases, faults and events, as an SVG element. Its classes are those of the
/// report's style sheet. However long the run, it has no more points than can be told apart.
[[nodiscard]] std::string LatencyChart(const std::vector<Moment>& timeline, const Observation& seen, double seconds);

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_LATENCY_CHART_H_
