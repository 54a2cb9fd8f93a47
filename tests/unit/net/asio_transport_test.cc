#include "sdk/net/asio_transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/strand.hpp"
#include "asio/this_coro.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/net/asio_connector.h"
#include "sdk/net/asio_listener.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/task_group.h"

namespace corocket::net {
namespace {

using Pipe = std::unique_ptr<Transport>;

asio::awaitable<std::string> ReadExactly(Transport& pipe, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) {
    std::array<char, 65536> piece{};
    const std::size_t wanted = std::min(piece.size(), bytes - all.size());
    const std::size_t got = co_await pipe.ReadSome(std::span(piece).first(wanted));
    all.append(piece.data(), got);
  }
  co_return all;
}

asio::awaitable<void> ReadByte(Transport& pipe) { co_await ReadExactly(pipe, 1); }

asio::awaitable<void> WriteAll(Transport& pipe, std::string text) {
  const std::array<std::string_view, 1> pieces = {text};
  co_await pipe.Write(pieces);
}

asio::awaitable<std::error_code> ErrorOf(asio::awaitable<void> work) {
  try {
    co_await std::move(work);
  } catch (const std::system_error& error) {
    co_return error.code();
  }
  co_return std::error_code();
}

/// One thread, real sockets on the loopback interface, ports from the kernel.
class AsioTransportTest : public ::testing::Test {
 protected:
  /// Runs what is ready. An `io_context` that has run out of work once does nothing until it is restarted.
  void Poll() {
    context_.restart();
    context_.poll();
  }

  template <typename T>
  T Run(asio::awaitable<T> task) {
    std::optional<T> value;
    std::exception_ptr error;
    asio::co_spawn(context_, std::move(task), [&](std::exception_ptr thrown, T result) {
      error = thrown;
      if (!thrown) value.emplace(std::move(result));
    });
    while (!value && !error) {
      context_.restart();
      context_.run_one();
    }
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
  std::error_code Try(asio::awaitable<void> work) { return Run(ErrorOf(std::move(work))); }
  void Do(asio::awaitable<void> work) { ASSERT_EQ(Try(std::move(work)), std::error_code()); }

  struct Pair {
    Pipe client;
    Pipe server;
  };
  Pair Connect(const std::string& host = "127.0.0.1") {
    const auto listener = MakeAsioBinder()->Listen(context_.get_executor(), {host, 0});
    Pair pair;
    pair.client = Run(MakeAsioConnector()->Connect(context_.get_executor(), listener->address()));
    pair.server = Run(listener->Accept(context_.get_executor()));
    return pair;
  }

  asio::io_context context_;
};

TEST_F(AsioTransportTest, BytesCrossInBothDirections) {
  auto [client, server] = Connect();
  Do(WriteAll(*client, "to the server"));
  EXPECT_EQ(Run(ReadExactly(*server, 13)), "to the server");
  Do(WriteAll(*server, "and back"));
  EXPECT_EQ(Run(ReadExactly(*client, 8)), "and back");
}

TEST_F(AsioTransportTest, ManyPiecesSomeEmptyArriveInOrder) {
  auto [client, server] = Connect();
  std::vector<std::string> texts;
  for (int i = 0; i < 1'000; ++i) texts.push_back(i % 5 == 0 ? "" : std::to_string(i) + ";");
  const std::vector<std::string_view> pieces(texts.begin(), texts.end());
  std::string whole;
  for (const std::string& text : texts) whole += text;
  Do(client->Write(pieces));
  EXPECT_EQ(Run(ReadExactly(*server, whole.size())), whole);
  Do(client->Write({}));
  const std::array<std::string_view, 2> nothing = {"", ""};
  Do(client->Write(nothing));
}

TEST_F(AsioTransportTest, AWriteLargerThanTheKernelTakesWaitsAndArrivesWhole) {
  auto [client, server] = Connect();
  std::string first(7'000'001, 'a');
  std::string second(5'000'003, 'b');
  const std::array<std::string_view, 3> pieces = {first, "-", second};
  bool written = false;
  std::exception_ptr error;
  asio::co_spawn(context_, client->Write(pieces), [&](std::exception_ptr thrown) {
    written = true;
    error = thrown;
  });
  Poll();
  EXPECT_FALSE(written) << "12 MB do not fit into the buffers of a loopback connection";
  EXPECT_TRUE(Run(ReadExactly(*server, 12'000'005)) == first + "-" + second);
  Poll();
  EXPECT_TRUE(written);
  EXPECT_FALSE(error);
}

TEST_F(AsioTransportTest, ACancelledWriteIsFinishedAllTheSame) {
  auto [client, server] = Connect();
  const std::string frame(12'000'000, 'f');
  std::vector<std::string> log;
  const auto write = [](Transport& pipe, std::string text, std::vector<std::string>& out) -> asio::awaitable<void> {
    co_await WriteAll(pipe, std::move(text));
    out.push_back("written");
    co_await WriteAll(pipe, "never");
    out.push_back("not reached");
  };
  TaskGroup tasks(context_.get_executor());
  tasks.Spawn(write(*client, frame, log));
  Poll();
  tasks.CancelAll();
  Poll();
  EXPECT_THAT(log, ::testing::IsEmpty());
  EXPECT_TRUE(Run(ReadExactly(*server, frame.size())) == frame);
  EXPECT_EQ(Try(tasks.Join()), std::error_code());
  EXPECT_THAT(log, ::testing::ElementsAre("written"));
}

TEST_F(AsioTransportTest, ACancelledReadEndsAndTheNextOneWorks) {
  auto [client, server] = Connect();
  TaskGroup tasks(context_.get_executor());
  tasks.Spawn(ReadByte(*client));
  Poll();
  tasks.CancelAll();
  EXPECT_EQ(Try(tasks.Join()), std::error_code());
  Do(WriteAll(*server, "x"));
  EXPECT_EQ(Run(ReadExactly(*client, 1)), "x");
}

TEST_F(AsioTransportTest, AnOrderlyCloseIsEofBehindTheData) {
  auto [client, server] = Connect();
  Do(WriteAll(*server, "bye"));
  server->Close();
  EXPECT_EQ(Run(ReadExactly(*client, 3)), "bye");
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::eof);
}

TEST_F(AsioTransportTest, CloseSendEndsOneDirectionOnly) {
  auto [client, server] = Connect();
  server->CloseSend();
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::eof);
  Do(WriteAll(*client, "still heard"));
  EXPECT_EQ(Run(ReadExactly(*server, 11)), "still heard");
  EXPECT_EQ(Try(WriteAll(*server, "x")), asio::error::broken_pipe);
}

TEST_F(AsioTransportTest, ResetIsSeenAsOne) {
  auto [client, server] = Connect();
  server->Reset();
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::connection_reset);
  EXPECT_EQ(Try(ReadByte(*server)), asio::error::operation_aborted);
}

TEST_F(AsioTransportTest, CloseEndsAReadThatWaitsAndLaterCalls) {
  auto [client, server] = Connect();
  std::optional<std::error_code> outcome;
  asio::co_spawn(context_, ErrorOf(ReadByte(*client)),
                 [&](std::exception_ptr, std::error_code code) { outcome = code; });
  Poll();
  client->Close();
  client->Close();
  Poll();
  EXPECT_EQ(outcome, std::error_code(asio::error::operation_aborted));
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::operation_aborted);
  EXPECT_EQ(Try(WriteAll(*client, "x")), asio::error::operation_aborted);
}

TEST_F(AsioTransportTest, CloseEndsAWriteThatWaits) {
  auto [client, server] = Connect();
  std::optional<std::error_code> outcome;
  asio::co_spawn(context_, ErrorOf(WriteAll(*client, std::string(12'000'000, 'x'))),
                 [&](std::exception_ptr, std::error_code code) { outcome = code; });
  Poll();
  EXPECT_EQ(outcome, std::nullopt);
  client->Close();
  Poll();
  EXPECT_EQ(outcome, std::error_code(asio::error::operation_aborted));
}

TEST_F(AsioTransportTest, ATransportMayBeDestroyedUnderItsReaderAndItsWriter) {
  auto [client, server] = Connect();
  std::vector<std::error_code> outcomes;
  const auto note = [&](std::exception_ptr, std::error_code code) { outcomes.push_back(code); };
  asio::co_spawn(context_, ErrorOf(ReadByte(*client)), note);
  asio::co_spawn(context_, ErrorOf(WriteAll(*client, std::string(12'000'000, 'x'))), note);
  Poll();
  client.reset();
  Poll();
  const std::error_code aborted = asio::error::operation_aborted;
  EXPECT_THAT(outcomes, ::testing::ElementsAre(aborted, aborted));
}

TEST_F(AsioTransportTest, PeerIsTheNumericAddressOfTheOtherSide) {
  const auto listener = MakeAsioBinder()->Listen(context_.get_executor(), {"127.0.0.1", 0});
  const Pipe client = Run(MakeAsioConnector()->Connect(context_.get_executor(), listener->address()));
  const Pipe server = Run(listener->Accept(context_.get_executor()));
  EXPECT_EQ(client->peer(), listener->address().ToString());
  EXPECT_THAT(server->peer(), ::testing::StartsWith("127.0.0.1:"));
}

int OptionOf(asio::ip::tcp::socket& socket, int level, int name) {
  int value = -1;
  socklen_t length = sizeof(value);
  EXPECT_EQ(::getsockopt(socket.native_handle(), level, name, &value, &length), 0);
  return value;
}

TEST_F(AsioTransportTest, TheSocketIsSetUpForSmallFramesAndForDeadPeers) {
  asio::ip::tcp::acceptor acceptor(context_, {asio::ip::make_address("127.0.0.1"), 0});
  asio::ip::tcp::socket client(context_);
  client.connect(acceptor.local_endpoint());
  const int descriptor = client.native_handle();
  const Pipe pipe = MakeAsioTransport(std::move(client));
  asio::ip::tcp::socket probe(context_, asio::ip::tcp::v4(), ::dup(descriptor));  // the same socket, seen from outside
  EXPECT_EQ(OptionOf(probe, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(OptionOf(probe, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(OptionOf(probe, IPPROTO_TCP, TCP_KEEPIDLE), kKeepAliveIdle.count());
  EXPECT_EQ(OptionOf(probe, IPPROTO_TCP, TCP_KEEPINTVL), kKeepAliveInterval.count());
  EXPECT_EQ(OptionOf(probe, IPPROTO_TCP, TCP_KEEPCNT), kKeepAliveProbes);
  EXPECT_EQ(OptionOf(probe, IPPROTO_TCP, TCP_USER_TIMEOUT), kTcpUserTimeout.count());
}

TEST(AsioTransportThreads, ManyConnectionsOnStrandsOverFourThreadsEchoEverything) {
  asio::thread_pool pool(4);
  const asio::any_io_executor executor = pool.get_executor();
  const auto connector = MakeAsioConnector();
  const asio::any_io_executor accepting = asio::make_strand(executor);
  const auto listener = MakeAsioBinder()->Listen(accepting, {"127.0.0.1", 0});
  constexpr int kClients = 32;
  constexpr int kRounds = 50;
  const auto echo = [](Pipe pipe) -> asio::awaitable<void> {
    for (int i = 0; i < kRounds; ++i) {
      std::string got = co_await ReadExactly(*pipe, 100);
      co_await WriteAll(*pipe, std::move(got));
    }
  };
  const auto accept = [&]() -> asio::awaitable<void> {
    for (int i = 0; i < kClients; ++i) {
      const asio::any_io_executor strand = asio::make_strand(executor);
      Pipe pipe = co_await listener->Accept(strand);
      asio::co_spawn(strand, echo(std::move(pipe)), [](std::exception_ptr error) { EXPECT_FALSE(error); });
    }
  };
  const auto client = [](std::shared_ptr<Connector> dialler, HostPort address) -> asio::awaitable<int> {
    const asio::any_io_executor strand = co_await asio::this_coro::executor;
    const Pipe pipe = co_await dialler->Connect(strand, address);
    int good = 0;
    for (int i = 0; i < kRounds; ++i) {
      const std::string text(100, static_cast<char>('a' + i % 26));
      co_await WriteAll(*pipe, text);
      const std::string got = co_await ReadExactly(*pipe, 100);
      good += got == text ? 1 : 0;
    }
    co_return good;
  };
  asio::co_spawn(accepting, accept(), [](std::exception_ptr error) { EXPECT_FALSE(error); });
  std::vector<std::future<int>> results;
  for (int i = 0; i < kClients; ++i) {
    results.push_back(
        asio::co_spawn(asio::make_strand(executor), client(connector, listener->address()), asio::use_future));
  }
  for (auto& result : results) EXPECT_EQ(result.get(), kRounds);
  pool.join();
}

}  // namespace
}  // namespace corocket::net
