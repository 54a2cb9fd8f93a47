#ifndef COROCKET_TESTS_UNIT_TESTKIT_RAW_CLIENT_H_
#define COROCKET_TESTS_UNIT_TESTKIT_RAW_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "asio/awaitable.hpp"
#include "corocket/environment.h"
#include "sdk/net/transport.h"
#include "sdk/wire/frame.h"

namespace corocket::testkit {

/// A socket that speaks frames, and does nothing by itself. Throws what the transport throws.
class RawClient {
 public:
  /// Dials `address` (`host:port`) on the executor of the caller.
  [[nodiscard]] static asio::awaitable<RawClient> Connect(Environment environment, std::string address);

  [[nodiscard]] asio::awaitable<void> SendBytes(std::string bytes);
  /// Sends `frame` as it is.
  [[nodiscard]] asio::awaitable<void> Send(wire::Frame frame);
  /// The next frame.
  [[nodiscard]] asio::awaitable<wire::Frame> Receive();
  /// The next bytes, frame or not.
  [[nodiscard]] asio::awaitable<std::string> ReceiveBytes();
  /// Sends `request` under an opaque of its own and gives the next frame.
  [[nodiscard]] asio::awaitable<wire::Frame> Call(wire::Frame request);
  /// How the connection ends, once nothing comes any more.
  [[nodiscard]] asio::awaitable<std::error_code> End();
  void Close() { transport_->Close(); }

 private:
  explicit RawClient(std::unique_ptr<net::Transport> transport) : transport_(std::move(transport)) {}

  std::unique_ptr<net::Transport> transport_;
  std::string inbox_;
  std::size_t taken_ = 0;
  std::int32_t next_opaque_ = 1;
};

}  // namespace corocket::testkit

#endif  // COROCKET_TESTS_UNIT_TESTKIT_RAW_CLIENT_H_
