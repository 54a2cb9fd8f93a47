#include "tests/support/real_servers/java_server.h"

#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/real_servers/remoting_socket.h"

namespace corocket::test {
namespace {

constexpr std::size_t kTailLines = 25;

// The servers' own logging set-up opens twenty files and takes a third of the boot time.
constexpr std::string_view kLogback = R"(<configuration>
  <appender name="FILE" class="ch.qos.logback.core.FileAppender">
    <file>${user.home}/server.log</file>
    <encoder><pattern>%d{HH:mm:ss.SSS} %p %t %c{0} - %m%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="FILE"/></root>
</configuration>
)";

std::string Tail(const std::string& text) {
  const std::vector<std::string_view> lines = absl::StrSplit(text, '\n', absl::SkipWhitespace());
  const std::size_t first = lines.size() > kTailLines ? lines.size() - kTailLines : 0;
  return absl::StrJoin(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end(), "\n  ");
}

/// Creates or replaces.
void WriteFile(const std::string& path, std::string_view content) { std::ofstream(path, std::ios::binary) << content; }

std::vector<std::string> CommandLine(const JavaInstallation& java, const JavaServerOptions& options,
                                     const std::string& folder) {
  std::vector<std::string> command = {
      java.java,
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-XX:-UsePerfData",
      "-Xss256k",
      "-Dtls.server.mode=disabled",  // else 2.5 s per boot go into a test certificate
      "-Dio.netty.leakDetectionLevel=disabled",
      "--add-opens=java.base/java.nio=ALL-UNNAMED",
      "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
      "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
      "--add-exports=java.base/sun.security.action=ALL-UNNAMED",
      absl::StrCat("-Duser.home=", folder),
      absl::StrCat("-Drocketmq.home.dir=", folder),
      absl::StrCat("-Drmq.logback.configurationFile=", folder, "/logback.xml"),
  };
  command.insert(command.end(), options.jvm_flags.begin(), options.jvm_flags.end());
  command.insert(command.end(), {"-cp", java.class_path, options.main_class, "-c", folder + "/server.conf"});
  return command;
}

}  // namespace

absl::StatusOr<JavaServer> JavaServer::Launch(const JavaInstallation& java, JavaServerOptions options) {
  std::string folder = absl::StrCat(options.run_folder, "/", options.name);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::InternalError(absl::StrCat("make ", folder, ": ", error.message()));
  WriteFile(folder + "/server.conf", options.configuration);
  WriteFile(folder + "/logback.xml", kLogback);
  WriteFile(folder + "/output", "");  // what an earlier run said must not count as this one's "boot success"
  ChildOptions child{.argv = CommandLine(java, options, folder), .output_path = folder + "/output"};
  child.env.push_back("HOME=" + folder);
  child.network_namespace = options.network_namespace;
  absl::StatusOr<ChildProcess> process = ChildProcess::Spawn(child);
  if (!process.ok()) return process.status();
  return JavaServer(std::move(options), std::move(folder), *std::move(process));
}

absl::Status JavaServer::AwaitBoot(Deadline deadline) {
  absl::Status outcome = absl::DeadlineExceededError("not up yet");
  const auto decided = [this, &outcome] {
    const bool running = process_.Running();  // asked first: what it printed before its end is then all there
    const std::string output = ReadFile(folder_ + "/output");
    // Not every server whose port is taken ends; its words have to do.
    if (absl::StrContains(output, "Address already in use") || absl::StrContains(output, "BindException")) {
      process_.Kill();
      outcome = absl::AbortedError("a port is taken");
      return true;
    }
    if (!running) {
      outcome = absl::UnavailableError(process_.ExitText());
      return true;
    }
    if (!absl::StrContains(output, "boot success")) return false;
    if (!RemotingSocket::Connect(options_.address, In(std::chrono::seconds(1))).ok()) return false;
    outcome = absl::OkStatus();
    return true;
  };
  if (PollUntil(deadline, decided) && outcome.ok()) return outcome;
  return absl::Status(outcome.code(),
                      absl::StrCat(options_.name, " at ", options_.address, ": ", outcome.message(), "\n", LogTail()));
}

std::string JavaServer::LogTail() const {
  return absl::StrCat("--- ", options_.name, " (", options_.address, ", ", process_.ExitText(), "), output:\n  ",
                      Tail(ReadFile(folder_ + "/output")), "\n--- log:\n  ", Tail(ReadFile(folder_ + "/server.log")),
                      "\n");
}

}  // namespace corocket::test
