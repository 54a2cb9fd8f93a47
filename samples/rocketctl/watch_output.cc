#include "samples/rocketctl/watch_output.h"

#include <unistd.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "samples/common/terminal.h"
#include "samples/rocketctl/json_output.h"

namespace rocketctl {
namespace {

constexpr const char* kClearLine = "\r\x1b[K";

std::string SummaryText(const WatchSummary& summary) {
  return absl::StrFormat(
      "%d calls, %d ok, %d failed; %d switches, %d connects; longest gap %.1f ms; p50 %d us, p99 %d us, max %d us",
      summary.ok + summary.failed, summary.ok, summary.failed, summary.switches, summary.connects,
      summary.longest_gap_ms, summary.p50_us, summary.p99_us, summary.max_us);
}

}  // namespace

WatchOutput::WatchOutput(Format format, bool logs)
    : format_(format), shows_progress_(format == Format::kText && !logs && samples::IsLiveTerminal(STDERR_FILENO)) {}

bool WatchOutput::Lost() { return !std::cout; }

void WatchOutput::Print(std::string_view line) {
  ClearProgress();
  std::cout << line << std::endl;
}

void WatchOutput::PrintItem(std::string_view json) {
  if (format_ == Format::kJsonl) {
    Print(json);
    return;
  }
  std::cout << (document_begun_ ? ",\n" : "{\"type\":\"watch\",\"events\":[\n") << json << std::flush;
  document_begun_ = true;
}

void WatchOutput::Event(const corocket::EndpointEvent& event, double seconds) {
  if (format_ == Format::kText) {
    Print(absl::StrFormat("%9.3fs  %s", seconds, event.ToString()));
  } else {
    PrintItem(EventJson(event, seconds));
  }
}

void WatchOutput::Failure(const absl::Status& failure, double seconds) {
  if (format_ == Format::kText) {
    Print(absl::StrFormat("%9.3fs  call failed: %s", seconds, failure.message()));
  } else {
    PrintItem(FailureJson(failure, seconds));
  }
}

void WatchOutput::Summary(const WatchSummary& summary) {
  switch (format_) {
    case Format::kText:
      if (!summary.last_failure.ok()) Print(absl::StrCat("last failed call: ", summary.last_failure.message()));
      Print(SummaryText(summary));
      return;
    case Format::kJson:
      if (!document_begun_) std::cout << "{\"type\":\"watch\",\"events\":[";
      Print(absl::StrCat("],\n\"summary\":", SummaryJson(summary), "}"));
      return;
    case Format::kJsonl:
      Print(SummaryJson(summary));
      return;
  }
}

void WatchOutput::EventsDropped(std::uint64_t events) {
  ClearProgress();
  std::cerr << events << " events were dropped: too many at once" << std::endl;
}

void WatchOutput::Progress(const std::string& line) {
  if (!shows_progress_) return;
  // One column less: a full line would wrap, and the next one begin a new row.
  const std::size_t columns = samples::SizeOfTerminal(STDERR_FILENO).columns - 1;
  std::cerr << kClearLine << samples::CutToColumns(line, columns) << std::flush;
  progress_shown_ = true;
}

void WatchOutput::ClearProgress() {
  if (!progress_shown_) return;
  std::cerr << kClearLine << std::flush;
  progress_shown_ = false;
}

}  // namespace rocketctl
