#include "sdk/testkit/server_connection.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "asio/awaitable.hpp"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/testkit/server_task.h"
#include "sdk/testkit/sim_net.h"
#include "sdk/testkit/sim_runtime.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"

namespace corocket::testkit {
namespace {

using std::chrono::seconds;

const HostPort kServer{"10.0.0.1", 9876};

/// Does with requests what a test says.
class FakeOwner final : public ServerConnection::Owner {
 public:
  std::function<void(ServerConnection&, const wire::Frame&)> on_request = [](auto&, const auto&) {};
  int closed = 0;

  void OnRequest(ServerConnection& connection, wire::Frame request) override { on_request(connection, request); }
  void OnMalformed() override {}
  void OnEnded(ServerConnection::Id) override {}
  void OnClosed(ServerConnection::Id) override { ++closed; }
};

asio::awaitable<void> WriteAll(net::Transport& pipe, std::string text) {
  const std::array<std::string_view, 1> pieces = {text};
  co_await pipe.Write(pieces);
}

/// One connection of a server, alone; the test is its client and its owner.
class ServerConnectionTest : public ::testing::Test {
 protected:
  ServerConnectionTest() {
    const auto listener = net_.binder()->Listen(sim_.executor(), kServer);
    client_ = sim_.Run(net_.connector()->Connect(sim_.executor(), kServer));
    auto connection = std::make_shared<ServerConnection>(1, sim_.runtime(), sim_.executor(),
                                                         sim_.Run(listener->Accept(sim_.executor())), owner_);
    connection_ = connection;
    SpawnServerTask(sim_.executor(), ServerConnection::Serve(std::move(connection)));
  }

  /// So many requests, which arrive together.
  void SendRequests(std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(wire::AppendFrame(wire::Frame{}, bytes).ok());
    sim_.Run(WriteAll(*client_, bytes));
  }

  SimRuntime sim_;
  SimNet net_{sim_, {.slice_reads = false}};
  const std::shared_ptr<FakeOwner> owner_ = std::make_shared<FakeOwner>();
  std::unique_ptr<net::Transport> client_;
  std::weak_ptr<ServerConnection> connection_;
};

TEST_F(ServerConnectionTest, WhatAServiceThrowsEndsTheRunInsteadOfLookingLikeASlowServer) {
  owner_->on_request = [](auto&, const auto&) { throw std::logic_error("a bug of the service"); };
  SendRequests(1);
  EXPECT_THROW(sim_.RunFor(seconds(1)), std::logic_error);
}

TEST_F(ServerConnectionTest, OneThatBreaksWhileItIsFullIsLetGo) {
  wire::Frame large;
  large.header.flag = wire::kFlagResponse;
  large.body = std::string(kMaxUnsentBytes, 'x');
  std::string later;
  ASSERT_TRUE(wire::AppendFrame(large, later).ok());
  owner_->on_request = [&](ServerConnection& connection, const wire::Frame&) {
    connection.SendAt(sim_.Now() + seconds(1), later);
    connection.Send(large);
  };
  SendRequests(2);  // the second waits for room, which the write of the first answer makes
  sim_.RunFor(seconds(2));
  client_->Reset();
  sim_.RunFor(seconds(1));
  EXPECT_EQ(owner_->closed, 1);
  EXPECT_TRUE(connection_.expired()) << "its coroutine waits for ever";
}

}  // namespace
}  // namespace corocket::testkit
