#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_JAVA_INSTALLATION_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_JAVA_INSTALLATION_H_

#include <string>

#include "absl/status/statusor.h"

namespace corocket::test {

/// Where Java and the servers' jars are.
struct JavaInstallation {
  std::string java;
  std::string class_path;

  /// Both as the build found them, from the test's runfiles. A test sees neither the JAVA_HOME nor the PATH of the
  /// user; the repository rule that fetches the jars does, and writes down which Java they lead to. One that is gone
  /// again, or was installed later, is looked for in the test's own JAVA_HOME (`--test_env=JAVA_HOME`), its PATH and
  /// /usr/lib/jvm. Errors: NOT_FOUND: which of the two is missing and how to get it.
  static absl::StatusOr<JavaInstallation> Find();

  /// The same from `jar_repository`, a folder with what the repository rule `maven_jars` makes.
  static absl::StatusOr<JavaInstallation> FindIn(const std::string& jar_repository);
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_JAVA_INSTALLATION_H_
