#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/strand.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/routes.h"
#include "corocket/testing/scripted_namesrv.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/net/asio_connector.h"
#include "sdk/protocol/route_query.h"
#include "sdk/runtime/asio_runtime.h"
#include "tests/unit/testkit/raw_client.h"

namespace corocket::testkit {
namespace {

using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::kGetRouteInfo;
using corocket::testing::Request;
using corocket::testing::RouteOf;
using corocket::testing::ScriptedNamesrv;
using ::testing::HasSubstr;

constexpr int kThreads = 4;

wire::Frame Query() { return protocol::EncodeRouteRequest({.topic = "orders"}); }

/// Why a dial does not succeed. By value: the thread sanitizer does not see how the standard library hands exceptions
/// from one thread to another.
asio::awaitable<std::error_code> Dial(Environment environment, std::string address) {
  try {
    co_await RawClient::Connect(std::move(environment), std::move(address));
  } catch (const std::system_error& error) {
    co_return error.code();
  }
  co_return std::error_code();
}

/// Servers and clients over loopback on a pool of four threads; the test itself is a fifth.
class TcpServerTest : public ::testing::Test {
 protected:
  ~TcpServerTest() override {
    ns_.Stop();
    pool_.join();
  }

  template <typename T>
  T Run(asio::awaitable<T> task) {
    return asio::co_spawn(asio::make_strand(pool_), std::move(task), asio::use_future).get();
  }
  Environment environment() {
    return {.runtime = MakeAsioRuntime(pool_.get_executor()), .connector = net::MakeAsioConnector()};
  }
  std::error_code DialError(const std::string& address) { return Run(Dial(environment(), address)); }

  asio::thread_pool pool_{kThreads};
  EmbeddedNamesrv ns_ = EmbeddedNamesrv::Create(pool_.get_executor()).value();
};

asio::awaitable<std::int32_t> Ask(Environment environment, std::string address) {
  RawClient client = co_await RawClient::Connect(environment, address);
  const wire::Frame answer = co_await client.Call(Query());
  co_return answer.header.code;
}

asio::awaitable<std::error_code> AskUntilTheEnd(Environment environment, std::string address,
                                                std::promise<void>& asked) {
  RawClient client = co_await RawClient::Connect(environment, address);
  co_await client.Call(Query());
  asked.set_value();
  const std::error_code end = co_await client.End();
  co_return end;
}

TEST_F(TcpServerTest, ListensOnAPortOfItsOwnAndAnswers) {
  ns_.AddTopic("orders", "broker-a");
  EXPECT_THAT(ns_.address(), ::testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_EQ(Run(Ask(environment(), ns_.address())), 0);
  EXPECT_EQ(ns_.stats().requests, 1u);
}

class TcpEndTest : public TcpServerTest {
 protected:
  /// How the connection of a client ends when `act` is done to the server.
  std::error_code EndAfter(const std::function<void()>& act) {
    std::promise<void> asked;
    auto end =
        asio::co_spawn(asio::make_strand(pool_), AskUntilTheEnd(environment(), ns_.address(), asked), asio::use_future);
    asked.get_future().wait();
    act();
    return end.get();
  }
};

TEST_F(TcpEndTest, AStoppedServerResetsAndRefuses) {
  EXPECT_EQ(EndAfter([this] { ns_.Stop(); }), asio::error::connection_reset);
  EXPECT_EQ(DialError(ns_.address()), asio::error::connection_refused);
  ASSERT_TRUE(ns_.Start().ok());
  EXPECT_EQ(Run(Ask(environment(), ns_.address())), 17);
}

TEST_F(TcpEndTest, ClosingInOrderIsReadAsTheEnd) {
  EXPECT_EQ(EndAfter([this] { ns_.CloseAll(CloseMode::kFin); }), asio::error::eof);
  EXPECT_EQ(Run(Ask(environment(), ns_.address())), 17);
}

TEST_F(TcpEndTest, ResettingIsReadAsAReset) {
  EXPECT_EQ(EndAfter([this] { ns_.CloseAll(CloseMode::kReset); }), asio::error::connection_reset);
}

asio::awaitable<std::error_code> FloodUntilTheEnd(Environment environment, std::string address,
                                                  std::promise<void>& flooded) {
  RawClient client = co_await RawClient::Connect(environment, address);
  for (int i = 0; i < 1000; ++i) co_await client.Send(Query());
  flooded.set_value();
  const std::error_code end = co_await client.End();
  co_return end;
}

TEST_F(TcpServerTest, AnOrderlyEndStaysOneThoughRequestsLieUnread) {
  ns_.Stall(true);
  std::promise<void> flooded;
  auto end = asio::co_spawn(asio::make_strand(pool_), FloodUntilTheEnd(environment(), ns_.address(), flooded),
                            asio::use_future);
  flooded.get_future().wait();
  ns_.CloseAll(CloseMode::kFin);
  EXPECT_EQ(end.get(), asio::error::eof);
}

TEST_F(TcpServerTest, AStoppedServerKeepsItsPort) {
  ns_.Stop();
  const HostPort address = ParseHostPort(ns_.address()).value();
  asio::ip::tcp::acceptor thief(pool_, asio::ip::tcp::v4());
  std::error_code error;
  thief.bind({asio::ip::make_address(address.host), address.port}, error);
  EXPECT_EQ(error, asio::error::address_in_use);
  EXPECT_TRUE(ns_.Start().ok());
}

TEST_F(TcpServerTest, ATakenAddressIsQuoted) {
  const auto second = EmbeddedNamesrv::Create(pool_.get_executor(), {.listen = ns_.address()});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr(ns_.address()));
}

TEST_F(TcpServerTest, ANameIsNoAddressToListenOn) {
  const auto server = EmbeddedNamesrv::Create(pool_.get_executor(), {.listen = "localhost:0"});
  EXPECT_FALSE(server.ok());
  EXPECT_THAT(server.status().message(), HasSubstr("localhost:0"));
}

/// Asked without the code under test.
bool HasIpv6Loopback() {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  std::error_code error;
  socket.open(asio::ip::tcp::v6(), error);
  if (!error) socket.bind({asio::ip::address_v6::loopback(), 0}, error);
  return !error;
}

TEST_F(TcpServerTest, ListensOnIpv6AndQuotesTheAddressWhereThereIsNone) {
  const auto server = EmbeddedNamesrv::Create(pool_.get_executor(), {.listen = "[::1]:0"});
  ASSERT_EQ(server.ok(), HasIpv6Loopback()) << server.status();
  if (server.ok()) {
    EXPECT_EQ(Run(Ask(environment(), server->address())), 17);
  } else {
    EXPECT_EQ(server.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(server.status().message(), HasSubstr("[::1]:0"));
  }
}

TEST_F(TcpServerTest, AScriptWorksOverSocketsToo) {
  ScriptedNamesrv scripted = ScriptedNamesrv::Create(pool_.get_executor()).value();
  scripted.Expect(Request(kGetRouteInfo, "orders")).ReplyInPieces(5, RouteOf("broker-a"));
  EXPECT_EQ(Run(Ask(environment(), scripted.address())), 0);
  EXPECT_THAT(scripted.Unmet(), ::testing::IsEmpty());
}

asio::awaitable<int> AskMany(Environment environment, std::string address, int times) {
  RawClient client = co_await RawClient::Connect(environment, address);
  int answered = 0;
  for (int i = 0; i < times; ++i) {
    const wire::Frame answer = co_await client.Call(Query());
    if (answer.header.code == 0) ++answered;
  }
  co_return answered;
}

TEST_F(TcpServerTest, ManyClientsAreServedWhileRoutesAndCountersAreUsedFromOutside) {
  ns_.AddTopic("orders", "broker-a");
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(
        asio::co_spawn(asio::make_strand(pool_), AskMany(environment(), ns_.address(), 200), asio::use_future));
  }
  while (ns_.stats().requests < 3000) {
    ns_.AddTopic("orders", "broker-a", 16);
    ns_.AddTopic("other", "broker-b");
    ns_.RemoveTopic("other");
  }
  for (std::future<int>& client : clients) EXPECT_EQ(client.get(), 200);
  EXPECT_EQ(ns_.stats().requests, 3200u);
  EXPECT_EQ(ns_.stats().connections_accepted, 16u);
}

/// Dials and asks, whatever happens, until told to stop.
asio::awaitable<void> Persist(Environment environment, std::string address, std::atomic<bool>& stop) {
  while (!stop) {
    try {
      co_await AskMany(environment, address, 20);
    } catch (const std::system_error&) {
      continue;  // the server is being ill-treated
    }
  }
}

TEST_F(TcpServerTest, EveryFaultMayBeSwitchedFromOutsideWhileClientsPersist) {
  ns_.AddTopic("orders", "broker-a");
  std::atomic<bool> stop = false;
  std::vector<std::future<void>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(
        asio::co_spawn(asio::make_strand(pool_), Persist(environment(), ns_.address(), stop), asio::use_future));
  }
  for (int round = 0; round < 50; ++round) {
    const std::uint64_t seen = ns_.stats().requests;
    while (ns_.stats().requests < seen + 10) std::this_thread::yield();
    ns_.DelayAnswers(std::chrono::milliseconds(round % 2));
    ns_.Stall(round % 3 == 0);
    ns_.CloseAll(round % 2 == 0 ? CloseMode::kFin : CloseMode::kReset);
    ns_.RefuseReset(round % 5 == 0);
    ns_.Stop();
    ns_.Stall(false);
    ns_.RefuseReset(false);
    ASSERT_TRUE(ns_.Start().ok());
  }
  ns_.DelayAnswers(std::chrono::milliseconds(0));
  EXPECT_EQ(Run(Ask(environment(), ns_.address())), 0);
  stop = true;
  for (std::future<void>& client : clients) client.get();
}

TEST(TcpServerOnOneThread, StopsAndStartsBeforeTheContextEverRuns) {
  asio::io_context io;
  EmbeddedNamesrv ns = EmbeddedNamesrv::Create(io.get_executor()).value();
  ns.Stop();
  ASSERT_TRUE(ns.Start().ok());
  ns.AddTopic("orders", "broker-a");
  const Environment environment{.runtime = MakeAsioRuntime(io.get_executor()), .connector = net::MakeAsioConnector()};
  auto code = asio::co_spawn(io, Ask(environment, ns.address()), asio::use_future);
  while (code.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
  EXPECT_EQ(code.get(), 0);
  ns.Stop();
  io.run();  // ends: a stopped server is no work
}

TEST(TcpServerOnOneThread, MayBeDestroyedBeforeItsCoroutinesHaveEnded) {
  asio::io_context io;
  std::optional<EmbeddedNamesrv> ns = EmbeddedNamesrv::Create(io.get_executor()).value();
  const Environment environment{.runtime = MakeAsioRuntime(io.get_executor()), .connector = net::MakeAsioConnector()};
  auto code = asio::co_spawn(io, Ask(environment, ns->address()), asio::use_future);
  while (code.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
  ns.reset();
  io.run();
  EXPECT_EQ(code.get(), 17);
}

}  // namespace
}  // namespace corocket::testkit
