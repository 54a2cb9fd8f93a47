#include "samples/common/terminal.h"

#include "gtest/gtest.h"

namespace samples {
namespace {

TEST(CutToColumns, CountsCharactersAndNotBytes) {
  EXPECT_EQ(CutToColumns("abcdef", 4), "abcd");
  EXPECT_EQ(CutToColumns("abc", 3), "abc");
  EXPECT_EQ(CutToColumns("▁▂▃▄", 2), "▁▂");
  EXPECT_EQ(CutToColumns("", 5), "");
  EXPECT_EQ(CutToColumns("abc", 0), "");
}

TEST(CutToColumns, ColoursTakeNoColumnAndEnd) {
  EXPECT_EQ(CutToColumns("\x1b[1mab\x1b[0mcd", 3), "\x1b[1mab\x1b[0mc");
  EXPECT_EQ(CutToColumns("\x1b[32mabcd\x1b[0m", 2), "\x1b[32mab\x1b[0m");
}

TEST(CutToColumns, ABrokenSequenceHarmsNobody) {
  EXPECT_EQ(CutToColumns("ab\x1b", 5), "ab\x1b");
  EXPECT_EQ(CutToColumns("ab\x1b[3", 5), "ab\x1b[3");
}

}  // namespace
}  // namespace samples
