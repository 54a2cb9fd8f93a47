#include "tests/unit/net/connection_fixture.h"

#include <array>
#include <exception>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_state.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "sdk/wire/codec.h"

namespace corocket::net {
namespace {

asio::awaitable<wire::Frame> NoAnswer(asio::awaitable<void> sent) {
  co_await std::move(sent);
  co_return wire::Frame();
}

asio::awaitable<void> Echo(Peer& peer) {
  try {
    for (;;) {
      wire::Frame frame = co_await peer.Receive();
      if (frame.header.is_oneway()) continue;
      frame.header.flag = wire::kFlagResponse;
      std::string bytes;
      EXPECT_TRUE(wire::AppendFrame(frame, bytes).ok());
      co_await peer.Send(std::move(bytes));
    }
  } catch (const std::system_error&) {  // the stream has ended
  }
}

class LateTimer final : public Timer {
 public:
  LateTimer(std::unique_ptr<Timer> timer, Duration late) : timer_(std::move(timer)), late_(late) {}
  void Arm(TimePoint at, absl::AnyInvocable<void()> fire) override { timer_->Arm(at + late_, std::move(fire)); }
  void Disarm() override { timer_->Disarm(); }

 private:
  const std::unique_ptr<Timer> timer_;
  const Duration late_;
};

/// A runtime whose timers fire late.
class LateRuntime final : public Runtime {
 public:
  LateRuntime(std::shared_ptr<Runtime> runtime, Duration late) : runtime_(std::move(runtime)), late_(late) {}
  TimePoint Now() const override { return runtime_->Now(); }
  std::uint64_t Random() override { return runtime_->Random(); }
  asio::any_io_executor executor() const override { return runtime_->executor(); }
  std::unique_ptr<Timer> NewTimer(asio::any_io_executor on) override {
    return std::make_unique<LateTimer>(runtime_->NewTimer(std::move(on)), late_);
  }

 private:
  const std::shared_ptr<Runtime> runtime_;
  const Duration late_;
};

asio::awaitable<void> Sink(Peer& peer, std::shared_ptr<std::optional<std::error_code>> end) {
  *end = co_await peer.End();
}

}  // namespace

asio::awaitable<wire::Frame> Peer::Receive() {
  while (next_ == frames_.size()) {
    frames_.clear();
    next_ = 0;
    const std::size_t bytes = co_await transport_->ReadSome(reader_.Space());
    reader_.Commit(bytes);
    const absl::Status status = reader_.TakeFrames(frames_);
    EXPECT_TRUE(status.ok()) << "the connection wrote what is no frame: " << status;
  }
  co_return std::move(frames_[next_++]);
}

asio::awaitable<void> Peer::Send(std::string bytes) {
  const std::array<std::string_view, 1> pieces = {bytes};
  co_await transport_->Write(pieces);
}

asio::awaitable<std::error_code> Peer::End() {
  try {
    for (;;) {
      const wire::Frame frame = co_await Receive();
      static_cast<void>(frame);
    }
  } catch (const std::system_error& error) {
    co_return error.code();
  }
}

std::string TestCall::outcome() const {
  if (!done) return "waits";
  return error ? error->code().message() : "answered";
}

ConnectionFixture::ConnectionFixture() : ConnectionFixture(Settings()) {}

ConnectionFixture::ConnectionFixture(Settings settings)
    : net_(sim_, settings.net), strand_(asio::make_strand(sim_.executor())) {
  listener_ = net_.binder()->Listen(sim_.executor(), address_);
  auto dial = [](std::shared_ptr<Connector> connector, asio::any_io_executor on,
                 HostPort to) -> asio::awaitable<std::unique_ptr<Transport>> {
    auto connect = connector->Connect(on, to);
    std::unique_ptr<Transport> transport = co_await asio::co_spawn(on, std::move(connect), asio::use_awaitable);
    co_return transport;
  };
  std::unique_ptr<Transport> ours = sim_.Run(dial(net_.connector(), strand_, address_));
  peer_ = std::make_unique<Peer>(sim_.Run(listener_->Accept(sim_.executor())));
  ConnectionCallbacks callbacks;
  callbacks.on_silent = [this](ConnectionId) { log_.push_back("silent"); };
  callbacks.on_ended = [this](ConnectionId id, std::error_code cause, const std::string&) {
    EXPECT_EQ(id, ConnectionId{7});
    log_.push_back("ended: " + cause.message());
  };
  callbacks.on_request = [this](const wire::Frame& request) {
    return on_request_ ? on_request_(request) : std::nullopt;
  };
  std::shared_ptr<Runtime> runtime = sim_.runtime();
  if (settings.timers_late > Duration::zero()) {
    runtime = std::make_shared<LateRuntime>(std::move(runtime), settings.timers_late);
  }
  connection_ = Connection::Start(std::move(runtime), strand_, std::move(ours), ConnectionId{7}, "ns1:9876",
                                  settings.connection, std::move(callbacks));
  Settle();
}

ConnectionFixture::~ConnectionFixture() = default;

void ConnectionFixture::TearDown() {
  if (!connection_) return;
  connection_->Abort(RemotingErrc::kShutDown);
  sim_.Run(connection_->Join());
  sim_.RunUntilIdle();
  EXPECT_EQ(outstanding(), 0u);
  peer_->transport().Close();
  listener_->Close();
  sim_.RunFor(milliseconds(200));  // for the last packets of slow networks, too
  EXPECT_EQ(net_.total().client_sockets, 0u) << "the connection left its socket open";
  EXPECT_EQ(sim_.timers(), 0u) << "the connection left its timer armed";
  std::size_t ends = 0;
  for (const std::string& line : log_) ends += line.starts_with("ended") ? 1 : 0;
  EXPECT_EQ(ends, 1u) << "on_ended is called exactly once";
}

wire::Frame ConnectionFixture::Request(std::int32_t code, std::string body) {
  wire::Frame request;
  request.header.code = code;
  request.body = std::move(body);
  return request;
}

ConnectionFixture::Ref ConnectionFixture::Call(std::int32_t code, Duration patience, bool idempotent) {
  return Call(Request(code), {.deadline = In(patience), .idempotent = idempotent});
}

ConnectionFixture::Ref ConnectionFixture::Call(wire::Frame request, SendOptions options) {
  const std::int32_t code = request.header.code;
  return Start(code, connection_->Send(std::move(request), options));
}

ConnectionFixture::Ref ConnectionFixture::CallOneway(std::int32_t code, Duration patience) {
  return CallOneway(Request(code), patience);
}

ConnectionFixture::Ref ConnectionFixture::CallOneway(wire::Frame request, Duration patience) {
  const std::int32_t code = request.header.code;
  return Start(code, NoAnswer(connection_->SendOneway(std::move(request), {.deadline = In(patience)})));
}

ConnectionFixture::Ref ConnectionFixture::Start(std::int32_t code, asio::awaitable<wire::Frame> work) {
  auto call = std::make_shared<TestCall>();
  auto slot = call->cancel.slot();
  asio::co_spawn(sim_.executor(), Record(call, code, std::move(work)),
                 asio::bind_cancellation_slot(slot, [](const std::exception_ptr& error) {
                   EXPECT_FALSE(error) << "a call failed with something else than a RemotingError";
                 }));
  return call;
}

asio::awaitable<void> ConnectionFixture::Record(Ref call, std::int32_t code, asio::awaitable<wire::Frame> work) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  try {
    call->answer = co_await std::move(work);
  } catch (const RemotingError& error) {
    call->error = error;
  }
  EXPECT_FALSE(call->done) << "call " << code << " completed twice";
  call->done = true;
  call->done_at = sim_.Now();
  log_.push_back("call " + std::to_string(code) + ": " + call->outcome());
}

void ConnectionFixture::Reply(const wire::Frame& request, std::string body) {
  wire::Frame reply = Request(0, std::move(body));
  reply.header.opaque = request.header.opaque;
  reply.header.flag = wire::kFlagResponse;
  PeerSends(reply);
}

std::string ConnectionFixture::Encoded(const wire::Frame& frame) {
  std::string bytes;
  EXPECT_TRUE(wire::AppendFrame(frame, bytes).ok());
  return bytes;
}

void ConnectionFixture::StartEcho() { sim_.Spawn(Echo(*peer_)); }

void ConnectionFixture::StartSink() { sim_.Spawn(Sink(*peer_, std::make_shared<std::optional<std::error_code>>())); }

std::optional<std::error_code> ConnectionFixture::PeerEnd() {
  auto end = std::make_shared<std::optional<std::error_code>>();
  sim_.Spawn(Sink(*peer_, end));
  Settle();
  return *end;
}

}  // namespace corocket::net
