#include "sdk/testkit/server_connection.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "asio/awaitable.hpp"
#include "asio/error.hpp"
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

using std::chrono::milliseconds;
using std::chrono::seconds;

const HostPort kServer{"10.0.0.1", 9876};

/// Does with requests what a test says.
class FakeOwner final : public ServerConnection::Owner {
 public:
  std::function<void(ServerConnection&, const wire::Frame&)> on_request = [](auto&, const auto&) {};
  int closed = 0;

  void OnRequest(ServerConnection& connection, wire::Frame request) override { on_request(connection, request); }
  void OnMalformed(std::string_view) override {}
  void OnEnded(ServerConnection::Id) override {}
  void OnClosed(ServerConnection::Id) override { ++closed; }
};

asio::awaitable<void> WriteAll(net::Transport& pipe, std::string text) {
  const std::array<std::string_view, 1> pieces = {text};
  co_await pipe.Write(pieces);
}

asio::awaitable<void> ReadAll(net::Transport& pipe, std::string& into, std::error_code& end) {
  try {
    while (true) {
      std::array<char, 4096> piece{};
      const std::size_t got = co_await pipe.ReadSome(piece);
      into.append(piece.data(), got);
    }
  } catch (const std::system_error& error) {
    end = error.code();
  }
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

  /// Into `got_`; returns how many bytes that were. How it ended is in `end_`.
  std::size_t ReadUntilEnd() {
    sim_.Run(ReadAll(*client_, got_, end_));
    return got_.size();
  }

  SimRuntime sim_;
  SimNet net_{sim_, {.slice_reads = false}};
  const std::shared_ptr<FakeOwner> owner_ = std::make_shared<FakeOwner>();
  std::unique_ptr<net::Transport> client_;
  std::weak_ptr<ServerConnection> connection_;
  std::string got_;
  std::error_code end_;
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
    connection.SendAt(sim_.Now() + seconds(1), {.bytes = later});
    connection.Send(large);
  };
  SendRequests(2);  // the second waits for room, which the write of the first answer makes
  sim_.RunFor(seconds(2));
  client_->Reset();
  sim_.RunFor(seconds(1));
  EXPECT_EQ(owner_->closed, 1);
  EXPECT_TRUE(connection_.expired()) << "its coroutine waits for ever";
}

TEST_F(ServerConnectionTest, AnEndWaitsForWhatIsSentBeforeItAsLongAsTheClientTakesIt) {
  const std::string bytes(1'000'000, 'x');  // more than the network holds
  owner_->on_request = [&](ServerConnection& connection, const wire::Frame&) {
    connection.SendAt(sim_.Now(), {.bytes = bytes, .end = ServerConnection::CloseMode::kFin});
  };
  SendRequests(1);
  sim_.RunFor(milliseconds(900));
  EXPECT_EQ(ReadUntilEnd(), bytes.size());
  EXPECT_EQ(end_, asio::error::eof);
}

TEST_F(ServerConnectionTest, AnEndWaitsNoLongerThanASecondForAClientThatTakesNothing) {
  owner_->on_request = [&](ServerConnection& connection, const wire::Frame&) {
    connection.SendAt(sim_.Now(), {.bytes = std::string(1'000'000, 'x'), .end = ServerConnection::CloseMode::kReset});
  };
  SendRequests(1);
  sim_.RunFor(milliseconds(1100));
  EXPECT_TRUE(connection_.expired());
  EXPECT_LT(ReadUntilEnd(), 1'000'000u);
  EXPECT_EQ(end_, asio::error::connection_reset);
}

TEST_F(ServerConnectionTest, NothingComesBetweenTheParts) {
  wire::Frame answer;
  answer.header.flag = wire::kFlagResponse;
  int requests = 0;
  owner_->on_request = [&](ServerConnection& connection, const wire::Frame& request) {
    answer.header.opaque = request.header.opaque;
    ServerConnection::Output output{.parts = 5, .gap = milliseconds(1)};
    ASSERT_TRUE(wire::AppendFrame(answer, output.bytes).ok());
    ++requests;
    if (requests < 3) {
      connection.SendAt(sim_.Now(), std::move(output));
    } else {
      connection.Send(answer);
    }
  };
  SendRequests(2);
  sim_.RunFor(milliseconds(2));
  SendRequests(1);
  sim_.RunFor(seconds(1));
  client_->CloseSend();
  ReadUntilEnd();
  std::string_view stream = got_;
  for (int i = 0; i < 3; ++i) {
    const std::size_t extent = wire::PeekFrame(stream).value().bytes;
    ASSERT_GT(extent, 0u);
    EXPECT_TRUE(wire::DecodeFrame(stream.substr(0, extent)).ok());
    stream.remove_prefix(extent);
  }
  EXPECT_TRUE(stream.empty());
}

}  // namespace
}  // namespace corocket::testkit
