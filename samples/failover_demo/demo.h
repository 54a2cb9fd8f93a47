#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_H_

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "asio/io_context.hpp"
#include "corocket/client.h"
#include "corocket/event_stream.h"
#include "samples/failover_demo/demo_cluster.h"
#include "samples/failover_demo/load.h"
#include "samples/failover_demo/observation.h"
#include "samples/failover_demo/phases.h"
#include "samples/failover_demo/settings.h"
#include "samples/failover_demo/terminal_page.h"

namespace failover_demo {

/// The demo itself; one object for one run, on one thread.
class Demo {
 public:
  /// `cluster`: the embedded servers, null when real ones are watched.
  Demo(asio::io_context& io, Settings settings, std::unique_ptr<DemoCluster> cluster, corocket::Client client);

  /// Ends the phase that runs, and the run, in good order.
  void Interrupt() { interrupted_ = true; }

  /// All phases, then the table and the report. Errors: of the faults, the shutdown and the report's file.
  [[nodiscard]] asio::awaitable<absl::Status> Run();

 private:
  [[nodiscard]] std::vector<Phase> Phases() const;
  asio::awaitable<void> Pause(std::chrono::milliseconds length);
  asio::awaitable<void> CollectEvents(corocket::EventStream events);
  /// Refreshes the page for as long.
  asio::awaitable<void> Show(std::chrono::milliseconds length);
  asio::awaitable<absl::Status> RunPhase(const Phase& phase);
  [[nodiscard]] absl::Status Report();

  asio::io_context& io_;
  Settings settings_;
  std::unique_ptr<DemoCluster> cluster_;
  corocket::Client client_;
  Load load_;
  Observation seen_;
  TerminalPage page_;
  absl::Status failure_;
  bool interrupted_ = false;
  bool events_ended_ = false;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_H_
