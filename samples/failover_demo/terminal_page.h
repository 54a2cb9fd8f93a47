#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_TERMINAL_PAGE_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_TERMINAL_PAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "corocket/snapshot.h"
#include "samples/common/call_stats.h"
#include "samples/common/terminal.h"
#include "samples/failover_demo/alternate_screen.h"
#include "samples/failover_demo/load.h"
#include "samples/failover_demo/observation.h"
#include "samples/failover_demo/timeline.h"

namespace failover_demo {

/// What the demo shows while it runs: one page on a terminal of any size, drawn again and again; plain lines elsewhere.
class TerminalPage {
 public:
  /// @param live  Whether stdout is a terminal that moves its cursor.
  explicit TerminalPage(bool live) : live_(live) {}

  void BeginPhase(const std::string& name, const std::string& what);
  /// Draws the page (live) or prints the events that are new (not live).
  void Refresh(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen);
  /// Gives the terminal back; what is printed next stays on it.
  void Leave() { screen_.Leave(); }
  /// Whether what was printed is lost.
  [[nodiscard]] static bool Lost();
  /// The final table.
  static void PrintTable(const Observation& seen);

 private:
  void PrintNews(const Observation& seen);
  void Draw(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen);
  void MeasureRate(const Load& load, Clock::time_point now);
  [[nodiscard]] std::vector<std::string> Lines(const corocket::ChannelSnapshot& snapshot, const Load& load,
                                               const samples::TerminalSize& size) const;

  bool live_;
  AlternateScreen screen_;
  std::string phase_;
  std::string what_;
  std::uint64_t printed_lines_ = 0;
  std::uint64_t last_calls_ = 0;
  Clock::time_point last_at_{};
  double calls_per_second_ = 0;
};

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_TERMINAL_PAGE_H_
