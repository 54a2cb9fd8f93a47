#include "sdk/observe/printable.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "sdk/base/printable.h"

namespace corocket {

std::string PrintableDuration(std::chrono::microseconds duration) {
  const std::int64_t us = duration.count();
  if (us < 1'000) return absl::StrCat(us, " us");
  if (us < 1'000'000) return absl::StrCat(us / 1'000, ".", us / 100 % 10, " ms");
  return absl::StrCat(us / 1'000'000, ".", absl::Dec(us / 10'000 % 100, absl::kZeroPad2), " s");
}

std::string PrintableCause(std::error_code cause, std::string_view detail) {
  if (!cause) return detail.empty() ? "unknown cause" : Printable(detail);
  std::string text = Printable(cause.message());
  if (!detail.empty()) absl::StrAppend(&text, " (", Printable(detail), ")");
  return text;
}

}  // namespace corocket
