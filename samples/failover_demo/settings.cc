#include "samples/failover_demo/settings.h"

#include <cstdlib>
#include <optional>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "samples/failover_demo/demo_cluster.h"

ABSL_FLAG(std::string, namesrv, "",
          "Watch these real NameServers (host:port separated by ';') instead of embedded ones; break them yourself.");
ABSL_FLAG(std::string, topic, failover_demo::DemoCluster::kTopic, "Topic to ask for; another one needs --namesrv.");
ABSL_FLAG(int, coroutines, 256, "Coroutines that ask at the same time; 1 to 10000.");
ABSL_FLAG(absl::Duration, pause, absl::Milliseconds(50), "Pause of each coroutine between two calls; 0 to 10s.");
ABSL_FLAG(std::optional<absl::Duration>, phase, std::nullopt,
          "Length of one fault, 6s unless given. With --namesrv: of the whole watch, 1m unless given. 1s to 10m.");
ABSL_FLAG(std::string, report, "failover_report.html", "Where the HTML report goes; empty: nowhere.");

namespace failover_demo {
namespace {

constexpr absl::Duration kFault = absl::Seconds(6);
/// Long enough to break something by hand and to mend it.
constexpr absl::Duration kWatch = absl::Minutes(1);

absl::Status BadFlag(std::string_view flag, std::string_view value, std::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, "=", value, ": ", expected));
}

/// Where `path` is for the user: `bazel run` starts programs far away from there.
std::string ForUser(const std::string& path) {
  const char* const user_folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (path.empty() || path.front() == '/' || user_folder == nullptr) return path;
  return absl::StrCat(user_folder, "/", path);
}

}  // namespace

const std::vector<std::string_view>& FlagNames() {
  static const std::vector<std::string_view> names = {"namesrv", "topic", "coroutines", "pause", "phase", "report"};
  return names;
}

absl::StatusOr<Settings> ReadSettings() {
  Settings settings;
  settings.namesrv = absl::GetFlag(FLAGS_namesrv);
  settings.topic = absl::GetFlag(FLAGS_topic);
  if (settings.namesrv.empty() && settings.topic != DemoCluster::kTopic) {
    return BadFlag("topic", settings.topic,
                   absl::StrCat("the embedded servers know ", DemoCluster::kTopic, " only; give --namesrv as well"));
  }
  settings.coroutines = absl::GetFlag(FLAGS_coroutines);
  if (settings.coroutines < 1 || settings.coroutines > 10'000) {
    return BadFlag("coroutines", absl::StrCat(settings.coroutines), "give 1 to 10000");
  }
  const absl::Duration pause = absl::GetFlag(FLAGS_pause);
  if (pause < absl::ZeroDuration() || pause > absl::Seconds(10)) {
    return BadFlag("pause", absl::FormatDuration(pause), "give 0 to 10s");
  }
  const absl::Duration phase = absl::GetFlag(FLAGS_phase).value_or(settings.namesrv.empty() ? kFault : kWatch);
  if (phase < absl::Seconds(1) || phase > absl::Minutes(10)) {
    return BadFlag("phase", absl::FormatDuration(phase), "give 1s to 10m");
  }
  settings.pause = absl::ToChronoMilliseconds(pause);
  settings.phase = absl::ToChronoMilliseconds(phase);
  settings.report = ForUser(absl::GetFlag(FLAGS_report));
  return settings;
}

}  // namespace failover_demo
