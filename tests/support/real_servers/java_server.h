#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_JAVA_SERVER_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_JAVA_SERVER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/child_process.h"
#include "tests/support/real_servers/java_installation.h"

namespace corocket::test {

/// One server of the Apache distribution.
struct JavaServerOptions {
  /// Names its folder, and its log when a test fails.
  std::string name = {};
  std::string main_class = {};
  std::vector<std::string> jvm_flags = {};
  /// An existing folder; the server keeps everything below <run_folder>/<name>.
  std::string run_folder = {};
  /// Content of its configuration file.
  std::string configuration = {};
  /// "a.b.c.d:port", which accepts connections once it is up.
  std::string address = {};
  /// As in `ChildOptions`.
  int network_namespace = -1;
};

/// A real NameServer or broker as a child process, booted in two steps so that several can boot side by side.
///
/// Thread safety: distinct objects: safe. Shared object: not safe.
class JavaServer {
 public:
  /// Starts the process and returns at once.
  static absl::StatusOr<JavaServer> Launch(const JavaInstallation& java, JavaServerOptions options);

  /// Waits until it has said that it is up and accepts connections.
  /// Errors: ABORTED: a port it wanted is taken (it is dead by then; try others); UNAVAILABLE: it died;
  ///   DEADLINE_EXCEEDED: not up yet. The message ends with what it printed last.
  absl::Status AwaitBoot(Deadline deadline);

  [[nodiscard]] ChildProcess& process() { return process_; }
  [[nodiscard]] const JavaServerOptions& options() const { return options_; }

  /// The last lines of its output and of its log.
  [[nodiscard]] std::string LogTail() const;

 private:
  JavaServer(JavaServerOptions options, std::string folder, ChildProcess process)
      : options_(std::move(options)), folder_(std::move(folder)), process_(std::move(process)) {}

  JavaServerOptions options_;
  std::string folder_;
  ChildProcess process_;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_JAVA_SERVER_H_
