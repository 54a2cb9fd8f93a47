#include "sdk/base/remoting_error.h"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket {
namespace {

using ::testing::HasSubstr;

TEST(RemotingError, CarriesWhereHowFarAndWhy) {
  const RemotingError error(RemotingErrc::kPeerClosed, Phase::kRead, "ns1:9876", true, "3 bytes of a frame");
  EXPECT_EQ(error.code(), RemotingErrc::kPeerClosed);
  EXPECT_EQ(error.phase(), Phase::kRead);
  EXPECT_EQ(error.endpoint(), "ns1:9876");
  EXPECT_TRUE(error.may_have_been_sent());
  EXPECT_EQ(error.detail(), "3 bytes of a frame");
  EXPECT_THAT(error.what(), HasSubstr("ns1:9876: read (3 bytes of a frame)"));
  EXPECT_THAT(error.what(), HasSubstr("closed by peer"));
}

TEST(RemotingError, EveryCodeAndPhaseHasATextOfItsOwn) {
  std::set<std::string> texts;
  constexpr int kCodes = static_cast<int>(RemotingErrc::kShutDown);
  for (int code = 1; code <= kCodes; ++code) texts.insert(RemotingCategory().message(code));
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(kCodes));
  EXPECT_FALSE(texts.contains(RemotingCategory().message(kCodes + 1))) << "a code was added behind kShutDown";
  std::set<std::string_view> phases;
  for (int phase = 0; phase <= static_cast<int>(Phase::kAnswer); ++phase) {
    phases.insert(PhaseName(static_cast<Phase>(phase)));
  }
  EXPECT_EQ(phases.size(), static_cast<std::size_t>(Phase::kAnswer) + 1);
}

}  // namespace
}  // namespace corocket
