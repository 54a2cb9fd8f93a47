// What one call tried, and when it may try again.

#include "sdk/failover/attempt_log.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "asio/error.hpp"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"

namespace corocket::failover {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AttemptLogTest : public ::testing::Test {
 protected:
  static constexpr EndpointId kFirst{1};
  static constexpr EndpointId kSecond{2};
  static constexpr std::uint64_t kListVersion = 4;

  static CallOptions Timeout(milliseconds timeout) {
    CallOptions options;
    options.timeout = timeout;
    return options;
  }
  AttemptLog Log(bool idempotent = true, const CallOptions& options = Timeout(seconds(3))) const {
    return {options, FailoverOptions(), idempotent, start_};
  }
  static RemotingError Broken(bool sent, const std::string& endpoint = "ns1:9876") {
    return {asio::error::connection_reset, Phase::kRead, endpoint, sent};
  }
  static EndpointFailure Listed(const std::string& endpoint, std::error_code cause) {
    EndpointFailure failure;
    failure.endpoint = endpoint;
    failure.cause = cause;
    return failure;
  }

  const TimePoint start_ = TimePoint(seconds(1000));
};

TEST_F(AttemptLogTest, AnAttemptNeedsTimeToBeWorthWriting) {
  const AttemptLog log = Log();
  EXPECT_TRUE(log.MayTry(start_ + milliseconds(2980)));
  EXPECT_FALSE(log.MayTry(start_ + milliseconds(2981)));
}

TEST_F(AttemptLogTest, ACallOfAFewMillisecondsStillGetsOneAttempt) {
  const AttemptLog log = Log(true, Timeout(milliseconds(4)));
  EXPECT_TRUE(log.MayTry(start_ + milliseconds(2)));
  EXPECT_FALSE(log.MayTry(start_ + milliseconds(3)));
}

TEST_F(AttemptLogTest, AnAttemptEndsWithItsOwnTimeoutOrWithTheCalls) {
  const AttemptLog log = Log();
  EXPECT_EQ(log.AttemptDeadline(start_), start_ + seconds(1));
  EXPECT_EQ(log.AttemptDeadline(start_ + milliseconds(2500)), start_ + seconds(3));
}

TEST_F(AttemptLogTest, WhatWasNotSentMayAlwaysBeRepeatedWhatWasOnlyIfIdempotent) {
  EXPECT_TRUE(Log(true).MayRetry(Broken(true)));
  EXPECT_TRUE(Log(false).MayRetry(Broken(false)));
  EXPECT_FALSE(Log(false).MayRetry(Broken(true)));
}

TEST_F(AttemptLogTest, WhatIsNoEndpointsFaultIsNotRepeated) {
  for (const RemotingErrc code :
       {RemotingErrc::kCancelled, RemotingErrc::kShutDown, RemotingErrc::kQueueFull, RemotingErrc::kTooLarge}) {
    EXPECT_FALSE(Log().MayRetry(RemotingError(code, Phase::kWrite, "ns1:9876", false))) << make_error_code(code);
  }
}

TEST_F(AttemptLogTest, AnEndpointIsTriedOncePerLap) {
  AttemptLog log = Log();
  EXPECT_FALSE(log.TriedThisLap(kFirst));
  log.RecordStart(kFirst, start_);
  log.RecordFailure(Broken(true), start_);
  EXPECT_TRUE(log.TriedThisLap(kFirst));
  EXPECT_FALSE(log.TriedThisLap(kSecond));
  (void)log.NextLap(0);
  EXPECT_FALSE(log.TriedThisLap(kFirst));
  EXPECT_EQ(log.attempts(), 1u);
}

TEST_F(AttemptLogTest, ARequestHandedBackUnwrittenIsNoTry) {
  AttemptLog log = Log();
  log.RecordStart(kFirst, start_);
  log.RecordFailure(RemotingError(RemotingErrc::kRetired, Phase::kWrite, "ns1:9876", false), start_);
  EXPECT_FALSE(log.TriedThisLap(kFirst));
}

TEST_F(AttemptLogTest, PausesBetweenLapsGrowToTheirCap) {
  AttemptLog log = Log();
  // The largest number that a pause's jitter can give is the pause itself.
  const auto longest = [&log](Duration pause) { return log.NextLap(static_cast<std::uint64_t>(pause.count())); };
  EXPECT_EQ(longest(milliseconds(100)), milliseconds(100));
  EXPECT_EQ(longest(milliseconds(160)), milliseconds(160));
  EXPECT_EQ(log.NextLap(static_cast<std::uint64_t>(Duration(milliseconds(256)).count()) + 1), Duration::zero())
      << "no longer than that";
  for (int lap = 0; lap < 20; ++lap) (void)log.NextLap(0);
  EXPECT_EQ(longest(seconds(1)), seconds(1));
}

TEST_F(AttemptLogTest, OnlyTheLastFailuresAreReported) {
  AttemptLog log = Log();
  for (int i = 0; i < 20; ++i) {
    log.RecordStart(kFirst, start_);
    log.RecordFailure(Broken(true, "ns" + std::to_string(i) + ":9876"), start_ + milliseconds(i));
  }
  ASSERT_EQ(log.failures().size(), 16u);
  EXPECT_EQ(log.failures().front().endpoint, "ns4:9876");
  EXPECT_EQ(log.failures().back().elapsed, milliseconds(19));
  EXPECT_EQ(log.attempts(), 20u);
}

TEST_F(AttemptLogTest, TimeThatRanOutWhileEveryServerWasDownIsAnOutage) {
  AttemptLog log = Log();
  log.RecordStart(kFirst, start_);
  log.RecordFailure(Broken(true), start_ + milliseconds(5));
  const std::vector<EndpointFailure> down = {Listed("ns1:9876", asio::error::connection_refused),
                                             Listed("ns2:9876", asio::error::connection_refused)};
  const CallFailed failed =
      log.Final(CallEnd::kDeadline, {.list_version = kListVersion, .failures = down}, start_ + seconds(3));
  EXPECT_EQ(failed.end(), CallEnd::kUnavailable);
  EXPECT_EQ(failed.elapsed(), seconds(3));
  EXPECT_EQ(failed.list_version(), kListVersion);
  ASSERT_EQ(failed.failures().size(), 2u) << "each endpoint once";
  EXPECT_EQ(failed.failures()[0].cause, asio::error::connection_reset) << "what the call itself saw comes first";
  EXPECT_EQ(failed.failures()[1].endpoint, "ns2:9876");
}

TEST_F(AttemptLogTest, TimeThatRanOutWhileADialWasUnderWayIsADeadline) {
  const std::vector<EndpointFailure> listed = {
      Listed("ns1:9876", asio::error::connection_refused),
      Listed("ns2:9876", std::make_error_code(std::errc::operation_in_progress))};
  EXPECT_EQ(
      Log().Final(CallEnd::kDeadline, {.list_version = kListVersion, .failures = listed}, start_ + seconds(3)).end(),
      CallEnd::kDeadline);
}

TEST_F(AttemptLogTest, ARequestThatIsNotIdempotentMayHaveHappened) {
  AttemptLog log = Log(/*idempotent=*/false);
  log.RecordStart(kFirst, start_);
  log.RecordFailure(Broken(true), start_);
  EXPECT_TRUE(log.Final(CallEnd::kUnavailable, {}, start_).may_have_happened());
  EXPECT_FALSE(Log(false).Final(CallEnd::kUnavailable, {}, start_).may_have_happened());
}

TEST_F(AttemptLogTest, AServerThatWasTooSlowForTheCallHasNotFailed) {
  AttemptLog log = Log();
  log.RecordStart(kFirst, start_);
  log.RecordFailure(RemotingError(RemotingErrc::kAttemptTimeout, Phase::kRead, "ns1:9876", true), start_ + seconds(1));
  const CallFailed slow = log.Final(
      CallEnd::kDeadline, {.list_version = kListVersion, .failures = {Listed("ns1:9876", {})}}, start_ + seconds(3));
  EXPECT_EQ(slow.end(), CallEnd::kDeadline);
  log.RecordStart(kFirst, start_ + seconds(1));
  log.RecordFailure(Broken(true), start_ + seconds(2));
  const CallFailed broken = log.Final(
      CallEnd::kDeadline, {.list_version = kListVersion, .failures = {Listed("ns1:9876", {})}}, start_ + seconds(3));
  EXPECT_EQ(broken.end(), CallEnd::kUnavailable) << "what happened last counts";
}

}  // namespace
}  // namespace corocket::failover
