#include "samples/failover_demo/demo.h"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "asio/post.hpp"
#include "asio/use_awaitable.hpp"
#include "samples/common/stop_signals.h"
#include "samples/common/terminal.h"
#include "samples/failover_demo/html_report.h"

namespace failover_demo {
namespace {

constexpr std::chrono::milliseconds kRefresh{100};
constexpr std::chrono::milliseconds kDrain{3000};

}  // namespace

Demo::Demo(const asio::any_io_executor& executor, Settings settings, std::unique_ptr<DemoCluster> cluster,
           corocket::Client client, std::unique_ptr<ReportFile> report)
    : executor_(executor),
      settings_(std::move(settings)),
      cluster_(std::move(cluster)),
      client_(std::move(client)),
      report_(std::move(report)),
      load_(executor, client_, settings_.topic, settings_.pause),
      seen_(load_.start()),
      page_(samples::IsLiveTerminal(STDOUT_FILENO)),
      tasks_(executor),
      story_(executor),
      refreshes_(executor) {}

asio::awaitable<absl::Status> Demo::Run() {
  const samples::StopSignals signals(executor_, [this] { Interrupt(); }, [this] { page_.Leave(); });
  tasks_.Spawn(CollectEvents(client_.Watch()));
  load_.Start(settings_.coroutines);
  // A name that no topic may have is refused before anything is sent, so it is known once every caller has begun.
  co_await asio::post(executor_, asio::use_awaitable);
  if (load_.refused().ok()) tasks_.Spawn(RefreshPage());
  for (const Phase& phase : Phases()) {
    if (interrupted_ || !failure_.ok() || !load_.refused().ok()) break;
    CloseRow();
    OpenRow(phase);
    failure_ = co_await Play(phase);
  }
  load_.Stop();
  co_await load_.Join();
  CloseRow();  // Now: the calls that ended last belong to the last phase.
  EndClient(kDrain);
  page_over_ = true;
  refreshes_.End();
  co_await tasks_.Join();
  page_.Leave();
  cluster_.reset();
  co_return load_.refused().ok() ? Report() : load_.refused();
}

void Demo::Interrupt() {
  interrupted_ = true;
  load_.Abandon();
  story_.End();
  EndClient(std::chrono::milliseconds(0));
}

std::vector<Phase> Demo::Phases() const {
  if (cluster_) return Story(settings_.phase);
  Phase watching;
  watching.name = "watching";
  watching.what = "real servers: stop, freeze or unplug them, and see";
  watching.faulty = settings_.phase;
  return {watching};
}

asio::awaitable<absl::Status> Demo::Play(const Phase& phase) {
  absl::Status status;
  if (phase.inject) status = phase.inject(*cluster_, client_);
  if (!status.ok()) co_return status;
  co_await story_.Pause(phase.faulty);
  if (phase.mend) status = phase.mend(*cluster_, client_);
  if (row_->fault && phase.kind == FaultKind::kLasting) row_->fault->end = SecondsNow();
  if (!status.ok()) co_return status;
  co_await story_.Pause(phase.healthy);
  co_return absl::OkStatus();
}

void Demo::OpenRow(const Phase& phase) {
  // Without a gap between them: the first phase begins with the run, since what it took to connect belongs to it.
  const double now = seen_.results.empty() ? 0 : seen_.results.back().span.end;
  row_.emplace();
  row_->name = phase.name;
  row_->what = phase.what;
  row_->span = {.begin = now, .end = now};
  if (phase.kind != FaultKind::kNone) row_->fault = row_->span;
  if (!seen_.results.empty()) load_.BeginPhase();
  page_.BeginPhase(phase.name, phase.what);
}

void Demo::CloseRow() {
  if (!row_) return;
  const Clock::time_point now = Clock::now();
  row_->span.end = seen_.SecondsSinceStart(now);
  row_->calls = load_.phase().calls();
  row_->failed = load_.phase().failed();
  row_->longest_gap_ms = std::chrono::duration<double, std::milli>(load_.phase().longest_gap(now)).count();
  seen_.results.push_back(*std::exchange(row_, std::nullopt));
}

asio::awaitable<void> Demo::CollectEvents(corocket::EventStream events) {
  for (;;) {
    std::optional<corocket::EndpointEvent> event = co_await events.Next();
    if (!event) co_return;
    seen_.OnEvent(*event);
  }
}

asio::awaitable<void> Demo::RefreshPage() {
  while (!page_over_) {
    co_await refreshes_.Pause(kRefresh);
    page_.Refresh(client_.Snapshot(), load_, seen_);
    if (TerminalPage::Lost()) Interrupt();
  }
}

asio::awaitable<void> Demo::ShutDown(std::chrono::milliseconds drain) { shut_down_ = co_await client_.Shutdown(drain); }

void Demo::EndClient(std::chrono::milliseconds drain) {
  if (client_ended_) return;
  client_ended_ = true;
  tasks_.Spawn(ShutDown(drain));
}

absl::Status Demo::Report() {
  for (PhaseResult& row : seen_.results) {
    row.switch_ms = seen_.LongestSwitchMs(row.span);
    row.connects = seen_.ConnectsIn(row.span);
  }
  TerminalPage::PrintTable(seen_);
  if (load_.total().ok() > 0 && !load_.last_failure().ok()) {
    std::cout << "last failed call: " << load_.last_failure().message() << '\n';
  }
  if (report_) {
    const absl::Status written = report_->Write(RenderReport(load_.timeline(), seen_));
    if (!written.ok()) return written;
    std::cout << "report: " << report_->path() << '\n';
  }
  return Outcome();
}

absl::Status Demo::Outcome() const {
  if (!failure_.ok()) return failure_;
  if (!shut_down_.ok()) return shut_down_;
  if (load_.total().ok() > 0) return absl::OkStatus();
  if (!load_.last_failure().ok()) return load_.last_failure();
  return absl::UnavailableError("no call was answered before the demo ended");
}

}  // namespace failover_demo
