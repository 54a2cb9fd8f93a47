#ifndef COROCKET_TESTS_SAMPLES_PROGRAM_H_
#define COROCKET_TESTS_SAMPLES_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/poll_until.h"

namespace corocket::test {

/// How a program is run.
struct ProgramOptions {
  std::vector<std::string> arguments = {};
  /// Beside the environment of the test, and instead of what it says.
  std::vector<std::pair<std::string, std::string>> environment = {};
  /// Its stdout and stderr are one terminal of this size, which is also where Ctrl-C comes from.
  bool on_terminal = false;
  int columns = 80;
  int rows = 24;
  /// Where stdout goes instead of to the test; empty: to the test.
  std::string stdout_file = {};
};

/// How it ended.
struct Ended {
  /// -1: by a signal.
  int exit_code = -1;
  int signal = 0;
  std::string out;
  std::string err;

  [[nodiscard]] std::string ToString() const;
};

/// A program that runs beside the test. Used from one thread. One that has not ended when the object dies is killed; a
/// wait that lasts for longer than anybody would wait ends as a failure of the test.
class Program {
 public:
  /// @param variable  Environment variable that holds its path, as the test's BUILD rule sets it.
  Program(const char* variable, ProgramOptions options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads until `text` has come on stdout, from the beginning. False: the program ended before.
  [[nodiscard]] bool WaitForOutput(std::string_view text);
  /// Sends `signal`.
  void Signal(int signal) const;
  /// Waits until a signal has stopped it.
  void WaitUntilStopped() const;
  /// What a reader does that has seen enough: `| head -1`.
  void CloseOutput();
  /// Types into its terminal.
  void Type(std::string_view keys) const;
  /// Reads all that comes, to the end.
  [[nodiscard]] Ended Wait();

 private:
  /// Reads what is there; waits for it. False: there is nothing to come, or the time is over, which fails the test.
  bool Read(Deadline deadline);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  bool stuck_ = false;
  std::string out_text_;
  std::string err_text_;
};

/// Runs a program to its end.
[[nodiscard]] Ended RunProgram(const char* variable, std::vector<std::string> arguments);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SAMPLES_PROGRAM_H_
