// Sample 02 as its reader runs it.

#include <csignal>
#include <cstddef>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/samples/namesrv_thread.h"
#include "tests/samples/program.h"

namespace corocket::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(WatchSwitches, PrintsASwitchWhenTheServerInUseDiesAndEndsOnCtrlC) {
  NamesrvThread ns(2);
  Program program("SAMPLE", {.arguments = {"orders", ns.addresses()}});
  // The first one may be in use, or not: with the second one it certainly dies.
  ASSERT_TRUE(program.WaitForOutput("chosen "));
  ns[0].Stop();
  EXPECT_TRUE(ns[0].Start().ok());
  ns[1].Stop();
  ASSERT_TRUE(program.WaitForOutput("left 127.0.0.1:"));
  ASSERT_TRUE(program.WaitForOutput(", before it 127.0.0.1:"));
  program.Signal(SIGINT);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, EndsWith("shut down: OK\n"));
  EXPECT_THAT(ended.out, Not(HasSubstr("query failed")));
}

TEST(WatchSwitches, TellsAFailureOnce) {
  NamesrvThread ns(1);
  Program program("SAMPLE", {.arguments = {"nobody", ns.addresses()}});
  ASSERT_TRUE(program.WaitForOutput("query failed: "));
  // Many more queries fail before this is seen.
  ns[0].CloseAll(testing::CloseMode::kReset);
  ASSERT_TRUE(program.WaitForOutput(", before it 127.0.0.1:"));
  program.Signal(SIGTERM);
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_EQ(ended.out.find("query failed: "), ended.out.rfind("query failed: ")) << ended.out;
}

TEST(WatchSwitches, QuotesABadAddressAndTellsHowItIsUsed) {
  const Ended bad = RunProgram("SAMPLE", {"orders", "nohost"});
  EXPECT_EQ(bad.exit_code, 1) << bad.ToString();
  EXPECT_THAT(bad.err, HasSubstr("\"nohost\""));
  const Ended nothing = RunProgram("SAMPLE", {});
  EXPECT_EQ(nothing.exit_code, 2) << nothing.ToString();
  EXPECT_THAT(nothing.err, HasSubstr("usage: 02_watch_switches TOPIC"));
}

}  // namespace
}  // namespace corocket::test
