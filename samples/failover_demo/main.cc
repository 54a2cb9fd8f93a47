// failover_demo: what happens to hundreds of coroutines while their NameServers die. See --help.

#include <cstddef>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "corocket/client.h"
#include "samples/common/flag_reader.h"
#include "samples/common/output.h"
#include "samples/failover_demo/demo.h"
#include "samples/failover_demo/demo_cluster.h"
#include "samples/failover_demo/report_file.h"
#include "samples/failover_demo/settings.h"

namespace failover_demo {
namespace {

void PrintHelp() {
  std::cout
      << "usage: failover_demo [FLAGS]\n\n"
         "Starts NameServers on loopback, breaks them one way after the other, and shows what happens to the calls\n"
         "of hundreds of coroutines meanwhile: live, as a table, and as an HTML page.\n\n"
      << samples::FlagsHelp(FlagNames()) << "\nExit code: 0 done, 1 the operation failed, 2 wrong usage.\n";
}

/// @return Whether only help was asked for.
absl::StatusOr<bool> ReadFlags(const std::vector<std::string_view>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view text = arguments[i];
    if (text == "--help" || text == "-h") return true;
    if (!absl::ConsumePrefix(&text, "--")) {
      return absl::InvalidArgumentError(absl::StrCat("unknown argument \"", text, "\"; see --help"));
    }
    const std::optional<std::string_view> next =
        i + 1 < arguments.size() ? std::optional<std::string_view>(arguments[i + 1]) : std::nullopt;
    bool took_next = false;
    const absl::Status read = samples::ReadFlag(FlagNames(), text, next, took_next);
    if (!read.ok()) return read;
    if (took_next) ++i;
  }
  return false;
}

absl::Status Run() {
  absl::StatusOr<Settings> settings = ReadSettings();
  if (!settings.ok()) return settings.status();
  std::unique_ptr<ReportFile> report;
  if (!settings->report.empty()) {
    absl::StatusOr<std::unique_ptr<ReportFile>> opened = ReportFile::Open(settings->report);
    if (!opened.ok()) return opened.status();
    report = *std::move(opened);
  }
  asio::io_context io(1);
  std::unique_ptr<DemoCluster> cluster;
  absl::StatusOr<corocket::Client> client = absl::UnknownError("not made");
  if (settings->namesrv.empty()) {
    absl::StatusOr<std::unique_ptr<DemoCluster>> started = DemoCluster::Start(io.get_executor());
    if (!started.ok()) return started.status();
    cluster = *std::move(started);
    client = corocket::Client::Create(cluster->environment(), {.namesrv = cluster->addresses()});
  } else {
    client = corocket::Client::Create(io.get_executor(), {.namesrv = {settings->namesrv}});
  }
  if (!client.ok()) return samples::InTermsOfFlags(client.status());

  Demo demo(io.get_executor(), *std::move(settings), std::move(cluster), *std::move(client), std::move(report));
  samples::PipeWatch pipe(io.get_executor());
  absl::Status status;
  const auto done = [&](const std::exception_ptr& error, absl::Status result) {
    if (error) std::rethrow_exception(error);
    status = std::move(result);
    pipe.Stop();
  };
  asio::co_spawn(io, demo.Run(), done);
  io.run();
  return status;
}

}  // namespace
}  // namespace failover_demo

int main(int argc, char** argv) {
  const auto end = [](const absl::Status& status) { return samples::ExitCode("failover_demo", status); };
  const absl::StatusOr<bool> help = failover_demo::ReadFlags(std::vector<std::string_view>(argv + 1, argv + argc));
  if (!help.ok()) return end(help.status());
  if (*help) {
    failover_demo::PrintHelp();
    return end(absl::OkStatus());
  }
  return end(failover_demo::Run());
}
