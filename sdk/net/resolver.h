#ifndef COROCKET_SDK_NET_RESOLVER_H_
#define COROCKET_SDK_NET_RESOLVER_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "asio/awaitable.hpp"
#include "sdk/base/host_port.h"

namespace corocket::net {

/// A blocking look-up: the numeric addresses of a name. Runs on a thread of the resolver; throws `std::system_error`.
using Lookup = std::function<std::vector<HostPort>(const HostPort& name)>;

/// What the system says: hosts file, DNS, whatever it is set up for.
[[nodiscard]] std::vector<HostPort> SystemLookup(const HostPort& name);

/// Threads per execution context that look names up; each runs while there is work and ends then.
inline constexpr std::size_t kMaxLookupThreads = 4;
/// Look-ups that wait for one of them; one more fails with `host_not_found_try_again`.
inline constexpr std::size_t kMaxWaitingLookups = 256;

/// Looks names up without blocking an executor, and without being blocked by a look-up that hangs.
///
/// The system's look-up cannot be stopped once it runs. A caller that is cancelled leaves at once and the look-up ends
/// by itself, on a detached thread that nobody waits for: neither `io_context::run()` nor any destructor. Thread
/// safety: all members may be called from any thread.
class Resolver {
 public:
  /// `lookup`: the system's, if empty.
  explicit Resolver(Lookup lookup = nullptr);

  /// Numeric addresses of `name`, each once, in the order given. A literal is returned as it is.
  /// Throws `std::system_error`: what the look-up throws; `host_not_found` for an empty answer.
  /// Cancellation: terminal, partial, total; throws `operation_aborted`.
  [[nodiscard]] asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) const;

 private:
  const Lookup lookup_;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_RESOLVER_H_
