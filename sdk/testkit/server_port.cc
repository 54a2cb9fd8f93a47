#include "sdk/testkit/server_port.h"

#include <memory>
#include <utility>

#include "absl/container/btree_map.h"
#include "asio/ip/tcp.hpp"
#include "asio/socket_base.hpp"
#include "sdk/base/host_port.h"
#include "sdk/net/asio_endpoint.h"
#include "sdk/net/asio_listener.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/asio_runtime.h"

namespace corocket::testkit {
namespace {

/// Keeps a socket bound, but not listening, to each address that it was asked for. Used by one server, on its strand.
class PortKeepingBinder final : public net::Binder {
 public:
  explicit PortKeepingBinder(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  std::unique_ptr<net::Listener> Listen(asio::any_io_executor on, HostPort address) override {
    if (!kept_.contains(address)) address = Keep(address);
    return binder_->Listen(std::move(on), std::move(address));
  }

 private:
#if defined(__linux__)
  // Here two sockets may be bound to one address as long as neither listened when the other was bound.
  HostPort Keep(const HostPort& address) {
    const asio::ip::tcp::endpoint endpoint = net::ToEndpoint(address);
    asio::ip::tcp::acceptor keeper(executor_, endpoint.protocol());
    keeper.set_option(asio::socket_base::reuse_address(true));
    keeper.bind(endpoint);
    HostPort bound = net::ToHostPort(keeper.local_endpoint());
    kept_.emplace(bound, std::move(keeper));
    return bound;
  }
#else
  HostPort Keep(const HostPort& address) { return address; }
#endif

  const asio::any_io_executor executor_;
  const std::shared_ptr<net::Binder> binder_ = net::MakeAsioBinder();
  absl::btree_map<HostPort, asio::ip::tcp::acceptor> kept_;
};

}  // namespace

testing::ServerEnvironment TcpServerEnvironment(asio::any_io_executor executor) {
  auto binder = std::make_shared<PortKeepingBinder>(executor);
  return {.runtime = MakeAsioRuntime(std::move(executor)), .binder = std::move(binder)};
}

}  // namespace corocket::testkit
