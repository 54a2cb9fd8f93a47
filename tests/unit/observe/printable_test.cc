#include "sdk/observe/printable.h"

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include "gtest/gtest.h"

namespace corocket {
namespace {

using std::chrono::microseconds;

TEST(Printable, KeepsTextAndEscapesControlBytes) {
  EXPECT_EQ(Printable("plain {} %s \xe4\xb8\xad"), "plain {} %s \xe4\xb8\xad");
  EXPECT_EQ(Printable(std::string_view("a\r\nb\x1b[31m\0\x7f", 11)), "a\\x0d\\x0ab\\x1b[31m\\x00\\x7f");
}

TEST(Printable, CutsLongTextsBetweenCharacters) {
  EXPECT_EQ(Printable(std::string(256, 'a')), std::string(256, 'a'));
  EXPECT_EQ(Printable(std::string(257, 'a')), std::string(256, 'a') + "...");
  EXPECT_EQ(Printable(std::string(255, 'a') + "\xe4\xb8\xad"), std::string(255, 'a') + "...");
  EXPECT_EQ(Printable(std::string(1000, '\x80')), "...");
}

TEST(PrintableDuration, HasThreeDigitsOrSoAndAUnit) {
  EXPECT_EQ(PrintableDuration(microseconds(0)), "0 us");
  EXPECT_EQ(PrintableDuration(microseconds(999)), "999 us");
  EXPECT_EQ(PrintableDuration(microseconds(1'000)), "1.0 ms");
  EXPECT_EQ(PrintableDuration(microseconds(999'999)), "999.9 ms");
  EXPECT_EQ(PrintableDuration(microseconds(1'050'000)), "1.05 s");
  EXPECT_EQ(PrintableDuration(microseconds(61'000'000)), "61.00 s");
}

TEST(PrintableCause, NamesWhatIsKnown) {
  const std::error_code refused = std::make_error_code(std::errc::connection_refused);
  EXPECT_EQ(PrintableCause(refused, ""), refused.message());
  EXPECT_EQ(PrintableCause(refused, "port 1\n"), refused.message() + " (port 1\\x0a)");
  EXPECT_EQ(PrintableCause({}, "no such topic"), "no such topic");
  EXPECT_EQ(PrintableCause({}, ""), "unknown cause");
}

}  // namespace
}  // namespace corocket
