#include "tests/samples/program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace corocket::test {
namespace {

/// No wait here lasts so long, on the slowest machine and under a sanitizer.
constexpr std::chrono::seconds kPatience{40};

void CloseIfOpen(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe MakePipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  return {.read = ends[0], .write = ends[1]};
}

/// @return The end of the user, and the name of the program's.
std::pair<int, std::string> MakeTerminal(int columns, int rows) {
  const int user = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_GE(user, 0);
  EXPECT_EQ(grantpt(user), 0);
  EXPECT_EQ(unlockpt(user), 0);
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  EXPECT_EQ(ioctl(user, TIOCSWINSZ, &size), 0);
  return {user, ptsname(user)};
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
    bool changed = false;
    for (const auto& change : changes) changed = changed || change.first == name;
    if (!changed) environment.emplace_back(*entry);
  }
  for (const auto& [name, value] : changes) environment.push_back(absl::StrCat(name, "=", value));
  return environment;
}

}  // namespace

std::string Ended::ToString() const {
  return absl::StrCat("exit code ", exit_code, ", signal ", signal, "\nstdout: ", out, "\nstderr: ", err);
}

Program::Program(const char* variable, ProgramOptions options) {
  const char* const path = std::getenv(variable);
  if (path == nullptr) {
    ADD_FAILURE() << variable << " is not set";
    return;
  }
  std::vector<std::string> arguments = {path};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = Environment(options.environment);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // Whatever the test runner does with signals, a program starts as from a shell.
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGPIPE}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  short flags = POSIX_SPAWN_SETSIGDEF;
  Pipe out;
  Pipe err;
  std::string terminal;
  if (options.on_terminal) {
    std::tie(out_, terminal) = MakeTerminal(options.columns, options.rows);
    // The first terminal that a session without one opens is its own.
    flags |= POSIX_SPAWN_SETSID;
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, terminal.c_str(), O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  } else {
    out = MakePipe();
    err = MakePipe();
    out_ = out.read;
    err_ = err.read;
    if (options.stdout_file.empty()) {
      posix_spawn_file_actions_adddup2(&files, out.write, STDOUT_FILENO);
    } else {
      posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, options.stdout_file.c_str(), O_WRONLY, 0);
    }
    posix_spawn_file_actions_adddup2(&files, err.write, STDERR_FILENO);
  }
  // The sockets of servers in this process, else a server that stops would go on listening in the program.
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_setflags(&attributes, flags);
  const int error =
      posix_spawn(&pid_, path, &files, &attributes, Pointers(arguments).data(), Pointers(environment).data());
  EXPECT_EQ(error, 0) << "cannot start " << path;
  if (error != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  CloseIfOpen(out.write);
  CloseIfOpen(err.write);
}

Program::~Program() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  CloseIfOpen(out_);
  CloseIfOpen(err_);
}

bool Program::Read(Deadline deadline) {
  std::array<pollfd, 2> polled{pollfd{.fd = out_, .events = POLLIN, .revents = 0},
                               pollfd{.fd = err_, .events = POLLIN, .revents = 0}};
  if (out_ < 0 && err_ < 0) return false;
  const int ready = poll(polled.data(), polled.size(), static_cast<int>(TimeLeft(deadline).count()));
  if (ready <= 0) {
    stuck_ = true;
    ADD_FAILURE() << "waited in vain; so far came: " << out_text_ << err_text_;
    return false;
  }
  std::array<char, 65536> buffer{};
  for (std::size_t i = 0; i < polled.size(); ++i) {
    if (polled[i].revents == 0) continue;
    const ssize_t bytes = read(polled[i].fd, buffer.data(), buffer.size());
    // The end of a terminal that nobody has open any more is an error.
    if (bytes <= 0) {
      CloseIfOpen(i == 0 ? out_ : err_);
    } else {
      (i == 0 ? out_text_ : err_text_).append(buffer.data(), static_cast<std::size_t>(bytes));
    }
  }
  return true;
}

bool Program::WaitForOutput(std::string_view text) {
  for (const Deadline deadline = In(kPatience); out_text_.find(text) == std::string::npos;) {
    if (!Read(deadline)) return false;
  }
  return true;
}

void Program::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void Program::WaitUntilStopped() const {
  int status = 0;
  EXPECT_EQ(waitpid(pid_, &status, WUNTRACED), pid_);
  EXPECT_TRUE(WIFSTOPPED(status));
}

void Program::CloseOutput() { CloseIfOpen(out_); }

void Program::Type(std::string_view keys) const {
  EXPECT_EQ(write(out_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

Ended Program::Wait() {
  Ended ended;
  for (const Deadline deadline = In(kPatience); Read(deadline);) {
  }
  if (pid_ > 0 && !stuck_) {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  }
  ended.out = std::move(out_text_);
  ended.err = std::move(err_text_);
  return ended;
}

Ended RunProgram(const char* variable, std::vector<std::string> arguments) {
  Program program(variable, {.arguments = std::move(arguments)});
  return program.Wait();
}

}  // namespace corocket::test
