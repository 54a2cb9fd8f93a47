#ifndef COROCKET_SDK_FAILOVER_DIALLER_H_
#define COROCKET_SDK_FAILOVER_DIALLER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/base/host_port.h"
#include "sdk/base/remoting_error.h"
#include "sdk/failover/types.h"
#include "sdk/net/connection.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/runtime.h"
#include "sdk/wire/frame.h"

namespace corocket::failover {

/// Makes connections that have proved their server alive: look-up, connect, and one cheap request of its own whose
/// answer is the proof. That request is nobody's call.
///
/// Thread safety: immutable but for the id counter; its coroutines run on the channel's strand.
class Dialler {
 public:
  struct Config {
    std::shared_ptr<Runtime> runtime;
    std::shared_ptr<net::Connector> connector;
    asio::any_io_executor strand;
    net::ConnectionOptions connection;
    /// The request that proves life; any well-formed answer does.
    wire::Frame probe;
    /// Told of every connection that was made, of its silence, and of its end.
    std::function<void(const std::shared_ptr<net::Connection>&)> on_started;
    std::function<void(net::ConnectionId)> on_silent;
    std::function<void(net::ConnectionId, std::error_code, const std::string& detail)> on_ended;
  };

  explicit Dialler(Config config) : config_(std::move(config)) {}

  /// Numeric addresses of `authority`, at least one. Throws RemotingError (kResolve).
  [[nodiscard]] asio::awaitable<std::vector<HostPort>> Resolve(HostPort authority, TimePoint deadline) const;

  /// A proven connection to `address`; `authority` is the name it is known by.
  /// Throws RemotingError (kConnect, kProbe). Cancellation: terminal; nothing is left behind.
  [[nodiscard]] asio::awaitable<std::shared_ptr<net::Connection>> Open(HostPort authority, HostPort address,
                                                                       TimePoint deadline);
  /// A proven connection to the first of `addresses` that gives one, asked in turn. Throws like `Open` of the last one.
  [[nodiscard]] asio::awaitable<std::shared_ptr<net::Connection>> OpenAny(HostPort authority,
                                                                          std::vector<HostPort> addresses,
                                                                          TimePoint deadline);

 private:
  Config config_;
  std::atomic<std::uint64_t> next_connection_{1};
};

/// What an exception of a dial amounts to, a connector's own included: a dial always has a result.
[[nodiscard]] DialFailure DialFailureOf(const std::exception_ptr& error);

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_DIALLER_H_
