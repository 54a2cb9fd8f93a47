// rocketctl: the operator's tool. See `rocketctl --help`.

#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/signal_set.hpp"
#include "asio/this_coro.hpp"
#include "corocket/client.h"
#include "samples/rocketctl/command_line.h"
#include "samples/rocketctl/flags.h"
#include "samples/rocketctl/route_command.h"
#include "samples/rocketctl/watch_command.h"

namespace rocketctl {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int Complain(const absl::Status& status, int exit_code) {
  std::cerr << "rocketctl: " << status.message() << '\n';
  return exit_code;
}

asio::awaitable<absl::Status> RunCommand(corocket::Client client, CommandLine line, CommonFlags flags, WatchFlags watch,
                                         asio::signal_set& signals, const bool& stop) {
  absl::Status status;
  if (line.command == "route") {
    status = co_await RunRoute(client, line.arguments.front(), std::move(flags));
  } else {
    status = co_await RunWatch(client, std::move(watch), std::move(flags), stop);
  }
  const absl::Status shut_down = co_await client.Shutdown();
  signals.cancel();
  if (status.ok()) status = shut_down;
  co_return status;
}

/// Arguments that do not fit the command, in the words of the user.
absl::Status CheckArguments(const CommandLine& line) {
  if (line.command == "route" && line.arguments.size() != 1) {
    return absl::InvalidArgumentError("route takes one topic: rocketctl route TOPIC");
  }
  if (line.command == "watch" && !line.arguments.empty()) {
    return absl::InvalidArgumentError("watch takes no argument but --topic: \"" + line.arguments.front() + "\"");
  }
  return absl::OkStatus();
}

int Run(const CommandLine& line) {
  const absl::Status arguments = CheckArguments(line);
  if (!arguments.ok()) return Complain(arguments, kWrongUsage);
  absl::StatusOr<CommonFlags> flags = ReadCommonFlags();
  if (!flags.ok()) return Complain(flags.status(), kWrongUsage);
  WatchFlags watch;
  if (line.command == "watch") {
    absl::StatusOr<WatchFlags> read = ReadWatchFlags();
    if (!read.ok()) return Complain(read.status(), kWrongUsage);
    watch = *std::move(read);
  }
  asio::io_context io(1);
  absl::StatusOr<corocket::Client> client = corocket::Client::Create(io.get_executor(), flags->client);
  if (!client.ok()) return Complain(client.status(), kWrongUsage);

  bool stop = false;
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&stop](const asio::error_code& error, int) { stop = !error; });
  absl::Status status = absl::UnknownError("interrupted");
  asio::awaitable<absl::Status> work =
      RunCommand(*std::move(client), line, *std::move(flags), std::move(watch), signals, stop);
  const auto done = [&status](const std::exception_ptr& error, absl::Status result) {
    if (error) std::rethrow_exception(error);
    status = std::move(result);
  };
  asio::co_spawn(io, std::move(work), done);
  // `watch` ends by itself when asked to stop; a single query is simply left.
  while (io.run_one() > 0) {
    if (stop && line.command == "route") break;
  }
  if (status.ok()) return kDone;
  return Complain(status, status.code() == absl::StatusCode::kInvalidArgument ? kWrongUsage : kFailed);
}

}  // namespace
}  // namespace rocketctl

int main(int argc, char** argv) {
  absl::StatusOr<rocketctl::CommandLine> line = rocketctl::ParseCommandLine(argc, argv);
  if (!line.ok()) return rocketctl::Complain(line.status(), rocketctl::kWrongUsage);
  if (line->help) {
    std::cout << rocketctl::HelpText(line->command);
    return rocketctl::kDone;
  }
  if (line->command.empty()) {
    std::cerr << rocketctl::HelpText({});
    return rocketctl::kWrongUsage;
  }
  return rocketctl::Run(*line);
}
