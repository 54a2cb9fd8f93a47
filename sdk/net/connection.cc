#include "sdk/net/connection.h"

#include <utility>

#include "sdk/base/remoting_error.h"
#include "sdk/net/connection_impl.h"
#include "sdk/net/pending_table.h"

namespace corocket::net {
namespace {

asio::awaitable<void> WithoutAnswer(asio::awaitable<wire::Frame> sent) {
  const wire::Frame nothing = co_await std::move(sent);
  static_cast<void>(nothing);
}

}  // namespace

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

Connection::~Connection() {
  try {
    impl_->End(RemotingErrc::kRetired, Impl::Caller::kStranger);
  } catch (...) {  // out of memory while posting: the calls end at their deadlines, the socket when the context does
  }
}

asio::awaitable<wire::Frame> Connection::Send(wire::Frame request, SendOptions options) {
  return Impl::Send(impl_, std::move(request), options, /*oneway=*/false);
}

asio::awaitable<void> Connection::SendOneway(wire::Frame request, SendOptions options) {
  request.header.flag |= wire::kFlagOneway;
  return WithoutAnswer(Impl::Send(impl_, std::move(request), options, /*oneway=*/true));
}

void Connection::Begin(Exchange& exchange, asio::any_io_executor executor,
                       asio::any_completion_handler<void()> handler) {
  impl_->Begin(exchange, std::move(executor), std::move(handler));
}

void Connection::Retire(TimePoint drain_until) { impl_->Retire(drain_until); }
void Connection::Abort(std::error_code cause) { impl_->End(cause, Impl::Caller::kStranger); }
asio::awaitable<void> Connection::Join() { return Impl::Join(impl_); }
ConnectionId Connection::id() const { return impl_->id(); }
const std::string& Connection::endpoint() const { return impl_->endpoint(); }
Connection::Stats Connection::stats() const { return impl_->stats(); }

}  // namespace corocket::net
