#include "sdk/net/connection.h"

#include <utility>

#include "sdk/net/connection_impl.h"

namespace corocket::net {

std::shared_ptr<Connection> Connection::Start(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand,
                                              std::unique_ptr<Transport> transport, ConnectionId id,
                                              std::string endpoint, ConnectionOptions options,
                                              ConnectionCallbacks callbacks) {
  auto impl = std::make_shared<Impl>(std::move(runtime), std::move(strand), std::move(transport), id,
                                     std::move(endpoint), options, std::move(callbacks));
  impl->Start();
  return std::shared_ptr<Connection>(new Connection(std::move(impl)));
}

Connection::Connection(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Connection::~Connection() { impl_->End(RemotingErrc::kRetired, Impl::Resume::kLater); }

asio::awaitable<wire::Frame> Connection::Send(wire::Frame request, SendOptions options) {
  return impl_->Send(std::move(request), options, /*oneway=*/false);
}

asio::awaitable<void> Connection::SendOneway(wire::Frame request, SendOptions options) {
  request.header.flag |= wire::kFlagOneway;
  wire::Frame nothing = co_await impl_->Send(std::move(request), options, /*oneway=*/true);
  static_cast<void>(nothing);
}

void Connection::Retire(TimePoint drain_until) { impl_->Retire(drain_until); }
void Connection::Abort(std::error_code cause) { impl_->End(cause, Impl::Resume::kLater); }
asio::awaitable<void> Connection::Join() { return impl_->Join(); }
ConnectionId Connection::id() const { return impl_->id(); }
const std::string& Connection::endpoint() const { return impl_->endpoint(); }
Connection::Stats Connection::stats() const { return impl_->stats(); }

}  // namespace corocket::net
