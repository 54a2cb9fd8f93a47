#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_SKIP_IF_MISSING_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_SKIP_IF_MISSING_H_

#include <string>

#include "gtest/gtest.h"

namespace corocket::test {

/// Whether the environment variable CI says that everything has to be there: set, and neither empty, "0" nor "false".
/// Bazel hands it to tests with --test_env=CI.
[[nodiscard]] bool SkipIsFailure();

}  // namespace corocket::test

/// Ends the test as skipped, with the reason, when `missing` is not empty; where CI is set, as failed. For the body of
/// a test or `SetUp`.
///
///     COROCKET_SKIP_IF_MISSING(MissingPieces());
#define COROCKET_SKIP_IF_MISSING(missing)                                                          \
  if (const std::string corocket_reason = (missing); corocket_reason.empty()) {                    \
  } else if (::corocket::test::SkipIsFailure())                                                    \
    GTEST_FAIL() << "cannot run here: " << corocket_reason << "; where CI is set this is no skip"; \
  else                                                                                             \
    GTEST_SKIP() << "SKIPPED: " << corocket_reason

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_SKIP_IF_MISSING_H_
