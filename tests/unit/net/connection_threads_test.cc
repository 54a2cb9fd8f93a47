// A connection over real TCP on an executor of four threads. Time-outs, cancellations, silence and ends race with each
// other here; meant for ThreadSanitizer, so it counts completions and asserts no time.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/co_spawn.hpp"
#include "asio/detached.hpp"
#include "asio/error.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_awaitable.hpp"
#include "asio/use_future.hpp"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/base/remoting_error.h"
#include "sdk/net/asio_connector.h"
#include "sdk/net/asio_listener.h"
#include "sdk/net/connection.h"
#include "sdk/net/connection_id.h"
#include "sdk/net/transport.h"
#include "sdk/runtime/asio_runtime.h"
#include "sdk/runtime/runtime.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "tests/unit/net/connection_fixture.h"

namespace corocket::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kThreads = 4;
/// How long a test that has failed already blocks its threads.
constexpr absl::Duration kPatience = absl::Seconds(20);

/// What the peer does when it has read a number of requests.
enum class Fate { kStays, kFallsSilent, kCloses, kResets };

/// Answers requests, but none whose code ends in 9.
asio::awaitable<void> Serve(std::unique_ptr<Transport> transport, Fate fate, int requests) {
  Peer peer(std::move(transport));
  try {
    for (int served = 0; fate == Fate::kStays || served < requests; ++served) {
      wire::Frame frame = co_await peer.Receive();
      if (frame.header.is_oneway() || frame.header.code % 10 == 9) continue;
      frame.header.flag = wire::kFlagResponse;
      std::string bytes;
      EXPECT_TRUE(wire::AppendFrame(frame, bytes).ok());
      co_await peer.Send(std::move(bytes));
    }
    if (fate == Fate::kResets) {
      peer.transport().Reset();
      co_return;
    }
    if (fate == Fate::kCloses) peer.transport().CloseSend();
    const std::error_code end = co_await peer.End();
    static_cast<void>(end);
  } catch (const std::system_error&) {  // the connection has ended
  }
}

asio::awaitable<void> AcceptOne(std::unique_ptr<Listener> listener, asio::any_io_executor on, Fate fate, int requests) {
  std::unique_ptr<Transport> transport = co_await listener->Accept(on);
  co_await Serve(std::move(transport), fate, requests);
}

wire::Frame Request(std::int32_t code) {
  wire::Frame request;
  request.header.code = code;
  return request;
}

/// A pool of four threads for the connection and its callers, and one thread for the peer.
class World {
 public:
  ~World() { Join(); }

  std::shared_ptr<Connection> Connect(ConnectionOptions options, Fate fate, int requests) {
    auto listener = MakeAsioBinder()->Listen(peer_.get_executor(), {"127.0.0.1", 0});
    const HostPort address = listener->address();
    asio::co_spawn(peer_, AcceptOne(std::move(listener), peer_.get_executor(), fate, requests), asio::detached);
    const asio::any_io_executor strand = asio::make_strand(pool_);
    const std::shared_ptr<Connector> connector = MakeAsioConnector();
    std::unique_ptr<Transport> transport =
        asio::co_spawn(strand, connector->Connect(strand, address), asio::use_future).get();
    ConnectionCallbacks callbacks;
    callbacks.on_ended = [this](ConnectionId, std::error_code, const std::string&) {
      if (++ends_ == 1) ended_.set_value();
    };
    return Connection::Start(runtime_, strand, std::move(transport), ConnectionId{1}, "ns1:9876", options,
                             std::move(callbacks));
  }

  void AwaitEnd() { ended_.get_future().get(); }
  void Join() {
    pool_.join();
    peer_.join();
  }
  asio::thread_pool& pool() { return pool_; }
  TimePoint In(Duration duration) const { return runtime_->Now() + duration; }
  int ends() const { return ends_; }

 private:
  asio::thread_pool pool_{kThreads};
  asio::thread_pool peer_{1};
  const std::shared_ptr<Runtime> runtime_ = MakeAsioRuntime(pool_.get_executor());
  std::promise<void> ended_;
  std::atomic<int> ends_ = 0;
};

/// Where threads meet: true for all if all came.
class Meeting {
 public:
  explicit Meeting(int size) : size_(size) {}
  bool Join() {
    const absl::MutexLock lock(mutex_);
    ++there_;
    const auto all = [this] { return there_ == size_; };
    return mutex_.AwaitWithTimeout(absl::Condition(&all), kPatience);
  }

 private:
  const int size_;
  absl::Mutex mutex_;
  int there_ = 0;
};

class CallersOnFourThreads : public ::testing::TestWithParam<bool> {
 protected:
  /// The pool itself, or a strand of the caller's own.
  asio::any_io_executor NewCaller() {
    if (GetParam()) return asio::make_strand(world_.pool());
    return world_.pool().get_executor();
  }

  World world_;
};

// What a caller does after its answer is its own affair: run inside the reader it would stop the connection.
TEST_P(CallersOnFourThreads, WorkSideBySideAfterTheirAnswers) {
  const std::shared_ptr<Connection> connection = world_.Connect({}, Fate::kStays, 0);
  Meeting meeting(kThreads);
  const auto caller = [&]() -> asio::awaitable<bool> {
    const wire::Frame answer = co_await connection->Send(Request(1), {.deadline = world_.In(seconds(60))});
    static_cast<void>(answer);
    co_return meeting.Join();
  };
  std::vector<std::future<bool>> callers;
  for (int i = 0; i < kThreads; ++i) callers.push_back(asio::co_spawn(NewCaller(), caller(), asio::use_future));
  for (std::future<bool>& met : callers) EXPECT_TRUE(met.get());
  connection->Abort(RemotingErrc::kShutDown);
}

TEST_P(CallersOnFourThreads, WorkSideBySideAfterTheirTimeOuts) {
  const std::shared_ptr<Connection> connection = world_.Connect({}, Fate::kStays, 0);
  Meeting meeting(kThreads);
  const TimePoint deadline = world_.In(milliseconds(50));
  const auto caller = [&]() -> asio::awaitable<bool> {
    try {
      const wire::Frame answer = co_await connection->Send(Request(9), {.deadline = deadline});
      static_cast<void>(answer);
    } catch (const RemotingError& error) {
      EXPECT_EQ(error.code(), RemotingErrc::kAttemptTimeout);
    }
    co_return meeting.Join();
  };
  std::vector<std::future<bool>> callers;
  for (int i = 0; i < kThreads; ++i) callers.push_back(asio::co_spawn(NewCaller(), caller(), asio::use_future));
  for (std::future<bool>& met : callers) EXPECT_TRUE(met.get());
  connection->Abort(RemotingErrc::kShutDown);
}

TEST_P(CallersOnFourThreads, MayBlockTheirThreadOnAnotherCallWhichStillTimesOut) {
  const std::shared_ptr<Connection> connection = world_.Connect({}, Fate::kStays, 0);
  const auto second = [&]() -> asio::awaitable<std::error_code> {
    try {
      const wire::Frame answer = co_await connection->Send(Request(9), {.deadline = world_.In(milliseconds(50))});
      static_cast<void>(answer);
    } catch (const RemotingError& error) {
      co_return error.code();
    }
    co_return std::error_code();
  };
  const auto first = [&]() -> asio::awaitable<bool> {
    const wire::Frame answer = co_await connection->Send(Request(1), {.deadline = world_.In(seconds(60))});
    static_cast<void>(answer);
    std::future<std::error_code> other = asio::co_spawn(world_.pool(), second(), asio::use_future);
    const bool in_time = other.wait_for(absl::ToChronoSeconds(kPatience)) == std::future_status::ready;
    if (in_time) {
      EXPECT_EQ(other.get(), RemotingErrc::kAttemptTimeout);
    }
    co_return in_time;
  };
  EXPECT_TRUE(asio::co_spawn(NewCaller(), first(), asio::use_future).get());
  connection->Abort(RemotingErrc::kShutDown);
}

INSTANTIATE_TEST_SUITE_P(OnThePoolAndOnStrands, CallersOnFourThreads, ::testing::Bool(),
                         [](const auto& test) { return std::string(test.param ? "Strands" : "Pool"); });

/// One round of everything at once.
class Storm {
 public:
  static constexpr int kCallers = 24;
  static constexpr int kCallsEach = 25;

  explicit Storm(std::uint64_t seed) : bits_(seed) {}

  void Run() {
    constexpr Fate kFates[] = {Fate::kStays, Fate::kFallsSilent, Fate::kCloses, Fate::kResets};
    ConnectionOptions options;
    options.silence_limit = milliseconds(20 + Below(30));
    std::shared_ptr<Connection> connection =
        world_.Connect(options, kFates[Below(std::size(kFates))], static_cast<int>(Below(kCallers * kCallsEach / 2)));
    std::vector<std::future<void>> callers;
    for (int i = 0; i < kCallers; ++i) {
      // Half of them on the bare pool, where cancelling would need a lock of the caller's own.
      const bool on_strand = i % 2 == 0;
      const asio::any_io_executor executor =
          on_strand ? asio::any_io_executor(asio::make_strand(world_.pool())) : world_.pool().get_executor();
      callers.push_back(asio::co_spawn(executor, Call(executor, connection, bits_(), on_strand), asio::use_future));
    }
    AwaitCalls(Below(kCallers * kCallsEach));
    switch (Below(4)) {
      case 0:
        connection->Retire(world_.In(milliseconds(Below(5))));
        break;
      case 1:
        connection->Abort(RemotingErrc::kShutDown);
        break;
      case 2:
        connection.reset();  // the last call that begins holds it, then
        break;
      default:
        break;
    }
    for (std::future<void>& caller : callers) caller.get();
    EXPECT_EQ(begun_, kCallers * kCallsEach);
    EXPECT_EQ(ended_, begun_) << "each call ends once";
    if (connection) {
      EXPECT_EQ(connection->stats().outstanding, 0u);
      connection->Abort(RemotingErrc::kShutDown);
      asio::co_spawn(world_.pool(), connection->Join(), asio::use_future).get();
    }
    world_.AwaitEnd();
    connection.reset();
    world_.Join();
    EXPECT_EQ(world_.ends(), 1);
  }

 private:
  std::uint64_t Below(std::uint64_t bound) { return bits_() % bound; }

  /// Ends with `work`, which `turns` turns of the executor later is cancelled.
  static asio::awaitable<void> Cancelled(asio::any_io_executor executor, asio::awaitable<wire::Frame> work,
                                         std::uint64_t turns) {
    asio::cancellation_signal signal;
    std::function<void(std::uint64_t)> later = [&](std::uint64_t left) {
      if (left == 0) {
        signal.emit(asio::cancellation_type::terminal);
      } else {
        asio::post(executor, [&later, left] { later(left - 1); });
      }
    };
    // The signal outlives the turns because they are counted here, too.
    asio::post(executor, [&later, turns] { later(turns); });
    std::exception_ptr failed;
    try {
      auto run =
          asio::co_spawn(executor, std::move(work), asio::bind_cancellation_slot(signal.slot(), asio::use_awaitable));
      const wire::Frame answer = co_await std::move(run);
      static_cast<void>(answer);
    } catch (const std::system_error&) {
      failed = std::current_exception();
    }
    for (std::uint64_t turn = 0; turn < turns + 2; ++turn) co_await asio::post(executor, asio::use_awaitable);
    if (failed) std::rethrow_exception(failed);
  }

  asio::awaitable<void> Call(asio::any_io_executor executor, std::weak_ptr<Connection> weak, std::uint64_t seed,
                             bool may_cancel) {
    std::mt19937_64 bits(seed);
    for (int i = 0; i < kCallsEach; ++i) {
      ++begun_;
      if (std::shared_ptr<Connection> connection = weak.lock()) {
        const SendOptions options{.deadline = world_.In(microseconds(200 + bits() % 3'800)),
                                  .idempotent = bits() % 2 == 0};
        const auto code = static_cast<std::int32_t>(bits() % 1'000);
        try {
          if (bits() % 5 == 0) {
            auto sent = connection->SendOneway(Request(code), options);
            if (bits() % 2 == 0) connection.reset();
            co_await std::move(sent);
          } else {
            auto sent = connection->Send(Request(code), options);
            if (bits() % 2 == 0) connection.reset();
            if (may_cancel && bits() % 4 == 0) {
              co_await Cancelled(executor, std::move(sent), bits() % 6);
            } else {
              const wire::Frame answer = co_await std::move(sent);
              EXPECT_EQ(answer.header.code, code) << "the answer to another request";
            }
          }
        } catch (const RemotingError&) {
        } catch (const std::system_error& error) {
          EXPECT_EQ(error.code(), asio::error::operation_aborted);
        }
      }
      const absl::MutexLock lock(mutex_);
      ++ended_;
    }
  }

  void AwaitCalls(std::uint64_t count) {
    const absl::MutexLock lock(mutex_);
    const auto reached = [this, count] { return static_cast<std::uint64_t>(ended_) >= count; };
    mutex_.Await(absl::Condition(&reached));
  }

  std::mt19937_64 bits_;
  World world_;
  std::atomic<int> begun_ = 0;
  absl::Mutex mutex_;
  int ended_ = 0;
};

class ConnectionStorm : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ConnectionStorm, EndsEachCallOnceAndTheConnectionOnce) {
  for (std::uint64_t round = 0; round < 8; ++round) {
    Storm storm(GetParam() * 1'000 + round);
    storm.Run();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConnectionStorm, ::testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace corocket::net
