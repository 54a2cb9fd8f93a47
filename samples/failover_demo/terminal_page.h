#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_TERMINAL_PAGE_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_TERMINAL_PAGE_H_

#include <cstddef>
#include <string>

#include "corocket/snapshot.h"
#include "samples/failover_demo/load.h"
#include "samples/failover_demo/observation.h"

namespace failover_demo {

/// What the demo shows while it runs: one page that is drawn again and again on a terminal, plain lines elsewhere.
class TerminalPage {
 public:
  /// @param live  Whether stdout is a terminal.
  explicit TerminalPage(bool live) : live_(live) {}

  void BeginPhase(const std::string& name, const std::string& what);
  /// Draws the page (live) or prints the events that are new (not live).
  void Refresh(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen);
  /// The final table.
  static void PrintTable(const Observation& seen);

 private:
  void Draw(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen);

  bool live_;
  std::string phase_;
  std::string what_;
  std::size_t printed_marks_ = 0;
  std::uint64_t last_calls_ = 0;
  Clock::time_point last_at_{};
  double calls_per_second_ = 0;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_TERMINAL_PAGE_H_
