#include "samples/common/flag_reader.h"

#include <algorithm>

#include "absl/flags/reflection.h"
#include "absl/strings/str_cat.h"

namespace samples {

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
  std::string why;
  if (!absl::FindCommandLineFlag(name)->ParseFrom(*value, &why)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", name, "=", *value, " cannot be read", why.empty() ? "" : ": ", why, "; see --help"));
  }
  return absl::OkStatus();
}

std::string FlagsHelp(const std::vector<std::string_view>& flags) {
  std::string text;
  for (const std::string_view name : flags) {
    const absl::CommandLineFlag* flag = absl::FindCommandLineFlag(name);
    const std::string default_value = flag->DefaultValue();
    absl::StrAppend(&text, "  --", name, default_value.empty() ? "" : "=", default_value, "\n      ", flag->Help(),
                    "\n");
  }
  return text;
}

}  // namespace samples
