#include "tests/support/real_servers/java_installation.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/support/real_servers/run_folder.h"

namespace corocket::test {
namespace {

/// A folder like the one that the repository rule makes, with a Java where nobody looks by himself.
class JavaInstallationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::unsetenv("JAVA_HOME"), 0);
    absl::StatusOr<RunFolder> folder = RunFolder::Create("jars");
    ASSERT_TRUE(folder.ok()) << folder.status();
    folder_ = *std::move(folder);
    jar_ = folder_.path() + "/lib/rocketmq-namesrv-5.5.0.jar";
    java_ = MakeJava("elsewhere");
    Write(jar_, "");
    Write(folder_.path() + "/java_path", java_);
  }

  /// @return Path of an executable file called `java`.
  std::string MakeJava(const std::string& name) const {
    std::string java = folder_.path() + "/" + name + "/bin/java";
    Write(java, "#!/bin/sh\n");
    std::filesystem::permissions(java, std::filesystem::perms::owner_all);
    return java;
  }

  static void Write(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << content;
  }

  RunFolder folder_;
  std::string jar_;
  std::string java_;
};

TEST_F(JavaInstallationTest, TheJavaThatTheBuildFoundIsTakenWhereverItIs) {
  const absl::StatusOr<JavaInstallation> found = JavaInstallation::FindIn(folder_.path());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->java, java_);
  EXPECT_EQ(found->class_path, jar_);
}

TEST_F(JavaInstallationTest, AJavaHomeGivenToTheTestIsPreferred) {
  const std::string given = MakeJava("given");
  ASSERT_EQ(::setenv("JAVA_HOME", (folder_.path() + "/given").c_str(), 1), 0);
  const absl::StatusOr<JavaInstallation> found = JavaInstallation::FindIn(folder_.path());
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->java, given);
}

TEST_F(JavaInstallationTest, AJavaThatIsGoneIsNotTaken) {
  std::filesystem::remove(java_);
  const absl::StatusOr<JavaInstallation> found = JavaInstallation::FindIn(folder_.path());
  if (found.ok()) {
    EXPECT_NE(found->java, java_);
  } else {
    EXPECT_TRUE(absl::StrContains(found.status().message(), "no Java")) << found.status();
  }
}

TEST_F(JavaInstallationTest, MissingJarsAreToldApartFromAMissingJava) {
  std::filesystem::remove(jar_);
  const absl::Status missing = JavaInstallation::FindIn(folder_.path()).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(absl::StrContains(missing.message(), "no Apache RocketMQ jars")) << missing;
}

}  // namespace
}  // namespace corocket::test
