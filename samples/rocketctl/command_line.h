#ifndef COROCKET_SAMPLES_ROCKETCTL_COMMAND_LINE_H_
#define COROCKET_SAMPLES_ROCKETCTL_COMMAND_LINE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rocketctl {

/// One command as `--help` shows it: the flags it really reads, and no others.
struct CommandHelp {
  std::string_view name;
  /// What it cannot do without.
  std::string_view arguments;
  std::string_view summary;
  std::vector<std::string_view> flags;
};
const std::vector<CommandHelp>& Commands();

struct CommandLine {
  /// Empty: none was given.
  std::string command;
  std::vector<std::string> arguments;
  bool help = false;
};

/// Reads `argv` and sets the Abseil flags it names (see `samples::ReadFlag`).
/// Errors: INVALID_ARGUMENT quoting the flag, command or argument that cannot be understood.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, char** argv);

/// The page that `rocketctl [COMMAND] --help` prints.
std::string HelpText(std::string_view command);

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_COMMAND_LINE_H_
