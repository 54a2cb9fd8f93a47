#include "tests/support/real_servers/run_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace corocket::test {

absl::StatusOr<RunFolder> RunFolder::Create(const std::string& name) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::absolute(::testing::TempDir(), error);
  std::string pattern = (parent / absl::StrCat(name, "-XXXXXX")).string();
  if (error || ::mkdtemp(pattern.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("make ", pattern, ": ", std::strerror(errno)));
  }
  return RunFolder(std::move(pattern));
}

RunFolder::~RunFolder() {
  std::error_code ignored;  // what cannot be removed goes with the test's temporary folder
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace corocket::test
