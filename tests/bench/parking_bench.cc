// Ways to suspend a coroutine until somebody brings its result, which a thread does once per call: what one round of
// suspending and resuming costs. The first is what connections do.

#include <cstdint>
#include <exception>
#include <system_error>
#include <utility>

#include "asio/any_completion_handler.hpp"
#include "asio/any_io_executor.hpp"
#include "asio/async_result.hpp"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/deferred.hpp"
#include "asio/dispatch.hpp"
#include "asio/experimental/channel.hpp"
#include "asio/io_context.hpp"
#include "asio/steady_timer.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "benchmark/benchmark.h"
#include "sdk/runtime/waiter_slab.h"
#include "sdk/wire/frame.h"

namespace corocket::bench {
namespace {

constexpr std::int64_t kRounds = 1000;

/// Runs `waiter`, a coroutine of `kRounds` waits, and calls `resume` whenever it waits.
template <typename Resume>
void Drive(benchmark::State& state, asio::io_context& io, asio::awaitable<void> (*waiter)(void*), void* context,
           Resume resume) {
  for (auto _ : state) {
    bool done = false;
    asio::co_spawn(io, waiter(context), [&done](const std::exception_ptr& error) {
      done = true;
      if (error) std::rethrow_exception(error);
    });
    io.poll();
    while (!done) {
      resume();
      io.restart();
      io.poll();
    }
    io.restart();
  }
  state.SetItemsProcessed(state.iterations() * kRounds);
}

/// The result goes into the coroutine's frame; the handler is erased, has no arguments, and is told its executor.
struct InFrame {
  Waiter<wire::Frame, int> waiter;

  static asio::awaitable<void> Wait(void* context) {
    auto& self = *static_cast<InFrame*>(context);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (std::int64_t i = 0; i < kRounds; ++i) {
      wire::Frame result;
      auto park = [&](auto handler) {
        self.waiter = {.handler = std::move(handler), .executor = executor, .result = &result};
      };
      auto ended = asio::async_initiate<const asio::deferred_t, void()>(park, asio::deferred);
      co_await std::move(ended);
      benchmark::DoNotOptimize(result);
    }
  }
};

void ResultInFrame(benchmark::State& state) {
  asio::io_context io(1);
  InFrame context;
  Drive(state, io, &InFrame::Wait, &context, [&] {
    context.waiter.result->header.code = 1;
    std::exchange(context.waiter, {}).Resume();
  });
}
BENCHMARK(ResultInFrame);

/// The result travels as the handler's argument.
struct Erased {
  asio::any_completion_handler<void(wire::Frame)> handler;
  asio::any_io_executor executor;

  static asio::awaitable<void> Wait(void* context) {
    auto& self = *static_cast<Erased*>(context);
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    for (std::int64_t i = 0; i < kRounds; ++i) {
      auto park = [&](auto handler) {
        self.handler = std::move(handler);
        self.executor = executor;
      };
      auto ended = asio::async_initiate<const asio::deferred_t, void(wire::Frame)>(park, asio::deferred);
      wire::Frame result = co_await std::move(ended);
      benchmark::DoNotOptimize(result);
    }
  }
};

void ResultAsArgument(benchmark::State& state) {
  asio::io_context io(1);
  Erased context;
  Drive(state, io, &Erased::Wait, &context, [&] {
    const asio::any_io_executor executor = std::move(context.executor);
    wire::Frame answer;
    asio::dispatch(executor, [handler = std::move(context.handler), answer = std::move(answer)]() mutable {
      std::move(handler)(std::move(answer));
    });
  });
}
BENCHMARK(ResultAsArgument);

/// A timer that never expires is cancelled: the usual advice.
struct Timer {
  explicit Timer(asio::io_context& io) : timer(io) {}
  asio::steady_timer timer;
  wire::Frame result;

  static asio::awaitable<void> Wait(void* context) {
    auto& self = *static_cast<Timer*>(context);
    for (std::int64_t i = 0; i < kRounds; ++i) {
      self.timer.expires_at(asio::steady_timer::time_point::max());
      try {
        co_await self.timer.async_wait(asio::use_awaitable);
      } catch (const std::system_error&) {
      }
      benchmark::DoNotOptimize(self.result);
    }
  }
};

void CancelledTimer(benchmark::State& state) {
  asio::io_context io(1);
  Timer context(io);
  Drive(state, io, &Timer::Wait, &context, [&] {
    context.result.header.code = 1;
    context.timer.cancel();
  });
}
BENCHMARK(CancelledTimer);

struct Channel {
  explicit Channel(asio::io_context& io) : channel(io, 1) {}
  asio::experimental::channel<void(std::error_code, wire::Frame)> channel;

  static asio::awaitable<void> Wait(void* context) {
    auto& self = *static_cast<Channel*>(context);
    for (std::int64_t i = 0; i < kRounds; ++i) {
      wire::Frame result = co_await self.channel.async_receive(asio::use_awaitable);
      benchmark::DoNotOptimize(result);
    }
  }
};

void ExperimentalChannel(benchmark::State& state) {
  asio::io_context io(1);
  Channel context(io);
  Drive(state, io, &Channel::Wait, &context, [&] { context.channel.try_send(std::error_code(), wire::Frame()); });
}
BENCHMARK(ExperimentalChannel);

}  // namespace
}  // namespace corocket::bench
