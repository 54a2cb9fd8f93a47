// The program in the README is a piece of a sample that is compiled: the same lines, one behind the other.

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket::test {
namespace {

using ::testing::HasSubstr;

std::string Read(const char* path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What stands between a line "```cpp" and the next "```" in `page`, from `at` on, which moves behind it.
std::string NextBlock(std::string_view page, std::size_t& at) {
  constexpr std::string_view kBegin = "\n```cpp\n";
  constexpr std::string_view kEnd = "\n```\n";
  const std::size_t begin = page.find(kBegin, at);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = page.find(kEnd, begin + kBegin.size());
  EXPECT_NE(end, std::string_view::npos) << "a block that does not end";
  at = end;
  return std::string(page.substr(begin + kBegin.size(), end + 1 - begin - kBegin.size()));
}

TEST(Readme, ItsProgramIsAPieceOfASample) {
  const std::string readme = Read("README.md");
  const std::string sample = "\n" + Read("samples/01_route_query.cc");
  std::size_t at = 0;
  int blocks = 0;
  for (std::string block = NextBlock(readme, at); !block.empty(); block = NextBlock(readme, at)) {
    ++blocks;
    EXPECT_THAT(sample, HasSubstr("\n" + block));
  }
  EXPECT_GT(blocks, 0);
}

TEST(Readme, NamesEverySample) {
  const std::string readme = Read("README.md");
  for (const char* sample : {"01_route_query", "02_watch_switches", "03_test_your_service", "04_embedded_namesrv",
                             "failover_demo", "rocketctl"}) {
    EXPECT_THAT(readme, HasSubstr(sample));
  }
}

}  // namespace
}  // namespace corocket::test
