// failover_demo: what happens to hundreds of coroutines while their NameServers die. See --help.

#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/signal_set.hpp"
#include "corocket/client.h"
#include "samples/common/flag_reader.h"
#include "samples/failover_demo/demo.h"
#include "samples/failover_demo/demo_cluster.h"
#include "samples/failover_demo/settings.h"

namespace failover_demo {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int Complain(const absl::Status& status, int exit_code) {
  std::cerr << "failover_demo: " << status.message() << '\n';
  return exit_code;
}

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
