#ifndef COROCKET_TESTS_ARCH_INCLUDE_RULES_H_
#define COROCKET_TESTS_ARCH_INCLUDE_RULES_H_

#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace corocket::arch {

/// One `include` or `text` rule.
struct Restriction {
  std::string what;
  std::regex pattern;  ///< Of `text` rules.
  std::vector<std::string> files;
  bool only_there;  ///< Allowed in `files` and nowhere else, or everywhere else.
  std::string reason;
};

struct Rules {
  std::vector<std::string> layers;
  /// Layer -> layers it sees, itself not among them.
  std::map<std::string, std::vector<std::string>> edges;
  /// Public header, as in `corocket/HEADER` -> layer.
  std::map<std::string, std::string> public_headers;
  std::vector<Restriction> includes;
  std::vector<Restriction> texts;
};

/// Reads rules.txt. Errors: INVALID_ARGUMENT with the line.
[[nodiscard]] absl::StatusOr<Rules> ParseRules(std::string_view text);

/// Violations in the file `path` (from the root of the repository), each `path:line: what: why`.
[[nodiscard]] std::vector<std::string> Check(const Rules& rules, std::string_view path, std::string_view contents);

/// `code` with comments turned into blanks; line breaks stay. `and_literals`: texts between quotes, too.
[[nodiscard]] std::string WithoutComments(std::string_view code, bool and_literals);

}  // namespace corocket::arch

#endif  // COROCKET_TESTS_ARCH_INCLUDE_RULES_H_
