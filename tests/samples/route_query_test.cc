// Sample 01 as its reader runs it.

#include <cstddef>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/samples/namesrv_thread.h"
#include "tests/samples/program.h"

namespace corocket::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(RouteQuery, PrintsTheRoute) {
  NamesrvThread ns(2);
  const Ended ended = RunProgram("SAMPLE", {"orders", ns.addresses()});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_EQ(ended.out, "broker-a: 8 read, 8 write, RW-\nbroker-a (DefaultCluster): 0=127.0.0.1:10911\n");
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST(RouteQuery, NamesEachAddressWhenAllServersAreDown) {
  NamesrvThread ns(2);
  for (std::size_t i = 0; i < 2; ++i) ns[i].Stop();
  const Ended ended = RunProgram("SAMPLE", {"orders", ns.addresses()});
  EXPECT_EQ(ended.exit_code, 1) << ended.ToString();
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_THAT(ended.err, HasSubstr(ns[i].address() + ": connect: Connection refused"));
  }
}

TEST(RouteQuery, QuotesABadAddress) {
  const Ended ended = RunProgram("SAMPLE", {"orders", "nohost"});
  EXPECT_EQ(ended.exit_code, 1) << ended.ToString();
  EXPECT_THAT(ended.err, HasSubstr("\"nohost\""));
}

TEST(RouteQuery, TellsHowItIsUsed) {
  const Ended ended = RunProgram("SAMPLE", {"orders"});
  EXPECT_EQ(ended.exit_code, 2) << ended.ToString();
  EXPECT_THAT(ended.err, HasSubstr("usage: 01_route_query TOPIC"));
}

TEST(RouteQuery, OutputThatIsLostIsAFailure) {
  NamesrvThread ns(1);
  Program program("SAMPLE", {.arguments = {"orders", ns.addresses()}, .stdout_file = "/dev/full"});
  EXPECT_EQ(program.Wait().exit_code, 1);
}

}  // namespace
}  // namespace corocket::test
