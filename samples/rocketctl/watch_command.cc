#include "samples/rocketctl/watch_command.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "asio/any_io_executor.hpp"
#include "asio/this_coro.hpp"
#include "corocket/error.h"
#include "corocket/event_stream.h"
#include "samples/common/call_stats.h"
#include "samples/common/connects.h"
#include "samples/common/pauses.h"
#include "samples/common/stop_signals.h"
#include "samples/common/tasks.h"
#include "samples/rocketctl/watch_output.h"
#include "samples/rocketctl/watch_summary.h"

namespace rocketctl {
namespace {

using Clock = samples::CallStats::Clock;

constexpr std::chrono::milliseconds kRefresh{100};
/// A permanent refusal comes back at once; asking on without a pause would only burn the server.
constexpr std::chrono::milliseconds kPauseAfterRefusal{100};
/// Kinds of failure that are told; a server may invent any number of codes.
constexpr std::size_t kMaxKinds = 32;

/// State of one `watch`. Its coroutines share it; all of them run on one thread.
struct Watch {
  Watch(const asio::any_io_executor& executor, corocket::Client watched, WatchFlags watch_flags,
        const CommonFlags& common)
      : client(std::move(watched)),
        flags(std::move(watch_flags)),
        output(common.format, !common.client.observers.empty()),
        pauses(executor),
        tasks(executor),
        start(Clock::now()),
        stats(start) {}

  void Stop() {
    if (over) return;
    over = true;
    end = Clock::now();
    pauses.End();
  }
  [[nodiscard]] double SecondsAt(Clock::time_point at) const {
    return std::chrono::duration<double>(at - start).count();
  }

  corocket::Client client;
  WatchFlags flags;
  WatchOutput output;
  samples::Pauses pauses;
  samples::Tasks tasks;
  Clock::time_point start;
  Clock::time_point end;
  samples::CallStats stats;
  std::uint64_t connects = 0;
  std::set<std::pair<absl::StatusCode, std::optional<std::int32_t>>> told;
  absl::Status last_failure;
  absl::Status refused;
  bool over = false;
};

void NoteFailure(Watch& watch, const absl::Status& failure) {
  if (watch.over) return;  // We cancelled it ourselves.
  if (failure.code() == absl::StatusCode::kInvalidArgument) {
    watch.refused = failure;  // No other call would fare better.
    watch.Stop();
    return;
  }
  watch.stats.Failure();
  watch.last_failure = failure;
  const std::optional<corocket::ErrorDetails> details = corocket::DetailsOf(failure);
  if (watch.told.size() == kMaxKinds) return;
  if (!watch.told.emplace(failure.code(), details ? details->server_code : std::nullopt).second) return;
  watch.output.Failure(failure, watch.SecondsAt(Clock::now()));
  if (WatchOutput::Lost()) watch.Stop();
}

asio::awaitable<void> Ask(std::shared_ptr<Watch> watch) {
  while (!watch->over) {
    const Clock::time_point began = Clock::now();
    absl::StatusOr<corocket::TopicRoute> route = co_await watch->client.QueryRoute(watch->flags.topic);
    std::chrono::nanoseconds pause = watch->flags.interval;
    if (route.ok()) {
      watch->stats.Success(began, Clock::now());
    } else {
      NoteFailure(*watch, route.status());
      const bool refused = corocket::RetryHintOf(route.status()) == corocket::RetryHint::kPermanent;
      if (refused) pause = std::max<std::chrono::nanoseconds>(pause, kPauseAfterRefusal);
    }
    if (pause.count() > 0) co_await watch->pauses.Pause(pause);
  }
}

asio::awaitable<void> PrintEvents(std::shared_ptr<Watch> watch, corocket::EventStream events) {
  for (;;) {
    std::optional<corocket::EndpointEvent> event = co_await events.Next();
    if (!event) break;
    if (!watch->refused.ok()) continue;  // There is nothing to watch.
    if (samples::IsConnect(*event)) ++watch->connects;
    watch->output.Event(*event, watch->SecondsAt(event->at));
    if (WatchOutput::Lost()) watch->Stop();
  }
  if (events.dropped() > 0) watch->output.EventsDropped(events.dropped());
}

asio::awaitable<void> ShowProgress(std::shared_ptr<Watch> watch) {
  while (!watch->over) {
    const corocket::ChannelSnapshot snapshot = watch->client.Snapshot();
    watch->output.Progress(absl::StrFormat("%6.1fs  %d calls, %d failed, %d switches, on %s",
                                           watch->SecondsAt(Clock::now()), watch->stats.calls(), watch->stats.failed(),
                                           snapshot.switches, snapshot.chosen.empty() ? "no server" : snapshot.chosen));
    co_await watch->pauses.Pause(kRefresh);
  }
  watch->output.ClearProgress();
}

WatchSummary Summarize(const Watch& watch, const corocket::ChannelSnapshot& at_end) {
  const samples::CallStats& stats = watch.stats;
  return {.ok = stats.ok(),
          .failed = stats.failed(),
          .switches = at_end.switches,
          .longest_gap_ms = std::chrono::duration<double, std::milli>(stats.longest_gap(watch.end)).count(),
          .p50_us = stats.latencies().QuantileMicros(0.5),
          .p99_us = stats.latencies().QuantileMicros(0.99),
          .max_us = stats.latencies().max_micros(),
          .connects = watch.connects,
          .last_failure = watch.last_failure};
}

/// Why not one call succeeded.
absl::Status NothingSucceeded(const Watch& watch, const corocket::ChannelSnapshot& at_end) {
  if (!watch.last_failure.ok()) return watch.last_failure;
  std::string text = "no call was answered before the watch ended";
  for (const corocket::EndpointSnapshot& endpoint : at_end.endpoints) {
    if (endpoint.last_failure) absl::StrAppend(&text, "; namesrv ", endpoint.last_failure->ToString());
  }
  return absl::UnavailableError(text);
}

}  // namespace

asio::awaitable<absl::Status> RunWatch(corocket::Client client, WatchFlags flags, CommonFlags common) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto watch = std::make_shared<Watch>(executor, std::move(client), std::move(flags), common);
  const samples::StopSignals signals(executor, [watch] { watch->Stop(); });
  watch->tasks.Spawn(PrintEvents(watch, watch->client.Watch()));
  if (watch->output.shows_progress()) watch->tasks.Spawn(ShowProgress(watch));
  for (std::int32_t i = 0; i < watch->flags.concurrency; ++i) watch->tasks.Spawn(Ask(watch));
  co_await watch->pauses.Pause(watch->flags.duration);
  watch->Stop();
  const corocket::ChannelSnapshot at_end = watch->client.Snapshot();
  absl::Status shut_down = co_await watch->client.Shutdown(std::chrono::milliseconds(0));
  co_await watch->tasks.Join();
  if (!watch->refused.ok()) co_return watch->refused;
  WatchSummary summary = Summarize(*watch, at_end);
  watch->output.Summary(summary);
  if (summary.ok == 0) co_return NothingSucceeded(*watch, at_end);
  co_return shut_down;
}

}  // namespace rocketctl
