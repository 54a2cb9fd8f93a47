#include "samples/common/flag_reader.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

ABSL_FLAG(std::string, test_name, "anna", "A name.");
ABSL_FLAG(int, test_count, 3, "A number.");
ABSL_FLAG(absl::Duration, test_wait, absl::Seconds(3), "A wait.");
ABSL_FLAG(std::optional<absl::Duration>, test_maybe, std::nullopt, "A wait, or none.");

namespace samples {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string_view> kFlags = {"test_name", "test_count", "test_wait", "test_maybe"};

std::string Refusal(std::string_view text) {
  bool took_next = false;
  const absl::Status status = ReadFlag(kFlags, text, std::nullopt, took_next);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

TEST(ReadFlag, TakesTheValueBehindTheSignOrTheNextArgument) {
  bool took_next = true;
  EXPECT_TRUE(ReadFlag(kFlags, "test_name=b=c", "unused", took_next).ok());
  EXPECT_FALSE(took_next);
  EXPECT_EQ(absl::GetFlag(FLAGS_test_name), "b=c");
  EXPECT_TRUE(ReadFlag(kFlags, "test_count", "7", took_next).ok());
  EXPECT_TRUE(took_next);
  EXPECT_EQ(absl::GetFlag(FLAGS_test_count), 7);
}

TEST(ReadFlag, SaysWhatAValueLooksLike) {
  EXPECT_EQ(Refusal("test_wait=5"), "--test_wait=5: give a number with a unit, such as 500ms or 3s");
  EXPECT_EQ(Refusal("test_maybe=5"), "--test_maybe=5: give a number with a unit, such as 500ms or 3s");
  EXPECT_EQ(Refusal("test_count=many"), "--test_count=many: give a whole number");
}

TEST(ReadFlag, RefusesWhatIsNoFlagOfTheProgram) {
  EXPECT_THAT(Refusal("test_nothing=1"), HasSubstr("no flag --test_nothing"));
  EXPECT_THAT(Refusal("help=1"), HasSubstr("no flag --help"));  // There is one, of Abseil's.
  EXPECT_THAT(Refusal(""), HasSubstr("no flag --"));
  EXPECT_THAT(Refusal("test_name"), HasSubstr("--test_name needs a value"));
}

TEST(FlagsHelp, ShowsNameDefaultAndTextOfEachFlag) {
  EXPECT_EQ(FlagsHelp({"test_name", "test_count"}),
            "  --test_name=anna\n      A name.\n  --test_count=3\n      A number.\n");
}

TEST(FlagsHelp, TellsHowADurationIsWrittenWhereThereIsOne) {
  const char* const told = "a number with a unit, such as 500ms or 3s";
  EXPECT_THAT(FlagsHelp({"test_wait"}), AllOf(HasSubstr("  --test_wait=3s\n"), HasSubstr(told)));
  EXPECT_THAT(FlagsHelp({"test_maybe"}), AllOf(HasSubstr("  --test_maybe\n"), HasSubstr(told)));
  EXPECT_THAT(FlagsHelp({"test_count"}), Not(HasSubstr(told)));
}

TEST(InTermsOfFlags, NamesTheFlagAndKeepsTheCode) {
  const absl::Status status = InTermsOfFlags(absl::InvalidArgumentError("ClientOptions::namesrv: address \"x\""));
  EXPECT_EQ(status, absl::InvalidArgumentError("--namesrv: address \"x\""));
  EXPECT_TRUE(InTermsOfFlags(absl::OkStatus()).ok());
}

}  // namespace
}  // namespace samples
