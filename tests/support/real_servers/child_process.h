#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_CHILD_PROCESS_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_CHILD_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/file_descriptor.h"

namespace corocket::test {

/// What to run and where.
struct ChildOptions {
  /// Program and arguments; the program by its absolute path (see `FindProgram`).
  std::vector<std::string> argv = {};
  /// The child's whole environment, as "NAME=value": nothing is inherited, so a run does not depend on who started it.
  std::vector<std::string> env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};
  /// File that takes stdout and stderr, appended to. Created when missing.
  std::string output_path = {};
  /// Network namespace to run in, as an open descriptor; -1: that of the calling thread.
  int network_namespace = -1;
};

/// A process that lives no longer than its owner: the destructor kills and reaps it, and the kernel kills it when the
/// test process dies first, whatever the reason. It inherits no descriptor except its output, so sockets of the test
/// close when the test closes them.
///
/// Thread safety: distinct objects: safe. Shared object: not safe.
class ChildProcess {
 public:
  /// Starts the process. Call from the main thread: the kernel ties the child's life to the thread that started it.
  /// Errors: FAILED_PRECONDITION: called from another thread; INTERNAL: the program could not be started, and why.
  static absl::StatusOr<ChildProcess> Spawn(const ChildOptions& options);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Whether it has not ended yet; a stopped process runs in this sense.
  [[nodiscard]] bool Running();

  /// Sends `signal`. Errors: FAILED_PRECONDITION: it has ended, and how.
  absl::Status Signal(int signal);

  /// SIGSTOP, then waits until no thread of it runs any more. `Signal(SIGCONT)` lets it go on.
  /// Errors: FAILED_PRECONDITION: it has ended, and how.
  absl::Status Stop();

  /// SIGKILL, then waits until it is gone; its sockets are closed by then. Nothing happens to one that has ended.
  void Kill();

  /// Waits for the end. Errors: DEADLINE_EXCEEDED: it still runs.
  absl::Status AwaitExit(Deadline deadline);

  /// "exit code 1", "killed by signal 9", or "still running".
  [[nodiscard]] std::string ExitText() const;

  /// Raw status of waitpid once it has ended.
  [[nodiscard]] std::optional<int> wait_status() const { return wait_status_; }

 private:
  ChildProcess(pid_t pid, FileDescriptor pid_fd) : pid_(pid), pid_fd_(std::move(pid_fd)) {}

  bool Reap(int wait_flags);

  pid_t pid_ = -1;
  FileDescriptor pid_fd_;  // becomes readable when the process has ended
  std::optional<int> wait_status_;
};

/// Runs a short command to its end.
/// Errors: INTERNAL: not started, failed or took longer than 20 s; quotes the command and what it printed.
absl::Status RunCommand(const ChildOptions& options);

/// Absolute path of a program: searched in PATH and in the folders for administrators, which a test's PATH lacks.
[[nodiscard]] std::optional<std::string> FindProgram(const std::string& name);

/// Whole content of a file; empty when it cannot be read.
[[nodiscard]] std::string ReadFile(const std::string& path);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_CHILD_PROCESS_H_
