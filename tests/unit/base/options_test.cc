#include "corocket/options.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace corocket {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(CallOptions, DefaultsAndLimitsAreValid) {
  EXPECT_EQ(CallOptions().Validate(), absl::OkStatus());
  CallOptions options;
  options.timeout = options.attempt_timeout = milliseconds(1);
  EXPECT_EQ(options.Validate(), absl::OkStatus());
  options.timeout = options.attempt_timeout = minutes(10);
  EXPECT_EQ(options.Validate(), absl::OkStatus());
}

TEST(CallOptions, ABadValueIsToldWithItsNameAndRange) {
  CallOptions options;
  options.timeout = milliseconds(0);
  EXPECT_EQ(options.Validate(), absl::InvalidArgumentError("CallOptions::timeout is 0 ms; allowed: 1 ms to 10 min"));
  options = CallOptions();
  options.timeout = milliseconds::max();
  EXPECT_FALSE(options.Validate().ok());
  options = CallOptions();
  options.attempt_timeout = minutes(10) + milliseconds(1);
  EXPECT_EQ(options.Validate(),
            absl::InvalidArgumentError("CallOptions::attempt_timeout is 600001 ms; allowed: 1 ms to 10 min"));
}

struct Case {
  std::function<void(FailoverOptions&)> set;
  std::string error;
};

TEST(FailoverOptions, DefaultsAndLimitsAreValid) {
  EXPECT_EQ(FailoverOptions().Validate(), absl::OkStatus());
  const FailoverOptions least{.attempt_delay = milliseconds(100),
                              .dial_timeout = milliseconds(100),
                              .max_parallel_dials = 1,
                              .silence_limit = milliseconds(50),
                              .drain_timeout = milliseconds(0),
                              .backoff_base = milliseconds(1),
                              .backoff_cap_waiting = milliseconds(1),
                              .backoff_cap_idle = milliseconds(1),
                              .min_attempt = milliseconds(0)};
  EXPECT_EQ(least.Validate(), absl::OkStatus());
  const FailoverOptions most{.attempt_delay = seconds(2),
                             .dial_timeout = minutes(1),
                             .max_parallel_dials = 64,
                             .silence_limit = minutes(1),
                             .drain_timeout = minutes(1),
                             .backoff_base = minutes(1),
                             .backoff_cap_waiting = minutes(10),
                             .backoff_cap_idle = minutes(10),
                             .min_attempt = seconds(1)};
  EXPECT_EQ(most.Validate(), absl::OkStatus());
}

TEST(FailoverOptions, ABadValueIsToldWithItsNameAndRange) {
  const std::vector<Case> cases = {
      {[](FailoverOptions& o) { o.attempt_delay = milliseconds(99); },
       "attempt_delay is 99 ms; allowed: 100 ms to 2 s"},
      {[](FailoverOptions& o) { o.attempt_delay = milliseconds(2001); },
       "attempt_delay is 2001 ms; allowed: 100 ms to 2 s"},
      {[](FailoverOptions& o) { o.dial_timeout = seconds(61); }, "dial_timeout is 61 s; allowed: 100 ms to 1 min"},
      {[](FailoverOptions& o) { o.dial_timeout = milliseconds(-5); },
       "dial_timeout is -5 ms; allowed: 100 ms to 1 min"},
      {[](FailoverOptions& o) { o.max_parallel_dials = 0; }, "max_parallel_dials is 0; allowed: 1 to 64"},
      {[](FailoverOptions& o) { o.max_parallel_dials = 65; }, "max_parallel_dials is 65; allowed: 1 to 64"},
      {[](FailoverOptions& o) { o.silence_limit = milliseconds(49); },
       "silence_limit is 49 ms; allowed: 50 ms to 1 min"},
      {[](FailoverOptions& o) { o.silence_limit = minutes(2); }, "silence_limit is 2 min; allowed: 50 ms to 1 min"},
      {[](FailoverOptions& o) { o.drain_timeout = milliseconds(-1); },
       "drain_timeout is -1 ms; allowed: 0 ms to 1 min"},
      {[](FailoverOptions& o) { o.backoff_base = milliseconds(0); }, "backoff_base is 0 ms; allowed: 1 ms to 1 min"},
      {[](FailoverOptions& o) { o.backoff_cap_waiting = milliseconds(99); },
       "backoff_cap_waiting is 99 ms; allowed: 100 ms to 10 min (not less than backoff_base)"},
      {[](FailoverOptions& o) { o.backoff_cap_idle = milliseconds(999); },
       "backoff_cap_idle is 999 ms; allowed: 1 s to 10 min (not less than backoff_cap_waiting)"},
      {[](FailoverOptions& o) { o.backoff_cap_idle = minutes(11); },
       "backoff_cap_idle is 11 min; allowed: 1 s to 10 min (not less than backoff_cap_waiting)"},
      {[](FailoverOptions& o) { o.min_attempt = milliseconds(1001); }, "min_attempt is 1001 ms; allowed: 0 ms to 1 s"},
  };
  for (const Case& c : cases) {
    FailoverOptions options;
    c.set(options);
    EXPECT_EQ(options.Validate(), absl::InvalidArgumentError("FailoverOptions::" + c.error));
  }
}

}  // namespace
}  // namespace corocket
