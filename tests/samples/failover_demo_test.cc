// failover_demo as a stranger runs it: the whole story in a pipe, on a terminal, and held wrong.

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "samples/common/terminal.h"
#include "tests/samples/namesrv_thread.h"
#include "tests/samples/program.h"

namespace corocket::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::string ReportPath(const char* name) { return absl::StrCat(std::getenv("TEST_TMPDIR"), "/", name); }

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A row of the final table.
struct Row {
  std::int64_t calls = 0;
  std::int64_t failed = 0;
  double gap_ms = 0;
  std::string switched;
  std::int64_t connects = 0;
};

/// Row by name of the fault.
std::map<std::string, Row> Table(const std::string& out) {
  constexpr std::size_t kNameColumns = 21;
  std::map<std::string, Row> rows;
  const std::size_t head = out.find("\nfault ");
  if (head == std::string::npos) return rows;
  for (const std::string_view line : absl::StrSplit(std::string_view(out).substr(head + 1), '\n')) {
    if (absl::StartsWith(line, "fault ")) continue;
    if (absl::StartsWith(line, "longest gap:")) break;
    const std::string_view name = line.substr(0, line.find("  "));
    const std::vector<std::string> cells = absl::StrSplit(line.substr(kNameColumns), ' ', absl::SkipEmpty());
    Row& row = rows[std::string(name)];
    // calls failed gap "ms" (switch "ms" | "none") connects
    EXPECT_TRUE(absl::SimpleAtoi(cells.at(0), &row.calls)) << line;
    EXPECT_TRUE(absl::SimpleAtoi(cells.at(1), &row.failed)) << line;
    EXPECT_TRUE(absl::SimpleAtod(cells.at(2), &row.gap_ms)) << line;
    row.switched = cells.at(4);
    EXPECT_TRUE(absl::SimpleAtoi(cells.back(), &row.connects)) << line;
  }
  return rows;
}

TEST(FailoverDemo, TellsItsWholeStoryInPlainLinesAndLosesNoCallWhileAServerLives) {
  const std::string report = ReportPath("whole.html");
  const Ended ended =
      RunProgram("DEMO", {"--phase=1s", "--coroutines=32", "--pause=20ms", absl::StrCat("--report=", report)});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.err, IsEmpty());
  EXPECT_THAT(ended.out, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\r")), HasSubstr("report: " + report)));
  const std::map<std::string, Row> rows = Table(ended.out);
  const std::vector<std::string> story = {
      "all well",          "killed",  "closed", "hung", "packets dropped", "list replaced", "brokers forgotten",
      "all reset for 1 s", "all down"};
  for (const std::string& fault : story) {
    EXPECT_THAT(ended.out, HasSubstr("\n== " + fault + ": "));
    ASSERT_TRUE(rows.contains(fault)) << fault << " is missing in " << ended.out;
    const Row& row = rows.at(fault);
    EXPECT_GT(row.calls, 0) << fault;
    if (fault != "all down") {
      EXPECT_EQ(row.failed, 0) << fault;
    }
    EXPECT_GE(row.connects, 1) << fault;
    if (fault != "all well") {
      EXPECT_NE(row.switched, "none") << fault;
    }
  }
  EXPECT_EQ(rows.size(), story.size());
  EXPECT_EQ(rows.at("all well").switched, "none");
  EXPECT_EQ(rows.at("all well").connects, 1);
  EXPECT_GE(rows.at("all down").gap_ms, 900);
  // The server that forgot its brokers was still connected: it was left because of what it said.
  EXPECT_THAT(ended.out, HasSubstr(": second_opinion, "));

  const std::string html = Read(report);
  EXPECT_THAT(html, AllOf(HasSubstr("</html>"), HasSubstr("<path class='slow' d='M"), HasSubstr("brokers forgotten")));
  for (const char* reference : {"http:", "https:", "src=", "href="}) EXPECT_THAT(html, Not(HasSubstr(reference)));
}

TEST(FailoverDemo, WithServersThatAreAllDownItCountsEveryCallAndFails) {
  NamesrvThread ns(1);
  ns[0].Stop();
  const Ended ended =
      RunProgram("DEMO", {absl::StrCat("--namesrv=", ns.addresses()), "--phase=1s", "--coroutines=10", "--report="});
  EXPECT_EQ(ended.exit_code, 1) << ended.ToString();
  EXPECT_THAT(ended.err, AllOf(StartsWith("failover_demo: "), HasSubstr(ns.addresses() + ": connect: ")));
  // The calls end, by their timeout, after the phase is over, and belong to it all the same.
  const std::map<std::string, Row> rows = Table(ended.out);
  ASSERT_TRUE(rows.contains("watching")) << ended.out;
  EXPECT_EQ(rows.at("watching").calls, 10);
  EXPECT_EQ(rows.at("watching").failed, 10);
  EXPECT_GE(rows.at("watching").gap_ms, 1000);
  EXPECT_EQ(rows.at("watching").connects, 0);
}

TEST(FailoverDemo, WatchesServersOfTheUsers) {
  NamesrvThread ns(2);
  const Ended ended =
      RunProgram("DEMO", {absl::StrCat("--namesrv=", ns.addresses()), "--phase=1s", "--coroutines=4", "--report="});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_EQ(Table(ended.out)["watching"].failed, 0);
}

TEST(FailoverDemo, ATopicThatNoServerKnowsLeavesTheThreadAlone) {
  NamesrvThread ns(1);
  const Ended ended = RunProgram("DEMO", {absl::StrCat("--namesrv=", ns.addresses()), "--topic=nobody", "--phase=1s",
                                          "--coroutines=4", "--pause=0", "--report="});
  EXPECT_EQ(ended.exit_code, 1) << ended.ToString();
  EXPECT_THAT(ended.err, HasSubstr("TOPIC_NOT_EXIST"));
  // A tenth of a second lies between two refusals.
  EXPECT_LE(Table(ended.out)["watching"].calls, 4 * 20);
}

TEST(FailoverDemo, EndsInGoodOrderWhenASignalAsksForIt) {
  const std::string report = ReportPath("interrupted.html");
  Program program("DEMO", {.arguments = {"--phase=2s", "--coroutines=8", absl::StrCat("--report=", report)}});
  ASSERT_TRUE(program.WaitForOutput("== killed"));
  program.Signal(SIGINT);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  const std::map<std::string, Row> rows = Table(ended.out);
  EXPECT_EQ(rows.size(), 2U);
  for (const auto& [fault, row] : rows) EXPECT_EQ(row.failed, 0) << fault;
  EXPECT_THAT(Read(report), HasSubstr("</html>"));
}

TEST(FailoverDemo, AReportThatIsLostIsAFailure) {
  Program program("DEMO", {.arguments = {"--phase=10m", "--coroutines=8", "--report=/dev/full"}});
  ASSERT_TRUE(program.WaitForOutput("chosen"));
  program.Signal(SIGINT);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 1) << ended.ToString();
  EXPECT_THAT(ended.err, HasSubstr("cannot write the report /dev/full: No space left on device"));
  EXPECT_EQ(Table(ended.out).size(), 1U);
}

TEST(FailoverDemo, ASignalNeedNotWaitForCallsThatWait) {
  NamesrvThread ns(1);
  ns[0].Stop();
  Program program("DEMO", {.arguments = {absl::StrCat("--namesrv=", ns.addresses()), "--phase=10m", "--report="}});
  ASSERT_TRUE(program.WaitForOutput("every endpoint failed"));
  program.Signal(SIGTERM);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 1) << ended.ToString();
}

TEST(FailoverDemo, AReaderThatLeavesEndsItQuietlyAndSoon) {
  Program program("DEMO", {.arguments = {"--phase=10m", "--coroutines=8", "--report="}});
  ASSERT_TRUE(program.WaitForOutput("chosen"));
  program.CloseOutput();
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.signal, SIGPIPE) << ended.ToString();
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST(FailoverDemo, OutputThatIsLostEndsItAsAFailure) {
  Program program("DEMO", {.arguments = {"--phase=10m", "--coroutines=8", "--report="}, .stdout_file = "/dev/full"});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("failover_demo: cannot write the output"));
}

constexpr const char* kEnterScreen = "\x1b[?1049h";
constexpr const char* kLeaveScreen = "\x1b[?1049l";

struct Size {
  int columns;
  int rows;
};

class FailoverDemoPage : public ::testing::TestWithParam<Size> {};

TEST_P(FailoverDemoPage, FitsItsTerminalAndGivesItBack) {
  const auto [columns, rows] = GetParam();
  Program program("DEMO", {.arguments = {"--phase=1s", "--coroutines=8", "--report="},
                           .environment = {{"TERM", "xterm-256color"}},
                           .on_terminal = true,
                           .columns = columns,
                           .rows = rows});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  // Line ends are the terminal's business.
  const std::string out = absl::StrReplaceAll(ended.out, {{"\r", ""}});
  const std::size_t enter = out.find(kEnterScreen);
  const std::size_t leave = out.find(kLeaveScreen);
  ASSERT_NE(enter, std::string::npos);
  ASSERT_NE(leave, std::string::npos);
  const std::vector<std::string> pages = absl::StrSplit(out.substr(enter, leave - enter), "\x1b[H");
  EXPECT_GT(pages.size(), 20U);
  for (std::size_t i = 1; i < pages.size(); ++i) {
    const std::vector<std::string> lines = absl::StrSplit(pages[i], '\n');
    EXPECT_LE(lines.size(), static_cast<std::size_t>(rows));
    for (const std::string& line : lines) {
      EXPECT_EQ(samples::CutToColumns(line, static_cast<std::size_t>(columns)), line);
    }
    EXPECT_THAT(pages[i], HasSubstr("CoRocket"));
  }
  // The table is on the screen that stays.
  EXPECT_EQ(Table(out.substr(leave)).size(), 9U);
}

INSTANTIATE_TEST_SUITE_P(Sizes, FailoverDemoPage, ::testing::Values(Size{80, 24}, Size{120, 40}, Size{40, 10}));

class FailoverDemoSignal : public ::testing::TestWithParam<int> {};

TEST_P(FailoverDemoSignal, GivesTheTerminalBackBeforeItEndsTheProgram) {
  Program program("DEMO", {.arguments = {"--phase=10m", "--coroutines=8", "--report="},
                           .environment = {{"TERM", "xterm-256color"}},
                           .on_terminal = true});
  ASSERT_TRUE(program.WaitForOutput("in use"));
  program.Signal(GetParam());
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.signal, GetParam()) << ended.ToString();
  EXPECT_THAT(ended.out, HasSubstr(kLeaveScreen));
}

INSTANTIATE_TEST_SUITE_P(Signals, FailoverDemoSignal, ::testing::Values(SIGHUP, SIGQUIT));

TEST(FailoverDemo, GivesTheTerminalBackWhileItIsSuspended) {
  Program program("DEMO", {.arguments = {"--phase=10m", "--coroutines=8", "--report="},
                           .environment = {{"TERM", "xterm-256color"}},
                           .on_terminal = true});
  ASSERT_TRUE(program.WaitForOutput("in use"));
  program.Signal(SIGTSTP);
  program.WaitUntilStopped();
  ASSERT_TRUE(program.WaitForOutput(kLeaveScreen));
  program.Signal(SIGCONT);
  ASSERT_TRUE(program.WaitForOutput(absl::StrCat(kLeaveScreen, kEnterScreen)));
  program.Signal(SIGKILL);
  EXPECT_EQ(program.Wait().signal, SIGKILL);
}

TEST(FailoverDemo, ADumbTerminalGetsPlainLines) {
  Program program("DEMO", {.arguments = {"--phase=1s", "--coroutines=8", "--report="},
                           .environment = {{"TERM", "dumb"}},
                           .on_terminal = true});
  ASSERT_TRUE(program.WaitForOutput("== killed"));
  program.Type("\x03");
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
}

struct Wrong {
  std::vector<std::string> arguments;
  const char* said;
};

class FailoverDemoUsage : public ::testing::TestWithParam<Wrong> {};

TEST_P(FailoverDemoUsage, IsRefusedAtTheDoorInOneLineWithExitCodeTwo) {
  const Ended ended = RunProgram("DEMO", GetParam().arguments);
  EXPECT_EQ(ended.exit_code, 2) << ended.ToString();
  EXPECT_THAT(ended.out, IsEmpty());
  EXPECT_THAT(ended.err,
              AllOf(StartsWith("failover_demo: "), HasSubstr(GetParam().said), Not(HasSubstr("ClientOptions"))));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, FailoverDemoUsage,
    ::testing::Values(Wrong{{"now"}, "now"}, Wrong{{"--phases=1s"}, "phases"},
                      Wrong{{"--phase=1"}, "a number with a unit"}, Wrong{{"--phase=1h"}, "--phase=1h"},
                      Wrong{{"--pause=-1s"}, "--pause=-1s"}, Wrong{{"--coroutines=0"}, "--coroutines=0"},
                      Wrong{{"--coroutines=few"}, "a whole number"}, Wrong{{"--topic=nobody"}, "--namesrv"},
                      Wrong{{"--namesrv=nohost", "--report="}, "--namesrv: "},
                      Wrong{{"--report=/nowhere/at/all.html"}, "/nowhere/at/all.html: No such file or directory"},
                      Wrong{{"--namesrv=127.0.0.1:1", "--topic=a b", "--pause=0", "--report="}, "\"a b\""},
                      Wrong{{"--namesrv=127.0.0.1:1", "--topic=", "--report="}, "topic \"\" is empty"}));

TEST(FailoverDemo, LeavesNoEmptyReportBehindWhenItDoesNotRun) {
  const std::string report = ReportPath("refused.html");
  const Ended ended = RunProgram("DEMO", {"--namesrv=nohost", absl::StrCat("--report=", report)});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(report));
}

TEST(FailoverDemo, HelpShowsItsFlags) {
  const Ended ended = RunProgram("DEMO", {"--help"});
  EXPECT_EQ(ended.exit_code, 0);
  for (const char* flag : {"--namesrv", "--topic=orders", "--coroutines=256", "--pause=50ms", "--phase", "--report="}) {
    EXPECT_THAT(ended.out, HasSubstr(flag));
  }
  EXPECT_THAT(ended.out, HasSubstr("a number with a unit"));
}

}  // namespace
}  // namespace corocket::test
