#include "sdk/base/printable.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace corocket {
namespace {

TEST(Printable, KeepsTextAndEscapesControlBytes) {
  EXPECT_EQ(Printable("plain {} %s \xe4\xb8\xad"), "plain {} %s \xe4\xb8\xad");
  EXPECT_EQ(Printable(std::string_view("a\r\nb\x1b[31m\0\x7f", 11)), "a\\x0d\\x0ab\\x1b[31m\\x00\\x7f");
}

TEST(Printable, EscapesControlsThatAreWrittenAsUtf8AndBytesThatAreNone) {
  // U+009B is to some terminals what ESC [ is to all.
  EXPECT_EQ(Printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b2J");
  EXPECT_EQ(Printable("\xc2\xa0\xc3\xa9"), "\xc2\xa0\xc3\xa9");
  EXPECT_EQ(Printable("\x9b"
                      "2J"),
            "\\x9b2J");
  EXPECT_EQ(Printable("\xe4\xb8"), "\\xe4\\xb8");
  EXPECT_EQ(Printable("\xf0\x9f\x9a\x80\xff"), "\xf0\x9f\x9a\x80\\xff");
}

TEST(Printable, CutsLongTextsBetweenCharacters) {
  EXPECT_EQ(Printable(std::string(256, 'a')), std::string(256, 'a'));
  EXPECT_EQ(Printable(std::string(257, 'a')), std::string(256, 'a') + "...");
  EXPECT_EQ(Printable(std::string(255, 'a') + "\xe4\xb8\xad"), std::string(255, 'a') + "...");
  EXPECT_EQ(Printable(std::string(1000, '\x80')), "...");
}

}  // namespace
}  // namespace corocket
