#include "corocket/error.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "asio/error.hpp"
#include "corocket/endpoint_event.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/remoting_error.h"

namespace corocket {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kTypeUrl = "corocket/error";

EndpointFailure Failure(std::string endpoint, std::error_code cause) {
  return {
      .endpoint = std::move(endpoint), .phase = "connect", .cause = cause, .elapsed = std::chrono::microseconds(1234)};
}

ErrorDetails Full() {
  ErrorDetails details;
  details.hint = RetryHint::kMayHaveHappened;
  details.server_code = -7;
  details.remark = "no route, topic=\"a b\" 100%\n\xe4\xb8\xad";
  details.list_version = 12;
  details.elapsed = std::chrono::milliseconds(3001);
  details.unconfirmed = true;
  details.attempts = {Failure("ns1:9876", std::make_error_code(std::errc::connection_refused)),
                      Failure("[fe80::1%lo]:9876", RemotingErrc::kSilence),
                      Failure("ns3:9876", std::error_code(104, std::system_category())),
                      Failure("ns4:9876", asio::error::make_error_code(asio::error::eof)),
                      Failure("ns5:9876", asio::error::make_error_code(asio::error::host_not_found)),
                      Failure("ns6:9876", asio::error::make_error_code(asio::error::service_not_found)),
                      Failure("", {})};
  details.attempts[1].detail = "300 ms, of which 2 = idle; %41";
  return details;
}

void ExpectSame(const ErrorDetails& left, const ErrorDetails& right) {
  EXPECT_EQ(left.hint, right.hint);
  EXPECT_EQ(left.server_code, right.server_code);
  EXPECT_EQ(left.remark, right.remark);
  EXPECT_EQ(left.list_version, right.list_version);
  EXPECT_EQ(left.elapsed, right.elapsed);
  EXPECT_EQ(left.unconfirmed, right.unconfirmed);
  ASSERT_EQ(left.attempts.size(), right.attempts.size());
  for (std::size_t i = 0; i < left.attempts.size(); ++i) {
    EXPECT_EQ(left.attempts[i].endpoint, right.attempts[i].endpoint);
    EXPECT_EQ(left.attempts[i].phase, right.attempts[i].phase);
    EXPECT_EQ(left.attempts[i].cause, right.attempts[i].cause);
    EXPECT_EQ(left.attempts[i].detail, right.attempts[i].detail);
    EXPECT_EQ(left.attempts[i].elapsed, right.attempts[i].elapsed);
  }
}

absl::Status WithPayload(std::string_view payload) {
  absl::Status status = absl::UnavailableError("x");
  status.SetPayload(kTypeUrl, absl::Cord(payload));
  return status;
}

TEST(ErrorDetails, WhatIsAttachedComesBackTheSame) {
  const absl::Status status = WithDetails(absl::UnavailableError("every endpoint failed"), Full());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "every endpoint failed");
  const std::optional<ErrorDetails> details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  ExpectSame(*details, Full());
  EXPECT_EQ(RetryHintOf(status), RetryHint::kMayHaveHappened);
}

TEST(ErrorDetails, DefaultsComeBackTheSame) {
  const std::optional<ErrorDetails> details = DetailsOf(WithDetails(absl::NotFoundError("x"), ErrorDetails{}));
  ASSERT_TRUE(details.has_value());
  ExpectSame(*details, ErrorDetails{});
}

TEST(ErrorDetails, LaterDetailsReplaceEarlierOnes) {
  const absl::Status first = WithDetails(absl::UnavailableError("x"), Full());
  const absl::Status second = WithDetails(first, {.hint = RetryHint::kSafeToRetry});
  EXPECT_EQ(RetryHintOf(second), RetryHint::kSafeToRetry);
  EXPECT_TRUE(DetailsOf(second)->attempts.empty());
}

TEST(ErrorDetails, SuccessAndForeignStatusesHaveNone) {
  EXPECT_FALSE(DetailsOf(absl::OkStatus()).has_value());
  EXPECT_FALSE(DetailsOf(WithDetails(absl::OkStatus(), Full())).has_value());
  EXPECT_FALSE(DetailsOf(absl::UnavailableError("x")).has_value());
  EXPECT_EQ(RetryHintOf(absl::UnavailableError("x")), RetryHint::kPermanent);
}

TEST(ErrorDetails, APrintedStatusStaysOneReadableLine) {
  const std::string text = WithDetails(absl::UnavailableError("x"), Full()).ToString();
  EXPECT_THAT(text, AllOf(HasSubstr("hint=may_have_happened"), HasSubstr("ns1:9876,connect,generic,"),
                          HasSubstr("ns4:9876,connect,asio.misc,"), Not(HasSubstr("\n")), Not(HasSubstr("\\x"))));
}

class ForeignCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tunnel"; }
  std::string message(int) const override { return "tunnel collapsed"; }
};

TEST(ErrorDetails, ACauseOfAnUnknownCategoryKeepsItsText) {
  static const ForeignCategory category;
  ErrorDetails details;
  details.attempts = {Failure("ns1:9876", std::error_code(3, category))};
  const std::optional<ErrorDetails> back = DetailsOf(WithDetails(absl::UnavailableError("x"), details));
  ASSERT_TRUE(back.has_value());
  EXPECT_TRUE(back->attempts[0].cause);
  EXPECT_EQ(back->attempts[0].detail, "tunnel collapsed");
}

TEST(ErrorDetails, LongTextsAreCutAndTheLastAttemptsKept) {
  ErrorDetails details;
  details.remark = std::string(100'000, '\n');
  for (int i = 0; i < 300; ++i) details.attempts.push_back(Failure("ns" + std::to_string(i) + ":1", {}));
  const std::optional<ErrorDetails> back = DetailsOf(WithDetails(absl::UnavailableError("x"), details));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->remark, std::string(512, '\n'));
  ASSERT_EQ(back->attempts.size(), 256u);
  EXPECT_EQ(back->attempts.front().endpoint, "ns44:1");
  EXPECT_EQ(back->attempts.back().endpoint, "ns299:1");
}

TEST(ErrorDetails, TheLargestDetailsStillComeBack) {
  ErrorDetails details;
  const std::string worst(1000, '\xff');
  details.remark = worst;
  for (int i = 0; i < 256; ++i) {
    details.attempts.push_back(
        {.endpoint = worst, .phase = worst, .cause = RemotingErrc::kSilence, .detail = worst, .elapsed = {}});
  }
  const std::optional<ErrorDetails> back = DetailsOf(WithDetails(absl::UnavailableError("x"), details));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->attempts.size(), 256u);
}

TEST(ErrorDetails, WordsOfALaterVersionAreSkipped) {
  const std::optional<ErrorDetails> details = DetailsOf(WithPayload("hint=safe_to_retry weather=fine elapsed_ms=5"));
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->hint, RetryHint::kSafeToRetry);
  EXPECT_EQ(details->elapsed, std::chrono::milliseconds(5));
}

TEST(ErrorDetails, ADamagedPayloadIsNone) {
  for (const char* payload : {"", "hint", "hint=", "hint=often", "elapsed_ms=", "elapsed_ms=5x",
                              "elapsed_ms=99999999999999999999", "server_code=4294967296", "unconfirmed=2", "remark=%4",
                              "remark=%", "remark=%zz", "attempt=a,b,c,1,d", "attempt=a,b,c,1,d,2,3",
                              "attempt=a,b,system,x,d,2", "attempt=a,b,system,1,d,", "hint=permanent  elapsed_ms=1"}) {
    EXPECT_FALSE(DetailsOf(WithPayload(payload)).has_value()) << payload;
    EXPECT_EQ(RetryHintOf(WithPayload(payload)), RetryHint::kPermanent) << payload;
  }
  EXPECT_FALSE(DetailsOf(WithPayload("remark=" + std::string(513, 'a'))).has_value());
  EXPECT_FALSE(DetailsOf(WithPayload("hint=permanent x=" + std::string(3'000'000, 'a'))).has_value());
}

TEST(ErrorDetails, ZeroIsNoErrorOfWhateverCategory) {
  const std::optional<ErrorDetails> details = DetailsOf(WithPayload("hint=permanent attempt=a:1,read,asio.netdb,0,,0"));
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->attempts.at(0).cause, std::error_code());
}

TEST(ErrorDetails, AnyBytesGiveDetailsOrNone) {
  std::mt19937_64 random(3);
  const std::string valid(*WithDetails(absl::UnavailableError("x"), Full()).GetPayload(kTypeUrl));
  std::size_t decoded = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string payload = valid;
    for (std::uint64_t change = random() % 3 + (round % 2 == 0 ? 1 : 0); change > 0; --change) {
      const std::size_t at = random() % payload.size();
      if (random() % 3 == 0) {
        payload.resize(at + 1);
      } else {
        payload[at] = static_cast<char>(random() % 256);
      }
    }
    const std::optional<ErrorDetails> details = DetailsOf(WithPayload(payload));
    if (!details.has_value()) continue;
    ++decoded;
    const std::optional<ErrorDetails> again = DetailsOf(WithDetails(absl::UnavailableError("x"), *details));
    ASSERT_TRUE(again.has_value()) << payload;
    ExpectSame(*again, *details);
  }
  EXPECT_GT(decoded, 1000u);
}

TEST(RetryHint, EveryHintHasALabelOfItsOwn) {
  EXPECT_EQ(RetryHintName(RetryHint::kPermanent), "permanent");
  EXPECT_EQ(RetryHintName(RetryHint::kSafeToRetry), "safe_to_retry");
  EXPECT_EQ(RetryHintName(RetryHint::kMayHaveHappened), "may_have_happened");
}

}  // namespace
}  // namespace corocket
