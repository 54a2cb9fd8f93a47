#ifndef COROCKET_SDK_NET_TRANSPORT_H_
#define COROCKET_SDK_NET_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/base/host_port.h"

namespace corocket::net {

/// One established byte stream. Not thread-safe: lives on the executor that it was made for.
/// At most one read and one write are outstanding.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Reads at least one byte. Throws `std::system_error`: `asio::error::eof` on an orderly close, the socket's error,
  /// or `operation_aborted` after `Close`.
  [[nodiscard]] virtual asio::awaitable<std::size_t> ReadSome(std::span<char> into) = 0;
  /// Writes all of `pieces`, in order, in as few system calls as possible. The pieces outlive the wait. Throws like
  /// `ReadSome`. Not cancellable but by `Close`: a frame is never torn by a caller's cancellation.
  [[nodiscard]] virtual asio::awaitable<void> Write(std::span<const std::string_view> pieces) = 0;
  /// Ends outstanding operations with `operation_aborted` and releases the socket. Idempotent.
  virtual void Close() noexcept = 0;
  /// Ends the outgoing direction: the peer reads an orderly end, reading goes on. For servers: a socket that is closed
  /// while requests lie unread sends a reset instead. One without two directions closes.
  virtual void CloseSend() noexcept { Close(); }
  /// `Close`, but the peer sees a reset.
  virtual void Reset() noexcept { Close(); }
  /// Numeric address of the peer, for people.
  [[nodiscard]] virtual std::string peer() const = 0;
};

/// Makes connections; the real one dials TCP, the simulated one the in-memory network.
/// Thread safety: all members may be called from any thread.
class Connector {
 public:
  virtual ~Connector() = default;
  /// Numeric addresses of `name`; a literal is returned as it is without asking anyone. Throws `std::system_error`.
  /// Cancellation: terminal; a running system look-up is abandoned, not stopped.
  [[nodiscard]] virtual asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) = 0;
  /// Connects to a numeric address; the transport lives on `on`, which is also where this must be awaited.
  /// Throws `std::system_error`. Cancellation: terminal; the half-made socket is closed.
  [[nodiscard]] virtual asio::awaitable<std::unique_ptr<Transport>> Connect(asio::any_io_executor on,
                                                                            HostPort address) = 0;
};

/// Accepts connections on one address. Lives on the executor it was made for.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The next connection, its transport on `on`. Throws `std::system_error`; `operation_aborted` after `Close`.
  [[nodiscard]] virtual asio::awaitable<std::unique_ptr<Transport>> Accept(asio::any_io_executor on) = 0;
  virtual void Close() noexcept = 0;
  /// The bound address, with the real port.
  [[nodiscard]] virtual HostPort address() const = 0;
};

/// Makes listeners; servers of the test kit run on it, over TCP or over the simulated network.
/// Thread safety: all members may be called from any thread.
class Binder {
 public:
  virtual ~Binder() = default;
  /// Port 0 asks for any free one. Throws `std::system_error` (address in use).
  [[nodiscard]] virtual std::unique_ptr<Listener> Listen(asio::any_io_executor on, HostPort address) = 0;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_TRANSPORT_H_
