#include "samples/common/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace samples {
namespace {

constexpr char kEscape = '\x1b';

/// Bytes of the escape sequence at the beginning of `text`: ESC, `[`, parameters, one letter.
std::size_t SequenceBytes(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size() && (text[end] < '@' || text[end] == '[')) ++end;
  return std::min(end + 1, text.size());
}

/// Bytes of the UTF-8 character at the beginning of `text`.
std::size_t CharacterBytes(std::string_view text) {
  std::size_t end = 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
  return end;
}

}  // namespace

bool IsLiveTerminal(int descriptor) {
  if (isatty(descriptor) == 0) return false;
  const char* const term = std::getenv("TERM");
  return term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

TerminalSize SizeOfTerminal(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {.columns = size.ws_col, .rows = size.ws_row};
}

std::string CutToColumns(std::string_view line, std::size_t columns) {
  std::string cut;
  std::size_t used = 0;
  while (!line.empty()) {
    const bool sequence = line.front() == kEscape;
    const std::size_t bytes = sequence ? SequenceBytes(line) : CharacterBytes(line);
    if (sequence || used < columns) cut.append(line.substr(0, bytes));
    if (!sequence) ++used;
    line.remove_prefix(bytes);
  }
  return cut;
}

}  // namespace samples
