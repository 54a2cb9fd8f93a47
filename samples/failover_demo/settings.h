#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_SETTINGS_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_SETTINGS_H_

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace failover_demo {

/// What the user wants, from the command line.
struct Settings {
  /// Real NameServers to watch; empty: embedded ones.
  std::string namesrv;
  std::string topic;
  int coroutines = 0;
  std::chrono::milliseconds pause{0};
  std::chrono::milliseconds phase{0};
  /// Path of the HTML report; empty: none.
  std::string report;
};

/// The flags that there are.
[[nodiscard]] const std::vector<std::string_view>& FlagNames();

/// The settings that the flags give. Errors: INVALID_ARGUMENT quoting the flag and what it may be.
[[nodiscard]] absl::StatusOr<Settings> ReadSettings();

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_SETTINGS_H_
