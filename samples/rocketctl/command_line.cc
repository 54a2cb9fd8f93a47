#include "samples/rocketctl/command_line.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "samples/common/flag_reader.h"

namespace rocketctl {
namespace {

const CommandHelp* FindCommand(std::string_view name) {
  for (const CommandHelp& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

absl::Status Usage(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(what, "; see rocketctl --help"));
}

/// Arguments that do not fit the command, in the words of the user.
absl::Status CheckArguments(const CommandLine& line) {
  if (line.command == "route" && line.arguments.size() != 1)
    return Usage("route takes one topic: rocketctl route TOPIC");
  if (line.command == "watch" && !line.arguments.empty()) {
    return Usage(absl::StrCat("watch takes no argument but --topic: \"", line.arguments.front(), "\""));
  }
  return absl::OkStatus();
}

}  // namespace

const std::vector<CommandHelp>& Commands() {
  static const std::vector<CommandHelp> commands = {
      {"route",
       "TOPIC",
       "Prints queues, brokers and permissions of a topic, and which NameServer answered.",
       {"namesrv", "timeout", "attempt_timeout", "format", "log_level"}},
      {"watch",
       "--topic=TOPIC",
       "Keeps asking for a route; prints each endpoint event as it happens, then a summary.",
       {"topic", "duration", "concurrency", "interval", "namesrv", "timeout", "attempt_timeout", "format",
        "log_level"}},
  };
  return commands;
}

absl::StatusOr<CommandLine> ParseCommandLine(int argc, char** argv) {
  CommandLine line;
  const CommandHelp* command = nullptr;
  for (int i = 1; i < argc; ++i) {
    std::string_view text = argv[i];
    if (text == "--help" || text == "-h" || (!command && text == "help")) {
      line.help = true;
    } else if (!command && !absl::StartsWith(text, "-")) {
      command = FindCommand(text);
      if (!command) return Usage(absl::StrCat("unknown command \"", text, "\""));
      line.command = command->name;
    } else if (absl::ConsumePrefix(&text, "--") || absl::ConsumePrefix(&text, "-")) {
      if (!command) return Usage(absl::StrCat("the command comes before its flags, found --", text, " first"));
      const std::optional<std::string_view> next =
          i + 1 < argc ? std::optional<std::string_view>(argv[i + 1]) : std::nullopt;
      bool took_next = false;
      const absl::Status set = samples::ReadFlag(command->flags, text, next, took_next);
      if (!set.ok()) return set;
      if (took_next) ++i;
    } else {
      line.arguments.emplace_back(text);
    }
  }
  const absl::Status arguments = line.help ? absl::OkStatus() : CheckArguments(line);
  if (!arguments.ok()) return arguments;
  return line;
}

std::string HelpText(std::string_view name) {
  const CommandHelp* command = FindCommand(name);
  if (!command) {
    std::string text = "rocketctl: asks and watches RocketMQ NameServers.\n\nusage: rocketctl COMMAND [FLAGS]\n\n";
    for (const CommandHelp& one : Commands()) {
      absl::StrAppend(&text, "  ", one.name, " ", one.arguments, "\n      ", one.summary, "\n");
    }
    absl::StrAppend(&text, "\nrocketctl COMMAND --help shows its flags.\n",
                    "Exit code: 0 done, 1 the operation failed, 2 wrong usage.\n");
    return text;
  }
  std::string text = absl::StrCat("usage: rocketctl ", command->name, " ", command->arguments, " [FLAGS]\n\n",
                                  command->summary, "\n\n");
  absl::StrAppend(&text, samples::FlagsHelp(command->flags));
  return text;
}

}  // namespace rocketctl
