#include "samples/failover_demo/settings.h"

#include <cstdlib>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "samples/failover_demo/demo_cluster.h"

ABSL_FLAG(std::string, namesrv, "",
          "Watch these real NameServers (host:port separated by ';') instead of embedded ones; break them yourself.");
ABSL_FLAG(std::string, topic, failover_demo::DemoCluster::kTopic, "Topic to ask for, with --namesrv.");
ABSL_FLAG(int, coroutines, 256, "Coroutines that ask at the same time; 1 to 10000.");
ABSL_FLAG(absl::Duration, pause, absl::Milliseconds(10), "Pause of each coroutine between two calls; 0 to 10s.");
ABSL_FLAG(absl::Duration, phase, absl::Seconds(6),
          "Length of one fault; 1s to 10m. With --namesrv: of the whole watch.");
ABSL_FLAG(std::string, report, "failover_report.html", "Where the HTML report goes; empty: nowhere.");

namespace failover_demo {

const std::vector<std::string_view>& FlagNames() {
  static const std::vector<std::string_view> names = {"namesrv", "topic", "coroutines", "pause", "phase", "report"};
  return names;
}

absl::StatusOr<Settings> ReadSettings() {
  Settings settings;
  settings.namesrv = absl::GetFlag(FLAGS_namesrv);
  settings.topic = absl::GetFlag(FLAGS_topic);
  settings.coroutines = absl::GetFlag(FLAGS_coroutines);
  if (settings.coroutines < 1 || settings.coroutines > 10'000) {
    return absl::InvalidArgumentError(absl::StrCat("--coroutines=", settings.coroutines, ": give 1 to 10000"));
  }
  const absl::Duration pause = absl::GetFlag(FLAGS_pause);
  if (pause < absl::ZeroDuration() || pause > absl::Seconds(10)) {
    return absl::InvalidArgumentError(absl::StrCat("--pause=", absl::FormatDuration(pause), ": give 0 to 10s"));
  }
  const absl::Duration phase = absl::GetFlag(FLAGS_phase);
  if (phase < absl::Seconds(1) || phase > absl::Minutes(10)) {
    return absl::InvalidArgumentError(absl::StrCat("--phase=", absl::FormatDuration(phase), ": give 1s to 10m"));
  }
  settings.pause = absl::ToChronoMilliseconds(pause);
  settings.phase = absl::ToChronoMilliseconds(phase);
  settings.report = absl::GetFlag(FLAGS_report);
  // `bazel run` starts programs far away from where the user is.
  const char* user_folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (!settings.report.empty() && settings.report.front() != '/' && user_folder != nullptr) {
    settings.report = absl::StrCat(user_folder, "/", settings.report);
  }
  return settings;
}

}  // namespace failover_demo
