#include "tests/support/real_servers/java_server.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/free_ports.h"
#include "tests/support/real_servers/java_installation.h"
#include "tests/support/real_servers/real_cluster.h"
#include "tests/support/real_servers/run_folder.h"
#include "tests/support/real_servers/skip_if_missing.h"

namespace corocket::test {
namespace {

using std::chrono::seconds;

class JavaServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    COROCKET_SKIP_IF_MISSING(MissingPieces());
    java_ = JavaInstallation::Find();
    ASSERT_TRUE(java_.ok()) << java_.status();
    absl::StatusOr<RunFolder> folder = RunFolder::Create("server");
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = *std::move(folder);
  }

  JavaServerOptions Namesrv(const std::string& name, std::uint16_t port) const {
    return {.name = name,
            .main_class = "org.apache.rocketmq.namesrv.NamesrvStartup",
            .run_folder = folder_.path(),
            .configuration = absl::StrCat("listenPort=", port, "\nbindAddress=127.0.0.1\n"),
            .address = absl::StrCat("127.0.0.1:", port)};
  }

  absl::StatusOr<JavaInstallation> java_ = absl::UnknownError("not searched");
  RunFolder folder_;
};

TEST_F(JavaServerTest, ATakenPortIsToldApartFromOtherFailures) {
  FreePorts ports;
  const absl::StatusOr<std::uint16_t> port = ports.Pick();  // and held: bound, so the server cannot have it
  ASSERT_TRUE(port.ok()) << port.status();
  absl::StatusOr<JavaServer> server = JavaServer::Launch(*java_, Namesrv("taken", *port));
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(server->AwaitBoot(In(seconds(60))).code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(server->process().Running());
}

TEST_F(JavaServerTest, AServerThatDiesIsReportedWithItsLastWords) {
  JavaServerOptions options = Namesrv("dying", 1);
  options.main_class = "no.such.Server";
  absl::StatusOr<JavaServer> server = JavaServer::Launch(*java_, options);
  ASSERT_TRUE(server.ok()) << server.status();
  const absl::Status booted = server->AwaitBoot(In(seconds(60)));
  EXPECT_EQ(booted.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(booted.message(), "exit code 1")) << booted;
  EXPECT_TRUE(absl::StrContains(booted.message(), "no.such.Server")) << booted;
}

TEST_F(JavaServerTest, AServerThatIsTooSlowIsReportedAsSuch) {
  absl::StatusOr<std::uint16_t> port = FreePorts().Pick();
  ASSERT_TRUE(port.ok()) << port.status();
  absl::StatusOr<JavaServer> server = JavaServer::Launch(*java_, Namesrv("slow", *port));
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_EQ(server->process().Stop(), absl::OkStatus());
  EXPECT_EQ(server->AwaitBoot(In(std::chrono::milliseconds(50))).code(), absl::StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace corocket::test
