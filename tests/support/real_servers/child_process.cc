#include "tests/support/real_servers/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace corocket::test {
namespace {

constexpr std::chrono::seconds kCommandLimit(20);

/// Sent through a pipe by a child that could not become the program.
struct StartFailure {
  const char* step;  // a literal: parent and child are the same binary
  int error;
};

struct ExecImage {
  const char* path;
  char* const* argv;
  char* const* envp;
  int output_fd;
  int network_namespace;
  int failure_fd;
  pid_t parent;
};

[[noreturn]] void Fail(const ExecImage& image, const char* step) {
  const StartFailure failure{step, errno};
  // Nothing to do when even this fails: the parent then sees exit code 127.
  [[maybe_unused]] const ssize_t written = ::write(image.failure_fd, &failure, sizeof failure);
  ::_exit(127);
}

// Runs between fork and exec in a copy of a process that may have threads: system calls only, no allocation.
[[noreturn]] void BecomeProgram(const ExecImage& image) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(image, "prctl");
  if (::getppid() != image.parent) ::_exit(127);  // the parent died before the line above took effect
  if (image.network_namespace >= 0 && ::setns(image.network_namespace, CLONE_NEWNET) != 0) Fail(image, "setns");
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  if (::dup2(image.output_fd, STDOUT_FILENO) < 0 || ::dup2(image.output_fd, STDERR_FILENO) < 0) Fail(image, "dup2");
  const int null_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null_fd < 0 || ::dup2(null_fd, STDIN_FILENO) < 0) Fail(image, "open /dev/null");
  if (::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) Fail(image, "close_range");
  ::execve(image.path, image.argv, image.envp);
  Fail(image, "execve");
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::Status SystemError(absl::string_view what, int error) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(error)));
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Spawn(const ChildOptions& options) {
  if (::syscall(SYS_gettid) != ::getpid()) {
    return absl::FailedPreconditionError(
        absl::StrCat("start ", options.argv.front(),
                     " from the main thread: the kernel kills a child when the thread that started it ends"));
  }
  FileDescriptor output(::open(options.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!output.valid()) return SystemError(absl::StrCat("open ", options.output_path), errno);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return SystemError("pipe2", errno);
  FileDescriptor failure_in(ends[0]);
  FileDescriptor failure_out(ends[1]);

  std::vector<std::string> arguments = options.argv;
  std::vector<std::string> environment = options.env;
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  const ExecImage image{argv[0],           argv.data(), envp.data(), output.get(), options.network_namespace,
                        failure_out.get(), ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return SystemError("fork", errno);
  if (pid == 0) BecomeProgram(image);

  FileDescriptor pid_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int pid_fd_error = errno;
  ChildProcess child(pid, std::move(pid_fd));  // from here on its destructor ends the process
  if (!child.pid_fd_.valid()) return SystemError("pidfd_open", pid_fd_error);
  failure_out = FileDescriptor();
  StartFailure failure{};
  // The pipe closes without a byte when execve succeeds.
  if (::read(failure_in.get(), &failure, sizeof failure) == sizeof failure) {
    return SystemError(absl::StrCat("start ", options.argv.front(), ": ", failure.step), failure.error);
  }
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pid_fd_(std::move(other.pid_fd_)), wait_status_(other.wait_status_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pid_fd_, other.pid_fd_);
  std::swap(wait_status_, other.wait_status_);
  return *this;
}

ChildProcess::~ChildProcess() { Kill(); }

bool ChildProcess::Reap(int wait_flags) {
  if (pid_ < 0 || wait_status_) return true;
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(pid_, &status, wait_flags);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != pid_) return false;
  wait_status_ = status;
  return true;
}

bool ChildProcess::Running() { return !Reap(WNOHANG); }

absl::Status ChildProcess::Signal(int signal) {
  // Not reaped yet, so the pid cannot belong to anybody else.
  if (!Running()) return absl::FailedPreconditionError(absl::StrCat("process ", pid_, " has ended: ", ExitText()));
  if (::kill(pid_, signal) != 0) return SystemError(absl::StrCat("kill(", pid_, ", ", signal, ")"), errno);
  return absl::OkStatus();
}

absl::Status ChildProcess::Stop() {
  absl::Status sent = Signal(SIGSTOP);
  if (!sent.ok()) return sent;
  siginfo_t change{};
  int waited = 0;
  do {
    waited = ::waitid(P_PID, static_cast<id_t>(pid_), &change, WSTOPPED | WEXITED | WNOWAIT);
  } while (waited != 0 && errno == EINTR);
  if (waited != 0) return SystemError(absl::StrCat("waitid(", pid_, ")"), errno);
  if (change.si_code == CLD_STOPPED) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("process ", pid_, " ended instead of stopping"));
}

void ChildProcess::Kill() {
  if (!Running()) return;
  ::kill(pid_, SIGKILL);
  Reap(0);
}

absl::Status ChildProcess::AwaitExit(Deadline deadline) {
  pollfd ended{.fd = pid_fd_.get(), .events = POLLIN, .revents = 0};
  while (Running()) {
    const int left = static_cast<int>(TimeLeft(deadline).count());
    if (left == 0) return absl::DeadlineExceededError(absl::StrCat("process ", pid_, " still runs"));
    ::poll(&ended, 1, left);
  }
  return absl::OkStatus();
}

std::string ChildProcess::ExitText() const {
  if (!wait_status_) return "still running";
  if (WIFSIGNALED(*wait_status_)) return absl::StrCat("killed by signal ", WTERMSIG(*wait_status_));
  return absl::StrCat("exit code ", WEXITSTATUS(*wait_status_));
}

absl::Status RunCommand(const ChildOptions& options) {
  const std::size_t before = ReadFile(options.output_path).size();
  absl::StatusOr<ChildProcess> child = ChildProcess::Spawn(options);
  if (!child.ok()) return child.status();
  absl::Status ended = child->AwaitExit(In(kCommandLimit));
  if (ended.ok() && *child->wait_status() == 0) return absl::OkStatus();
  const std::string output = ReadFile(options.output_path);
  return absl::InternalError(absl::StrCat("`", absl::StrJoin(options.argv, " "), "`: ", child->ExitText(),
                                          "; it said: ", output.substr(std::min(before, output.size()))));
}

std::optional<std::string> FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  for (const std::string_view folder : absl::StrSplit(
           absl::StrCat(path == nullptr ? "" : path, ":/usr/sbin:/sbin:/usr/bin:/bin"), ':', absl::SkipEmpty())) {
    std::string candidate = absl::StrCat(folder, "/", name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace corocket::test
