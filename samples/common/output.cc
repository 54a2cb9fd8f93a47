#include "samples/common/output.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "asio/error_code.hpp"

namespace samples {
namespace {

bool IsPipe(int descriptor) {
  struct stat about{};
  return fstat(descriptor, &about) == 0 && (S_ISFIFO(about.st_mode) || S_ISSOCK(about.st_mode));
}

int Complain(std::string_view program, std::string_view what, int exit_code) {
  std::cerr << program << ": " << what << std::endl;
  return exit_code;
}

}  // namespace

int ExitCode(std::string_view program, const absl::Status& status) {
  errno = 0;
  const bool arrived = static_cast<bool>(std::cout.flush());
  const int error = errno;
  if (status.code() == absl::StatusCode::kInvalidArgument) return Complain(program, status.message(), kWrongUsage);
  if (arrived) return status.ok() ? kDone : Complain(program, status.message(), kFailed);
  if (error == EPIPE) return kFailed;
  return Complain(
      program, absl::StrCat("cannot write the output", error == 0 ? "" : ": ", error == 0 ? "" : std::strerror(error)),
      kFailed);
}

PipeWatch::PipeWatch(const asio::any_io_executor& executor) : pipe_(executor) {
  if (!IsPipe(STDOUT_FILENO)) return;
  const int copy = dup(STDOUT_FILENO);  // The descriptor is closed with its object.
  if (copy < 0) return;
  pipe_.assign(copy);
  pipe_.async_wait(asio::posix::stream_descriptor::wait_error, [](const asio::error_code& error) {
    if (error) return;
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  });
}

}  // namespace samples
