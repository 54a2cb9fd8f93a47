#include "samples/common/flag_reader.h"

#include <algorithm>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"

namespace samples {
namespace {

bool IsDuration(const absl::CommandLineFlag& flag) {
  return flag.IsOfType<absl::Duration>() || flag.IsOfType<std::optional<absl::Duration>>();
}

/// What the value of `flag` looks like, where Abseil would only say that it is illegal.
std::string_view Expected(const absl::CommandLineFlag& flag) {
  if (IsDuration(flag)) return "give a number with a unit, such as 500ms or 3s";
  if (flag.IsOfType<int>()) return "give a whole number";
  return "cannot be read; see --help";
}

}  // namespace

absl::Status ReadFlag(const std::vector<std::string_view>& allowed, std::string_view text,
                      std::optional<std::string_view> next, bool& took_next) {
  const std::size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
    return absl::InvalidArgumentError(absl::StrCat("there is no flag --", name, "; see --help"));
  }
  std::optional<std::string_view> value = next;
  if (equals != std::string_view::npos) value = text.substr(equals + 1);
  took_next = equals == std::string_view::npos;
  if (!value) return absl::InvalidArgumentError(absl::StrCat("--", name, " needs a value; see --help"));
  absl::CommandLineFlag& flag = *absl::FindCommandLineFlag(name);
  std::string ignored;
  if (!flag.ParseFrom(*value, &ignored)) {
    return absl::InvalidArgumentError(absl::StrCat("--", name, "=", *value, ": ", Expected(flag)));
  }
  return absl::OkStatus();
}

std::string FlagsHelp(const std::vector<std::string_view>& flags) {
  std::string text;
  bool durations = false;
  for (const std::string_view name : flags) {
    const absl::CommandLineFlag& flag = *absl::FindCommandLineFlag(name);
    const std::string default_value = flag.DefaultValue();
    absl::StrAppend(&text, "  --", name, default_value.empty() ? "" : "=", default_value, "\n      ", flag.Help(),
                    "\n");
    durations = durations || IsDuration(flag);
  }
  if (durations) absl::StrAppend(&text, "\nA duration is a number with a unit, such as 500ms or 3s.\n");
  return text;
}

absl::Status InTermsOfFlags(const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrReplaceAll(status.message(), {{"ClientOptions::namesrv", "--namesrv"},
                                                             {"CallOptions::timeout", "--timeout"},
                                                             {"CallOptions::attempt_timeout", "--attempt_timeout"}}));
}

}  // namespace samples
