#include "corocket/options.h"

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

// `ClientOptions::Validate` needs the address list of the NameServers and stands in sdk/namesrv.

namespace corocket {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string Text(milliseconds value) {
  if (value != milliseconds::zero() && value % minutes(1) == milliseconds::zero()) {
    return absl::StrCat(value / minutes(1), " min");
  }
  if (value != milliseconds::zero() && value % seconds(1) == milliseconds::zero()) {
    return absl::StrCat(value / seconds(1), " s");
  }
  return absl::StrCat(value.count(), " ms");
}

std::string Text(std::size_t value) { return absl::StrCat(value); }

/// `note` says where a limit comes from when it is no constant.
template <typename Value>
absl::Status InRange(std::string_view option, Value value, Value least, Value most, std::string_view note = {}) {
  if (least <= value && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, " is ", Text(value), "; allowed: ", Text(least), " to ", Text(most), note));
}

absl::Status FirstError(std::initializer_list<absl::Status> checks) {
  for (const absl::Status& check : checks) {
    if (!check.ok()) return check;
  }
  return absl::OkStatus();
}

constexpr milliseconds kLongestCall = minutes(10);
constexpr milliseconds kLongestPause = minutes(10);

}  // namespace

absl::Status CallOptions::Validate() const {
  return FirstError({
      InRange<milliseconds>("CallOptions::timeout", timeout, milliseconds(1), kLongestCall),
      InRange<milliseconds>("CallOptions::attempt_timeout", attempt_timeout, milliseconds(1), kLongestCall),
  });
}

absl::Status FailoverOptions::Validate() const {
  return FirstError({
      InRange<milliseconds>("FailoverOptions::attempt_delay", attempt_delay, milliseconds(100), seconds(2)),
      InRange<milliseconds>("FailoverOptions::dial_timeout", dial_timeout, milliseconds(100), minutes(1)),
      InRange<std::size_t>("FailoverOptions::max_parallel_dials", max_parallel_dials, 1, 64),
      InRange<milliseconds>("FailoverOptions::silence_limit", silence_limit, milliseconds(50), minutes(1)),
      InRange<milliseconds>("FailoverOptions::drain_timeout", drain_timeout, milliseconds(0), minutes(1)),
      InRange<milliseconds>("FailoverOptions::backoff_base", backoff_base, milliseconds(1), minutes(1)),
      InRange<milliseconds>("FailoverOptions::backoff_cap_waiting", backoff_cap_waiting, backoff_base, kLongestPause,
                            " (not less than backoff_base)"),
      InRange<milliseconds>("FailoverOptions::backoff_cap_idle", backoff_cap_idle, backoff_cap_waiting, kLongestPause,
                            " (not less than backoff_cap_waiting)"),
      InRange<milliseconds>("FailoverOptions::min_attempt", min_attempt, milliseconds(0), seconds(1)),
  });
}

}  // namespace corocket
