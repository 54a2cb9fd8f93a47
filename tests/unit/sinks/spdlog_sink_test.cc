#include "corocket/spdlog_sink.h"

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "corocket/endpoint_event.h"
#include "corocket/observer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/ostream_sink.h"

namespace corocket {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::error_code kRefused = std::make_error_code(std::errc::connection_refused);

class SpdlogSinkTest : public ::testing::Test {
 protected:
  SpdlogSinkTest() {
    logger_->set_pattern("%l %v");
    logger_->set_level(spdlog::level::trace);
  }

  std::string LineOf(const EndpointEvent& event) {
    out_.str("");
    sink_->OnEvent(event);
    return out_.str();
  }

  std::ostringstream out_;
  std::shared_ptr<spdlog::logger> logger_ =
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out_));
  std::shared_ptr<Observer> sink_ = MakeSpdlogSink(logger_);
};

TEST_F(SpdlogSinkTest, AFailureThatClearsAChoiceIsTheOneWarning) {
  EXPECT_EQ(LineOf({.kind = EventKind::kInvalidated,
                    .endpoint = "ns1:9876",
                    .generation = 3,
                    .reason = SwitchReason::kBroken,
                    .cause = kRefused}),
            "warning Communicate with namesrv[ns1:9876] failed: " + kRefused.message() + "\n");
  EXPECT_EQ(LineOf({.kind = EventKind::kInvalidated,
                    .endpoint = "ns1:9876",
                    .reason = SwitchReason::kNotReady,
                    .cause = kRefused,
                    .detail = "name server not ready"}),
            "warning Communicate with namesrv[ns1:9876] failed: " + kRefused.message() + " (name server not ready)\n");
}

TEST_F(SpdlogSinkTest, EveryFailureIsAWarningAndNoWishIs) {
  for (int reason = 0; reason <= static_cast<int>(SwitchReason::kShutdown); ++reason) {
    const auto why = static_cast<SwitchReason>(reason);
    const bool wished = why == SwitchReason::kNone || why == SwitchReason::kFirstChoice ||
                        why == SwitchReason::kListChanged || why == SwitchReason::kSecondOpinion ||
                        why == SwitchReason::kShutdown;
    EXPECT_THAT(LineOf({.kind = EventKind::kInvalidated, .endpoint = "ns1:9876", .reason = why, .cause = kRefused}),
                HasSubstr(wished ? "info namesrv: left ns1:9876" : "warning Communicate with namesrv[ns1:9876] failed"))
        << SwitchReasonName(why);
  }
}

TEST_F(SpdlogSinkTest, ADeadListIsAnErrorWithEveryCause) {
  for (const EventKind kind : {EventKind::kPassFailed, EventKind::kAllDown}) {
    const std::string line =
        LineOf({.kind = kind,
                .elapsed = std::chrono::seconds(60),
                .failures = {{.endpoint = "ns1:9876", .phase = "connect", .cause = kRefused},
                             {.endpoint = "ns2:9876", .phase = "resolve", .cause = kRefused, .detail = "no such host"},
                             {.endpoint = "ns3:9876"}}});
    EXPECT_THAT(line, HasSubstr("error namesrv: "));
    EXPECT_THAT(line, HasSubstr("ns1:9876: connect: " + kRefused.message() +
                                "; ns2:9876: resolve: " + kRefused.message() + " (no such host); ns3:9876: not tried"));
  }
}

TEST_F(SpdlogSinkTest, SingleTriesAreForDebuggingAndChangesOfStateForInformation) {
  for (const EventKind kind : {EventKind::kStaleInvalidationIgnored, EventKind::kAttemptStarted,
                               EventKind::kAttemptFailed, EventKind::kAttemptWon, EventKind::kAttemptLost,
                               EventKind::kCandidateDiscarded, EventKind::kDrainStarted, EventKind::kDrainFinished}) {
    EXPECT_THAT(LineOf({.kind = kind, .endpoint = "ns1:9876"}), HasSubstr("debug namesrv: ")) << EventKindName(kind);
  }
  for (const EventKind kind :
       {EventKind::kChosen, EventKind::kListApplied, EventKind::kSuspect, EventKind::kCleared, EventKind::kBackingOff,
        EventKind::kRecovered, EventKind::kNegativeUnconfirmed, EventKind::kClosed}) {
    EXPECT_THAT(LineOf({.kind = kind, .endpoint = "ns1:9876"}), HasSubstr("info namesrv: ")) << EventKindName(kind);
  }
  EXPECT_THAT(LineOf({.kind = EventKind::kListUpdateRejected, .detail = "empty"}), HasSubstr("warning namesrv: "));
}

TEST_F(SpdlogSinkTest, TextOfAServerIsNeitherAFormatNorASecondLine) {
  for (const EventKind kind : {EventKind::kInvalidated, EventKind::kAttemptFailed, EventKind::kListUpdateRejected}) {
    const std::string line = LineOf({.kind = kind,
                                     .endpoint = "ns1:9876",
                                     .reason = SwitchReason::kNotReady,
                                     .detail = "{} {0} {:s} %n %s\nerror forged line"});
    EXPECT_THAT(line, HasSubstr("{} {0} {:s} %n %s\\x0aerror forged line"));
    EXPECT_EQ(line.find('\n'), line.size() - 1);
  }
}

TEST_F(SpdlogSinkTest, TheSubjectIsTheCallers) {
  sink_ = MakeSpdlogSink(logger_, "broker {}");
  EXPECT_EQ(LineOf({.kind = EventKind::kClosed}), "info broker {}: closed\n");
}

TEST_F(SpdlogSinkTest, TheLevelOfTheLoggerRules) {
  logger_->set_level(spdlog::level::warn);
  EXPECT_THAT(LineOf({.kind = EventKind::kChosen, .endpoint = "ns1:9876"}), IsEmpty());
  EXPECT_THAT(LineOf({.kind = EventKind::kAttemptFailed, .endpoint = "ns1:9876"}), IsEmpty());
  EXPECT_THAT(LineOf({.kind = EventKind::kPassFailed}), Not(IsEmpty()));
}

TEST(SpdlogSinkDeathTest, ANullLoggerIsABug) {
  EXPECT_DEATH(static_cast<void>(MakeSpdlogSink(nullptr)), "MakeSpdlogSink needs a logger");
}

}  // namespace
}  // namespace corocket
