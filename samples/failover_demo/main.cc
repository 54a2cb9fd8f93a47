// failover_demo: what happens to hundreds of coroutines while their NameServers die. See --help.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/signal_set.hpp"
#include "asio/steady_timer.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "corocket/client.h"
#include "samples/common/flag_reader.h"
#include "samples/failover_demo/demo_cluster.h"
#include "samples/failover_demo/html_report.h"
#include "samples/failover_demo/load.h"
#include "samples/failover_demo/observation.h"
#include "samples/failover_demo/phases.h"
#include "samples/failover_demo/terminal_page.h"

ABSL_FLAG(std::string, namesrv, "",
          "Watch these real NameServers (host:port separated by ';') instead of embedded ones; break them yourself.");
ABSL_FLAG(std::string, topic, failover_demo::DemoCluster::kTopic, "Topic to ask for, with --namesrv.");
ABSL_FLAG(int, coroutines, 256, "Coroutines that ask at the same time; 1 to 10000.");
ABSL_FLAG(absl::Duration, pause, absl::Milliseconds(10), "Pause of each coroutine between two calls; 0 to 10s.");
ABSL_FLAG(absl::Duration, phase, absl::Seconds(6),
          "Length of one fault; 1s to 10m. With --namesrv: of the whole watch.");
ABSL_FLAG(std::string, report, "failover_report.html", "Where the HTML report goes; empty: nowhere.");

namespace failover_demo {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;
constexpr std::chrono::milliseconds kRefresh{100};

const std::vector<std::string_view>& FlagNames() {
  static const std::vector<std::string_view> names = {"namesrv", "topic", "coroutines", "pause", "phase", "report"};
  return names;
}

int Complain(const absl::Status& status, int exit_code) {
  std::cerr << "failover_demo: " << status.message() << '\n';
  return exit_code;
}

struct Settings {
  std::string namesrv;
  std::string topic;
  int coroutines = 0;
  std::chrono::milliseconds pause{0};
  std::chrono::milliseconds phase{0};
  std::string report;
};

absl::StatusOr<Settings> ReadSettings() {
  Settings settings;
  settings.namesrv = absl::GetFlag(FLAGS_namesrv);
  settings.topic = absl::GetFlag(FLAGS_topic);
  settings.coroutines = absl::GetFlag(FLAGS_coroutines);
  if (settings.coroutines < 1 || settings.coroutines > 10'000) {
    return absl::InvalidArgumentError(absl::StrCat("--coroutines=", settings.coroutines, ": give 1 to 10000"));
  }
  const absl::Duration pause = absl::GetFlag(FLAGS_pause);
  if (pause < absl::ZeroDuration() || pause > absl::Seconds(10)) {
    return absl::InvalidArgumentError(absl::StrCat("--pause=", absl::FormatDuration(pause), ": give 0 to 10s"));
  }
  const absl::Duration phase = absl::GetFlag(FLAGS_phase);
  if (phase < absl::Seconds(1) || phase > absl::Minutes(10)) {
    return absl::InvalidArgumentError(absl::StrCat("--phase=", absl::FormatDuration(phase), ": give 1s to 10m"));
  }
  settings.pause = absl::ToChronoMilliseconds(pause);
  settings.phase = absl::ToChronoMilliseconds(phase);
  settings.report = absl::GetFlag(FLAGS_report);
  // `bazel run` starts programs far away from where the user is.
  const char* user_folder = std::getenv("BUILD_WORKING_DIRECTORY");
  if (!settings.report.empty() && settings.report.front() != '/' && user_folder != nullptr) {
    settings.report = absl::StrCat(user_folder, "/", settings.report);
  }
  return settings;
}

/// The demo itself; one object for one run, on one thread.
class Demo {
 public:
  Demo(asio::io_context& io, Settings settings, std::unique_ptr<DemoCluster> cluster, corocket::Client client)
      : io_(io),
        settings_(std::move(settings)),
        cluster_(std::move(cluster)),
        client_(std::move(client)),
        load_(client_, settings_.topic, settings_.pause),
        seen_(load_.start()),
        page_(isatty(STDOUT_FILENO) != 0) {}

  void Interrupt() { interrupted_ = true; }

  asio::awaitable<absl::Status> Run() {
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
    TerminalPage::PrintTable(seen_);
    if (!load_.last_failure().empty()) std::cout << "last failed call: " << load_.last_failure() << '\n';
    cluster_.reset();
    if (!failure_.ok()) co_return failure_;
    if (settings_.report.empty()) co_return shut_down;
    absl::Status written = WriteReport(settings_.report, RenderReport(load_, seen_));
    if (!written.ok()) co_return written;
    std::cout << "report: " << settings_.report << '\n';
    co_return shut_down;
  }

 private:
  [[nodiscard]] std::vector<Phase> Phases() const {
    if (cluster_) return Story(settings_.phase);
    Phase watching;
    watching.name = "watching";
    watching.what = "real servers; stop, freeze or unplug them and see";
    watching.faulty = settings_.phase;
    return {watching};
  }

  asio::awaitable<void> Pause(std::chrono::milliseconds length) {
    asio::steady_timer timer(io_, length);
    co_await timer.async_wait(asio::use_awaitable);
  }

  asio::awaitable<void> CollectEvents(corocket::EventStream events) {
    for (;;) {
      std::optional<corocket::EndpointEvent> event = co_await events.Next();
      if (!event) co_return;
      seen_.OnEvent(*event);
    }
  }

  asio::awaitable<void> Show(std::chrono::milliseconds length) {
    const Clock::time_point end = Clock::now() + length;
    while (Clock::now() < end && !interrupted_) {
      co_await Pause(std::min(kRefresh, std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now())));
      page_.Refresh(client_.Snapshot(), load_, seen_);
    }
  }

  asio::awaitable<absl::Status> RunPhase(const Phase& phase) {
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

  asio::io_context& io_;
  Settings settings_;
  std::unique_ptr<DemoCluster> cluster_;
  corocket::Client client_;
  Load load_;
  Observation seen_;
  TerminalPage page_;
  absl::Status failure_;
  bool interrupted_ = false;
  bool events_ended_ = false;
};

int Run(const Settings& settings) {
  asio::io_context io(1);
  std::unique_ptr<DemoCluster> cluster;
  corocket::ClientOptions options;
  absl::StatusOr<corocket::Client> client = absl::UnknownError("not made");
  if (settings.namesrv.empty()) {
    absl::StatusOr<std::unique_ptr<DemoCluster>> started = DemoCluster::Start(io.get_executor());
    if (!started.ok()) return Complain(started.status(), kFailed);
    cluster = *std::move(started);
    options.namesrv = cluster->addresses();
    client = corocket::Client::Create(cluster->environment(), options);
  } else {
    options.namesrv = {settings.namesrv};
    client = corocket::Client::Create(io.get_executor(), options);
  }
  if (!client.ok()) return Complain(client.status(), kWrongUsage);

  Demo demo(io, settings, std::move(cluster), *std::move(client));
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&demo](const asio::error_code& error, int) {
    if (!error) demo.Interrupt();
  });
  absl::Status status;
  const auto done = [&](const std::exception_ptr& error, absl::Status result) {
    signals.cancel();
    if (error) std::rethrow_exception(error);
    status = std::move(result);
  };
  asio::co_spawn(io, demo.Run(), done);
  io.run();
  return status.ok() ? kDone : Complain(status, kFailed);
}

}  // namespace
}  // namespace failover_demo

int main(int argc, char** argv) {
  using failover_demo::Complain;
  for (int i = 1; i < argc; ++i) {
    std::string_view text = argv[i];
    if (text == "--help" || text == "-h") {
      std::cout << "failover_demo: embedded NameServers, faults, a live page, a table and an HTML report.\n\n"
                << samples::FlagsHelp(failover_demo::FlagNames());
      return failover_demo::kDone;
    }
    if (!absl::ConsumePrefix(&text, "--")) {
      return Complain(absl::InvalidArgumentError(absl::StrCat("unknown argument \"", text, "\"; see --help")),
                      failover_demo::kWrongUsage);
    }
    const std::optional<std::string_view> next =
        i + 1 < argc ? std::optional<std::string_view>(argv[i + 1]) : std::nullopt;
    bool took_next = false;
    const absl::Status read = samples::ReadFlag(failover_demo::FlagNames(), text, next, took_next);
    if (!read.ok()) return Complain(read, failover_demo::kWrongUsage);
    if (took_next) ++i;
  }
  absl::StatusOr<failover_demo::Settings> settings = failover_demo::ReadSettings();
  if (!settings.ok()) return Complain(settings.status(), failover_demo::kWrongUsage);
  return failover_demo::Run(*settings);
}
