#include "samples/failover_demo/phases.h"

namespace failover_demo {
namespace {

using corocket::Client;
using std::chrono::milliseconds;

absl::Status Nothing(DemoCluster&, Client&) { return absl::OkStatus(); }

/// The servers keep serving what they were told before, so the last victim is mended whoever is chosen now.
absl::Status MendAll(DemoCluster& cluster, Client&) { return cluster.MendAll(); }

/// A fault of whichever server is chosen when it comes.
std::function<absl::Status(DemoCluster&, Client&)> ToChosen(void (DemoCluster::*fault)(const std::string&)) {
  return [fault](DemoCluster& cluster, Client& client) {
    (cluster.*fault)(client.Snapshot().chosen);
    return absl::OkStatus();
  };
}

}  // namespace

std::vector<Phase> Story(milliseconds unit) {
  const milliseconds rest = unit / 2;
  return {
      {.name = "all well",
       .what = "three NameServers, one is chosen",
       .inject = Nothing,
       .mend = Nothing,
       .faulty = unit,
       .healthy = milliseconds(0)},
      {.name = "killed",
       .what = "the chosen server's process dies: its connections are reset, its port refuses",
       .inject = ToChosen(&DemoCluster::Kill),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "closed",
       .what = "the chosen server closes every connection in good order",
       .inject = ToChosen(&DemoCluster::CloseConnections),
       .mend = Nothing,
       .faulty = unit,
       .healthy = milliseconds(0)},
      {.name = "hung",
       .what = "the chosen server accepts and reads, and never answers again",
       .inject = ToChosen(&DemoCluster::Hang),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "packets dropped",
       .what = "nothing reaches the chosen server any more, and nothing comes back",
       .inject = ToChosen(&DemoCluster::DropPackets),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "list replaced",
       .what = "the address list changes to three new servers while calls run",
       .inject = [](DemoCluster& cluster, Client& client) { return cluster.ReplaceList(client); },
       .mend = Nothing,
       .faulty = unit,
       .healthy = milliseconds(0)},
      {.name = "brokers forgotten",
       .what = "the chosen server restarts empty and denies every topic",
       .inject = ToChosen(&DemoCluster::Forget),
       .mend = MendAll,
       .faulty = unit,
       .healthy = rest},
      {.name = "all reset for 1 s",
       .what = "every server resets every connection for one second",
       .inject =
           [](DemoCluster& cluster, Client&) {
             cluster.ResetEverything(true);
             return absl::OkStatus();
           },
       .mend =
           [](DemoCluster& cluster, Client&) {
             cluster.ResetEverything(false);
             return absl::OkStatus();
           },
       .faulty = milliseconds(1000),
       .healthy = unit},
      {.name = "all down",
       .what = "every server is gone; callers wait, and those whose three seconds pass fail",
       .inject =
           [](DemoCluster& cluster, Client&) {
             cluster.KillAll();
             return absl::OkStatus();
           },
       .mend = MendAll,
       .faulty = unit,
       .healthy = unit},
  };
}

}  // namespace failover_demo
