// rocketctl route as an operator uses it: the real binary against NameServers on loopback.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "corocket/route.h"
#include "corocket/testing/request.h"
#include "corocket/testing/routes.h"
#include "corocket/testing/scripted_namesrv.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/samples/namesrv_thread.h"
#include "tests/samples/program.h"

namespace corocket::test {
namespace {

using ::corocket::testing::kGetRouteInfo;
using ::corocket::testing::Request;
using ::corocket::testing::RouteOf;
using ::corocket::testing::ScriptedNamesrv;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Ended Route(const std::string& topic, const std::string& namesrv, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"route", topic, absl::StrCat("--namesrv=", namesrv)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return RunProgram("ROCKETCTL", std::move(arguments));
}

/// A route that has everything a route can have.
TopicRoute WholeRoute() {
  TopicRoute route = RouteOf("broker-a");
  route.queues.front().topic_sys_flag = 1;
  route.brokers.front().zone = "zone-1";
  route.brokers.front().enable_acting_master = true;
  route.mappings.push_back(
      {.broker_name = "broker-a", .scope = "__global__", .epoch = 3, .total_queues = 2, .ids = {{0, 1}, {1, 0}}});
  route.order_topic_conf = "broker-a:8";
  return route;
}

TEST(RocketctlRoute, PrintsQueuesBrokersAndWhoAnsweredAndNothingOnStderr) {
  NamesrvThread ns(1);
  const Ended ended = Route("orders", ns.addresses());
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, AllOf(HasSubstr("broker-a: 8 read, 8 write, RW-"), HasSubstr("0=127.0.0.1:10911"),
                               HasSubstr("answered by " + ns.addresses() + " after 1 attempt,")));
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST(RocketctlRoute, TellsWhatFailedBeforeTheAnswerInTextAndInJson) {
  NamesrvThread ns(0);
  ScriptedNamesrv server = ns.MakeScripted();
  server.Expect(Request(kGetRouteInfo, "orders")).CloseAfter(std::chrono::microseconds(0));
  server.Expect(Request(kGetRouteInfo, "orders")).Reply(WholeRoute());
  const Ended text = Route("orders", server.address());
  EXPECT_EQ(text.exit_code, 0) << text.ToString();
  EXPECT_THAT(text.out, AllOf(HasSubstr("after 2 attempts"), HasSubstr("before that  " + server.address() + ": "),
                              HasSubstr("order   broker-a:8"), HasSubstr("0>1 1>0")));

  server.Expect(Request(kGetRouteInfo, "orders")).CloseAfter(std::chrono::microseconds(0));
  server.Expect(Request(kGetRouteInfo, "orders")).Reply(WholeRoute());
  const Ended ended = Route("orders", server.address(), {"--format=json"});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  const json route = json::parse(ended.out);
  EXPECT_EQ(route["type"], "route");
  EXPECT_EQ(route["topic"], "orders");
  EXPECT_EQ(route["answered_by"], server.address());
  EXPECT_EQ(route["attempts"], 2);
  EXPECT_GT(route["elapsed_us"], 0);
  EXPECT_EQ(route["failures"].size(), 1U);
  EXPECT_EQ(route["failures"][0]["endpoint"], server.address());
  EXPECT_NE(route["failures"][0]["cause"], "");
}

TEST(RocketctlRoute, JsonHoldsAllThatARouteHas) {
  NamesrvThread ns(0);
  ScriptedNamesrv server = ns.MakeScripted();
  server.Expect(Request(kGetRouteInfo, "orders")).Reply(WholeRoute());
  const Ended ended = Route("orders", server.address(), {"--format=jsonl"});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 1);
  const json route = json::parse(ended.out);
  const json& queues = route["queues"][0];
  EXPECT_EQ(queues["broker"], "broker-a");
  EXPECT_EQ(queues["read_queues"], 8);
  EXPECT_EQ(queues["write_queues"], 8);
  EXPECT_EQ(queues["perm"], 6);
  EXPECT_EQ(queues["readable"], true);
  EXPECT_EQ(queues["writable"], true);
  EXPECT_EQ(queues["topic_sys_flag"], 1);
  const json& broker = route["brokers"][0];
  EXPECT_EQ(broker["name"], "broker-a");
  EXPECT_EQ(broker["cluster"], "DefaultCluster");
  EXPECT_EQ(broker["zone"], "zone-1");
  EXPECT_EQ(broker["enable_acting_master"], true);
  EXPECT_EQ(broker["addresses"]["0"], "127.0.0.1:10911");
  const json& mapping = route["mappings"][0];
  EXPECT_EQ(mapping["broker"], "broker-a");
  EXPECT_EQ(mapping["scope"], "__global__");
  EXPECT_EQ(mapping["epoch"], 3);
  EXPECT_EQ(mapping["total_queues"], 2);
  EXPECT_EQ(mapping["physical_by_logical"]["0"], 1);
  EXPECT_EQ(route["order_topic_conf"], "broker-a:8");
  EXPECT_THAT(route["failures"], IsEmpty());
}

TEST(RocketctlRoute, WhatAServerSaysCommandsNoTerminal) {
  NamesrvThread ns(0);
  ScriptedNamesrv server = ns.MakeScripted();
  TopicRoute route = WholeRoute();
  route.queues.front().broker_name = "\x1b]0;mine\x07";
  route.brokers.front().cluster = "\x1b[31m\nanswered by me";
  route.mappings.front().scope = "\x1b[5m";
  route.order_topic_conf = "\x1b[2J";
  for (const char* format : {"--format=text", "--format=json"}) {
    server.Expect(Request(kGetRouteInfo, "orders")).Reply(route);
    const Ended ended = Route("orders", server.address(), {format});
    EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
    EXPECT_THAT(ended.out, AllOf(HasSubstr("mine"), Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")),
                                 Not(HasSubstr("\nanswered by me"))));
  }
}

TEST(RocketctlRoute, AnUnknownTopicFailsInOneLineOnStderrWithExitCodeOne) {
  NamesrvThread ns(1);
  const Ended ended = Route("nobody", ns.addresses());
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, IsEmpty());
  EXPECT_THAT(ended.err, AllOf(HasSubstr("rocketctl: "), HasSubstr("TOPIC_NOT_EXIST")));
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
}

TEST(RocketctlRoute, WithAllServersDownItNamesThem) {
  NamesrvThread ns(2);
  for (std::size_t i = 0; i < 2; ++i) ns[i].Stop();
  const Ended ended = Route("orders", ns.addresses(), {"--timeout=300ms"});
  EXPECT_EQ(ended.exit_code, 1);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_THAT(ended.err, HasSubstr(ns[i].address() + ": connect: Connection refused"));
  }
}

TEST(RocketctlRoute, NamesrvAddrStandsInForTheFlag) {
  NamesrvThread ns(1);
  Program program("ROCKETCTL", {.arguments = {"route", "orders"}, .environment = {{"NAMESRV_ADDR", ns.addresses()}}});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
}

TEST(RocketctlRoute, LogLinesGoToStderrFromTheLevelThatWasAskedFor) {
  NamesrvThread ns(1);
  const Ended info = Route("orders", ns.addresses(), {"--log_level=info"});
  EXPECT_THAT(info.err, AllOf(HasSubstr("[info]"), HasSubstr(ns.addresses()), Not(HasSubstr("[debug]"))));
  EXPECT_THAT(info.out, Not(HasSubstr("[info]")));
  const Ended debug = Route("orders", ns.addresses(), {"--log_level=debug"});
  EXPECT_THAT(debug.err, HasSubstr("[debug]"));
}

TEST(RocketctlRoute, AServerThatFailsIsLoggedAsAWarningInTheWordsThatAlarmsLookFor) {
  NamesrvThread ns(0);
  ScriptedNamesrv server = ns.MakeScripted();
  for (const char* level : {"warn", "error"}) {
    server.Expect(Request(kGetRouteInfo, "orders")).CloseAfter(std::chrono::microseconds(0));
    server.Expect(Request(kGetRouteInfo, "orders")).Reply(WholeRoute());
    const Ended ended = Route("orders", server.address(), {absl::StrCat("--log_level=", level)});
    EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
    const auto line = HasSubstr("Communicate with namesrv[" + server.address() + "] failed: closed by peer");
    if (std::string(level) == "warn") {
      EXPECT_THAT(ended.err, line);
    } else {
      EXPECT_THAT(ended.err, Not(line));
    }
  }
}

TEST(RocketctlRoute, AnAttemptIsGivenUpAfterItsOwnTimeout) {
  NamesrvThread ns(0);
  ScriptedNamesrv server = ns.MakeScripted();
  server.Expect(Request(kGetRouteInfo, "orders")).Silence();
  server.Expect(Request(kGetRouteInfo, "orders")).Times(1000).Reply(WholeRoute());
  // Below the time after which a silent server is left, whatever the time-out.
  const Ended ended = Route("orders", server.address(), {"--attempt_timeout=200ms", "--timeout=1m"});
  EXPECT_EQ(ended.exit_code, 0) << ended.ToString();
  EXPECT_THAT(ended.out, AllOf(ContainsRegex("after [0-9]+ attempts"), HasSubstr("no answer in time")));
}

TEST(RocketctlRoute, OutputThatIsLostIsAFailure) {
  NamesrvThread ns(1);
  Program program("ROCKETCTL", {.arguments = {"route", "orders", absl::StrCat("--namesrv=", ns.addresses())},
                                .stdout_file = "/dev/full"});
  const Ended ended = program.Wait();
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_EQ(ended.err, "rocketctl: cannot write the output: No space left on device\n");
}

}  // namespace
}  // namespace corocket::test
