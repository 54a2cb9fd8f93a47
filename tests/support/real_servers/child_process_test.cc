#include "tests/support/real_servers/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/run_folder.h"

namespace corocket::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ChildProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<RunFolder> folder = RunFolder::Create("child");
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = *std::move(folder);
  }

  ChildOptions Shell(const std::string& script) const {
    return {.argv = {"/bin/sh", "-c", script}, .output_path = OutputPath()};
  }
  std::string OutputPath() const { return folder_.path() + "/output"; }

  /// A child that has printed "ready" and then runs until it is killed.
  absl::StatusOr<ChildProcess> SpawnReady(const std::string& script = "echo ready; exec cat /dev/zero > /dev/null") {
    absl::StatusOr<ChildProcess> child = ChildProcess::Spawn(Shell(script));
    if (child.ok() && !PollUntil(In(seconds(20)), [&] { return absl::StrContains(ReadFile(OutputPath()), "ready"); })) {
      return absl::DeadlineExceededError("the child said nothing");
    }
    return child;
  }

  RunFolder folder_;
};

TEST_F(ChildProcessTest, OutputAndExitCodeOfACommandThatFailsAreQuoted) {
  const absl::Status status = RunCommand(Shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(absl::StrContains(status.message(), "exit code 3; it said: out\nerr\n")) << status;
}

TEST_F(ChildProcessTest, ACommandThatSucceedsIsOk) { EXPECT_EQ(RunCommand(Shell("exit 0")), absl::OkStatus()); }

TEST_F(ChildProcessTest, AProgramThatIsNotThereIsAnErrorOfTheStart) {
  const absl::StatusOr<ChildProcess> child =
      ChildProcess::Spawn({.argv = {"/no/such/program"}, .output_path = OutputPath()});
  EXPECT_EQ(child.status().message(), "start /no/such/program: execve: No such file or directory");
}

TEST_F(ChildProcessTest, OnlyTheMainThreadMayStartAChild) {
  absl::Status status;
  std::thread([&] { status = ChildProcess::Spawn(Shell("exit 0")).status(); }).join();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ChildProcessTest, TheEnvironmentIsTheGivenOneOnly) {
  ASSERT_EQ(::setenv("CHILD_PROCESS_TEST", "leaked", 1), 0);
  ChildOptions options{.argv = {"/usr/bin/env"}, .env = {"A=1"}, .output_path = OutputPath()};
  EXPECT_EQ(RunCommand(options), absl::OkStatus());
  EXPECT_EQ(ReadFile(OutputPath()), "A=1\n");
}

TEST_F(ChildProcessTest, DescriptorsOfTheTestAreNotInherited) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // without O_CLOEXEC, as a library might open one
  const absl::StatusOr<ChildProcess> child = SpawnReady();
  ASSERT_TRUE(child.ok()) << child.status();
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);  // end of file: nobody else holds the writing end
  ::close(ends[0]);
}

TEST_F(ChildProcessTest, StopFreezesAndContinueResumes) {
  absl::StatusOr<ChildProcess> child =
      SpawnReady("echo ready; while :; do echo x; done > " + folder_.path() + "/stream");
  ASSERT_TRUE(child.ok()) << child.status();
  const auto written = [&] { return ReadFile(folder_.path() + "/stream").size(); };
  ASSERT_EQ(child->Stop(), absl::OkStatus());
  const std::size_t frozen = written();
  EXPECT_TRUE(child->Running());
  EXPECT_FALSE(PollUntil(In(milliseconds(100)), [&] { return written() > frozen; }));
  ASSERT_EQ(child->Signal(SIGCONT), absl::OkStatus());
  EXPECT_TRUE(PollUntil(In(seconds(20)), [&] { return written() > frozen; }));
}

TEST_F(ChildProcessTest, KillEndsAStoppedChildAndLeavesNoZombie) {
  absl::StatusOr<ChildProcess> child = SpawnReady();
  ASSERT_TRUE(child.ok()) << child.status();
  const pid_t pid = child->pid();
  ASSERT_EQ(child->Stop(), absl::OkStatus());
  child->Kill();
  EXPECT_FALSE(child->Running());
  EXPECT_EQ(child->ExitText(), "killed by signal 9");
  EXPECT_EQ(::kill(pid, 0), -1);  // a zombie would still be there
  EXPECT_EQ(child->Signal(SIGTERM).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ChildProcessTest, TheDestructorKills) {
  pid_t pid = 0;
  {
    const absl::StatusOr<ChildProcess> child = SpawnReady();
    ASSERT_TRUE(child.ok()) << child.status();
    pid = child->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(ChildProcessTest, AwaitExitGivesUpAtTheDeadline) {
  absl::StatusOr<ChildProcess> child = SpawnReady();
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ(child->AwaitExit(In(milliseconds(20))).code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ChildProcessTest, AChildDiesWithATestThatIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t test = ::fork();
  if (test == 0) {  // stands for a test process that gets no chance to clean up
    absl::StatusOr<ChildProcess> child = SpawnReady();
    const pid_t pid = child.ok() ? child->pid() : -1;
    if (::write(ends[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
    ::raise(SIGKILL);
  }
  ::close(ends[1]);
  pid_t orphan = -1;
  EXPECT_EQ(::read(ends[0], &orphan, sizeof orphan), static_cast<ssize_t>(sizeof orphan));
  ::close(ends[0]);
  EXPECT_EQ(::waitpid(test, nullptr, 0), test);
  ASSERT_GT(orphan, 0);
  // Its new parent reaps it in its own time, so a zombie counts as dead.
  const auto is_dead = [&] {
    const std::string stat = ReadFile(absl::StrCat("/proc/", orphan, "/stat"));
    return stat.empty() || absl::StrContains(stat, ") Z ");
  };
  EXPECT_TRUE(PollUntil(In(seconds(20)), is_dead));
}

}  // namespace
}  // namespace corocket::test
