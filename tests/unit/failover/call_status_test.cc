#include "sdk/failover/call_status.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "asio/error.hpp"
#include "corocket/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "sdk/failover/attempt_log.h"
#include "sdk/failover/channel.h"

namespace corocket::failover {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint64_t kListVersion = 7;

CallFailed Failed(CallEnd end, bool may_have_happened = false) {
  EndpointFailure refused{.endpoint = "ns1:9876", .phase = "connect", .cause = asio::error::connection_refused};
  EndpointFailure silent{.endpoint = "ns2:9876", .phase = "read", .cause = RemotingErrc::kSilence};
  silent.elapsed = milliseconds(500);
  return {end, may_have_happened, {refused, silent, {.endpoint = "ns3:9876"}}, kListVersion, milliseconds(1234)};
}

struct Row {
  CallEnd end;
  absl::StatusCode code;
  RetryHint hint;
  const char* says;
};

TEST(CallStatus, EveryEndHasItsCodeItsHintAndItsWords) {
  const std::vector<Row> rows = {
      {CallEnd::kUnavailable, absl::StatusCode::kUnavailable, RetryHint::kSafeToRetry, "every endpoint failed"},
      {CallEnd::kDeadline, absl::StatusCode::kDeadlineExceeded, RetryHint::kSafeToRetry, "timeout passed"},
      {CallEnd::kCancelled, absl::StatusCode::kCancelled, RetryHint::kSafeToRetry, "cancelled by the caller"},
      {CallEnd::kShutDown, absl::StatusCode::kFailedPrecondition, RetryHint::kPermanent, "the client is shut down"},
      {CallEnd::kOverloaded, absl::StatusCode::kResourceExhausted, RetryHint::kSafeToRetry, "send fewer at a time"},
      {CallEnd::kTooLarge, absl::StatusCode::kInvalidArgument, RetryHint::kPermanent, "does not fit into a frame"},
  };
  std::set<absl::StatusCode> codes;
  for (const Row& row : rows) {
    const absl::Status status = ToStatus(Failed(row.end), "query route of topic \"orders\"", "namesrv");
    EXPECT_EQ(status.code(), row.code) << status;
    EXPECT_EQ(RetryHintOf(status), row.hint) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.says));
    codes.insert(status.code());
  }
  EXPECT_THAT(codes, SizeIs(rows.size())) << "no two ends look alike";
}

TEST(CallStatus, TheMessageIsAReportOfTheWholeCall) {
  const absl::Status status = ToStatus(Failed(CallEnd::kUnavailable), "query route of topic \"orders\"", "namesrv");
  EXPECT_EQ(status.message(),
            "cannot query route of topic \"orders\": every endpoint failed after 1234 ms; namesrv list 7: "
            "ns1:9876: connect: Connection refused; ns2:9876: read: connection is silent after 500.0 ms; "
            "ns3:9876: not tried");
  const std::optional<ErrorDetails> details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  ASSERT_THAT(details->attempts, SizeIs(3));
  EXPECT_EQ(details->attempts[1].cause, RemotingErrc::kSilence);
  EXPECT_EQ(details->attempts[1].elapsed, milliseconds(500));
  EXPECT_EQ(details->list_version, kListVersion);
  EXPECT_EQ(details->elapsed, milliseconds(1234));
}

TEST(CallStatus, WhatMayHaveHappenedIsSaidUnlessNothingCanHave) {
  for (const CallEnd end : {CallEnd::kUnavailable, CallEnd::kDeadline, CallEnd::kCancelled}) {
    EXPECT_EQ(RetryHintOf(ToStatus(Failed(end, /*may_have_happened=*/true), "send", "broker")),
              RetryHint::kMayHaveHappened);
  }
}

struct Reason {
  std::error_code code;
  SwitchReason reason;
};

TEST(ReasonOf, EveryFailureOfAConnectionHasItsReason) {
  const std::vector<Reason> rows = {
      {RemotingErrc::kPeerClosed, SwitchReason::kPeerClosed},
      {asio::error::make_error_code(asio::error::eof), SwitchReason::kPeerClosed},
      {RemotingErrc::kSilence, SwitchReason::kSilence},
      {RemotingErrc::kAttemptTimeout, SwitchReason::kCallTimeouts},
      {RemotingErrc::kMalformedFrame, SwitchReason::kProtocolError},
      {RemotingErrc::kWrongProtocol, SwitchReason::kProtocolError},
      {RemotingErrc::kNotReady, SwitchReason::kNotReady},
      {RemotingErrc::kShutDown, SwitchReason::kShutdown},
      {asio::error::connection_reset, SwitchReason::kBroken},
      {asio::error::broken_pipe, SwitchReason::kBroken},
      {asio::error::timed_out, SwitchReason::kBroken},
      {std::make_error_code(std::errc::not_enough_memory), SwitchReason::kBroken},
  };
  for (const Reason& row : rows) EXPECT_EQ(ReasonOf(row.code), row.reason) << row.code.message();
}

}  // namespace
}  // namespace corocket::failover
