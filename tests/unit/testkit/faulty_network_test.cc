#include "corocket/testing/faulty_network.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/strand.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "corocket/environment.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/test_server.h"
#include "gtest/gtest.h"
#include "sdk/net/asio_connector.h"
#include "sdk/protocol/route_query.h"
#include "sdk/runtime/asio_runtime.h"
#include "sdk/wire/frame.h"
#include "tests/unit/testkit/raw_client.h"

namespace corocket::testing {
namespace {

using testkit::RawClient;

wire::Frame Query() { return protocol::EncodeRouteRequest({.topic = "orders"}); }

asio::awaitable<std::int32_t> Ask(Environment environment, std::string address) {
  RawClient client = co_await RawClient::Connect(environment, address);
  const wire::Frame answer = co_await client.Call(Query());
  co_return answer.header.code;
}

/// Real sockets on one thread that runs only when the test says so.
class FaultyNetworkTest : public ::testing::Test {
 protected:
  FaultyNetworkTest() {
    ns_.AddTopic("orders", "broker-a");
    other_.AddTopic("orders", "broker-a");
  }

  void Run(asio::awaitable<void> task) {
    auto done = asio::co_spawn(io_, std::move(task), asio::use_future);
    RunUntil([&done] { return done.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    done.get();
  }
  template <typename T>
  T Run(asio::awaitable<T> task) {
    auto value = std::make_shared<std::optional<T>>();
    Run(Keep<T>(value, std::move(task)));
    return std::move(**value);
  }
  template <typename T>
  static asio::awaitable<void> Keep(std::shared_ptr<std::optional<T>> value, asio::awaitable<T> task) {
    T result = co_await std::move(task);
    value->emplace(std::move(result));
  }
  void RunUntil(const std::function<bool()>& done) {
    while (!done()) io_.run_one();
  }
  /// Whatever is under way on loopback arrives: a dial and an exchange with another server take longer.
  void Settle() {
    const Environment plain{.runtime = MakeAsioRuntime(io_.get_executor()), .connector = net::MakeAsioConnector()};
    ASSERT_EQ(Run(Ask(plain, other_.address())), 0);
    while (io_.poll() > 0) {
    }
  }

  RawClient Dial() { return Run(RawClient::Connect(network_.environment(), ns_.address())); }
  void Send(RawClient& client) { Run(client.Send(Query())); }
  std::int32_t CodeOf(RawClient& client) { return Run(client.Call(Query())).header.code; }

  /// Runs beside the test: how the connection of `client` ends.
  std::shared_ptr<std::optional<std::error_code>> ReadUntilTheEnd(RawClient& client) {
    auto end = std::make_shared<std::optional<std::error_code>>();
    asio::co_spawn(io_, client.End(), [end](std::exception_ptr, std::error_code why) { *end = why; });
    return end;
  }
  /// Runs beside the test: whether a dial has ended, and how.
  std::shared_ptr<std::optional<std::error_code>> DialBeside(Environment environment, std::string address) {
    auto end = std::make_shared<std::optional<std::error_code>>();
    asio::co_spawn(
        io_, DialOnly(std::move(environment), std::move(address)),
        asio::bind_cancellation_slot(cancel_.slot(), [end](std::exception_ptr, std::error_code why) { *end = why; }));
    return end;
  }
  static asio::awaitable<std::error_code> DialOnly(Environment environment, std::string address) {
    try {
      co_await RawClient::Connect(std::move(environment), std::move(address));
    } catch (const std::system_error& error) {
      co_return error.code();
    }
    co_return std::error_code();
  }

  asio::io_context io_;
  asio::cancellation_signal cancel_;
  FaultyNetwork network_{io_.get_executor()};
  EmbeddedNamesrv ns_ = EmbeddedNamesrv::Create(io_.get_executor()).value();
  EmbeddedNamesrv other_ = EmbeddedNamesrv::Create(io_.get_executor()).value();
};

TEST_F(FaultyNetworkTest, WithoutFaultsItIsTcp) {
  RawClient client = Dial();
  EXPECT_EQ(CodeOf(client), 0);
  const auto end = ReadUntilTheEnd(client);
  ns_.Stop();
  RunUntil([&] { return end->has_value(); });
  EXPECT_EQ(*end, asio::error::connection_reset);
  EXPECT_EQ(Run(DialOnly(network_.environment(), ns_.address())), asio::error::connection_refused);
}

TEST_F(FaultyNetworkTest, AServerThatEndsWhileItIsDroppedIsSilentUntilHealed) {
  for (const CloseMode how : {CloseMode::kFin, CloseMode::kReset}) {
    RawClient client = Dial();
    ASSERT_EQ(CodeOf(client), 0);
    const auto end = ReadUntilTheEnd(client);
    network_.Drop(ns_.address());
    how == CloseMode::kFin ? ns_.CloseAll(how) : ns_.Stop();
    Settle();
    EXPECT_FALSE(end->has_value()) << "no end and no reset may come through";
    network_.Heal(ns_.address());
    RunUntil([&] { return end->has_value(); });
    EXPECT_EQ(*end, asio::error::connection_reset);
  }
}

TEST_F(FaultyNetworkTest, ARequestThatIsDroppedIsNeverReadAndHealingResetsWhoeverWaitsForItsAnswer) {
  RawClient client = Dial();
  ASSERT_EQ(CodeOf(client), 0);
  network_.Drop(ns_.address());
  Send(client);
  const auto end = ReadUntilTheEnd(client);
  Settle();
  EXPECT_FALSE(end->has_value());
  EXPECT_EQ(ns_.stats().requests, 1u);
  network_.Heal(ns_.address());
  RunUntil([&] { return end->has_value(); });
  EXPECT_EQ(*end, asio::error::connection_reset);
  Settle();
  EXPECT_EQ(ns_.stats().connections_open, 0u) << "the server is told, too";
}

TEST_F(FaultyNetworkTest, AnAnswerThatIsDroppedIsLostAndSoIsTheRestOfTheStream) {
  RawClient client = Dial();
  ns_.Stall(true);
  Send(client);
  const auto end = ReadUntilTheEnd(client);
  Settle();
  network_.Drop(ns_.address());
  ns_.Stall(false);
  Settle();
  network_.Heal(ns_.address());
  RunUntil([&] { return end->has_value(); });
  EXPECT_EQ(*end, asio::error::connection_reset);
  EXPECT_THROW(Send(client), std::system_error);
}

TEST_F(FaultyNetworkTest, AConnectionThatLostNothingGoesOnOnceHealed) {
  RawClient client = Dial();
  network_.Drop(ns_.address());
  Settle();
  network_.Heal(ns_.address());
  EXPECT_EQ(CodeOf(client), 0);
}

TEST_F(FaultyNetworkTest, OtherAddressesAreLeftAlone) {
  network_.Drop(ns_.address());
  EXPECT_EQ(Run(Ask(network_.environment(), other_.address())), 0);
}

TEST_F(FaultyNetworkTest, ADialWaitsWhileItsAddressIsDroppedAndGoesOnOnceHealed) {
  network_.Drop(ns_.address());
  const auto end = DialBeside(network_.environment(), ns_.address());
  Settle();
  EXPECT_FALSE(end->has_value());
  EXPECT_EQ(ns_.stats().connections_accepted, 0u);
  network_.Heal(ns_.address());
  RunUntil([&] { return end->has_value(); });
  EXPECT_EQ(*end, std::error_code());
}

TEST_F(FaultyNetworkTest, ADialUnderWayIsDroppedToo) {
  for (int steps = 0; true; ++steps) {  // that the dial has taken before the packets vanish
    const auto end = DialBeside(network_.environment(), ns_.address());
    for (int i = 0; i < steps; ++i) io_.poll_one();
    if (end->has_value()) break;
    network_.Drop(ns_.address());
    Settle();
    EXPECT_FALSE(end->has_value()) << "dropped after " << steps << " steps";
    network_.Heal(ns_.address());
    RunUntil([&] { return end->has_value(); });
    EXPECT_EQ(*end, std::error_code());
    Settle();
  }
}

TEST_F(FaultyNetworkTest, ARefusalIsDroppedToo) {
  ns_.Stop();
  network_.Drop(ns_.address());
  const auto end = DialBeside(network_.environment(), ns_.address());
  Settle();
  EXPECT_FALSE(end->has_value());
  network_.Heal(ns_.address());
  RunUntil([&] { return end->has_value(); });
  EXPECT_EQ(*end, asio::error::connection_refused);
}

TEST_F(FaultyNetworkTest, ADialThatWaitsCanBeCancelled) {
  network_.Drop(ns_.address());
  const auto end = DialBeside(network_.environment(), ns_.address());
  Settle();
  cancel_.emit(asio::cancellation_type::terminal);
  RunUntil([&] { return end->has_value(); });
  EXPECT_EQ(*end, asio::error::operation_aborted);
}

TEST_F(FaultyNetworkTest, ClosingEndsAReaderOfWhatIsDropped) {
  RawClient client = Dial();
  network_.Drop(ns_.address());
  Send(client);
  const auto end = ReadUntilTheEnd(client);
  ns_.CloseAll(CloseMode::kReset);
  Settle();
  ASSERT_FALSE(end->has_value());
  client.Close();
  RunUntil([&] { return end->has_value(); });
  EXPECT_EQ(*end, asio::error::operation_aborted);
}

TEST_F(FaultyNetworkTest, AnotherSpellingOfAnAddressIsTheSameAddress) {
  network_.Drop("[0:0:0:0:0:0:0:1]:9");
  const auto end = DialBeside(network_.environment(), "[::1]:9");
  Settle();
  EXPECT_FALSE(end->has_value()) << "nobody may be asked, not even to refuse";
  cancel_.emit(asio::cancellation_type::terminal);
  RunUntil([&] { return end->has_value(); });
}

/// Dials and asks, whatever happens, until told to stop.
asio::awaitable<void> Persist(Environment environment, std::string address, std::atomic<bool>& stop,
                              std::atomic<std::uint64_t>& answered) {
  while (!stop) {
    try {
      RawClient client = co_await RawClient::Connect(environment, address);
      for (int i = 0; i < 20; ++i) {
        co_await client.Call(Query());
        ++answered;
      }
    } catch (const std::system_error&) {
      continue;  // packets were lost
    }
  }
}

TEST(FaultyNetworkOnAPool, PacketsMayVanishAndComeBackWhileManyClientsPersist) {
  asio::thread_pool pool(4);
  EmbeddedNamesrv ns = EmbeddedNamesrv::Create(pool.get_executor()).value();
  FaultyNetwork network(pool.get_executor());
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> answered = 0;
  std::vector<std::future<void>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(asio::co_spawn(asio::make_strand(pool),
                                     Persist(network.environment(), ns.address(), stop, answered), asio::use_future));
  }
  for (int round = 0; round < 50; ++round) {
    const std::uint64_t seen = answered;
    network.Drop(ns.address());
    network.Heal(ns.address());
    while (answered == seen) std::this_thread::yield();
  }
  stop = true;
  for (std::future<void>& client : clients) client.get();
  ns.Stop();
  pool.join();
}

TEST(FaultyNetworkDeathTest, AnAddressThatIsNoneIsQuoted) {
  asio::io_context io;
  FaultyNetwork network(io.get_executor());
  EXPECT_DEATH(network.Drop("localhost:9876"), "localhost:9876 is a name");
  EXPECT_DEATH(network.Drop("127.0.0.1"), "127.0.0.1");
  EXPECT_DEATH(network.Heal("somewhere"), "somewhere");
}

}  // namespace
}  // namespace corocket::testing
