#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "tests/arch/include_rules.h"

namespace corocket::arch {
namespace {

constexpr std::string_view kPublicFolder = "sdk/include/corocket/";

// Data files lie where the test runs, under their paths in the repository.
std::string Read(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> LinesOf(const std::string& path) {
  return absl::StrSplit(Read(path), '\n', absl::SkipEmpty());
}

class Architecture : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(rules_.ok()) << rules_.status(); }

  const absl::StatusOr<Rules> rules_ = ParseRules(Read("tests/arch/rules.txt"));
  const std::vector<std::string> sources_ = LinesOf("tests/arch/sources.txt");
};

TEST_F(Architecture, EverySourceKeepsToTheRules) {
  ASSERT_GT(sources_.size(), 50u) << "the list of sources is not whole";
  std::vector<std::string> violations;
  for (const std::string& path : sources_) {
    const std::string contents = Read(path);
    EXPECT_FALSE(contents.empty()) << path;
    for (std::string& violation : Check(*rules_, path, contents)) violations.push_back(std::move(violation));
  }
  EXPECT_TRUE(violations.empty()) << absl::StrJoin(violations, "\n");
}

TEST_F(Architecture, TheSourcesOfEveryExistingLayerAreRead) {
  for (const char* layer :
       {"base", "observe", "sinks", "wire", "protocol", "runtime", "net", "failover", "namesrv", "client", "testkit"}) {
    const std::string folder = absl::StrCat("sdk/", layer, "/");
    EXPECT_TRUE(std::ranges::any_of(sources_, [&](const std::string& path) { return path.starts_with(folder); }))
        << "no source of " << folder << " was read";
  }
}

TEST_F(Architecture, EveryPublicHeaderHasARuleAndIsCompiledAlone) {
  std::set<std::string> existing;
  for (const std::string& path : sources_) {
    std::string_view header = path;
    if (absl::ConsumePrefix(&header, kPublicFolder)) existing.emplace(header);
  }
  std::set<std::string> ruled;
  for (const auto& [header, layer] : rules_->public_headers) ruled.insert(header);
  EXPECT_EQ(ruled, existing) << "rules.txt lists the left ones, the libraries are made of the right ones";
  const std::vector<std::string> compiled = LinesOf("tests/headers/public_headers.txt");
  EXPECT_EQ(std::set<std::string>(compiled.begin(), compiled.end()), existing)
      << "tests/headers compiles the left ones, the libraries are made of the right ones";
}

}  // namespace
}  // namespace corocket::arch
