#include "sdk/observe/printable.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace corocket {
namespace {

constexpr std::size_t kMaxPrintableBytes = 256;

// Cutting inside a UTF-8 sequence would leave bytes that some log readers refuse.
std::string_view CutAtCharacter(std::string_view text, std::size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

std::string Printable(std::string_view text) {
  const bool cut = text.size() > kMaxPrintableBytes;
  if (cut) text = CutAtCharacter(text, kMaxPrintableBytes);
  std::string printable;
  printable.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      printable += c;
    } else {
      absl::StrAppend(&printable, "\\x", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  if (cut) printable += "...";
  return printable;
}

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
