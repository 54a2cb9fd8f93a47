// What rocketctl answers to those who hold it wrong, and to those who ask for help.

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/samples/program.h"

namespace corocket::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Wrong {
  std::vector<std::string> arguments;
  const char* said;
};

class RocketctlUsage : public ::testing::TestWithParam<Wrong> {};

TEST_P(RocketctlUsage, IsRefusedOnStderrInOneLineWithExitCodeTwo) {
  Program program("ROCKETCTL", {.arguments = GetParam().arguments, .environment = {{"NAMESRV_ADDR", ""}}});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 2) << ended.ToString();
  EXPECT_THAT(ended.out, IsEmpty());
  EXPECT_THAT(ended.err, AllOf(StartsWith("rocketctl: "), HasSubstr(GetParam().said), Not(HasSubstr("ClientOptions"))));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
}

const char* const kUnit = "give a number with a unit, such as 500ms or 3s";

INSTANTIATE_TEST_SUITE_P(
    Wrong, RocketctlUsage,
    ::testing::Values(
        Wrong{{"roete", "orders"}, "roete"}, Wrong{{"route"}, "one topic"},
        Wrong{{"route", "a", "b", "--namesrv=a:1"}, "one topic"}, Wrong{{"route", "orders"}, "--namesrv"},
        Wrong{{"route", "orders"}, "NAMESRV_ADDR"}, Wrong{{"route", "orders", "--namesrv=nohost"}, "--namesrv: "},
        Wrong{{"route", "orders", "--namesrv=nohost"}, "nohost"},
        Wrong{{"route", "orders", "--namesrv"}, "needs a value"}, Wrong{{"route", "orders", "--timeout=soon"}, kUnit},
        Wrong{{"route", "orders", "--timeout=5"}, "--timeout=5: "}, Wrong{{"route", "orders", "--timeout=5"}, kUnit},
        Wrong{{"route", "orders", "--timeout=0s"}, "--timeout=0"},
        Wrong{{"route", "orders", "--attempt_timeout=1h"}, "--attempt_timeout=1h"},
        Wrong{{"route", "orders", "--duration=3s"}, "no flag --duration"},
        Wrong{{"route", "orders", "--format=xml", "--namesrv=a:1"}, "xml"},
        Wrong{{"route", "orders", "--log_level=loud", "--namesrv=a:1"}, "loud"},
        Wrong{{"route", "a b", "--namesrv=127.0.0.1:1"}, "a b"},
        Wrong{{"--namesrv=a:1", "route", "orders"}, "before its flags"}, Wrong{{"watch", "--namesrv=a:1"}, "--topic"},
        Wrong{{"watch", "orders", "--namesrv=a:1"}, "orders"},
        Wrong{{"watch", "--topic=t", "--concurrency=0", "--namesrv=a:1"}, "--concurrency=0"},
        Wrong{{"watch", "--topic=t", "--concurrency=many", "--namesrv=a:1"}, "a whole number"},
        Wrong{{"watch", "--topic=t", "--duration=0s", "--namesrv=a:1"}, "--duration=0"},
        Wrong{{"watch", "--topic=t", "--interval=-1s", "--namesrv=a:1"}, "--interval=-1s"},
        Wrong{{"watch", "--topic=t", "--interval=100", "--namesrv=a:1"}, kUnit}));

TEST(RocketctlHelp, OfACommandShowsItsFlagsAndNoOthers) {
  const Ended route = RunProgram("ROCKETCTL", {"route", "--help"});
  EXPECT_EQ(route.exit_code, 0);
  EXPECT_THAT(route.out, AllOf(HasSubstr("usage: rocketctl route TOPIC [FLAGS]"), HasSubstr("--namesrv\n"),
                               HasSubstr("--timeout=3s"), HasSubstr("--attempt_timeout=1s"), HasSubstr("--format=text"),
                               HasSubstr("--log_level=off"), Not(HasSubstr("--concurrency"))));
  const Ended watch = RunProgram("ROCKETCTL", {"watch", "--help"});
  EXPECT_EQ(watch.exit_code, 0);
  EXPECT_THAT(watch.out, AllOf(HasSubstr("usage: rocketctl watch --topic=TOPIC [FLAGS]"), HasSubstr("--topic\n"),
                               HasSubstr("--duration=10s"), HasSubstr("--concurrency=8"), HasSubstr("--interval=1ms"),
                               HasSubstr("--namesrv\n"), HasSubstr("--timeout=3s"), HasSubstr("--format=text")));
  EXPECT_THAT(watch.out, AllOf(HasSubstr("json: one document"), HasSubstr("jsonl: one object a line"),
                               HasSubstr("a number with a unit, such as 500ms or 3s")));
}

TEST(RocketctlHelp, OfTheProgramShowsItsCommands) {
  const Ended help = RunProgram("ROCKETCTL", {"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("route TOPIC"), HasSubstr("watch --topic=TOPIC"), HasSubstr("Exit code")));
  EXPECT_THAT(help.err, IsEmpty());
  const Ended nothing = RunProgram("ROCKETCTL", {});
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.out, IsEmpty());
  EXPECT_THAT(nothing.err, HasSubstr("usage: rocketctl COMMAND"));
}

}  // namespace
}  // namespace corocket::test
