#include "sdk/namesrv/answers.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"
#include "sdk/failover/verdict.h"
#include "sdk/protocol/response_code.h"
#include "sdk/wire/frame.h"

namespace corocket::namesrv {
namespace {

using failover::Verdict;
using ::testing::HasSubstr;

wire::Frame Refusal(std::int32_t code, std::string remark = "") {
  wire::Frame reply;
  reply.header.code = code;
  reply.header.flag = wire::kFlagResponse;
  reply.header.remark = std::move(remark);
  return reply;
}

TEST(JudgeCode, OneServersNoSuchTopicIsAClaim) {
  const Verdict verdict = JudgeCode(Refusal(17, "No topic route info in name server for the topic: orders"));
  EXPECT_EQ(verdict.kind, Verdict::Kind::kUnbelieved);
  EXPECT_THAT(verdict.detail, HasSubstr("orders"));
}

TEST(JudgeCode, NotReadyBlamesTheServerByItsWordsAlone) {
  for (const char* remark : {"name server not ready", "Name server NOT READY yet"}) {
    const Verdict verdict = JudgeCode(Refusal(1, remark));
    EXPECT_EQ(verdict.kind, Verdict::Kind::kBlameEndpoint) << remark;
    EXPECT_EQ(verdict.reason, SwitchReason::kNotReady);
    EXPECT_EQ(verdict.cause, RemotingErrc::kNotReady);
  }
  // The code is shared with whatever else goes wrong inside a server: asking another one proves nothing.
  EXPECT_EQ(JudgeCode(Refusal(1, "java.lang.NullPointerException")).kind, Verdict::Kind::kRefusal);
  EXPECT_EQ(JudgeCode(Refusal(1)).kind, Verdict::Kind::kRefusal);
  EXPECT_EQ(JudgeCode(Refusal(22, "not ready")).kind, Verdict::Kind::kRefusal);
}

TEST(JudgeCode, AServerThatDoesNotKnowTheRequestIsNoNameServer) {
  const Verdict verdict = JudgeCode(Refusal(3, " request type 105 not supported"));
  EXPECT_EQ(verdict.kind, Verdict::Kind::kBlameEndpoint);
  EXPECT_EQ(verdict.reason, SwitchReason::kProtocolError);
  EXPECT_THAT(verdict.detail, HasSubstr("not a NameServer"));
}

TEST(JudgeCode, OfALongRemarkTheBeginningIsKept) {
  const std::string remark = "not ready: " + std::string(std::size_t{1} << 20, 'x');
  for (const std::int32_t code : {1, 2, 3, 17}) {
    EXPECT_LE(JudgeCode(Refusal(code, remark)).detail.size(), kMaxRemarkBytes + 32) << code;
    EXPECT_THAT(JudgeCode(Refusal(code, remark)).detail, HasSubstr("not ready: x")) << code;
  }
}

TEST(JudgeCode, ABusyServerIsAskedAgainAndNotBlamed) {
  for (const char* remark : {"[REJECTREQUEST]system busy, start flow control for a while", ""}) {
    const Verdict verdict = JudgeCode(Refusal(2, remark));
    EXPECT_EQ(verdict.kind, Verdict::Kind::kBusy) << remark;
    EXPECT_EQ(verdict.cause, RemotingErrc::kBusy);
    EXPECT_EQ(verdict.reason, SwitchReason::kNone);
  }
}

TEST(JudgeCode, EveryOtherRefusalEndsTheCallAndSuccessIsAnAnswer) {
  EXPECT_EQ(JudgeCode(Refusal(0)).kind, Verdict::Kind::kAnswer);
  for (std::int32_t code = -2000; code <= 4000; ++code) {
    if ((code >= 0 && code <= 3) || code == 17) continue;
    ASSERT_EQ(JudgeCode(Refusal(code, "because")).kind, Verdict::Kind::kRefusal) << code;
  }
}

TEST(Unreadable, BlamesTheServerAndSaysWhatWasWrongWithItsAnswer) {
  const Verdict verdict = Unreadable(absl::InvalidArgumentError("route body at byte 7: expected ':'"));
  EXPECT_EQ(verdict.kind, Verdict::Kind::kBlameEndpoint);
  EXPECT_EQ(verdict.cause, RemotingErrc::kMalformedFrame);
  EXPECT_EQ(verdict.reason, SwitchReason::kProtocolError);
  EXPECT_THAT(verdict.detail, HasSubstr("byte 7"));
}

}  // namespace
}  // namespace corocket::namesrv
