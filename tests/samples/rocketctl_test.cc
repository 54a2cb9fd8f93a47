// rocketctl as an operator uses it: the real binary against an embedded NameServer.

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "asio/io_context.hpp"
#include "corocket/testing/embedded_namesrv.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket::test {
namespace {

using corocket::testing::EmbeddedNamesrv;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int exit_code = -1;
  /// stdout and stderr together.
  std::string output;
};

Outcome Rocketctl(const std::string& arguments) {
  const std::string command = absl::StrCat(std::getenv("ROCKETCTL"), " ", arguments, " 2>&1");
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  Outcome outcome;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    outcome.output.append(buffer.data(), n);
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

/// A NameServer that knows `orders`, on a thread of its own.
class RocketctlTest : public ::testing::Test {
 protected:
  RocketctlTest() {
    absl::StatusOr<EmbeddedNamesrv> server = EmbeddedNamesrv::Create(io_.get_executor());
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = std::make_unique<EmbeddedNamesrv>(*std::move(server));
    server_->AddTopic("orders", "broker-a", 8);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~RocketctlTest() override {
    server_.reset();
    io_.stop();
    thread_.join();
  }

  asio::io_context io_;
  std::unique_ptr<EmbeddedNamesrv> server_;
  std::thread thread_;
};

TEST_F(RocketctlTest, RoutePrintsQueuesBrokersAndWhoAnswered) {
  const Outcome outcome = Rocketctl(absl::StrCat("route orders --namesrv=", server_->address()));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("broker-a"), HasSubstr("8 read"),
                                    HasSubstr("answered by " + server_->address() + " after 1 attempt")));
}

TEST_F(RocketctlTest, RouteSpeaksJson) {
  const Outcome outcome = Rocketctl(absl::StrCat("route orders --format=json --namesrv=", server_->address()));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr(R"("type":"route")"), HasSubstr(R"("read_queues":8)"),
                                    HasSubstr(R"("0":"127.0.0.1:10911")")));
}

TEST_F(RocketctlTest, AnUnknownTopicFailsInOneLineWithExitCodeOne) {
  const Outcome outcome = Rocketctl(absl::StrCat("route nobody --namesrv=", server_->address()));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("TOPIC_NOT_EXIST"));
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
}

TEST_F(RocketctlTest, WithAllServersDownItNamesThem) {
  server_->Stop();
  const Outcome outcome = Rocketctl(absl::StrCat("route orders --timeout=300ms --namesrv=", server_->address()));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr(server_->address() + ": connect: Connection refused"));
}

TEST_F(RocketctlTest, WatchEndsWithASummaryLine) {
  const Outcome outcome = Rocketctl(
      absl::StrCat("watch --topic=orders --duration=500ms --concurrency=4 --interval=1ms --format=jsonl --namesrv=",
                   server_->address()));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr(R"({"type":"event","kind":"chosen")"));
  EXPECT_THAT(
      outcome.output,
      ContainsRegex(R"re("type":"summary","calls":[0-9]+,"ok":[0-9]+,"failed":0,"switches":0,"longest_gap_ms":)re"));
}

TEST_F(RocketctlTest, NamesrvAddrStandsInForTheFlag) {
  setenv("NAMESRV_ADDR", server_->address().c_str(), 1);
  const Outcome outcome = Rocketctl("route orders");
  unsetenv("NAMESRV_ADDR");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
}

struct Wrong {
  const char* arguments;
  const char* said;
};

class RocketctlUsage : public ::testing::TestWithParam<Wrong> {};

TEST_P(RocketctlUsage, IsRefusedWithExitCodeTwoAndTheOffendingWord) {
  const Outcome outcome = Rocketctl(GetParam().arguments);
  EXPECT_EQ(outcome.exit_code, 2) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr(GetParam().said));
}
INSTANTIATE_TEST_SUITE_P(Wrong, RocketctlUsage,
                         ::testing::Values(Wrong{"roete orders", "roete"}, Wrong{"route", "one topic"},
                                           Wrong{"route orders --namesrv=nohost", "nohost"},
                                           Wrong{"route orders --timeout=soon", "soon"},
                                           Wrong{"route orders --timeout=0s", "--timeout=0"},
                                           Wrong{"route orders --duration=3s", "duration"},
                                           Wrong{"route orders --format=xml --namesrv=a:1", "xml"},
                                           Wrong{"route 'a b' --namesrv=127.0.0.1:1", "a b"},
                                           Wrong{"watch --namesrv=a:1", "--topic"},
                                           Wrong{"watch --topic=t --concurrency=0 --namesrv=a:1", "--concurrency=0"},
                                           Wrong{"route orders --namesrv", "needs a value"}));

TEST(RocketctlHelp, ShowsTheFlagsOfItsCommandOnly) {
  const Outcome route = Rocketctl("route --help");
  EXPECT_EQ(route.exit_code, 0);
  EXPECT_THAT(route.output, AllOf(HasSubstr("--namesrv"), Not(HasSubstr("--concurrency"))));
  const Outcome all = Rocketctl("--help");
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.output, AllOf(HasSubstr("route TOPIC"), HasSubstr("watch")));
  EXPECT_EQ(Rocketctl("").exit_code, 2);
}

}  // namespace
}  // namespace corocket::test
