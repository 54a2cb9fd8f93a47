#include "sdk/observe/printable.h"

#include <chrono>
#include <system_error>

#include "gtest/gtest.h"

namespace corocket {
namespace {

using std::chrono::microseconds;

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
