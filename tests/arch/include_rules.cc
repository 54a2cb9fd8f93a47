#include "tests/arch/include_rules.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace corocket::arch {
namespace {

constexpr std::string_view kEveryone = "vocabulary";
constexpr std::string_view kPublicFolder = "sdk/include/corocket/";

absl::Status BadRule(std::size_t line, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("rules, line ", line, ": ", what));
}

bool Contains(const std::vector<std::string>& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

absl::Status AddLayer(const std::vector<std::string>& words, std::size_t line, Rules& rules) {
  if (words.size() < 2) return BadRule(line, "layer NAME [SEEN...]");
  if (Contains(rules.layers, words[1])) return BadRule(line, absl::StrCat("layer ", words[1], " stands here twice"));
  std::vector<std::string> seen(words.begin() + 2, words.end());
  for (const std::string& other : seen) {
    if (!Contains(rules.layers, other)) return BadRule(line, absl::StrCat("layer ", other, " does not stand above"));
  }
  rules.layers.push_back(words[1]);
  rules.edges.emplace(words[1], std::move(seen));
  return absl::OkStatus();
}

absl::Status AddPublicHeader(const std::vector<std::string>& words, std::size_t line, Rules& rules) {
  if (words.size() != 3) return BadRule(line, "public HEADER LAYER");
  if (!Contains(rules.layers, words[2])) return BadRule(line, absl::StrCat("no layer ", words[2]));
  if (!rules.public_headers.emplace(words[1], words[2]).second) return BadRule(line, "this header stands here twice");
  return absl::OkStatus();
}

absl::StatusOr<Restriction> ReadRestriction(const std::vector<std::string>& words, std::size_t line,
                                            std::string_view reason) {
  const bool only = words.size() >= 3 && words[2] == "only";
  if (!only && (words.size() < 4 || words[2] != "not")) {
    return BadRule(line, "include|text WHAT only [PATTERN...], or not PATTERN...");
  }
  if (reason.empty()) return BadRule(line, "say why, behind #");
  Restriction restriction{.what = words[1],
                          .pattern = {},
                          .files = {words.begin() + 3, words.end()},
                          .only_there = only,
                          .reason = std::string(reason)};
  if (words[0] == "text") restriction.pattern = std::regex(words[1]);
  return restriction;
}

bool IsAllowed(const Restriction& restriction, std::string_view path) {
  const bool there = std::ranges::any_of(restriction.files, [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), std::string(path).c_str(), 0) == 0;
  });
  return there == restriction.only_there;
}

std::string Allowance(const Restriction& restriction) {
  if (restriction.files.empty()) return absl::StrCat("nowhere in sdk: ", restriction.reason);
  return absl::StrCat(restriction.only_there ? "only in " : "not in ", absl::StrJoin(restriction.files, " "), ": ",
                      restriction.reason);
}

/// Layer of a file, or of an include of ours; none: not ours.
struct Place {
  std::optional<std::string> layer;
  std::string trouble;
};

Place PlaceOf(const Rules& rules, std::string_view path) {
  std::string_view rest = path;
  if (absl::ConsumePrefix(&rest, kPublicFolder) || absl::ConsumePrefix(&rest, "corocket/")) {
    const auto found = rules.public_headers.find(std::string(rest));
    if (found == rules.public_headers.end()) return {{}, absl::StrCat("no `public` rule for ", rest)};
    return {found->second, {}};
  }
  if (!absl::ConsumePrefix(&rest, "sdk/")) return {};
  const std::string layer(rest.substr(0, rest.find('/')));
  if (!Contains(rules.layers, layer) || layer == kEveryone) return {{}, absl::StrCat("no `layer` rule for ", layer)};
  return {layer, {}};
}

/// One source on its way through the rules.
class Checker {
 public:
  Checker(const Rules& rules, std::string_view path) : rules_(rules), path_(path), place_(PlaceOf(rules, path)) {}

  std::vector<std::string> Check(std::string_view contents) {
    if (!place_.layer.has_value()) {
      Violation(1, path_, place_.trouble.empty() ? "not a file of sdk" : place_.trouble);
      return std::move(violations_);
    }
    CheckIncludes(WithoutComments(contents, false));
    CheckTexts(WithoutComments(contents, true));
    return std::move(violations_);
  }

 private:
  void Violation(std::size_t line, std::string_view what, std::string_view why) {
    violations_.push_back(absl::StrCat(path_, ":", line, ": ", what, ": ", why));
  }

  void CheckIncludes(const std::string& code) {
    static const std::regex include(R"re(^\s*#\s*include\s*([<"])([^>"]*)[>"])re");
    std::size_t line = 0;
    for (const std::string_view text : absl::StrSplit(code, '\n')) {
      ++line;
      std::match_results<std::string_view::const_iterator> match;
      if (!std::regex_search(text.begin(), text.end(), match, include)) continue;
      CheckInclude(line, match[2].str(), match[1].str() == "\"");
    }
  }

  void CheckInclude(std::size_t line, const std::string& header, bool quoted) {
    const std::string what = absl::StrCat("#include ", header);
    if (quoted && !absl::StrContains(header, '/')) {
      Violation(line, what,
                "write the path from the root of the repository, or the one part of a library that is used");
      return;
    }
    for (const Restriction& rule : rules_.includes) {
      if (header.starts_with(rule.what) && !IsAllowed(rule, path_)) Violation(line, what, Allowance(rule));
    }
    if (path_.starts_with(kPublicFolder) && header.starts_with("sdk/")) {
      Violation(line, what, "a public header includes public headers only");
      return;
    }
    CheckEdge(line, what, PlaceOf(rules_, header));
  }

  void CheckEdge(std::size_t line, const std::string& what, const Place& to) {
    if (!to.trouble.empty()) Violation(line, what, to.trouble);
    if (!to.layer.has_value() || to.layer == place_.layer || to.layer == kEveryone) return;
    const std::vector<std::string>& seen = rules_.edges.at(*place_.layer);
    if (Contains(seen, *to.layer)) return;
    Violation(line, what,
              absl::StrCat(*place_.layer, " may not see ", *to.layer, ", only itself, ", kEveryone,
                           seen.empty() ? "" : ", ", absl::StrJoin(seen, ", ")));
  }

  void CheckTexts(const std::string& code) {
    std::size_t line = 0;
    for (const std::string_view text : absl::StrSplit(code, '\n')) {
      ++line;
      if (absl::StripLeadingAsciiWhitespace(text).starts_with('#')) continue;
      for (const Restriction& rule : rules_.texts) {
        std::match_results<std::string_view::const_iterator> match;
        if (!std::regex_search(text.begin(), text.end(), match, rule.pattern) || IsAllowed(rule, path_)) continue;
        Violation(line, match[0].str(), Allowance(rule));
      }
    }
  }

  const Rules& rules_;
  const std::string_view path_;
  const Place place_;
  std::vector<std::string> violations_;
};

// Length of the raw string literal at the front of `code`, or 0.
std::size_t RawLiteral(std::string_view code) {
  if (!code.starts_with("R\"")) return 0;
  const std::size_t open = code.find('(');
  if (open == std::string_view::npos) return 0;
  const std::string closing = absl::StrCat(")", code.substr(2, open - 2), "\"");
  const std::size_t end = code.find(closing, open);
  return end == std::string_view::npos ? code.size() : end + closing.size();
}

// Length of the string or character literal at the front of `code`, or 0.
std::size_t QuotedLiteral(std::string_view code) {
  const char quote = code.front();
  if (quote != '"' && quote != '\'') return 0;
  for (std::size_t i = 1; i < code.size(); ++i) {
    if (code[i] == '\\') {
      ++i;
    } else if (code[i] == quote || code[i] == '\n') {
      return i + 1;
    }
  }
  return code.size();
}

std::size_t Comment(std::string_view code) {
  if (code.starts_with("//")) return std::min(code.find('\n'), code.size());
  if (!code.starts_with("/*")) return 0;
  const std::size_t end = code.find("*/", 2);
  return end == std::string_view::npos ? code.size() : end + 2;
}

}  // namespace

absl::StatusOr<Rules> ParseRules(std::string_view text) {
  Rules rules;
  std::size_t line = 0;
  for (const std::string_view raw : absl::StrSplit(text, '\n')) {
    ++line;
    const std::pair<std::string_view, std::string_view> parts = absl::StrSplit(raw, absl::MaxSplits('#', 1));
    const std::vector<std::string> words = absl::StrSplit(parts.first, ' ', absl::SkipEmpty());
    if (words.empty()) continue;
    absl::Status status;
    if (words[0] == "layer") {
      status = AddLayer(words, line, rules);
    } else if (words[0] == "public") {
      status = AddPublicHeader(words, line, rules);
    } else if (words[0] == "include" || words[0] == "text") {
      absl::StatusOr<Restriction> restriction = ReadRestriction(words, line, absl::StripAsciiWhitespace(parts.second));
      if (restriction.ok()) {
        (words[0] == "text" ? rules.texts : rules.includes).push_back(*std::move(restriction));
      }
      status = restriction.status();
    } else {
      status = BadRule(line, absl::StrCat("no such rule: ", words[0]));
    }
    if (!status.ok()) return status;
  }
  return rules;
}

std::vector<std::string> Check(const Rules& rules, std::string_view path, std::string_view contents) {
  return Checker(rules, path).Check(contents);
}

std::string WithoutComments(std::string_view code, bool and_literals) {
  std::string left;
  left.reserve(code.size());
  const auto blank = [&](std::size_t length) {
    for (const char c : code.substr(0, length)) left += c == '\n' ? '\n' : ' ';
    code.remove_prefix(length);
  };
  while (!code.empty()) {
    // An apostrophe between digits separates them and opens nothing.
    const bool separator =
        code.front() == '\'' && !left.empty() && absl::ascii_isxdigit(static_cast<unsigned char>(left.back()));
    if (const std::size_t comment = Comment(code); comment > 0) {
      blank(comment);
    } else if (const std::size_t literal = std::max(RawLiteral(code), separator ? 0 : QuotedLiteral(code));
               literal > 0) {
      if (and_literals) {
        blank(literal);
      } else {
        left += code.substr(0, literal);
        code.remove_prefix(literal);
      }
    } else {
      left += code.front();
      code.remove_prefix(1);
    }
  }
  return left;
}

}  // namespace corocket::arch
