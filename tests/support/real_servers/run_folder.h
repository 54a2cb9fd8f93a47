#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_RUN_FOLDER_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_RUN_FOLDER_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace corocket::test {

/// A new, empty folder under the test's temporary folder, removed with all its content by the destructor. Move-only.
class RunFolder {
 public:
  /// Errors: INTERNAL: could not be made, and why.
  static absl::StatusOr<RunFolder> Create(const std::string& name);

  RunFolder() = default;
  RunFolder(RunFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  RunFolder& operator=(RunFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~RunFolder();

  /// Absolute.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_RUN_FOLDER_H_
