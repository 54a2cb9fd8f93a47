// The writer over a transport that takes everything at once, as a socket with room does: nothing makes it suspend but
// what it does for others.

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/bind_executor.hpp"
#include "asio/deferred.hpp"
#include "asio/post.hpp"
#include "asio/steady_timer.hpp"
#include "asio/strand.hpp"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "sdk/net/connection.h"
#include "sdk/net/connection_id.h"
#include "sdk/net/exchange.h"
#include "sdk/net/transport.h"
#include "sdk/testkit/sim_runtime.h"
#include "sdk/wire/frame.h"

namespace corocket::net {
namespace {

using std::chrono::seconds;

/// Takes every byte at once, and says nothing until it is closed.
class GreedyTransport final : public Transport {
 public:
  GreedyTransport(const asio::any_io_executor& on, std::function<void()> on_write)
      : end_(on, asio::steady_timer::time_point::max()), on_write_(std::move(on_write)) {}

  asio::awaitable<std::size_t> ReadSome(std::span<char>) override {
    auto end = end_.async_wait(asio::deferred);
    co_await std::move(end);
    co_return 0;
  }
  asio::awaitable<void> Write(std::span<const std::string_view>) override {
    on_write_();
    co_return;
  }
  void Close() noexcept override { end_.cancel(); }
  std::string peer() const override { return "nobody"; }

 private:
  asio::steady_timer end_;
  const std::function<void()> on_write_;
};

class ConnectionWriter : public ::testing::Test {
 protected:
  void Start(std::function<void()> on_write) {
    connection_ =
        Connection::Start(sim_.runtime(), strand_, std::make_unique<GreedyTransport>(strand_, std::move(on_write)),
                          ConnectionId{1}, "ns1:9876", {}, {});
  }
  void TearDown() override {
    connection_->Abort(RemotingErrc::kShutDown);
    sim_.Run(connection_->Join());
  }

  testkit::SimRuntime sim_;
  const asio::any_io_executor strand_ = asio::make_strand(sim_.executor());
  std::shared_ptr<Connection> connection_;
};

TEST_F(ConnectionWriter, LetsOthersRunBetweenTheRequestsOfOneWhoSendsInALoop) {
  constexpr int kSends = 1000;
  int sent = 0;
  int sent_when_another_ran = -1;
  Start([] {});
  const auto sender = [&]() -> asio::awaitable<void> {
    for (; sent < kSends; ++sent) {
      if (sent == 1) asio::post(sim_.executor(), [&] { sent_when_another_ran = sent; });
      co_await connection_->SendOneway(wire::Frame(), {.deadline = sim_.Now() + seconds(10)});
    }
  };
  sim_.Run(sender());
  sim_.RunUntilIdle();
  EXPECT_GE(sent_when_another_ran, 1);
  EXPECT_LE(sent_when_another_ran, 10);
}

TEST_F(ConnectionWriter, LetsOthersRunThoughItsQueueIsFilledAsFastAsItWrites) {
  constexpr int kRequests = 1000;
  int begun = 0;
  int written = 0;
  int written_when_another_ran = -1;
  std::deque<wire::Frame> frames;
  std::deque<Exchange> exchanges;
  // What a thread beside the writer's would do: add the next request while one is being written.
  const auto add = [&] {
    ++begun;
    exchanges.push_back(
        {.frame = &frames.emplace_back(), .options = {.deadline = sim_.Now() + seconds(10)}, .oneway = true});
    connection_->Run(exchanges.back())(asio::bind_executor(sim_.executor(), [] {}));
  };
  Start([&] {
    if (++written == 2) asio::post(strand_, [&] { written_when_another_ran = written; });
    if (begun < kRequests) add();
  });
  sim_.RunUntilIdle();
  add();
  sim_.RunUntilIdle();
  EXPECT_EQ(written, kRequests);
  EXPECT_EQ(connection_->stats().batches_written, static_cast<std::size_t>(kRequests));
  EXPECT_GE(written_when_another_ran, 2);
  EXPECT_LE(written_when_another_ran, 40);
}

}  // namespace
}  // namespace corocket::net
