#include "sdk/testkit/sim_net.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/error.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/runtime.h"
#include "sdk/runtime/task_group.h"
#include "sdk/runtime/with_deadline.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket::testkit {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Pipe = std::unique_ptr<net::Transport>;

const HostPort kServer{"10.0.0.1", 9876};
const HostPort kOther{"10.0.0.2", 9876};

asio::awaitable<std::string> ReadExactly(net::Transport& pipe, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) {
    std::array<char, 4096> piece{};
    const std::size_t wanted = std::min(piece.size(), bytes - all.size());
    const std::size_t got = co_await pipe.ReadSome(std::span(piece).first(wanted));
    all.append(piece.data(), got);
  }
  co_return all;
}

asio::awaitable<std::string> ReadUntilEnd(net::Transport& pipe, std::error_code& end) {
  std::string all;
  try {
    while (true) {
      std::array<char, 4096> piece{};
      const std::size_t got = co_await pipe.ReadSome(piece);
      all.append(piece.data(), got);
    }
  } catch (const std::system_error& error) {
    end = error.code();
  }
  co_return all;
}

asio::awaitable<void> WriteAll(net::Transport& pipe, std::string text) {
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

asio::awaitable<void> ReadByte(net::Transport& pipe) { co_await ReadExactly(pipe, 1); }

asio::awaitable<void> DialAndClose(std::shared_ptr<net::Connector> connector, HostPort address) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const Pipe pipe = co_await connector->Connect(executor, address);
}

asio::awaitable<void> DialInto(std::shared_ptr<net::Connector> connector, Pipe& into) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  into = co_await connector->Connect(executor, kServer);
}

asio::awaitable<void> EchoOne(std::unique_ptr<net::Transport> pipe) {
  try {
    while (true) {
      std::array<char, 4096> piece{};
      const std::size_t got = co_await pipe->ReadSome(piece);
      co_await WriteAll(*pipe, std::string(piece.data(), got));
    }
  } catch (const std::system_error&) {  // the client has gone
  }
}

class SimNetTest : public ::testing::Test {
 protected:
  std::error_code Try(asio::awaitable<void> work) { return sim_.Run(ErrorOf(std::move(work))); }

  void ServeEcho(HostPort address) {
    listeners_.push_back(binder_->Listen(sim_.executor(), std::move(address)));
    sim_.Spawn(AcceptLoop(listeners_.back().get()));
  }

  asio::awaitable<void> AcceptLoop(net::Listener* listener) {
    try {
      while (true) {
        Pipe pipe = co_await listener->Accept(sim_.executor());
        sim_.Spawn(EchoOne(std::move(pipe)));
      }
    } catch (const std::system_error&) {  // closed or killed
    }
  }

  struct Pair {
    Pipe client;
    Pipe server;
  };
  /// A connection whose two ends the test holds.
  Pair Connect(HostPort address = kServer, std::shared_ptr<net::Connector> connector = nullptr) {
    if (!connector) connector = connector_;
    const auto listener = binder_->Listen(sim_.executor(), address);
    Pair pair;
    pair.client = sim_.Run(connector->Connect(sim_.executor(), address));
    pair.server = sim_.Run(listener->Accept(sim_.executor()));
    return pair;
  }

  std::string Echo(net::Transport& pipe, const std::string& text) {
    sim_.Run(WriteAll(pipe, text));
    return sim_.Run(ReadExactly(pipe, text.size()));
  }

  SimRuntime sim_{{.seed = 11}};
  SimNet net_{sim_};
  std::shared_ptr<net::Connector> connector_ = net_.connector();
  std::shared_ptr<net::Binder> binder_ = net_.binder();
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

TEST_F(SimNetTest, ADialTakesOneRoundTripAndAnAnswerAnother) {
  ServeEcho(kServer);
  const Pipe pipe = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  EXPECT_EQ(sim_.Elapsed(), microseconds(200));
  sim_.Run(WriteAll(*pipe, "x"));
  EXPECT_EQ(sim_.Run(ReadExactly(*pipe, 1)), "x");
  EXPECT_EQ(sim_.Elapsed(), microseconds(400));
  EXPECT_EQ(pipe->peer(), "10.0.0.1:9876");
}

TEST_F(SimNetTest, ADialWhereNobodyListensIsRefusedAfterARoundTrip) {
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), asio::error::connection_refused);
  EXPECT_EQ(sim_.Elapsed(), microseconds(200));
  EXPECT_EQ(net_.stats(kServer).refused, 1u);
}

TEST_F(SimNetTest, ANameIsNoAddressToDial) {
  EXPECT_EQ(Try(DialAndClose(connector_, {"ns1.example", 9876})), asio::error::invalid_argument);
}

TEST_F(SimNetTest, RefuseTurnsDialsAwayAndLeavesConnectionsAloneUntilHealed) {
  ServeEcho(kServer);
  const Pipe pipe = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  net_.At(kServer).Refuse();
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), asio::error::connection_refused);
  EXPECT_EQ(Echo(*pipe, "still here"), "still here");
  net_.At(kServer).Heal();
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), std::error_code());
}

TEST_F(SimNetTest, ABlackholedDialGetsNoAnswerAndGoesOnWithTheNextSynOnceHealed) {
  ServeEcho(kServer);
  net_.At(kServer).Blackhole();
  Pipe pipe;
  sim_.Spawn(DialInto(connector_, pipe));
  sim_.RunFor(milliseconds(4500));
  EXPECT_FALSE(pipe);
  EXPECT_EQ(net_.stats(kServer).dialling, 1u);
  net_.At(kServer).Heal();
  EXPECT_TRUE(sim_.RunUntil([&] { return pipe != nullptr; }, seconds(10)));
  EXPECT_EQ(sim_.Elapsed(), seconds(7) + microseconds(200));
  EXPECT_EQ(Echo(*pipe, "hello"), "hello");
}

TEST_F(SimNetTest, ABlackholedDialEndsAfterTheLastSyn) {
  net_.At(kServer).Blackhole();
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), asio::error::timed_out);
  EXPECT_EQ(sim_.Elapsed(), seconds(127));
}

TEST_F(SimNetTest, ABlackholeLeavesConnectionsAlone) {
  ServeEcho(kServer);
  const Pipe pipe = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  net_.At(kServer).Blackhole();
  EXPECT_EQ(Echo(*pipe, "still here"), "still here");
}

TEST_F(SimNetTest, ACancelledDialLeavesNoSocket) {
  net_.At(kServer).Blackhole();
  const TimePoint deadline = sim_.Now() + milliseconds(300);
  EXPECT_EQ(Try(WithDeadline(*sim_.runtime(), deadline, DialAndClose(connector_, kServer))), asio::error::timed_out);
  EXPECT_EQ(sim_.Elapsed(), milliseconds(300));
  sim_.RunUntilIdle();
  EXPECT_EQ(net_.total().dialling, 0u);
  EXPECT_EQ(net_.total().client_sockets, 0u);
  EXPECT_EQ(net_.total().dials, 1u);
}

TEST_F(SimNetTest, HalfOpenTellsNobodyAnythingAndDeliversInOrderOnceHealed) {
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*client, "first,"));
  net_.At(kServer).HalfOpen();
  sim_.Run(WriteAll(*client, "second,"));
  sim_.Run(WriteAll(*server, "reply"));
  client->Close();
  std::error_code end;
  std::string got;
  const auto read = [](net::Transport& pipe, std::string& into, std::error_code& why) -> asio::awaitable<void> {
    into = co_await ReadUntilEnd(pipe, why);
  };
  sim_.Spawn(read(*server, got, end));
  sim_.RunFor(hours(2));
  EXPECT_EQ(end, std::error_code()) << "no FIN and no RST may come through";
  net_.At(kServer).Heal();
  sim_.RunFor(seconds(1));
  EXPECT_EQ(got, "first,second,");
  EXPECT_EQ(end, asio::error::eof);
}

TEST_F(SimNetTest, HalfOpenSwallowsDials) {
  ServeEcho(kServer);
  net_.At(kServer).HalfOpen();
  const TimePoint deadline = sim_.Now() + seconds(20);
  EXPECT_EQ(Try(WithDeadline(*sim_.runtime(), deadline, DialAndClose(connector_, kServer))), asio::error::timed_out);
}

TEST_F(SimNetTest, APausedServerAcceptsDialsAndBytesAndAnswersOnceHealed) {
  ServeEcho(kServer);
  const Pipe old = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  net_.At(kServer).Pause();
  const Pipe fresh = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  sim_.Run(WriteAll(*old, "old"));
  sim_.Run(WriteAll(*fresh, "fresh"));
  const TimePoint deadline = sim_.Now() + seconds(60);
  EXPECT_EQ(Try(WithDeadline(*sim_.runtime(), deadline, ReadByte(*old))), asio::error::timed_out);
  net_.At(kServer).Heal();
  EXPECT_EQ(sim_.Run(ReadExactly(*old, 3)), "old");
  EXPECT_EQ(sim_.Run(ReadExactly(*fresh, 5)), "fresh");
}

TEST_F(SimNetTest, SlowSetsTheLatencyOfDialsAndBytes) {
  ServeEcho(kServer);
  net_.At(kServer).Slow(milliseconds(40));
  const Pipe pipe = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  EXPECT_EQ(sim_.Elapsed(), milliseconds(80));
  Echo(*pipe, "x");
  EXPECT_EQ(sim_.Elapsed(), milliseconds(160));
  net_.At(kServer).Heal();
  Echo(*pipe, "x");
  EXPECT_EQ(sim_.Elapsed(), milliseconds(160) + microseconds(200));
}

TEST_F(SimNetTest, TrickleDeliversByteByByte) {
  auto [client, server] = Connect();
  net_.At(kServer).Trickle(milliseconds(5));
  const TimePoint began = sim_.Now();
  sim_.Run(WriteAll(*client, "0123456789"));
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 1)), "0");
  EXPECT_EQ(sim_.Now() - began, microseconds(100));
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 9)), "123456789");
  EXPECT_EQ(sim_.Now() - began, microseconds(100) + 9 * milliseconds(5));
}

TEST_F(SimNetTest, TrickleKeepsItsGapAcrossWritesUntilHealed) {
  auto [client, server] = Connect();
  net_.At(kServer).Trickle(milliseconds(5));
  const TimePoint began = sim_.Now();
  const std::array<std::string_view, 10> pieces = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  sim_.Run(client->Write(pieces));
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 10)), "0123456789");
  EXPECT_EQ(sim_.Now() - began, microseconds(100) + 9 * milliseconds(5));
  sim_.Run(WriteAll(*client, "a"));  // though nothing else is on its way
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 1)), "a");
  EXPECT_EQ(sim_.Now() - began, microseconds(100) + 10 * milliseconds(5));
  sim_.Run(WriteAll(*client, "bcd"));
  net_.At(kServer).Heal();
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 3)), "bcd");
  EXPECT_EQ(sim_.Now() - began, microseconds(200) + 10 * milliseconds(5));
}

TEST_F(SimNetTest, ResetEndsBothSidesAtOnceAndLaterConnectionsAreWell) {
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*client, "lost"));
  net_.At(kServer).Reset();
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::connection_reset);
  EXPECT_EQ(Try(ReadByte(*server)), asio::error::connection_reset);
  EXPECT_EQ(Try(WriteAll(*client, "more")), asio::error::connection_reset);
  EXPECT_EQ(net_.stats(kServer).resets, 1u);
  auto [fresh, peer] = Connect();
  sim_.Run(WriteAll(*fresh, "fine"));
  EXPECT_EQ(sim_.Run(ReadExactly(*peer, 4)), "fine");
}

TEST_F(SimNetTest, ResetWakesAReaderThatWaits) {
  auto [client, server] = Connect();
  std::error_code end;
  const auto read = [](net::Transport& pipe, std::error_code& why) -> asio::awaitable<void> {
    co_await ReadUntilEnd(pipe, why);
  };
  sim_.Spawn(read(*client, end));
  sim_.RunFor(seconds(1));
  net_.At(kServer).Reset();
  sim_.RunUntilIdle();
  EXPECT_EQ(end, asio::error::connection_reset);
}

TEST_F(SimNetTest, ResetAfterCutsAFrameInTheMiddleOnEachConnection) {
  net_.At(kServer).ResetAfter(6);
  for (int i = 0; i < 2; ++i) {
    auto [client, server] = Connect();
    sim_.Run(WriteAll(*client, "requests are not counted"));
    sim_.Run(WriteAll(*server, "01"));
    sim_.Run(WriteAll(*server, "23456789"));
    sim_.RunFor(milliseconds(1));  // the reset is there before the first read
    std::error_code end;
    EXPECT_EQ(sim_.Run(ReadUntilEnd(*client, end)), "012345");
    EXPECT_EQ(end, asio::error::connection_reset);
    EXPECT_EQ(sim_.Run(ReadUntilEnd(*server, end)), "requests are not counted");
    EXPECT_EQ(end, asio::error::connection_reset);
  }
  EXPECT_EQ(net_.stats(kServer).bytes_to_client, 12u);
  EXPECT_EQ(net_.stats(kServer).resets, 2u) << "a cut is a reset by the network";
  net_.At(kServer).Heal();
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*server, "0123456789"));
  EXPECT_EQ(sim_.Run(ReadExactly(*client, 10)), "0123456789");
}

TEST_F(SimNetTest, ResetAfterCanCutRequests) {
  auto [client, server] = Connect();
  net_.At(kServer).ResetAfter(3, SimSide::kServer);
  sim_.Run(WriteAll(*server, "answers are not counted"));
  sim_.Run(WriteAll(*client, "abcdef"));
  sim_.RunFor(milliseconds(1));
  std::error_code end;
  EXPECT_EQ(sim_.Run(ReadUntilEnd(*server, end)), "abc");
  EXPECT_EQ(end, asio::error::connection_reset);
  EXPECT_EQ(net_.stats(kServer).bytes_to_server, 3u);
}

TEST_F(SimNetTest, AReaderThatWaitsGetsThePartOfAFrameBeforeTheResetThatCutsIt) {
  auto [client, server] = Connect();
  net_.At(kServer).ResetAfter(60);
  std::string got;
  std::error_code end;
  const auto read = [](net::Transport& pipe, std::string& into, std::error_code& why) -> asio::awaitable<void> {
    into = co_await ReadUntilEnd(pipe, why);
  };
  sim_.Spawn(read(*client, got, end));
  sim_.RunFor(milliseconds(1));
  sim_.Run(WriteAll(*server, std::string(100, 'x')));
  sim_.RunFor(milliseconds(1));
  EXPECT_EQ(got, std::string(60, 'x'));
  EXPECT_EQ(end, asio::error::connection_reset);
}

TEST_F(SimNetTest, AResetLeavesWhatHasArrivedToBeRead) {
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*server, "arrived"));
  sim_.RunFor(milliseconds(1));
  sim_.Run(WriteAll(*server, "still on its way"));
  net_.At(kServer).Reset();
  net_.At(kServer).Reset();
  std::error_code end;
  EXPECT_EQ(sim_.Run(ReadUntilEnd(*client, end)), "arrived");
  EXPECT_EQ(end, asio::error::connection_reset);
  EXPECT_EQ(net_.stats(kServer).resets, 1u) << "it was dead already";
}

TEST_F(SimNetTest, DataThatArrivesBeforeTheResetOfThePeerIsRead) {
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*client, "never read"));
  sim_.Run(WriteAll(*server, "last words"));
  sim_.RunFor(milliseconds(1));
  server->Close();
  sim_.RunFor(milliseconds(1));
  std::error_code end;
  EXPECT_EQ(sim_.Run(ReadUntilEnd(*client, end)), "last words");
  EXPECT_EQ(end, asio::error::connection_reset);
  EXPECT_EQ(net_.stats(kServer).resets, 0u) << "an end did it, not the network";
}

TEST_F(SimNetTest, OfSeveralCutsTheFirstThatIsReachedCountsAndHealingOneLeavesTheOther) {
  for (const bool before_the_cuts : {true, false}) {
    Pair pair;
    if (before_the_cuts) pair = Connect();
    net_.At(kServer).ResetAfter(100);
    net_.Between("client", kServer).ResetAfter(5);
    if (!before_the_cuts) pair = Connect();
    net_.Between("client", kServer).Heal();
    sim_.Run(WriteAll(*pair.server, std::string(200, 'x')));
    std::error_code end;
    EXPECT_EQ(sim_.Run(ReadUntilEnd(*pair.client, end)).size(), 100u);
    EXPECT_EQ(end, asio::error::connection_reset);
    net_.At(kServer).Heal();
  }
}

TEST_F(SimNetTest, BothSidesCanBeCutAtOnceByEitherRoute) {
  for (const bool at_server : {true, false}) {
    net_.At(kServer).ResetAfter(7, SimSide::kServer);
    net_.Between("client", kServer).ResetAfter(5, SimSide::kClient);
    net_.Between("client", kServer).ResetAfter(9, SimSide::kServer);
    auto [client, server] = Connect();
    net::Transport& from = at_server ? *client : *server;
    net::Transport& to = at_server ? *server : *client;
    sim_.Run(WriteAll(from, std::string(20, 'x')));
    std::error_code end;
    EXPECT_EQ(sim_.Run(ReadUntilEnd(to, end)).size(), at_server ? 7u : 5u);
    EXPECT_EQ(end, asio::error::connection_reset);
  }
  net_.At(kServer).Heal();
  net_.Between("client", kServer).Heal();
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*client, std::string(20, 'x')));
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 20)), std::string(20, 'x'));
}

TEST_F(SimNetTest, ARouteThatFlapsAlreadyStartsOverDownFirst) {
  ServeEcho(kServer);
  net_.At(kServer).Flap(seconds(1));
  sim_.RunFor(milliseconds(500));
  net_.At(kServer).Flap(seconds(2));
  std::string ups;
  for (int i = 0; i < 8; ++i) {
    sim_.RunFor(milliseconds(500));
    ups += Try(DialAndClose(connector_, kServer)) ? '-' : '+';
    sim_.RunFor(milliseconds(499));
  }
  EXPECT_EQ(ups, "--++--++");
}

TEST_F(SimNetTest, FlapGoesDownAndUpByTheClockUntilHealed) {
  ServeEcho(kServer);
  const Pipe pipe = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  net_.At(kServer).Flap(seconds(1));
  EXPECT_EQ(Try(ReadByte(*pipe)), asio::error::connection_reset);
  std::string ups;
  for (int i = 0; i < 6; ++i) {
    sim_.RunFor(milliseconds(500));
    ups += Try(DialAndClose(connector_, kServer)) ? '-' : '+';
    sim_.RunFor(milliseconds(499));
  }
  EXPECT_EQ(ups, "-+-+-+");
  sim_.RunFor(milliseconds(500));
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), asio::error::connection_refused);
  net_.At(kServer).Heal();
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), std::error_code());
  sim_.RunFor(seconds(10));
  EXPECT_EQ(sim_.timers(), 0u) << "a healed route flaps no more";
}

TEST_F(SimNetTest, AFaultBetweenTwoLeavesOthersAndOtherAddressesAlone) {
  ServeEcho(kServer);
  ServeEcho(kOther);
  const auto second = net_.connector("second");
  const Pipe first_pipe = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  const Pipe second_pipe = sim_.Run(second->Connect(sim_.executor(), kServer));
  net_.Between("second", kServer).Reset();
  net_.Between("second", kServer).Refuse();
  EXPECT_EQ(Echo(*first_pipe, "fine"), "fine");
  EXPECT_EQ(Try(ReadByte(*second_pipe)), asio::error::connection_reset);
  EXPECT_EQ(Try(DialAndClose(second, kServer)), asio::error::connection_refused);
  EXPECT_EQ(Try(DialAndClose(second, kOther)), std::error_code());
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), std::error_code());
}

TEST_F(SimNetTest, FaultsAddUpAndHealTogether) {
  ServeEcho(kServer);
  net_.At(kServer).Slow(milliseconds(10));
  net_.At(kServer).Refuse();
  const TimePoint began = sim_.Now();
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), asio::error::connection_refused);
  EXPECT_EQ(sim_.Now() - began, milliseconds(20));
  net_.At(kServer).Heal();
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), std::error_code());
}

TEST_F(SimNetTest, AnOrderlyCloseComesAfterTheData) {
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*server, "last words"));
  server->Close();
  sim_.RunFor(seconds(1));  // both are there before the first read
  std::error_code end;
  EXPECT_EQ(sim_.Run(ReadUntilEnd(*client, end)), "last words");
  EXPECT_EQ(end, asio::error::eof);
}

TEST_F(SimNetTest, CloseWithUnreadDataResetsThePeer) {
  auto [client, server] = Connect();
  sim_.Run(WriteAll(*client, "never read"));
  sim_.RunFor(milliseconds(1));
  server->Close();
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::connection_reset);
}

TEST_F(SimNetTest, CloseSendEndsOneDirectionOnly) {
  auto [client, server] = Connect();
  server->CloseSend();
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::eof);
  EXPECT_EQ(Try(WriteAll(*server, "x")), asio::error::broken_pipe);
  sim_.Run(WriteAll(*client, "still heard"));
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 11)), "still heard");
  client->Close();
  EXPECT_EQ(Try(ReadByte(*server)), asio::error::eof);
}

TEST_F(SimNetTest, ATransportCanEndWithAReset) {
  auto [client, server] = Connect();
  server->Reset();
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::connection_reset);
  EXPECT_EQ(Try(ReadByte(*server)), asio::error::operation_aborted);
  EXPECT_EQ(net_.stats(kServer).server_sockets, 0u);
}

TEST_F(SimNetTest, DataForAClosedEndIsAnsweredWithAReset) {
  auto [client, server] = Connect();
  server->Close();
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::eof);
  EXPECT_EQ(Try(WriteAll(*client, "too late")), std::error_code()) << "the first write cannot know yet";
  sim_.RunFor(milliseconds(1));
  EXPECT_EQ(Try(WriteAll(*client, "again")), asio::error::connection_reset);
}

TEST_F(SimNetTest, CloseEndsAWaitingReadAndLaterCalls) {
  auto [client, server] = Connect();
  std::error_code end;
  const auto read = [](net::Transport& pipe, std::error_code& why) -> asio::awaitable<void> {
    co_await ReadUntilEnd(pipe, why);
  };
  sim_.Spawn(read(*client, end));
  sim_.RunFor(seconds(1));
  client->Close();
  client->Close();
  sim_.RunUntilIdle();
  EXPECT_EQ(end, asio::error::operation_aborted);
  EXPECT_EQ(Try(ReadByte(*client)), asio::error::operation_aborted);
  EXPECT_EQ(Try(WriteAll(*client, "x")), asio::error::operation_aborted);
  EXPECT_EQ(Try(ReadByte(*server)), asio::error::eof);
}

TEST_F(SimNetTest, AFullBufferMakesTheWriterWaitUntilTheReaderReads) {
  SimNet narrow(sim_, {.buffer_bytes = 1000});
  const auto listener = narrow.binder()->Listen(sim_.executor(), kServer);
  const Pipe client = sim_.Run(narrow.connector()->Connect(sim_.executor(), kServer));
  const Pipe server = sim_.Run(listener->Accept(sim_.executor()));
  bool written = false;
  const auto write = [](net::Transport& pipe, bool& done) -> asio::awaitable<void> {
    co_await WriteAll(pipe, std::string(2500, 'x'));
    done = true;
  };
  sim_.Spawn(write(*client, written));
  sim_.RunFor(seconds(1));
  EXPECT_FALSE(written);
  EXPECT_EQ(narrow.stats(kServer).bytes_to_server, 1000u);
  sim_.Run(ReadExactly(*server, 332));
  sim_.RunFor(seconds(1));
  EXPECT_EQ(narrow.stats(kServer).bytes_to_server, 1000u) << "less than a third is free";
  sim_.Run(ReadExactly(*server, 1));
  sim_.RunFor(seconds(1));
  EXPECT_EQ(narrow.stats(kServer).bytes_to_server, 1333u);
  EXPECT_FALSE(written);
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 2167)), std::string(2167, 'x'));
  EXPECT_TRUE(written);
}

TEST_F(SimNetTest, AWriterThatWaitsIsFreedByAResetAndByClose) {
  SimNet narrow(sim_, {.buffer_bytes = 10});
  const auto listener = narrow.binder()->Listen(sim_.executor(), kServer);
  const Pipe first = sim_.Run(narrow.connector()->Connect(sim_.executor(), kServer));
  const Pipe second = sim_.Run(narrow.connector()->Connect(sim_.executor(), kServer));
  std::error_code of_first;
  std::error_code of_second;
  const auto write = [](net::Transport& pipe, std::error_code& end) -> asio::awaitable<void> {
    end = co_await ErrorOf(WriteAll(pipe, std::string(100, 'x')));
  };
  sim_.Spawn(write(*first, of_first));
  sim_.Spawn(write(*second, of_second));
  sim_.RunFor(seconds(1));
  first->Close();
  narrow.At(kServer).Reset();
  sim_.RunUntilIdle();
  EXPECT_EQ(of_first, asio::error::operation_aborted);
  EXPECT_EQ(of_second, asio::error::connection_reset);
}

TEST_F(SimNetTest, ACancelledReadTakesNoBytes) {
  auto [client, server] = Connect();
  const TimePoint deadline = sim_.Now() + seconds(1);
  EXPECT_EQ(Try(WithDeadline(*sim_.runtime(), deadline, ReadByte(*client))), asio::error::timed_out);
  sim_.RunUntilIdle();
  sim_.Run(WriteAll(*server, "all of it"));
  EXPECT_EQ(sim_.Run(ReadExactly(*client, 9)), "all of it");
}

TEST_F(SimNetTest, ACancelledWriteIsFinishedAllTheSame) {
  SimNet narrow(sim_, {.buffer_bytes = 10});
  const auto listener = narrow.binder()->Listen(sim_.executor(), kServer);
  const Pipe client = sim_.Run(narrow.connector()->Connect(sim_.executor(), kServer));
  const Pipe server = sim_.Run(listener->Accept(sim_.executor()));
  std::vector<std::string> log;
  const auto write = [](net::Transport& pipe, std::vector<std::string>& out) -> asio::awaitable<void> {
    co_await WriteAll(pipe, "a frame that is longer than the buffer");
    out.push_back("written");
    co_await WriteAll(pipe, "and another");
    out.push_back("not reached: the cancellation shows at the next await");
  };
  TaskGroup tasks(sim_.executor());
  tasks.Spawn(write(*client, log));
  sim_.RunFor(seconds(1));
  tasks.CancelAll();
  sim_.RunFor(seconds(1));
  EXPECT_THAT(log, ElementsAre());
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 38)), "a frame that is longer than the buffer");
  sim_.Run(tasks.Join());
  EXPECT_THAT(log, ElementsAre("written"));
}

TEST_F(SimNetTest, ReadsComeInPiecesAndNothingIsLost) {
  auto [client, server] = Connect();
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>('a' + i % 26);
  sim_.Run(WriteAll(*client, text));
  sim_.RunFor(milliseconds(1));
  std::string got;
  int reads = 0;
  while (got.size() < text.size()) {
    std::array<char, 4096> piece{};
    got.append(piece.data(), sim_.Run(server->ReadSome(piece)));
    ++reads;
  }
  EXPECT_EQ(got, text);
  EXPECT_GT(reads, 1);
}

TEST_F(SimNetTest, WithoutSlicingOneReadTakesWhatHasArrived) {
  SimNet plain(sim_, {.slice_reads = false});
  const auto listener = plain.binder()->Listen(sim_.executor(), kServer);
  const Pipe client = sim_.Run(plain.connector()->Connect(sim_.executor(), kServer));
  const Pipe server = sim_.Run(listener->Accept(sim_.executor()));
  sim_.Run(WriteAll(*client, "one "));
  sim_.Run(WriteAll(*client, "piece"));
  sim_.RunFor(milliseconds(1));
  std::array<char, 64> piece{};
  EXPECT_EQ(sim_.Run(server->ReadSome(piece)), 9u);
}

TEST_F(SimNetTest, JitterKeepsTheOrderOfAConnection) {
  SimNet shaky(sim_, {.latency = milliseconds(1), .jitter = milliseconds(50)});
  const auto listener = shaky.binder()->Listen(sim_.executor(), kServer);
  const Pipe client = sim_.Run(shaky.connector()->Connect(sim_.executor(), kServer));
  const Pipe server = sim_.Run(listener->Accept(sim_.executor()));
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    sent += std::to_string(i) + ",";
    sim_.Run(WriteAll(*client, std::to_string(i) + ","));
  }
  EXPECT_EQ(sim_.Run(ReadExactly(*server, sent.size())), sent);
}

TEST_F(SimNetTest, ClosingAListenerKeepsWhatItHasAcceptedAndResetsTheRest) {
  auto listener = binder_->Listen(sim_.executor(), kServer);
  const Pipe accepted = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  const Pipe server = sim_.Run(listener->Accept(sim_.executor()));
  const Pipe waiting = sim_.Run(connector_->Connect(sim_.executor(), kServer));
  listener->Close();
  EXPECT_EQ(Try(ReadByte(*waiting)), asio::error::connection_reset);
  sim_.Run(WriteAll(*accepted, "works"));
  EXPECT_EQ(sim_.Run(ReadExactly(*server, 5)), "works");
  EXPECT_EQ(Try(DialAndClose(connector_, kServer)), asio::error::connection_refused);
}

TEST_F(SimNetTest, CloseEndsAWaitingAccept) {
  auto listener = binder_->Listen(sim_.executor(), kServer);
  std::error_code end;
  const auto accept = [](net::Listener& from, std::error_code& why) -> asio::awaitable<void> {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    try {
      co_await from.Accept(executor);
    } catch (const std::system_error& error) {
      why = error.code();
    }
  };
  sim_.Spawn(accept(*listener, end));
  sim_.RunFor(seconds(1));
  listener->Close();
  sim_.RunUntilIdle();
  EXPECT_EQ(end, asio::error::operation_aborted);
}

TEST_F(SimNetTest, AnAddressIsListenedOnOnceAndIsFreeAgainAfterwards) {
  auto listener = binder_->Listen(sim_.executor(), kServer);
  EXPECT_THROW((void)binder_->Listen(sim_.executor(), kServer), std::system_error);
  listener->Close();
  EXPECT_EQ(binder_->Listen(sim_.executor(), kServer)->address(), kServer);
  const auto first = binder_->Listen(sim_.executor(), {"10.0.0.9", 0});
  const auto second = binder_->Listen(sim_.executor(), {"10.0.0.9", 0});
  EXPECT_NE(first->address().port, 0);
  EXPECT_NE(first->address(), second->address());
}

TEST_F(SimNetTest, KillEndsListenerAndConnectionsAndTheAddressCanBeServedAgain) {
  for (const SimDeath death : {SimDeath::kFin, SimDeath::kReset}) {
    ServeEcho(kServer);
    const Pipe pipe = sim_.Run(connector_->Connect(sim_.executor(), kServer));
    net_.Kill(kServer, death);
    EXPECT_EQ(Try(ReadByte(*pipe)), death == SimDeath::kFin ? std::error_code(asio::error::eof)
                                                            : std::error_code(asio::error::connection_reset));
    EXPECT_EQ(Try(DialAndClose(connector_, kServer)), asio::error::connection_refused);
    EXPECT_EQ(net_.stats(kServer).server_sockets, 0u);
    ServeEcho(kServer);
    const Pipe again = sim_.Run(connector_->Connect(sim_.executor(), kServer));
    EXPECT_EQ(Echo(*again, "back"), "back");
    net_.Kill(kServer, death);
    listeners_.clear();
  }
}

TEST_F(SimNetTest, AFullBacklogDropsTheSynAndTakesItLater) {
  SimNet small(sim_, {.backlog = 2});
  const auto listener = small.binder()->Listen(sim_.executor(), kServer);
  const Pipe first = sim_.Run(small.connector()->Connect(sim_.executor(), kServer));
  const Pipe second = sim_.Run(small.connector()->Connect(sim_.executor(), kServer));
  const TimePoint began = sim_.Now();
  Pipe third;
  sim_.Spawn(DialInto(small.connector(), third));
  sim_.RunFor(milliseconds(900));
  EXPECT_FALSE(third);
  const Pipe accepted = sim_.Run(listener->Accept(sim_.executor()));
  EXPECT_TRUE(sim_.RunUntil([&] { return third != nullptr; }, seconds(10)));
  EXPECT_EQ(sim_.Now() - began, seconds(1) + microseconds(200)) << "by the SYN that is sent again";
}

TEST_F(SimNetTest, DialsOfOneMomentFillTheBacklogAndNoMore) {
  SimNet small(sim_, {.backlog = 2});
  const auto listener = small.binder()->Listen(sim_.executor(), kServer);
  std::vector<Pipe> pipes(1000);
  for (Pipe& pipe : pipes) sim_.Spawn(DialInto(small.connector(), pipe));
  sim_.RunFor(milliseconds(500));
  EXPECT_EQ(small.stats(kServer).connected, 2u);
  EXPECT_EQ(small.stats(kServer).dialling, 998u);
}

TEST_F(SimNetTest, AFaultThatBeginsDuringADialSwallowsWhatIsUnderWay) {
  ServeEcho(kServer);
  net_.At(kServer).Slow(milliseconds(100));
  for (const milliseconds into_the_dial : {milliseconds(10), milliseconds(110)}) {  // the SYN, the answer to it
    Pipe pipe;
    const TimePoint began = sim_.Now();
    sim_.Spawn(DialInto(connector_, pipe));
    sim_.RunFor(into_the_dial);
    net_.At(kServer).HalfOpen();
    sim_.RunFor(milliseconds(500));
    EXPECT_FALSE(pipe);
    net_.At(kServer).Heal();
    net_.At(kServer).Slow(milliseconds(100));
    EXPECT_TRUE(sim_.RunUntil([&] { return pipe != nullptr; }, seconds(10)));
    EXPECT_EQ(sim_.Now() - began, seconds(1) + milliseconds(200)) << "by the SYN that is sent again";
  }
}

TEST_F(SimNetTest, ARefusalDoesNotGetThroughASilenceThatBeginsBehindIt) {
  net_.At(kServer).Slow(milliseconds(100));
  std::error_code end;
  const auto dial = [](std::shared_ptr<net::Connector> connector, std::error_code& why) -> asio::awaitable<void> {
    why = co_await ErrorOf(DialAndClose(std::move(connector), kServer));
  };
  sim_.Spawn(dial(connector_, end));
  sim_.RunFor(milliseconds(110));
  net_.At(kServer).HalfOpen();
  sim_.RunFor(milliseconds(500));
  EXPECT_EQ(end, std::error_code());
  net_.At(kServer).Heal();
  sim_.RunFor(seconds(1));
  EXPECT_EQ(end, asio::error::connection_refused);
}

TEST_F(SimNetTest, NamesLeadToAddressesInOrderAndChangeAtRunTime) {
  net_.SetName("ns.example", {"10.0.0.1", "10.0.0.2", "fe80::1%eth0"});
  EXPECT_THAT(sim_.Run(connector_->Resolve({"ns.example", 9876})),
              ElementsAre(HostPort{"10.0.0.1", 9876}, HostPort{"10.0.0.2", 9876}, HostPort{"fe80::1%eth0", 9876}));
  net_.SetName("ns.example", {"10.0.0.3"});
  EXPECT_THAT(sim_.Run(connector_->Resolve({"ns.example", 1})), ElementsAre(HostPort{"10.0.0.3", 1}));
  EXPECT_EQ(net_.lookups(), 2u);
}

asio::awaitable<void> ResolveOnly(std::shared_ptr<net::Connector> connector, HostPort name) {
  co_await connector->Resolve(name);
}

TEST_F(SimNetTest, UnknownAndFailingNamesSayWhy) {
  EXPECT_EQ(Try(ResolveOnly(connector_, {"nowhere.example", 1})), asio::error::host_not_found);
  net_.SetName("ns.example", {"10.0.0.1"});
  net_.FailName("ns.example", asio::error::host_not_found_try_again);
  EXPECT_EQ(Try(ResolveOnly(connector_, {"ns.example", 1})), asio::error::host_not_found_try_again);
  net_.SetName("ns.example", {"10.0.0.1"});
  EXPECT_EQ(Try(ResolveOnly(connector_, {"ns.example", 1})), std::error_code());
}

TEST_F(SimNetTest, ASlowLookUpTakesItsTimeAndCanBeAbandoned) {
  net_.SetName("ns.example", {"10.0.0.1"});
  net_.SlowName("ns.example", seconds(5));
  EXPECT_EQ(Try(ResolveOnly(connector_, {"ns.example", 1})), std::error_code());
  EXPECT_EQ(sim_.Elapsed(), seconds(5));
  const TimePoint deadline = sim_.Now() + seconds(1);
  EXPECT_EQ(Try(WithDeadline(*sim_.runtime(), deadline, ResolveOnly(connector_, {"ns.example", 1}))),
            asio::error::timed_out);
  EXPECT_EQ(sim_.Elapsed(), seconds(6));
}

TEST_F(SimNetTest, ALiteralIsNeverLookedUp) {
  EXPECT_THAT(sim_.Run(connector_->Resolve({"::1", 9876})), ElementsAre(HostPort{"::1", 9876}));
  EXPECT_EQ(net_.lookups(), 0u);
  EXPECT_EQ(sim_.Elapsed(), Duration::zero());
}

TEST_F(SimNetTest, TheCensusCountsSocketsAndReturnsToZero) {
  ServeEcho(kServer);
  std::vector<Pipe> pipes;
  for (int i = 0; i < 3; ++i) pipes.push_back(sim_.Run(connector_->Connect(sim_.executor(), kServer)));
  EXPECT_EQ(net_.stats(kServer).client_sockets, 3u);
  EXPECT_EQ(net_.stats(kServer).server_sockets, 3u);
  EXPECT_EQ(net_.stats(kServer).connected, 3u);
  Echo(*pipes[0], "12345");
  EXPECT_EQ(net_.total().bytes_to_server, 5u);
  EXPECT_EQ(net_.total().bytes_to_client, 5u);
  pipes.clear();
  sim_.RunFor(seconds(1));
  EXPECT_EQ(net_.total().client_sockets, 0u);
  EXPECT_EQ(net_.total().server_sockets, 0u);
  EXPECT_EQ(net_.total().dialling, 0u);
}

/// Clients and faults at random; everything that the network did, in order.
std::vector<std::string> TraceOfARandomRun(std::uint64_t seed) {
  std::vector<std::string> trace;
  SimRuntime sim({.seed = seed});
  SimNet net(sim, {.jitter = milliseconds(2)});
  net.OnEvent([&](std::string_view line) { trace.emplace_back(line); });
  const auto listener = net.binder()->Listen(sim.executor(), kServer);
  const auto serve = [](SimRuntime& on, net::Listener& from) -> asio::awaitable<void> {
    while (true) {
      Pipe pipe = co_await from.Accept(on.executor());
      on.Spawn(EchoOne(std::move(pipe)));
    }
  };
  const auto client = [](SimRuntime& on, std::shared_ptr<net::Connector> connector) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      try {
        const Pipe pipe = co_await connector->Connect(on.executor(), kServer);
        for (int round = 0; round < 5; ++round) {
          co_await WriteAll(*pipe, "ping");
          co_await ReadExactly(*pipe, 4);
        }
      } catch (const std::system_error&) {  // then the next one
      }
      co_await SleepUntil(*on.runtime(), on.Now() + milliseconds(on.Random() % 20));
    }
  };
  sim.Spawn(serve(sim, *listener));
  for (int i = 0; i < 5; ++i) sim.Spawn(client(sim, net.connector("client-" + std::to_string(i))));
  for (int i = 0; i < 20; ++i) {
    sim.RunFor(milliseconds(sim.Random() % 20));
    switch (sim.Random() % 4) {
      case 0:
        net.At(kServer).Reset();
        break;
      case 1:
        net.At(kServer).HalfOpen();
        break;
      case 2:
        net.Between("client-1", kServer).ResetAfter(6);
        break;
      case 3:
        net.At(kServer).Heal();
        break;
    }
  }
  net.At(kServer).Heal();
  sim.RunFor(seconds(10));
  return trace;
}

TEST(SimNet, TheSameSeedGivesTheSameTraceAndAnotherDoesNot) {
  const auto trace = TraceOfARandomRun(5);
  EXPECT_GT(trace.size(), 500u);
  EXPECT_THAT(trace, Contains(HasSubstr("client-1 -> 10.0.0.1:9876 #")));
  EXPECT_EQ(trace, TraceOfARandomRun(5));
  EXPECT_NE(trace, TraceOfARandomRun(6));
}

TEST(SimNet, DestroyingItFreesTheCoroutinesThatWaitInIt) {
  const auto witness = std::make_shared<int>(0);
  const auto reader = [](Pipe pipe, std::shared_ptr<int>) -> asio::awaitable<void> { co_await ReadByte(*pipe); };
  const auto accepter = [](std::unique_ptr<net::Listener> from, std::shared_ptr<int>) -> asio::awaitable<void> {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_await from->Accept(executor);
  };
  {
    SimRuntime sim;
    SimNet net(sim);
    auto listener = net.binder()->Listen(sim.executor(), kServer);
    auto client = sim.Run(net.connector()->Connect(sim.executor(), kServer));
    auto server = sim.Run(listener->Accept(sim.executor()));
    const auto never_accepted = sim.Run(net.connector()->Connect(sim.executor(), kServer));
    net.At(kServer).HalfOpen();
    sim.Spawn(reader(std::move(client), witness));
    sim.Spawn(reader(std::move(server), witness));
    sim.Spawn(accepter(std::move(listener), witness));
    sim.RunFor(seconds(1));
    EXPECT_EQ(witness.use_count(), 4);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

}  // namespace
}  // namespace corocket::testkit
