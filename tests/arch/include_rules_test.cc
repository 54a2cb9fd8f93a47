#include "tests/arch/include_rules.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket::arch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kRules = R"(
layer vocabulary
layer base
layer net base   # a remark
layer top base net
public value.h vocabulary
public top.h top
include spdlog only sdk/top/*      # one place for logs
include asio/ip only sdk/net/tcp_* # sockets
text \bdetached\b only sdk/net/*   # hides exceptions
text \bnow\( only                  # no clock
text \w*Topic\w* not sdk/net/*     # knows bytes only
)";

class IncludeRulesTest : public ::testing::Test {
 protected:
  std::vector<std::string> Violations(std::string_view path, std::string_view code) {
    return Check(*rules_, path, code);
  }
  absl::StatusOr<Rules> rules_ = ParseRules(kRules);
};

TEST_F(IncludeRulesTest, AllowedEdgesPass) {
  EXPECT_THAT(Violations("sdk/top/a.cc",
                         "#include <vector>\n#include \"sdk/net/b.h\"\n#include \"sdk/top/c.h\"\n"
                         "#include \"corocket/value.h\"\n#include \"spdlog/logger.h\"\n"),
              IsEmpty());
  EXPECT_THAT(Violations("sdk/net/tcp_a.cc", "#include \"asio/ip/tcp.hpp\"\nco_spawn(x, detached);"), IsEmpty());
}

TEST_F(IncludeRulesTest, AForbiddenEdgeIsToldWithItsLineAndTheAllowedOnes) {
  EXPECT_THAT(Violations("sdk/net/a.cc", "\n#include \"sdk/top/b.h\"\n"),
              ElementsAre("sdk/net/a.cc:2: #include sdk/top/b.h: net may not see top, only itself, vocabulary, base"));
  EXPECT_THAT(Violations("sdk/base/a.h", "#include <sdk/net/b.h>"),
              ElementsAre(HasSubstr("base may not see net, only itself, vocabulary")));
}

TEST_F(IncludeRulesTest, APublicHeaderHasALayerToo) {
  EXPECT_THAT(Violations("sdk/net/a.cc", "#include \"corocket/top.h\"\n"), ElementsAre(HasSubstr("may not see top")));
  EXPECT_THAT(Violations("sdk/include/corocket/top.h", "#include \"corocket/value.h\"\n"), IsEmpty());
  EXPECT_THAT(Violations("sdk/include/corocket/value.h", "#include \"corocket/top.h\"\n"),
              ElementsAre(HasSubstr("vocabulary may not see top")));
  EXPECT_THAT(Violations("sdk/include/corocket/top.h", "#include \"sdk/base/a.h\"\n"),
              ElementsAre(HasSubstr("a public header includes public headers only")));
}

TEST_F(IncludeRulesTest, WhatHasNoRuleIsRefused) {
  EXPECT_THAT(Violations("sdk/new/a.cc", ""), ElementsAre(HasSubstr("no `layer` rule for new")));
  EXPECT_THAT(Violations("sdk/include/corocket/new.h", ""), ElementsAre(HasSubstr("no `public` rule for new.h")));
  EXPECT_THAT(Violations("sdk/net/a.cc", "#include \"sdk/new/a.h\""),
              ElementsAre(HasSubstr("no `layer` rule for new")));
  EXPECT_THAT(Violations("sdk/net/a.cc", "#include \"corocket/new.h\""), ElementsAre(HasSubstr("no `public` rule")));
  EXPECT_THAT(Violations("sdk/net/a.cc", "#include \"b.h\""), ElementsAre(HasSubstr("from the root")));
}

TEST_F(IncludeRulesTest, RestrictedIncludesAreToldWithTheReason) {
  EXPECT_THAT(Violations("sdk/net/a.cc", "#include <spdlog/spdlog.h>\n"),
              ElementsAre("sdk/net/a.cc:1: #include spdlog/spdlog.h: only in sdk/top/*: one place for logs"));
  EXPECT_THAT(Violations("sdk/net/a.cc", "  #  include \"asio/ip/tcp.hpp\"\n"), ElementsAre(HasSubstr("sockets")));
}

TEST_F(IncludeRulesTest, RestrictedTextCountsOutsideCommentsAndStringsOnly) {
  EXPECT_THAT(Violations("sdk/base/a.cc", "int x;\nco_spawn(e, f, asio::detached);\n"),
              ElementsAre("sdk/base/a.cc:2: detached: only in sdk/net/*: hides exceptions"));
  EXPECT_THAT(Violations("sdk/net/a.cc", "now();\n"), ElementsAre(HasSubstr("nowhere in sdk: no clock")));
  EXPECT_THAT(Violations("sdk/base/a.cc",
                         "// detached\n/* detached\n detached */ char c = '\"'; f(\"detached \\\" detached\");\n"
                         "auto r = R\"x(detached \" )\" detached)x\"; int n = 1'000; g('\\''); undetached();\n"),
              IsEmpty());
  EXPECT_THAT(Violations("sdk/base/a.cc", "int n = 1'000'000; detached();\n"), ElementsAre(HasSubstr("detached")));
  EXPECT_THAT(Violations("sdk/base/a.cc", "f(\"// no comment\"); detached();\n"), ElementsAre(HasSubstr("detached")));
}

TEST_F(IncludeRulesTest, TextForbiddenInSomeFilesIsAllowedInTheOthers) {
  EXPECT_THAT(Violations("sdk/net/a.cc", "// Topic\nint x = kTopicLimit;\n"),
              ElementsAre("sdk/net/a.cc:2: kTopicLimit: not in sdk/net/*: knows bytes only"));
  EXPECT_THAT(Violations("sdk/base/a.cc", "int x = kTopicLimit;\n"), IsEmpty());
}

TEST_F(IncludeRulesTest, AnIncludeInAStringOrCommentIsNone) {
  EXPECT_THAT(Violations("sdk/base/a.cc", "// #include \"sdk/net/b.h\"\n/*\n#include \"sdk/net/b.h\"\n*/\n"),
              IsEmpty());
}

TEST(IncludeRules, BadRulesAreToldWithTheirLine) {
  for (const auto& [text, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"layer a\nlayer a\n", "line 2: layer a stands here twice"},
           {"layer a b\nlayer b\n", "line 1: layer b does not stand above"},
           {"layer\n", "layer NAME"},
           {"public x.h a\n", "no layer a"},
           {"layer a\npublic x.h a\npublic x.h a\n", "line 3: this header"},
           {"include x sdk/*  # why\n", "only"},
           {"text x not  # why\n", "not PATTERN"},
           {"text x only sdk/*\n", "say why"},
           {"allow x\n", "no such rule: allow"}}) {
    EXPECT_THAT(std::string(ParseRules(text).status().message()), HasSubstr(why)) << text;
  }
}

}  // namespace
}  // namespace corocket::arch
