#ifndef COROCKET_SAMPLES_ROCKETCTL_FLAGS_H_
#define COROCKET_SAMPLES_ROCKETCTL_FLAGS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "corocket/options.h"

namespace rocketctl {

enum class Format : std::uint8_t { kText, kJson, kJsonl };

/// What every command understands, as it was typed and checked.
struct CommonFlags {
  corocket::ClientOptions client;
  Format format = Format::kText;
};

/// Errors: INVALID_ARGUMENT naming the flag and its value.
absl::StatusOr<CommonFlags> ReadCommonFlags();

struct WatchFlags {
  std::string topic;
  std::chrono::nanoseconds duration{};
  std::chrono::nanoseconds interval{};
  std::int32_t concurrency = 1;
};
absl::StatusOr<WatchFlags> ReadWatchFlags();

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_FLAGS_H_
