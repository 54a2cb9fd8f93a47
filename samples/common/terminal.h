#ifndef COROCKET_SAMPLES_COMMON_TERMINAL_H_
#define COROCKET_SAMPLES_COMMON_TERMINAL_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace samples {

/// Whether `descriptor` is a terminal that moves its cursor when told to: no file, no pipe, and TERM is neither unset
/// nor `dumb`.
[[nodiscard]] bool IsLiveTerminal(int descriptor);

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};
/// As the terminal says; 80 by 24 where it says nothing.
[[nodiscard]] TerminalSize SizeOfTerminal(int descriptor);

/// As much of `line` (UTF-8 of narrow characters) as fits into `columns`. Escape sequences of colour take no column and
/// are all kept, so that a colour that was begun also ends.
[[nodiscard]] std::string CutToColumns(std::string_view line, std::size_t columns);

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_TERMINAL_H_
