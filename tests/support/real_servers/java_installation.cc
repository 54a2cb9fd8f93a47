#include "tests/support/real_servers/java_installation.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/real_servers/child_process.h"

namespace corocket::test {
namespace {

bool IsProgram(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

std::optional<std::string> FindJava(const std::string& recorded) {
  if (const char* home = std::getenv("JAVA_HOME"); home != nullptr) {
    std::string java = absl::StrCat(home, "/bin/java");
    if (IsProgram(java)) return java;
  }
  if (!recorded.empty() && IsProgram(recorded)) return recorded;
  if (std::optional<std::string> java = FindProgram("java")) return java;
  std::error_code error;
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/jvm", error)) {
    std::string java = absl::StrCat(entry.path().string(), "/bin/java");
    if (IsProgram(java)) found.push_back(std::move(java));
  }
  if (found.empty()) return std::nullopt;
  return *std::max_element(found.begin(), found.end());
}

}  // namespace

absl::StatusOr<JavaInstallation> JavaInstallation::Find() {
  const char* runfiles = std::getenv("TEST_SRCDIR");  // the jars are next to the workspace in them
  return FindIn(absl::StrCat(runfiles == nullptr ? ".." : runfiles, "/rocketmq_jars"));
}

absl::StatusOr<JavaInstallation> JavaInstallation::FindIn(const std::string& jar_repository) {
  const std::optional<std::string> java = FindJava(ReadFile(jar_repository + "/java_path"));
  if (!java) return absl::NotFoundError("no Java (install a JRE, version 11 or later, or set JAVA_HOME)");
  const std::string folder = jar_repository + "/lib";
  std::error_code error;
  std::vector<std::string> jars;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".jar") jars.push_back(std::filesystem::absolute(entry.path()).string());
  }
  const auto is_server = [](const std::string& jar) { return absl::StrContains(jar, "/rocketmq-namesrv-"); };
  if (std::none_of(jars.begin(), jars.end(), is_server)) {
    return absl::NotFoundError(
        absl::StrCat("no Apache RocketMQ jars in ", folder,
                     " (install Maven, then run `bazel/bazelw sync --only=rocketmq_jars` once)"));
  }
  std::sort(jars.begin(), jars.end());  // the order decides which of two equal resources is taken
  return JavaInstallation{.java = *java, .class_path = absl::StrJoin(jars, ":")};
}

}  // namespace corocket::test
