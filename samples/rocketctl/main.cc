// rocketctl: the operator's tool. See `rocketctl --help`.

#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "corocket/client.h"
#include "samples/common/flag_reader.h"
#include "samples/common/output.h"
#include "samples/rocketctl/command_line.h"
#include "samples/rocketctl/flags.h"
#include "samples/rocketctl/route_command.h"
#include "samples/rocketctl/watch_command.h"

namespace rocketctl {
namespace {

/// The command of `line`, ready to run. Errors: what its flags say wrong.
absl::StatusOr<asio::awaitable<absl::Status>> Begin(asio::io_context& io, const CommandLine& line) {
  absl::StatusOr<CommonFlags> flags = ReadCommonFlags();
  if (!flags.ok()) return flags.status();
  WatchFlags watch;
  if (line.command == "watch") {
    absl::StatusOr<WatchFlags> read = ReadWatchFlags();
    if (!read.ok()) return read.status();
    watch = *std::move(read);
  }
  absl::StatusOr<corocket::Client> client = corocket::Client::Create(io.get_executor(), flags->client);
  if (!client.ok()) return samples::InTermsOfFlags(client.status());
  if (line.command == "watch") return RunWatch(*std::move(client), std::move(watch), *std::move(flags));
  return RunRoute(*std::move(client), line.arguments.front(), *std::move(flags));
}

absl::Status Run(const CommandLine& line) {
  asio::io_context io(1);
  absl::StatusOr<asio::awaitable<absl::Status>> command = Begin(io, line);
  if (!command.ok()) return command.status();
  samples::PipeWatch pipe(io.get_executor());
  absl::Status status;
  const auto done = [&](const std::exception_ptr& error, absl::Status result) {
    if (error) std::rethrow_exception(error);
    status = std::move(result);
    pipe.Stop();
  };
  asio::co_spawn(io, *std::move(command), done);
  io.run();
  return status;
}

}  // namespace
}  // namespace rocketctl

int main(int argc, char** argv) {
  const auto end = [](const absl::Status& status) { return samples::ExitCode("rocketctl", status); };
  absl::StatusOr<rocketctl::CommandLine> line = rocketctl::ParseCommandLine(argc, argv);
  if (!line.ok()) return end(line.status());
  if (line->help) {
    std::cout << rocketctl::HelpText(line->command);
    return end(absl::OkStatus());
  }
  if (line->command.empty()) {
    std::cerr << rocketctl::HelpText({});
    return samples::kWrongUsage;
  }
  return end(rocketctl::Run(*line));
}
