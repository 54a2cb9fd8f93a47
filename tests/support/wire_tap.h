#ifndef COROCKET_TESTS_SUPPORT_WIRE_TAP_H_
#define COROCKET_TESTS_SUPPORT_WIRE_TAP_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/environment.h"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/wire/frame.h"

namespace corocket::test {

/// Listens in on a client: every dial, and every request at the moment its bytes are handed to the socket.
///
///     WireTap tap(world.environment());
///     tap.OnRequest([&](const std::string& server, const wire::Frame& request) { ... });
///     auto client = Client::Create(tap.environment(), ...);
///
/// Thread safety: none; made for virtual time, where everything happens on one thread. Outlives nothing: what it made
/// keeps what it needs, the callback included.
class WireTap {
 public:
  explicit WireTap(const Environment& tapped);

  /// What the client to be listened to is made with.
  [[nodiscard]] Environment environment() const;

  /// `server` as the client's address list has it. Called inside the write, so that the client's state is that of the
  /// decision to write.
  void OnRequest(std::function<void(const std::string& server, const wire::Frame& request)> callback);

  struct Census {
    std::size_t dialling = 0;       ///< Dials without a result, now.
    std::size_t most_dialling = 0;  ///< At one time, so far.
    std::size_t open = 0;           ///< Sockets of the client, now.
  };
  [[nodiscard]] const Census& census() const;

 private:
  struct State;
  class Transport;
  class Connector;
  Environment tapped_;
  std::shared_ptr<State> state_;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_WIRE_TAP_H_
