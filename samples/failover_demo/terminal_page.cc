#include "samples/failover_demo/terminal_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace failover_demo {
namespace {

constexpr std::size_t kSparkSteps = 100;  ///< Two seconds of `kStep`.

/// The last two seconds, one character a moment: height is the slowest call, `x` a moment with a failed one.
std::string Spark(const std::vector<Moment>& timeline) {
  static constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string spark;
  const std::size_t begin = timeline.size() > kSparkSteps ? timeline.size() - kSparkSteps : 0;
  for (std::size_t i = begin; i < timeline.size(); ++i) {
    const Moment& moment = timeline[i];
    if (moment.failed > 0) {
      spark += "x";
    } else if (moment.ok == 0) {
      spark += "·";
    } else {
      // One step per factor of three: from 0.1 ms at the bottom to 300 ms at the top.
      const double steps = std::log(static_cast<double>(moment.max_micros) / 100.0) / std::log(3.0);
      spark += kBars.at(static_cast<std::size_t>(std::clamp(steps, 0.0, 7.0)));
    }
  }
  return spark;
}

const char* MarkOf(const corocket::EndpointSnapshot& endpoint) {
  if (endpoint.chosen) return "\x1b[32m●\x1b[0m in use";
  if (endpoint.dialling) return "\x1b[33m◌\x1b[0m connecting";
  if (endpoint.draining) return "\x1b[33m◔\x1b[0m draining";
  if (endpoint.consecutive_failures > 0) return "\x1b[31m✗\x1b[0m failed";
  return "○ standing by";
}

}  // namespace

void TerminalPage::BeginPhase(const std::string& name, const std::string& what) {
  phase_ = name;
  what_ = what;
  if (!live_) std::cout << "\n== " << name << ": " << what << std::endl;
}

void TerminalPage::Refresh(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen) {
  if (live_) {
    Draw(snapshot, load, seen);
    return;
  }
  for (; printed_marks_ < seen.marks().size(); ++printed_marks_) {
    const Mark& mark = seen.marks()[printed_marks_];
    std::cout << absl::StrFormat("%8.3fs  %s", mark.seconds, mark.text) << std::endl;
  }
}

void TerminalPage::Draw(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen) {
  const Clock::time_point now = Clock::now();
  const double passed = std::chrono::duration<double>(now - last_at_).count();
  if (passed >= 0.5) {
    if (last_at_ != Clock::time_point{}) {
      calls_per_second_ = static_cast<double>(load.total().calls() - last_calls_) / passed;
    }
    last_calls_ = load.total().calls();
    last_at_ = now;
  }
  std::string page = "\x1b[H\x1b[2J";
  absl::StrAppend(&page, "\x1b[1mCoRocket failover demo\x1b[0m   ", load.running(), " coroutines asking, ",
                  absl::StrFormat("%.0f", calls_per_second_), " calls/s\n\n");
  absl::StrAppend(&page, "now:  \x1b[1m", phase_, "\x1b[0m  (", what_, ")\n\n");
  for (const corocket::EndpointSnapshot& endpoint : snapshot.endpoints) {
    absl::StrAppend(&page, "  ", absl::StrFormat("%-22s", endpoint.endpoint), MarkOf(endpoint), "\n");
  }
  const samples::CallStats& phase = load.phase();
  const double gap_ms = std::chrono::duration<double, std::milli>(phase.longest_gap()).count();
  absl::StrAppend(&page, "\n  this phase: ", phase.calls(), " calls, ", phase.failed(), " failed, longest gap ",
                  absl::StrFormat("%.1f ms", gap_ms), ", p50 ", phase.latencies().QuantileMicros(0.5), " us, p99 ",
                  phase.latencies().QuantileMicros(0.99), " us\n");
  absl::StrAppend(&page, "  in all:     ", load.total().calls(), " calls, ", load.total().failed(), " failed, ",
                  snapshot.switches, " switches, ", snapshot.dials, " connects\n\n");
  absl::StrAppend(&page, "  slowest call, last two seconds:\n  ", Spark(load.timeline()), "\n\n");
  for (const std::string& line : seen.recent()) absl::StrAppend(&page, "  ", line, "\n");
  std::cout << page << std::flush;
}

void TerminalPage::PrintTable(const Observation& seen) {
  std::cout << absl::StrFormat("\n%-20s %10s %8s %12s %12s %9s\n", "fault", "calls", "failed", "longest gap", "switch",
                               "connects");
  for (const PhaseResult& result : seen.results) {
    const std::string switched = result.switch_ms ? absl::StrFormat("%.2f ms", *result.switch_ms) : "none";
    std::cout << absl::StrFormat("%-20s %10d %8d %9.1f ms %12s %9d\n", result.name, result.calls, result.failed,
                                 result.longest_gap_ms, switched, result.connects);
  }
  std::cout << "longest gap: longest time without a successful call, of all coroutines together\n"
               "switch: from the failure being known to the next server being in use\n";
}

}  // namespace failover_demo
