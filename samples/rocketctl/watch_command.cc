#include "samples/rocketctl/watch_command.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "asio/co_spawn.hpp"
#include "asio/steady_timer.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "corocket/error.h"
#include "samples/common/call_stats.h"
#include "samples/rocketctl/json_object.h"

namespace rocketctl {
namespace {

using Clock = samples::CallStats::Clock;

/// How soon a signal or the end of the time is noticed.
constexpr std::chrono::milliseconds kTick{100};

/// State of one `watch`, shared by its coroutines; all of them run on one thread.
struct Watch {
  Watch(corocket::Client& watched, WatchFlags watch_flags, CommonFlags common_flags, const bool& stop_flag)
      : client(watched),
        flags(std::move(watch_flags)),
        common(std::move(common_flags)),
        stop(stop_flag),
        start(Clock::now()),
        stats(start) {}

  [[nodiscard]] bool Over() const { return stop || Clock::now() - start >= flags.duration; }
  [[nodiscard]] double Seconds() const { return std::chrono::duration<double>(Clock::now() - start).count(); }

  corocket::Client& client;
  WatchFlags flags;
  CommonFlags common;
  const bool& stop;
  Clock::time_point start;
  samples::CallStats stats;
  std::int32_t running = 0;
  absl::Status last_failure;
};

asio::awaitable<void> Ask(Watch& watch) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (!watch.Over()) {
    const Clock::time_point began = Clock::now();
    absl::StatusOr<corocket::TopicRoute> route = co_await watch.client.QueryRoute(watch.flags.topic);
    if (route.ok()) {
      watch.stats.Success(began, Clock::now());
    } else {
      watch.stats.Failure();
      watch.last_failure = route.status();
      // A permanent refusal comes back at once; asking on without a pause would only burn the server.
      if (corocket::RetryHintOf(route.status()) == corocket::RetryHint::kPermanent) {
        pause.expires_after(kTick);
        co_await pause.async_wait(asio::use_awaitable);
      }
    }
    if (watch.flags.interval.count() > 0) {
      pause.expires_after(std::min<Clock::duration>(watch.flags.interval, kTick));
      co_await pause.async_wait(asio::use_awaitable);
    }
  }
  --watch.running;
}

std::string EventJson(const corocket::EndpointEvent& event, double seconds) {
  JsonObject object;
  object.Add("type", "event")
      .Add("kind", corocket::EventKindName(event.kind))
      .Add("at_ms", static_cast<std::int64_t>(seconds * 1000))
      .Add("sequence", event.sequence)
      .Add("endpoint", event.endpoint)
      .Add("previous", event.previous)
      .Add("generation", event.generation)
      .Add("list_version", event.list_version)
      .Add("reason", corocket::SwitchReasonName(event.reason))
      .Add("cause", event.cause ? event.cause.message() : std::string())
      .Add("elapsed_us", event.elapsed.count())
      .Add("text", event.ToString());
  return object.ToString();
}

asio::awaitable<void> PrintEvents(corocket::EventStream events, Watch& watch) {
  for (;;) {
    std::optional<corocket::EndpointEvent> event = co_await events.Next();
    if (!event) break;
    const double seconds = std::chrono::duration<double>(event->at - watch.start).count();
    if (watch.common.format == Format::kText) {
      std::cout << absl::StrFormat("%9.3fs  ", seconds) << event->ToString() << std::endl;
    } else if (watch.common.format == Format::kJsonl) {
      std::cout << EventJson(*event, seconds) << std::endl;
    }
  }
  if (events.dropped() > 0) std::cerr << events.dropped() << " events were dropped: too many at once\n";
}

/// Progress for a person at a terminal; elsewhere the event lines are enough.
void ShowProgress(const Watch& watch, bool terminal) {
  if (!terminal) return;
  const corocket::ChannelSnapshot snapshot = watch.client.Snapshot();
  std::cerr << absl::StrFormat("\r\x1b[K%6.1fs  %d calls, %d failed, %d switches, on %s", watch.Seconds(),
                               watch.stats.calls(), watch.stats.failed(), snapshot.switches,
                               snapshot.chosen.empty() ? "no server" : snapshot.chosen)
            << std::flush;
}

asio::awaitable<void> WaitForEnd(Watch& watch) {
  const bool terminal = watch.common.format == Format::kText && isatty(STDERR_FILENO) != 0;
  asio::steady_timer tick(co_await asio::this_coro::executor);
  while (watch.running > 0) {
    tick.expires_after(kTick);
    co_await tick.async_wait(asio::use_awaitable);
    ShowProgress(watch, terminal);
  }
  if (terminal) std::cerr << "\r\x1b[K" << std::flush;
}

void PrintSummary(const Watch& watch, const corocket::ChannelSnapshot& snapshot) {
  const samples::CallStats& stats = watch.stats;
  const double gap_ms = std::chrono::duration<double, std::milli>(stats.longest_gap()).count();
  const std::int64_t p50 = stats.latencies().QuantileMicros(0.5);
  const std::int64_t p99 = stats.latencies().QuantileMicros(0.99);
  if (watch.common.format == Format::kText) {
    std::cout
        << absl::StrFormat(
               "%d calls, %d ok, %d failed; %d switches, %d connects; longest gap %.1f ms; p50 %d us, p99 %d us, max "
               "%d us",
               stats.calls(), stats.ok(), stats.failed(), snapshot.switches, snapshot.dials, gap_ms, p50, p99,
               stats.latencies().max_micros())
        << std::endl;
    return;
  }
  JsonObject object;
  object.Add("type", "summary")
      .Add("calls", stats.calls())
      .Add("ok", stats.ok())
      .Add("failed", stats.failed())
      .Add("switches", snapshot.switches)
      .AddRaw("longest_gap_ms", absl::StrFormat("%.3f", gap_ms))
      .Add("p50_us", p50)
      .Add("p99_us", p99)
      .Add("max_us", stats.latencies().max_micros())
      .Add("connects", snapshot.dials);
  std::cout << object.ToString() << std::endl;
}

}  // namespace

asio::awaitable<absl::Status> RunWatch(corocket::Client& client, WatchFlags watch_flags, CommonFlags flags,
                                       const bool& stop) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Watch watch(client, std::move(watch_flags), std::move(flags), stop);
  asio::awaitable<void> printing = PrintEvents(client.Watch(), watch);
  bool printed = false;
  const auto on_printed = [&printed](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    printed = true;
  };
  asio::co_spawn(executor, std::move(printing), on_printed);
  const auto rethrow = [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  };
  for (watch.running = 0; watch.running < watch.flags.concurrency; ++watch.running) {
    asio::co_spawn(executor, Ask(watch), rethrow);
  }
  co_await WaitForEnd(watch);
  watch.stats.Finish(Clock::now());
  const corocket::ChannelSnapshot snapshot = client.Snapshot();
  absl::Status shut_down = co_await client.Shutdown();
  // The stream ends after the last event has been read; the summary comes behind it.
  asio::steady_timer tick(executor);
  while (!printed) {
    tick.expires_after(std::chrono::milliseconds(1));
    co_await tick.async_wait(asio::use_awaitable);
  }
  PrintSummary(watch, snapshot);
  if (watch.stats.ok() == 0 && !watch.last_failure.ok()) co_return watch.last_failure;
  co_return shut_down;
}

}  // namespace rocketctl
