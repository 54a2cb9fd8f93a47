// Runs a little NameServer on TCP: whatever speaks the protocol can be pointed at its address, this client or another.
//
//   ./bazel/bazelw test //samples:04_embedded_namesrv

#include <chrono>
#include <exception>
#include <string>

#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace {

using corocket::testing::EmbeddedNamesrv;
using ::testing::HasSubstr;

// What the test does, as a coroutine beside the server. Its server ends with it, so that `io.run()` returns.
asio::awaitable<void> AskWhileTheServerDies(EmbeddedNamesrv ns, corocket::Client client) {
  ns.AddTopic("orders", "broker-a", 8);
  auto route = co_await client.QueryRoute("orders");
  EXPECT_EQ(route.value().queues.at(0).broker_name, "broker-a");

  ns.Stop();  // As a process that was killed: connections are reset, the port refuses.
  auto failed = co_await client.QueryRoute("orders", {.timeout = std::chrono::milliseconds(200)});
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr(ns.address()));  // Names each server and its cause.

  EXPECT_TRUE(ns.Start().ok());  // On the same port.
  EXPECT_TRUE((co_await client.QueryRoute("orders")).ok());
  EXPECT_TRUE((co_await client.Shutdown()).ok());
}

TEST(EmbeddedNamesrv, ServesOverTcp) {
  asio::io_context io;
  auto ns = EmbeddedNamesrv::Create(io.get_executor());
  ASSERT_TRUE(ns.ok()) << ns.status();
  auto client = corocket::Client::Create(io.get_executor(), {.namesrv = {ns->address()}});
  ASSERT_TRUE(client.ok()) << client.status();
  asio::co_spawn(io, AskWhileTheServerDies(*std::move(ns), *std::move(client)), [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}

}  // namespace
