#include "samples/failover_demo/demo.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/steady_timer.hpp"
#include "asio/use_awaitable.hpp"
#include "samples/failover_demo/html_report.h"

namespace failover_demo {
namespace {

constexpr std::chrono::milliseconds kRefresh{100};

}  // namespace

Demo::Demo(asio::io_context& io, Settings settings, std::unique_ptr<DemoCluster> cluster, corocket::Client client)
    : io_(io),
      settings_(std::move(settings)),
      cluster_(std::move(cluster)),
      client_(std::move(client)),
      load_(client_, settings_.topic, settings_.pause),
      seen_(load_.start()),
      page_(isatty(STDOUT_FILENO) != 0) {}

asio::awaitable<absl::Status> Demo::Run() {
  const auto events_done = [this](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    events_ended_ = true;
  };
  asio::co_spawn(io_, CollectEvents(client_.Watch()), events_done);
  load_.Start(io_.get_executor(), settings_.coroutines);
  for (const Phase& phase : Phases()) {
    if (interrupted_) break;
    failure_ = co_await RunPhase(phase);
    if (!failure_.ok()) break;
  }
  load_.Stop();
  while (load_.running() > 0) co_await Pause(kRefresh);
  const absl::Status shut_down = co_await client_.Shutdown();
  while (!events_ended_) co_await Pause(kRefresh);
  cluster_.reset();
  absl::Status reported = Report();
  if (!failure_.ok()) co_return failure_;
  co_return reported.ok() ? shut_down : reported;
}

absl::Status Demo::Report() {
  TerminalPage::PrintTable(seen_);
  if (!load_.last_failure().empty()) std::cout << "last failed call: " << load_.last_failure() << '\n';
  if (!failure_.ok() || settings_.report.empty()) return absl::OkStatus();
  absl::Status written = WriteReport(settings_.report, RenderReport(load_, seen_));
  if (written.ok()) std::cout << "report: " << settings_.report << '\n';
  return written;
}

std::vector<Phase> Demo::Phases() const {
  if (cluster_) return Story(settings_.phase);
  Phase watching;
  watching.name = "watching";
  watching.what = "real servers; stop, freeze or unplug them and see";
  watching.faulty = settings_.phase;
  return {watching};
}

asio::awaitable<void> Demo::Pause(std::chrono::milliseconds length) {
  asio::steady_timer timer(io_, length);
  co_await timer.async_wait(asio::use_awaitable);
}

asio::awaitable<void> Demo::CollectEvents(corocket::EventStream events) {
  for (;;) {
    std::optional<corocket::EndpointEvent> event = co_await events.Next();
    if (!event) co_return;
    seen_.OnEvent(*event);
  }
}

asio::awaitable<void> Demo::Show(std::chrono::milliseconds length) {
  const Clock::time_point end = Clock::now() + length;
  while (Clock::now() < end && !interrupted_) {
    co_await Pause(std::min(kRefresh, std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now())));
    page_.Refresh(client_.Snapshot(), load_, seen_);
  }
}

asio::awaitable<absl::Status> Demo::RunPhase(const Phase& phase) {
  PhaseResult result;
  result.name = phase.name;
  result.what = phase.what;
  result.begin_seconds = seen_.SecondsSinceStart(Clock::now());
  const std::uint64_t dials_before = client_.Snapshot().dials;
  page_.BeginPhase(phase.name, phase.what);
  load_.BeginPhase();
  seen_.BeginPhase();
  absl::Status status;
  if (phase.inject) status = phase.inject(*cluster_, client_);
  if (!status.ok()) co_return status;
  co_await Show(phase.faulty);
  if (phase.mend) status = phase.mend(*cluster_, client_);
  if (!status.ok()) co_return status;
  co_await Show(phase.healthy);
  result.end_seconds = seen_.SecondsSinceStart(Clock::now());
  result.calls = load_.phase().calls();
  result.failed = load_.phase().failed();
  result.longest_gap_ms = std::chrono::duration<double, std::milli>(load_.phase().longest_gap()).count();
  result.switch_ms = seen_.LongestSwitchMs();
  result.switches = seen_.SwitchesInPhase();
  result.connects = client_.Snapshot().dials - dials_before;
  seen_.results.push_back(std::move(result));
  co_return absl::OkStatus();
}

}  // namespace failover_demo
