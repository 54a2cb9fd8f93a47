#include "sdk/net/asio_connector.h"

#include <array>
#include <exception>
#include <memory>
#include <optional>
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
#include "asio/this_coro.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/net/asio_endpoint.h"
#include "sdk/net/asio_listener.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/task_group.h"

namespace corocket::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Pipe = std::unique_ptr<Transport>;

class AsioConnectorTest : public ::testing::Test {
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

  Pipe Connect(HostPort address) { return Run(connector_->Connect(context_.get_executor(), std::move(address))); }

  std::error_code ErrorOfConnect(HostPort address) {
    try {
      Connect(std::move(address));
    } catch (const std::system_error& error) {
      what_ = error.what();
      return error.code();
    }
    return {};
  }

  asio::io_context context_;
  std::shared_ptr<Connector> connector_ = MakeAsioConnector();
  std::shared_ptr<Binder> binder_ = MakeAsioBinder();
  std::string what_;
};

TEST_F(AsioConnectorTest, ConnectsOverIPv4AndIPv6) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    const auto listener = binder_->Listen(context_.get_executor(), {host, 0});
    EXPECT_NE(listener->address().port, 0);
    EXPECT_EQ(listener->address().host, host);
    EXPECT_EQ(Connect(listener->address())->peer(), listener->address().ToString());
  }
}

TEST_F(AsioConnectorTest, AMappedAddressIsDialledAsTheIPv4OneThatItIs) {
  const auto listener = binder_->Listen(context_.get_executor(), {"127.0.0.1", 0});
  EXPECT_EQ(Connect({"::ffff:127.0.0.1", listener->address().port})->peer(), listener->address().ToString());
}

TEST_F(AsioConnectorTest, APortThatNobodyListensOnIsRefused) {
  HostPort address;
  {
    // Bound, so that nobody else gets it, but not listening.
    asio::ip::tcp::acceptor bound(context_, asio::ip::tcp::v4());
    bound.bind({asio::ip::make_address("127.0.0.1"), 0});
    address = ToHostPort(bound.local_endpoint());
    EXPECT_EQ(ErrorOfConnect(address), asio::error::connection_refused);
  }
}

TEST_F(AsioConnectorTest, ANameIsRefusedAndQuoted) {
  EXPECT_EQ(ErrorOfConnect({"ns1.example", 9876}), std::errc::invalid_argument);
  EXPECT_THAT(what_, HasSubstr("ns1.example:9876"));
}

TEST_F(AsioConnectorTest, AZoneThatIsNoInterfaceIsRefusedAndQuoted) {
  EXPECT_EQ(ErrorOfConnect({"fe80::1%nosuchif0", 9876}), std::errc::no_such_device);
  EXPECT_THAT(what_, HasSubstr("[fe80::1%nosuchif0]:9876"));
}

TEST_F(AsioConnectorTest, ACancelledDialEndsAndLeavesNothingBehind) {
  // A full backlog on the loopback interface drops the next SYN, as a black hole would.
  asio::ip::tcp::acceptor full(context_, asio::ip::tcp::v4());
  full.bind({asio::ip::make_address("127.0.0.1"), 0});
  full.listen(0);
  const HostPort address = ToHostPort(full.local_endpoint());
  asio::ip::tcp::socket only(context_);
  only.connect(full.local_endpoint());
  const auto dial = [](std::shared_ptr<Connector> connector, HostPort to, bool& connected) -> asio::awaitable<void> {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const Pipe pipe = co_await connector->Connect(executor, to);
    connected = true;
  };
  bool connected = false;
  TaskGroup tasks(context_.get_executor());
  tasks.Spawn(dial(connector_, address, connected));
  Poll();
  EXPECT_EQ(tasks.size(), 1u);
  tasks.CancelAll();
  context_.restart();
  context_.run();  // ends: no socket and no timer is left
  EXPECT_EQ(tasks.size(), 0u);
  EXPECT_FALSE(tasks.error());
  EXPECT_FALSE(connected);
}

TEST_F(AsioConnectorTest, AnAddressInUseIsSaidByName) {
  const auto listener = binder_->Listen(context_.get_executor(), {"127.0.0.1", 0});
  try {
    (void)binder_->Listen(context_.get_executor(), listener->address());
    FAIL() << "two listeners on one port";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::address_in_use);
    EXPECT_THAT(error.what(), HasSubstr(listener->address().ToString()));
  }
}

TEST_F(AsioConnectorTest, ClosingAListenerEndsItsAcceptAndKeepsWhatItAccepted) {
  auto listener = binder_->Listen(context_.get_executor(), {"127.0.0.1", 0});
  const Pipe client = Connect(listener->address());
  const Pipe server = Run(listener->Accept(context_.get_executor()));
  std::optional<std::error_code> outcome;
  const auto accept = [](Listener& from) -> asio::awaitable<std::error_code> {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    try {
      co_await from.Accept(executor);
    } catch (const std::system_error& error) {
      co_return error.code();
    }
    co_return std::error_code();
  };
  asio::co_spawn(context_, accept(*listener), [&](std::exception_ptr, std::error_code code) { outcome = code; });
  Poll();
  const HostPort address = listener->address();
  listener.reset();
  Poll();
  EXPECT_EQ(outcome, std::error_code(asio::error::operation_aborted));
  EXPECT_EQ(ErrorOfConnect(address), asio::error::connection_refused);
  const auto exchange = [](Transport& from, Transport& to) -> asio::awaitable<char> {
    const std::array<std::string_view, 1> pieces = {"x"};
    co_await from.Write(pieces);
    std::array<char, 8> into{};
    co_await to.ReadSome(into);
    co_return into[0];
  };
  EXPECT_EQ(Run(exchange(*client, *server)), 'x');
}

TEST_F(AsioConnectorTest, NamesGoThroughTheLookupAndLiteralsDoNot) {
  std::vector<std::string> asked;
  const auto connector = MakeAsioConnector([&](const HostPort& name) {
    asked.push_back(name.host);
    return std::vector<HostPort>{{"127.0.0.1", name.port}};
  });
  EXPECT_THAT(Run(connector->Resolve({"ns1.example", 9876})), ElementsAre(HostPort{"127.0.0.1", 9876}));
  EXPECT_THAT(Run(connector->Resolve({"fe80::1%eth0", 9876})), ElementsAre(HostPort{"fe80::1%eth0", 9876}));
  EXPECT_THAT(asked, ElementsAre("ns1.example"));
}

}  // namespace
}  // namespace corocket::net
