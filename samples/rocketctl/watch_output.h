#ifndef COROCKET_SAMPLES_ROCKETCTL_WATCH_OUTPUT_H_
#define COROCKET_SAMPLES_ROCKETCTL_WATCH_OUTPUT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "corocket/endpoint_event.h"
#include "samples/rocketctl/flags.h"
#include "samples/rocketctl/watch_summary.h"

namespace rocketctl {

/// Prints what a watch sees, in the format that was asked for. For a person at a terminal there is one line of progress
/// on stderr meanwhile; elsewhere, and where log lines go there, the event lines are enough.
class WatchOutput {
 public:
  /// @param logs  Whether there are log lines.
  WatchOutput(Format format, bool logs);

  /// @param seconds  Since the watch began, here and below.
  void Event(const corocket::EndpointEvent& event, double seconds);
  void Failure(const absl::Status& failure, double seconds);
  void Summary(const WatchSummary& summary);
  void EventsDropped(std::uint64_t events);

  [[nodiscard]] bool shows_progress() const { return shows_progress_; }
  void Progress(const std::string& line);
  void ClearProgress();

  /// Whether what was printed is lost; nobody reads what would follow.
  [[nodiscard]] static bool Lost();

 private:
  void Print(std::string_view line);
  /// One object of the list that `json` is and `jsonl` is not.
  void PrintItem(std::string_view json);

  Format format_;
  bool shows_progress_;
  bool progress_shown_ = false;
  bool document_begun_ = false;
};

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_WATCH_OUTPUT_H_
