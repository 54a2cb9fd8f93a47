#ifndef COROCKET_SAMPLES_COMMON_FLAG_READER_H_
#define COROCKET_SAMPLES_COMMON_FLAG_READER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace samples {

/// Sets one Abseil flag from `text` (`name=value`, or `name` with `next` as its value; `took_next` tells which). Own
/// code, because Abseil's parser ends the program with the exit code of a failed operation, where wrong usage has one
/// of its own.
/// @param allowed  The flags that this program or command really reads.
/// Errors: INVALID_ARGUMENT quoting what cannot be understood.
absl::Status ReadFlag(const std::vector<std::string_view>& allowed, std::string_view text,
                      std::optional<std::string_view> next, bool& took_next);

/// Name, default and help text of each flag, as `--help` prints them, and how a duration is written if there is one.
std::string FlagsHelp(const std::vector<std::string_view>& flags);

/// What the SDK says of its options, in terms of the flags that they came from: the operator gave `--namesrv`, and has
/// never heard of `ClientOptions::namesrv`.
absl::Status InTermsOfFlags(const absl::Status& status);

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_FLAG_READER_H_
