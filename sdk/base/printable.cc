#include "sdk/base/printable.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace corocket {
namespace {

constexpr std::size_t kMaxPrintableBytes = 256;

unsigned char ByteAt(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

bool IsContinuation(std::string_view text, std::size_t i) {
  return i < text.size() && (ByteAt(text, i) & 0xc0) == 0x80;
}

// Cutting inside a UTF-8 sequence would leave bytes that some log readers refuse.
std::string_view CutAtCharacter(std::string_view text, std::size_t bytes) {
  while (bytes > 0 && IsContinuation(text, bytes)) --bytes;
  return text.substr(0, bytes);
}

// Bytes of the character that begins at `i` if it may be printed, else 0.
std::size_t PrintableBytes(std::string_view text, std::size_t i) {
  const unsigned char first = ByteAt(text, i);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t bytes = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (std::size_t next = 1; next < bytes; ++next) {
    if (!IsContinuation(text, i + next)) return 0;
  }
  // U+0080 to U+009F are controls; U+009B begins a command like ESC [.
  if (first == 0xc2 && ByteAt(text, i + 1) < 0xa0) return 0;
  return bytes;
}

}  // namespace

std::string Printable(std::string_view text) {
  const bool cut = text.size() > kMaxPrintableBytes;
  if (cut) text = CutAtCharacter(text, kMaxPrintableBytes);
  std::string printable;
  printable.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = PrintableBytes(text, i);
    if (bytes > 0) {
      printable.append(text.substr(i, bytes));
      i += bytes;
    } else {
      absl::StrAppend(&printable, "\\x", absl::Hex(ByteAt(text, i), absl::kZeroPad2));
      ++i;
    }
  }
  if (cut) printable += "...";
  return printable;
}

}  // namespace corocket
