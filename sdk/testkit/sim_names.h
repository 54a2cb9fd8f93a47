#ifndef COROCKET_SDK_TESTKIT_SIM_NAMES_H_
#define COROCKET_SDK_TESTKIT_SIM_NAMES_H_

#include <string>
#include <system_error>
#include <vector>

#include "absl/container/btree_map.h"
#include "sdk/base/host_port.h"
#include "sdk/runtime/runtime.h"

namespace corocket::testkit {

/// The name server (DNS) of the simulated network. May change at any time; a look-up sees the table of its end.
/// Thread safety: none.
class SimNames {
 public:
  /// `name` leads to these IP literals, in this order; replaces what was set before, a failure included.
  void Set(const std::string& name, std::vector<std::string> hosts);
  /// Look-ups of `name` fail.
  void Fail(const std::string& name, std::error_code error);
  /// Look-ups of `name` take this long.
  void Slow(const std::string& name, Duration delay);

  [[nodiscard]] Duration DelayOf(const std::string& name) const;
  /// Throws `std::system_error`: `host_not_found` for a name that was never set.
  [[nodiscard]] std::vector<HostPort> Find(const HostPort& name) const;

 private:
  struct Entry {
    std::vector<std::string> hosts;
    std::error_code error;
    Duration delay = Duration::zero();
  };
  absl::btree_map<std::string, Entry> entries_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_NAMES_H_
