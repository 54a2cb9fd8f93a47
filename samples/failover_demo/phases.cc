#include "samples/failover_demo/phases.h"

namespace failover_demo {
namespace {

using corocket::Client;
using std::chrono::milliseconds;

using Deed = std::function<absl::Status(DemoCluster&, Client&)>;

/// The servers keep serving what they were told before, so the last victim is mended whoever is chosen now.
absl::Status MendAll(DemoCluster& cluster, Client&) { return cluster.MendAll(); }

/// A fault of whichever server is chosen when it comes.
Deed ToChosen(void (DemoCluster::*fault)(const std::string&)) {
  return [fault](DemoCluster& cluster, Client& client) {
    (cluster.*fault)(client.Snapshot().chosen);
    return absl::OkStatus();
  };
}

Deed ResetEverything(bool on) {
  return [on](DemoCluster& cluster, Client&) {
    cluster.ResetEverything(on);
    return absl::OkStatus();
  };
}

Deed KillAll() {
  return [](DemoCluster& cluster, Client&) {
    cluster.KillAll();
    return absl::OkStatus();
  };
}

Deed ReplaceList() {
  return [](DemoCluster& cluster, Client& client) { return cluster.ReplaceList(client); };
}

}  // namespace

std::vector<Phase> Story(milliseconds unit) {
  const milliseconds rest = unit / 2;
  return {
      {.name = "all well",
       .what = "three NameServers, one is in use",
       .kind = FaultKind::kNone,
       .inject = {},
       .mend = {},
       .faulty = unit,
       .healthy = milliseconds(0)},
      {.name = "killed",
       .what = "the server in use dies: connections are reset, its port refuses",
       .kind = FaultKind::kLasting,
       .inject = ToChosen(&DemoCluster::Kill),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "closed",
       .what = "the server in use closes every connection in good order",
       .kind = FaultKind::kMomentary,
       .inject = ToChosen(&DemoCluster::CloseConnections),
       .mend = {},
       .faulty = unit,
       .healthy = milliseconds(0)},
      {.name = "hung",
       .what = "the server in use accepts and reads, and never answers",
       .kind = FaultKind::kLasting,
       .inject = ToChosen(&DemoCluster::Hang),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "packets dropped",
       .what = "nothing reaches the server in use, and nothing comes back",
       .kind = FaultKind::kLasting,
       .inject = ToChosen(&DemoCluster::DropPackets),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "list replaced",
       .what = "the address list changes to three new servers while calls run",
       .kind = FaultKind::kMomentary,
       .inject = ReplaceList(),
       .mend = {},
       .faulty = unit,
       .healthy = milliseconds(0)},
      {.name = "brokers forgotten",
       .what = "the server in use loses its brokers and denies every topic",
       .kind = FaultKind::kLasting,
       .inject = ToChosen(&DemoCluster::Forget),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "all reset for 1 s",
       .what = "every server resets every connection for one second",
       .kind = FaultKind::kLasting,
       .inject = ResetEverything(true),
       .mend = ResetEverything(false),
       .faulty = milliseconds(1000),
       .healthy = unit},
      {.name = "all down",
       .what = "every server is gone; callers wait, for three seconds each",
       .kind = FaultKind::kLasting,
       .inject = KillAll(),
       .mend = MendAll,
       .faulty = unit,
       .healthy = unit},
  };
}

}  // namespace failover_demo
