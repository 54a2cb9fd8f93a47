#include "sdk/net/asio_listener.h"

#include <system_error>
#include <utility>

#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/ip/tcp.hpp"
#include "sdk/net/asio_endpoint.h"
#include "sdk/net/asio_transport.h"

namespace corocket::net {
namespace {

struct State {
  explicit State(asio::any_io_executor on) : acceptor(std::move(on)) {}
  asio::ip::tcp::acceptor acceptor;
  bool closed = false;
};

std::system_error Aborted() { return std::system_error(asio::error::make_error_code(asio::error::operation_aborted)); }

// Owns the state: the listener may be destroyed while this waits.
asio::awaitable<std::unique_ptr<Transport>> AcceptOne(std::shared_ptr<State> state, asio::any_io_executor on) {
  if (state->closed) throw Aborted();
  auto accept = state->acceptor.async_accept(on, asio::deferred);
  asio::ip::tcp::socket socket = co_await std::move(accept);
  if (state->closed) throw Aborted();
  co_return MakeAsioTransport(std::move(socket));
}

class AsioListener final : public Listener {
 public:
  AsioListener(std::shared_ptr<State> state, HostPort address)
      : state_(std::move(state)), address_(std::move(address)) {}
  ~AsioListener() override { Close(); }
  AsioListener(const AsioListener&) = delete;
  AsioListener& operator=(const AsioListener&) = delete;

  asio::awaitable<std::unique_ptr<Transport>> Accept(asio::any_io_executor on) override {
    return AcceptOne(state_, std::move(on));
  }

  void Close() noexcept override {
    state_->closed = true;
    std::error_code ignored;  // the descriptor is released whatever the kernel says
    state_->acceptor.close(ignored);
  }

  HostPort address() const override { return address_; }

 private:
  const std::shared_ptr<State> state_;
  const HostPort address_;
};

class AsioBinder final : public Binder {
 public:
  std::unique_ptr<Listener> Listen(asio::any_io_executor on, HostPort address) override {
    const asio::ip::tcp::endpoint endpoint = ToEndpoint(address);
    auto state = std::make_shared<State>(std::move(on));
    try {
      state->acceptor.open(endpoint.protocol());
      state->acceptor.set_option(asio::socket_base::reuse_address(true));
      state->acceptor.bind(endpoint);
      state->acceptor.listen();
    } catch (const std::system_error& error) {
      throw std::system_error(error.code(), "cannot listen on " + address.ToString());
    }
    HostPort bound = ToHostPort(state->acceptor.local_endpoint());
    return std::make_unique<AsioListener>(std::move(state), std::move(bound));
  }
};

}  // namespace

std::shared_ptr<Binder> MakeAsioBinder() { return std::make_shared<AsioBinder>(); }

}  // namespace corocket::net
