#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_H_

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/event_stream.h"
#include "samples/common/pauses.h"
#include "samples/common/tasks.h"
#include "samples/failover_demo/demo_cluster.h"
#include "samples/failover_demo/load.h"
#include "samples/failover_demo/observation.h"
#include "samples/failover_demo/phases.h"
#include "samples/failover_demo/report_file.h"
#include "samples/failover_demo/settings.h"
#include "samples/failover_demo/terminal_page.h"

namespace failover_demo {

/// The demo itself; one object for one run, on one thread.
class Demo {
 public:
  /// @param cluster  The embedded servers; null when real ones are watched.
  /// @param report  Null: none is written.
  Demo(const asio::any_io_executor& executor, Settings settings, std::unique_ptr<DemoCluster> cluster,
       corocket::Client client, std::unique_ptr<ReportFile> report);

  /// All phases, then the table and the report. SIGINT and SIGTERM end the phase that runs, and the run, in good order.
  /// Errors: INVALID_ARGUMENT: a name that no topic may have. UNAVAILABLE: not one call succeeded. Those of the faults,
  ///   the shutdown and the report's file.
  [[nodiscard]] asio::awaitable<absl::Status> Run();

 private:
  [[nodiscard]] std::vector<Phase> Phases() const;
  void Interrupt();
  /// Breaks, waits, mends, waits.
  asio::awaitable<absl::Status> Play(const Phase& phase);
  void OpenRow(const Phase& phase);
  void CloseRow();
  asio::awaitable<void> CollectEvents(corocket::EventStream events);
  asio::awaitable<void> RefreshPage();
  asio::awaitable<void> ShutDown(std::chrono::milliseconds drain);
  /// Begins the shutdown; once.
  void EndClient(std::chrono::milliseconds drain);
  [[nodiscard]] double SecondsNow() const { return seen_.SecondsSinceStart(Clock::now()); }
  [[nodiscard]] absl::Status Report();
  [[nodiscard]] absl::Status Outcome() const;

  asio::any_io_executor executor_;
  Settings settings_;
  std::unique_ptr<DemoCluster> cluster_;
  corocket::Client client_;
  std::unique_ptr<ReportFile> report_;
  Load load_;
  Observation seen_;
  TerminalPage page_;
  samples::Tasks tasks_;
  samples::Pauses story_;
  samples::Pauses refreshes_;
  /// The row of the phase that runs.
  std::optional<PhaseResult> row_;
  absl::Status failure_;
  absl::Status shut_down_;
  bool interrupted_ = false;
  bool page_over_ = false;
  bool client_ended_ = false;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_DEMO_H_
