#include "samples/failover_demo/report_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace failover_demo {
namespace {

constexpr mode_t kMode = 0666;  // As the user's mask allows.

}  // namespace

absl::StatusOr<std::unique_ptr<ReportFile>> ReportFile::Open(std::string path) {
  // Without waiting: nobody may ever read from a pipe of that name.
  int file = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  const bool made = file >= 0;
  if (!made && errno == EEXIST) file = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--report=", path, ": ", std::strerror(errno), "; give a path that can be written"));
  }
  close(file);
  return std::unique_ptr<ReportFile>(new ReportFile(std::move(path), made));
}

ReportFile::~ReportFile() {
  if (empty_) static_cast<void>(std::remove(path_.c_str()));
}

absl::Status ReportFile::Write(const std::string& html) {
  errno = 0;
  std::ofstream file(path_, std::ios::binary | std::ios::trunc);
  file << html;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("cannot write the report ", path_, ": ", std::strerror(errno)));
  empty_ = false;
  return absl::OkStatus();
}

}  // namespace failover_demo
