#include "tests/unit/testkit/raw_client.h"

#include <array>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/this_coro.hpp"
#include "sdk/base/host_port.h"
#include "sdk/wire/codec.h"

namespace corocket::testkit {

asio::awaitable<RawClient> RawClient::Connect(Environment environment, std::string address) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::vector<HostPort> found = co_await environment.connector->Resolve(ParseHostPort(address).value());
  std::unique_ptr<net::Transport> transport = co_await environment.connector->Connect(executor, found.at(0));
  co_return RawClient(std::move(transport));
}

asio::awaitable<void> RawClient::SendBytes(std::string bytes) {
  const std::array<std::string_view, 1> pieces{bytes};
  co_await transport_->Write(pieces);
}

asio::awaitable<void> RawClient::Send(wire::Frame frame) {
  std::string bytes;
  const absl::Status encoded = wire::AppendFrame(frame, bytes);
  if (!encoded.ok()) throw std::invalid_argument(encoded.ToString());
  co_await SendBytes(std::move(bytes));
}

asio::awaitable<std::string> RawClient::ReceiveBytes() {
  std::vector<char> buffer(64 * 1024);
  const std::size_t bytes = co_await transport_->ReadSome(std::span(buffer));
  co_return std::string(buffer.data(), bytes);
}

asio::awaitable<wire::Frame> RawClient::Receive() {
  while (true) {
    const std::string_view unread = std::string_view(inbox_).substr(taken_);
    const std::size_t extent = wire::PeekFrame(unread).value().bytes;
    if (extent > 0 && extent <= unread.size()) {
      wire::Frame frame = wire::DecodeFrame(unread.substr(0, extent)).value();
      taken_ += extent;
      co_return frame;
    }
    inbox_.erase(0, std::exchange(taken_, 0));
    const std::string more = co_await ReceiveBytes();
    inbox_ += more;
  }
}

asio::awaitable<wire::Frame> RawClient::Call(wire::Frame request) {
  request.header.opaque = next_opaque_++;
  co_await Send(std::move(request));
  wire::Frame answer = co_await Receive();
  co_return answer;
}

asio::awaitable<std::error_code> RawClient::End() {
  try {
    while (true) {
      const std::string more = co_await ReceiveBytes();
      inbox_ += more;
    }
  } catch (const std::system_error& error) {
    co_return error.code();
  }
}

}  // namespace corocket::testkit
