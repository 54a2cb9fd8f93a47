#ifndef COROCKET_SDK_NET_RESOLVER_H_
#define COROCKET_SDK_NET_RESOLVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "asio/awaitable.hpp"
#include "sdk/base/host_port.h"

namespace corocket::net {

/// A blocking look-up: the numeric addresses of a name. Runs on a thread of the resolver; throws `std::system_error`,
/// whose code counts.
using Lookup = std::function<std::vector<HostPort>(const HostPort& name)>;

/// What the system says: hosts file, DNS, whatever it is set up for.
[[nodiscard]] std::vector<HostPort> SystemLookup(const HostPort& name);

/// Threads per execution context that look names up; each runs while there is work and ends then.
inline constexpr std::size_t kMaxLookupThreads = 4;
/// Look-ups that wait for one of them; one more fails with `host_not_found_try_again`.
inline constexpr std::size_t kMaxWaitingLookups = 256;
/// Callers that wait for one look-up; one more fails likewise.
inline constexpr std::size_t kMaxCallersPerLookup = 1024;

/// Looks names up without blocking an executor, and without being blocked by a look-up that hangs.
///
/// The system's look-up cannot be stopped once it runs. A caller that is cancelled leaves at once and the look-up ends
/// by itself, on a detached thread that nobody waits for: neither `io_context::run()` nor any destructor. Whoever asks
/// for a name that is being looked up on the same context already, abandoned or not, waits for that look-up: a name
/// that hangs takes one thread, however often it is asked for. Thread safety: all members may be called from any
/// thread.
class Resolver {
 public:
  /// `lookup`: the system's, if empty.
  explicit Resolver(Lookup lookup = nullptr);

  /// Numeric addresses of `name`, each once, in the order given. A literal is returned as it is.
  /// Throws `std::system_error` naming it: the look-up's code; `host_not_found` for an empty answer.
  /// Cancellation: terminal, partial, total; throws `operation_aborted`.
  [[nodiscard]] asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) const;

 private:
  /// Copies share it; look-ups by one and the same function are joined.
  const std::shared_ptr<const Lookup> lookup_;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_RESOLVER_H_
