#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_FREE_PORTS_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_FREE_PORTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/real_servers/file_descriptor.h"

namespace corocket::test {

/// Finds TCP ports of 127.0.0.1 that nobody uses, and holds them, so that no two answers are equal, until it is
/// destroyed. Destroy it right before the ports are used: somebody else may still be faster, and the user has to cope.
///
/// Linux gives `bind` odd ports and outgoing connections even ones as long as both last, so a client that dials a dead
/// server here does not meet itself.
class FreePorts {
 public:
  /// A free port. Errors: INTERNAL.
  absl::StatusOr<std::uint16_t> Pick();

  /// A free port P such that P - 2 is free too. Errors: INTERNAL.
  absl::StatusOr<std::uint16_t> PickWithSecondBelow();

 private:
  std::vector<FileDescriptor> held_;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_FREE_PORTS_H_
