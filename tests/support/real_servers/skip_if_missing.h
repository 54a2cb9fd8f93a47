#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_SKIP_IF_MISSING_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_SKIP_IF_MISSING_H_

#include <string>

#include "gtest/gtest.h"

/// Ends the test as skipped, with the reason, when `missing` is not empty. For the body of a test or `SetUp`. Where
/// everything has to be there, who runs the tests counts a skipped case as failed (.ci/count.py).
///
///     COROCKET_SKIP_IF_MISSING(MissingPieces());
#define COROCKET_SKIP_IF_MISSING(missing)                                       \
  if (const std::string corocket_reason = (missing); corocket_reason.empty()) { \
  } else                                                                        \
    GTEST_SKIP() << "SKIPPED: " << corocket_reason

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_SKIP_IF_MISSING_H_
