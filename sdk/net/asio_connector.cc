#include "sdk/net/asio_connector.h"

#include <system_error>
#include <utility>

#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/ip/tcp.hpp"
#include "sdk/net/asio_endpoint.h"
#include "sdk/net/asio_transport.h"

namespace corocket::net {
namespace {

asio::awaitable<std::unique_ptr<Transport>> Dial(asio::any_io_executor on, HostPort address) {
  const asio::ip::tcp::endpoint endpoint = ToEndpoint(address);
  asio::ip::tcp::socket socket(on);
  auto connect = socket.async_connect(endpoint, asio::deferred);
  co_await std::move(connect);
  if (IsConnectedToItself(socket)) {
    throw std::system_error(asio::error::make_error_code(asio::error::connection_refused), address.ToString());
  }
  co_return MakeAsioTransport(std::move(socket));
}

class AsioConnector final : public Connector {
 public:
  explicit AsioConnector(Lookup lookup) : resolver_(std::move(lookup)) {}

  asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) override { return resolver_.Resolve(std::move(name)); }

  asio::awaitable<std::unique_ptr<Transport>> Connect(asio::any_io_executor on, HostPort address) override {
    return Dial(std::move(on), std::move(address));
  }

 private:
  const Resolver resolver_;
};

}  // namespace

std::shared_ptr<Connector> MakeAsioConnector(Lookup lookup) {
  return std::make_shared<AsioConnector>(std::move(lookup));
}

}  // namespace corocket::net
