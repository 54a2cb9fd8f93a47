#include "sdk/net/asio_transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "asio/as_tuple.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/buffer.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/this_coro.hpp"
#include "sdk/net/asio_endpoint.h"

namespace corocket::net {
namespace {

// As many pieces as Asio hands to one `sendmsg`.
constexpr std::size_t kMaxPiecesPerCall = 64;

using Buffers = absl::InlinedVector<asio::const_buffer, 16>;

// Walks over the pieces as the kernel takes them, in parts of any size.
class Unsent {
 public:
  explicit Unsent(std::span<const std::string_view> pieces) : pieces_(pieces) { SkipEmpty(); }

  bool empty() const { return pieces_.empty(); }

  Buffers Next() const {
    Buffers buffers;
    std::size_t skip = sent_of_first_;
    for (const std::string_view piece : pieces_.first(std::min(pieces_.size(), kMaxPiecesPerCall))) {
      buffers.push_back(asio::buffer(piece.substr(std::exchange(skip, 0))));
    }
    return buffers;
  }

  void Advance(std::size_t sent) {
    sent_of_first_ += sent;
    SkipEmpty();
  }

 private:
  void SkipEmpty() {
    while (!pieces_.empty() && sent_of_first_ >= pieces_.front().size()) {
      sent_of_first_ -= pieces_.front().size();
      pieces_ = pieces_.subspan(1);
    }
  }

  std::span<const std::string_view> pieces_;
  std::size_t sent_of_first_ = 0;
};

struct State {
  explicit State(asio::ip::tcp::socket of) : socket(std::move(of)) {}
  asio::ip::tcp::socket socket;
  bool closed = false;
};

std::error_code Aborted() { return asio::error::operation_aborted; }

// The coroutines own the state: the transport may be destroyed while one of them waits.
asio::awaitable<std::size_t> Read(std::shared_ptr<State> state, std::span<char> into) {
  if (state->closed) throw std::system_error(Aborted());
  auto read = state->socket.async_read_some(asio::buffer(into.data(), into.size()), asio::deferred);
  const std::size_t bytes = co_await std::move(read);
  if (state->closed) throw std::system_error(Aborted());  // closed between arrival and this handler
  co_return bytes;
}

// Takes no notice of cancellation: a frame that has begun is finished.
asio::awaitable<std::error_code> UntilWritable(std::shared_ptr<State> state) {
  auto wait =
      state->socket.async_wait(asio::ip::tcp::socket::wait_write,
                               asio::bind_cancellation_slot(asio::cancellation_slot(), asio::as_tuple(asio::deferred)));
  const std::tuple<std::error_code> result = co_await std::move(wait);
  co_return state->closed ? Aborted() : std::get<0>(result);
}

asio::awaitable<void> WriteAll(std::shared_ptr<State> state, std::span<const std::string_view> pieces) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Unsent unsent(pieces);
  std::error_code error;
  if (state->closed) error = Aborted();
  while (!error && !unsent.empty()) {
    // At once while the kernel has room, which is nearly always; the reactor is asked only when it has none.
    const Buffers buffers = unsent.Next();
    const std::size_t sent = state->socket.write_some(buffers, error);
    unsent.Advance(sent);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      error = co_await UntilWritable(state);
    }
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (error) throw std::system_error(error);
}

class AsioTransport final : public Transport {
 public:
  AsioTransport(asio::ip::tcp::socket socket, std::string peer)
      : state_(std::make_shared<State>(std::move(socket))), peer_(std::move(peer)) {}
  ~AsioTransport() override { Close(); }
  AsioTransport(const AsioTransport&) = delete;
  AsioTransport& operator=(const AsioTransport&) = delete;

  asio::awaitable<std::size_t> ReadSome(std::span<char> into) override { return Read(state_, into); }

  asio::awaitable<void> Write(std::span<const std::string_view> pieces) override { return WriteAll(state_, pieces); }

  void Close() noexcept override {
    state_->closed = true;
    std::error_code ignored;  // the descriptor is released whatever the kernel says
    state_->socket.close(ignored);
  }

  void CloseSend() noexcept override {
    std::error_code ignored;  // not connected any more: nothing is left to end
    state_->socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  void Reset() noexcept override {
    std::error_code ignored;  // then it ends as an ordinary close
    state_->socket.set_option(asio::socket_base::linger(true, 0), ignored);
    Close();
  }

  std::string peer() const override { return peer_; }

 private:
  const std::shared_ptr<State> state_;
  const std::string peer_;
};

// Best effort: a system that lacks one of them still gives a working connection.
void SetOption(asio::ip::tcp::socket& socket, int level, int name, int value) {
  (void)::setsockopt(socket.native_handle(), level, name, &value, sizeof(value));
}

void Tune(asio::ip::tcp::socket& socket) {
  SetOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  SetOption(socket, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(kKeepAliveIdle.count()));
  SetOption(socket, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(kKeepAliveInterval.count()));
  SetOption(socket, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
#endif
#ifdef TCP_USER_TIMEOUT
  SetOption(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(kTcpUserTimeout.count()));
#endif
}

}  // namespace

std::unique_ptr<Transport> MakeAsioTransport(asio::ip::tcp::socket socket) {
  Tune(socket);
  socket.non_blocking(true);  // for the direct writes
  std::error_code gone;       // reset already: the first read says so
  const asio::ip::tcp::endpoint peer = socket.remote_endpoint(gone);
  return std::make_unique<AsioTransport>(std::move(socket), gone ? "(gone)" : ToHostPort(peer).ToString());
}

}  // namespace corocket::net
