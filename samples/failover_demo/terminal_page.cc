#include "samples/failover_demo/terminal_page.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace failover_demo {
namespace {

constexpr std::size_t kSparkSteps = 100;  ///< Two seconds of `kStep`.

/// The newest moments, one character each: height is the slowest call, `x` a moment with a failed one.
std::string Spark(const std::vector<Moment>& timeline, std::size_t steps) {
  static constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string spark;
  const std::size_t begin = timeline.size() > steps ? timeline.size() - steps : 0;
  for (std::size_t i = begin; i < timeline.size(); ++i) {
    const Moment& moment = timeline[i];
    if (moment.failed > 0) {
      spark += "x";
    } else if (moment.ok == 0) {
      spark += "·";
    } else {
      // One step per factor of three: from 0.1 ms at the bottom to 300 ms at the top.
      const double height = std::log(static_cast<double>(moment.max_micros) / 100.0) / std::log(3.0);
      spark += kBars.at(static_cast<std::size_t>(std::clamp(height, 0.0, 7.0)));
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

std::string Latency(std::int64_t micros) {
  if (micros < 1000) return absl::StrFormat("%d us", micros);
  return absl::StrFormat("%.1f ms", static_cast<double>(micros) / 1000);
}

std::string CallsLine(const char* name, const samples::CallStats& calls, Clock::time_point now) {
  const double gap_ms = std::chrono::duration<double, std::milli>(calls.longest_gap(now)).count();
  return absl::StrFormat("  %-10s %9d %8d %9.1f ms %11s %11s", name, calls.calls(), calls.failed(), gap_ms,
                         Latency(calls.latencies().QuantileMicros(0.5)),
                         Latency(calls.latencies().QuantileMicros(0.99)));
}

}  // namespace

bool TerminalPage::Lost() { return !std::cout; }

void TerminalPage::BeginPhase(const std::string& name, const std::string& what) {
  phase_ = name;
  what_ = what;
  if (!live_) std::cout << "\n== " << name << ": " << what << std::endl;
}

void TerminalPage::Refresh(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen) {
  if (live_) {
    Draw(snapshot, load, seen);
  } else {
    PrintNews(seen);
  }
}

void TerminalPage::PrintNews(const Observation& seen) {
  const std::uint64_t oldest = seen.lines() - seen.recent().size();
  if (printed_lines_ < oldest) {
    std::cout << "(" << oldest - printed_lines_ << " events more)" << std::endl;
    printed_lines_ = oldest;
  }
  for (; printed_lines_ < seen.lines(); ++printed_lines_) {
    std::cout << seen.recent()[static_cast<std::size_t>(printed_lines_ - oldest)] << std::endl;
  }
}

void TerminalPage::MeasureRate(const Load& load, Clock::time_point now) {
  const double passed = std::chrono::duration<double>(now - last_at_).count();
  if (passed < 0.5) return;
  if (last_at_ != Clock::time_point{}) {
    calls_per_second_ = static_cast<double>(load.total().calls() - last_calls_) / passed;
  }
  last_calls_ = load.total().calls();
  last_at_ = now;
}

std::vector<std::string> TerminalPage::Lines(const corocket::ChannelSnapshot& snapshot, const Load& load,
                                             const samples::TerminalSize& size) const {
  const Clock::time_point now = Clock::now();
  std::vector<std::string> lines;
  lines.push_back(absl::StrFormat("\x1b[1mCoRocket failover demo\x1b[0m  %d coroutines, %.0f calls/s, %d switches",
                                  load.running(), calls_per_second_, snapshot.switches));
  lines.emplace_back();
  lines.push_back(absl::StrCat("now:  \x1b[1m", phase_, "\x1b[0m"));
  lines.push_back(absl::StrCat("      ", what_));
  lines.emplace_back();
  for (const corocket::EndpointSnapshot& endpoint : snapshot.endpoints) {
    lines.push_back(absl::StrFormat("  %-22s%s", endpoint.endpoint, MarkOf(endpoint)));
  }
  lines.emplace_back();
  lines.emplace_back("                 calls   failed  longest gap         p50         p99");
  lines.push_back(CallsLine("this phase", load.phase(), now));
  lines.push_back(CallsLine("in all", load.total(), now));
  lines.emplace_back();
  lines.emplace_back("  slowest call in each 20 ms, newest on the right:");
  lines.push_back(absl::StrCat("  ", Spark(load.timeline(), std::min(kSparkSteps, size.columns - 2))));
  lines.emplace_back();
  return lines;
}

void TerminalPage::Draw(const corocket::ChannelSnapshot& snapshot, const Load& load, const Observation& seen) {
  screen_.Enter();
  MeasureRate(load, Clock::now());
  // Asked each time: the user may have changed it.
  samples::TerminalSize size = samples::SizeOfTerminal(STDOUT_FILENO);
  size.columns = std::max<std::size_t>(size.columns, 10);
  std::vector<std::string> lines = Lines(snapshot, load, size);
  const std::size_t room = size.rows > lines.size() ? size.rows - lines.size() : 0;
  const std::size_t shown = std::min(room, seen.recent().size());
  for (std::size_t i = seen.recent().size() - shown; i < seen.recent().size(); ++i) {
    lines.push_back(absl::StrCat("  ", seen.recent()[i]));
  }
  if (lines.size() > size.rows) lines.resize(size.rows);
  // Cleared before it is written: behind a full line the cursor still stands on its last character.
  for (std::string& line : lines) line = absl::StrCat("\x1b[K", samples::CutToColumns(line, size.columns));
  // No line end behind the last row: it would scroll.
  std::cout << "\x1b[H" << absl::StrJoin(lines, "\r\n") << (lines.size() < size.rows ? "\r\n\x1b[J" : "") << std::flush;
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
