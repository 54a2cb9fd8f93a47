#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_PHASES_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_PHASES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "corocket/client.h"
#include "samples/failover_demo/demo_cluster.h"

namespace failover_demo {

enum class FaultKind : std::uint8_t {
  kNone,
  kMomentary,  ///< Over as soon as it has happened.
  kLasting,    ///< Until it is mended.
};

/// One chapter of the demo: something breaks, is observed, and is mended.
struct Phase {
  std::string name;
  /// What is done to the servers, in one line of a terminal.
  std::string what;
  FaultKind kind = FaultKind::kNone;
  std::function<absl::Status(DemoCluster&, corocket::Client&)> inject;
  std::function<absl::Status(DemoCluster&, corocket::Client&)> mend;
  /// How long the fault lasts, and how long the cluster is then watched in good health.
  std::chrono::milliseconds faulty{0};
  std::chrono::milliseconds healthy{0};
};

/// The story in its order; `unit` is the length of an ordinary fault.
std::vector<Phase> Story(std::chrono::milliseconds unit);

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_PHASES_H_
