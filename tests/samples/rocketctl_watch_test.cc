// rocketctl watch as an operator and his scripts use it: the real binary against NameServers on loopback.

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "corocket/testing/request.h"
#include "corocket/testing/test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/samples/namesrv_thread.h"
#include "tests/samples/program.h"

namespace corocket::test {
namespace {

using ::corocket::testing::CloseMode;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> Arguments(const std::string& namesrv, std::vector<std::string> more) {
  std::vector<std::string> arguments = {"watch", absl::StrCat("--namesrv=", namesrv)};
  bool topic = false;
  for (const std::string& argument : more) topic = topic || absl::StartsWith(argument, "--topic=");
  if (!topic) arguments.emplace_back("--topic=orders");
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Ended Watch(const std::string& namesrv, std::vector<std::string> more) {
  return RunProgram("ROCKETCTL", Arguments(namesrv, std::move(more)));
}

/// Every line as JSON; a line that is none ends the test.
std::vector<json> Lines(const Ended& ended) {
  std::vector<json> lines;
  for (const std::string_view line : absl::StrSplit(ended.out, '\n', absl::SkipEmpty())) {
    lines.push_back(json::parse(line));
  }
  return lines;
}

/// More queries than there are callers: one of them asks again, so it has been answered.
constexpr std::uint64_t kAnswered = 20;

constexpr const char* kSummary =
    "[0-9]+ calls, [0-9]+ ok, [0-9]+ failed; [0-9]+ switches, [0-9]+ connects; longest gap [0-9.]+ ms; p50 [0-9]+ us, "
    "p99 [0-9]+ us, max [0-9]+ us\n";

TEST(RocketctlWatch, EveryLineOfJsonlIsAnObjectAndTheLastOneIsTheSummary) {
  NamesrvThread ns(1);
  const Ended ended = Watch(ns.addresses(), {"--duration=400ms", "--concurrency=4", "--format=jsonl"});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.err, IsEmpty());
  const std::vector<json> lines = Lines(ended);
  ASSERT_GE(lines.size(), 3U) << ended.out;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    EXPECT_EQ(lines[i]["type"], "event");
    for (const char* field :
         {"kind", "at_ms", "sequence", "endpoint", "previous", "generation", "list_version", "reason", "cause",
          "detail", "elapsed_us", "count", "added", "removed", "failures", "text"}) {
      EXPECT_TRUE(lines[i].contains(field)) << field;
    }
  }
  const json& summary = lines.back();
  EXPECT_EQ(summary["type"], "summary");
  EXPECT_GT(summary["calls"], 0);
  EXPECT_EQ(summary["ok"], summary["calls"]);
  EXPECT_EQ(summary["failed"], 0);
  EXPECT_EQ(summary["switches"], 0);
  EXPECT_GT(summary["longest_gap_ms"], 0);
  EXPECT_GT(summary["p50_us"], 0);
  EXPECT_GE(summary["p99_us"], summary["p50_us"]);
  EXPECT_GE(summary["max_us"], summary["p99_us"]);
  EXPECT_EQ(summary["connects"], 1);
  EXPECT_FALSE(summary.contains("last_failure"));
}

TEST(RocketctlWatch, JsonIsOneDocumentWithEventsAndSummary) {
  NamesrvThread ns(1);
  const Ended ended = Watch(ns.addresses(), {"--duration=300ms", "--format=json"});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  const json document = json::parse(ended.out);
  EXPECT_EQ(document["type"], "watch");
  EXPECT_GE(document["events"].size(), 2U);
  EXPECT_EQ(document["events"][0]["type"], "event");
  EXPECT_EQ(document["summary"]["type"], "summary");
}

TEST(RocketctlWatch, TextHasALineForEachEventAndEndsWithTheSummary) {
  NamesrvThread ns(1);
  const Ended ended = Watch(ns.addresses(), {"--duration=300ms"});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, AllOf(HasSubstr("s  chosen " + ns.addresses()), ContainsRegex(kSummary),
                               Not(HasSubstr("\x1b")), Not(HasSubstr("\r"))));
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST(RocketctlWatch, AnIntervalOfMoreThanAMomentIsKept) {
  NamesrvThread ns(1);
  const Ended ended =
      Watch(ns.addresses(), {"--duration=900ms", "--concurrency=1", "--interval=600ms", "--format=jsonl"});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  // At 0 and at 600 ms; on a machine that stands still, the second one may not come about.
  EXPECT_LE(Lines(ended).back()["calls"], 2);
}

TEST(RocketctlWatch, AsManyCoroutinesAskAsWereAskedFor) {
  NamesrvThread ns(1);
  // Each asks once and then pauses for an hour.
  Program program(
      "ROCKETCTL",
      {.arguments = Arguments(ns.addresses(), {"--duration=10m", "--interval=1h", "--concurrency=5", "--timeout=1m"})});
  ASSERT_TRUE(ns.WaitForQueries(5));
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait().exit_code, 0);
  EXPECT_EQ(ns[0].stats().requests_of(corocket::testing::kGetRouteInfo), 5U);
}

TEST(RocketctlWatch, ASwitchIsSeenAndCostsNoCall) {
  NamesrvThread ns(2);
  Program program("ROCKETCTL", {.arguments = Arguments(ns.addresses(), {"--duration=10m"})});
  ASSERT_TRUE(program.WaitForOutput("s  chosen "));
  for (std::size_t i = 0; i < 2; ++i) ns[i].CloseAll(CloseMode::kReset);
  ASSERT_TRUE(program.WaitForOutput(", before it "));
  ASSERT_TRUE(ns.WaitForQueries(kAnswered));
  program.Signal(SIGINT);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, HasSubstr(" 0 failed; 1 switches, 2 connects;"));
}

TEST(RocketctlWatch, ConnectsAreConnectionsThatWereMadeAndNotThoseThatWereTried) {
  NamesrvThread ns(1);
  ns[0].Stop();
  const Ended ended = Watch(ns.addresses(), {"--duration=400ms", "--timeout=100ms", "--format=jsonl"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(Lines(ended).back()["connects"], 0);
}

TEST(RocketctlWatch, WhenNotOneCallSucceedsItFailsAndSaysWhy) {
  NamesrvThread ns(1);
  ns[0].Stop();
  const Ended ended = Watch(ns.addresses(), {"--duration=500ms", "--timeout=100ms", "--format=jsonl"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, AllOf(StartsWith("rocketctl: "), HasSubstr(ns.addresses() + ": connect: Connection refused")));
  const json summary = Lines(ended).back();
  EXPECT_EQ(summary["ok"], 0);
  EXPECT_GT(summary["failed"], 0);
  // An outage that is still on at the end counts to the end.
  EXPECT_GE(summary["longest_gap_ms"], 500);
  EXPECT_THAT(summary["last_failure"], HasSubstr("Connection refused"));
}

TEST(RocketctlWatch, CallsThatStillWaitWhenItEndsAreNoFailures) {
  NamesrvThread ns(1);
  ns[0].Stop();
  const Ended ended = Watch(ns.addresses(), {"--duration=300ms", "--timeout=60s", "--format=jsonl"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("no call was answered"), HasSubstr(ns.addresses() + ": connect: ")));
  EXPECT_EQ(Lines(ended).back()["calls"], 0);
}

TEST(RocketctlWatch, ASignalEndsItAtOnceWhateverTheTimeoutOfItsCalls) {
  NamesrvThread ns(1);
  ns[0].Stop();
  Program program("ROCKETCTL",
                  {.arguments = Arguments(ns.addresses(), {"--duration=10m", "--timeout=10m", "--format=jsonl"})});
  ASSERT_TRUE(program.WaitForOutput(R"("kind":"pass_failed")"));
  program.Signal(SIGTERM);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 1) << ended.ToString();
  EXPECT_EQ(Lines(ended).back()["type"], "summary");
}

TEST(RocketctlWatch, EachKindOfFailureIsToldOnce) {
  NamesrvThread ns(1);
  const Ended ended = Watch(ns.addresses(), {"--topic=nobody", "--duration=600ms", "--format=jsonl"});
  EXPECT_EQ(ended.exit_code, 1);
  std::vector<json> failures;
  for (const json& line : Lines(ended)) {
    if (line["type"] == "failure") failures.push_back(line);
  }
  ASSERT_EQ(failures.size(), 1U) << ended.out;
  EXPECT_EQ(failures[0]["code"], "NOT_FOUND");
  EXPECT_EQ(failures[0]["server_code"], 17);
  EXPECT_THAT(failures[0]["text"], HasSubstr("TOPIC_NOT_EXIST"));
  EXPECT_GT(Lines(ended).back()["failed"], 1);
  const Ended text = Watch(ns.addresses(), {"--topic=nobody", "--duration=300ms"});
  EXPECT_THAT(text.out, HasSubstr("s  call failed: cannot query route of topic \"nobody\""));
}

TEST(RocketctlWatch, ANameThatNoTopicMayHaveEndsItAtOnceAsWrongUsage) {
  NamesrvThread ns(1);
  const Ended ended = Watch(ns.addresses(), {"--topic=a b", "--duration=10m"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_THAT(ended.err, HasSubstr("\"a b\""));
  EXPECT_THAT(ended.out, IsEmpty());
}

TEST(RocketctlWatch, OutputThatIsLostEndsItAsAFailure) {
  NamesrvThread ns(1);
  Program program("ROCKETCTL",
                  {.arguments = Arguments(ns.addresses(), {"--duration=10m"}), .stdout_file = "/dev/full"});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("rocketctl: cannot write the output"));
}

TEST(RocketctlWatch, AReaderThatLeavesEndsItQuietlyAndSoon) {
  NamesrvThread ns(1);
  Program program("ROCKETCTL", {.arguments = Arguments(ns.addresses(), {"--duration=10m"})});
  ASSERT_TRUE(program.WaitForOutput("chosen"));
  program.CloseOutput();
  const Ended ended = program.Wait();  // No event comes any more that it could stumble over.
  EXPECT_EQ(ended.signal, SIGPIPE) << ended.ToString();
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST(RocketctlWatch, OnATerminalEventsStandOnLinesOfTheirOwnAndProgressFitsTheWidth) {
  NamesrvThread ns(1);
  Program program("ROCKETCTL", {.arguments = Arguments(ns.addresses(), {"--duration=10m", "--interval=5ms"}),
                                .environment = {{"TERM", "xterm"}},
                                .on_terminal = true,
                                .columns = 30});
  ASSERT_TRUE(program.WaitForOutput("s  chosen "));
  ASSERT_TRUE(program.WaitForOutput("calls, 0 "));
  ns[0].CloseAll(CloseMode::kFin);
  ASSERT_TRUE(program.WaitForOutput("s  left " + ns.addresses()));
  ASSERT_TRUE(ns.WaitForQueries(kAnswered));
  program.Type("\x03");
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  // Every line of progress begins by clearing the line, and so does what is printed over it.
  const std::vector<std::string> parts =
      absl::StrSplit(absl::StrReplaceAll(ended.out, {{"^C", ""}}), "\r\x1b[K");  // The terminal's echo.
  std::size_t progress = 0;
  for (const std::string& part : parts) {
    if (absl::StrContains(part, '\n')) {
      EXPECT_THAT(part, Not(HasSubstr(" calls, 0 failed,")));
    } else {
      EXPECT_LT(part.size(), 30U) << part;
      ++progress;
    }
  }
  EXPECT_GT(progress, 1U);
  EXPECT_THAT(ended.out, HasSubstr("longest gap"));
}

TEST(RocketctlWatch, LogLinesOnATerminalDoWithoutALineOfProgress) {
  NamesrvThread ns(1);
  Program program("ROCKETCTL", {.arguments = Arguments(ns.addresses(), {"--duration=300ms", "--log_level=info"}),
                                .environment = {{"TERM", "xterm"}},
                                .on_terminal = true});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, AllOf(HasSubstr("[info]"), Not(HasSubstr("\x1b"))));
}

TEST(RocketctlWatch, ADumbTerminalGetsPlainLines) {
  NamesrvThread ns(1);
  Program program("ROCKETCTL", {.arguments = Arguments(ns.addresses(), {"--duration=300ms"}),
                                .environment = {{"TERM", "dumb"}},
                                .on_terminal = true});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace corocket::test
