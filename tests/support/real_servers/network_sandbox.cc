#include "tests/support/real_servers/network_sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace corocket::test {
namespace {

constexpr char kOwnNamespace[] = "/proc/thread-self/ns/net";

FileDescriptor OpenOwnNamespace() { return FileDescriptor(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC)); }

bool WriteFile(const char* path, const std::string& text) {
  const FileDescriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  return file.valid() && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// Moves this thread into a new, empty network namespace. @return errno, 0 for success.
int EnterNewNetwork() {
  if (::unshare(CLONE_NEWNET) == 0) return 0;
  if (errno != EPERM) return errno;
  // Without the right: as the root of a new user namespace. Works only while the process has a single thread.
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return errno;
  if (!WriteFile("/proc/self/setgroups", "deny") || !WriteFile("/proc/self/uid_map", absl::StrCat("0 ", user, " 1")) ||
      !WriteFile("/proc/self/gid_map", absl::StrCat("0 ", group, " 1"))) {
    return errno;
  }
  return 0;
}

/// Tries `EnterNewNetwork` in a child, which leaves this process where it is.
int TryNewNetwork() {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(EnterNewNetwork());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

std::string Subnet(std::size_t index) { return absl::StrCat("10.77.", index + 1); }

std::string Cable(const char* end, std::size_t index) { return absl::StrCat(end, index); }

std::string HardwareAddress(std::size_t index, int side) {
  return absl::StrCat("02:00:0a:4d:", absl::Hex(index + 1, absl::kZeroPad2), ":", absl::Hex(side, absl::kZeroPad2));
}

}  // namespace

std::string NetworkSandbox::Missing() {
  if (!FindProgram("ip") || !FindProgram("tc")) return "no `ip` and `tc` (install iproute2)";
  const int error = TryNewNetwork();
  if (error == 0) return "";
  return absl::StrCat("no right to create a network namespace (", std::strerror(error),
                      "); run as root or allow user namespaces");
}

absl::StatusOr<std::unique_ptr<NetworkSandbox>> NetworkSandbox::Create(Options options) {
  const std::string missing = Missing();
  if (!missing.empty()) return absl::FailedPreconditionError(missing);
  if (options.ip_program.empty()) options.ip_program = *FindProgram("ip");
  if (options.tc_program.empty()) options.tc_program = *FindProgram("tc");
  std::unique_ptr<NetworkSandbox> sandbox(new NetworkSandbox(std::move(options)));
  absl::Status built = sandbox->Build();  // when it fails, the destructor undoes what was done
  if (!built.ok()) return built;
  return sandbox;
}

NetworkSandbox::~NetworkSandbox() {
  // Fails for an ordinary user, who then stays in the private network; see the class comment.
  if (home_.valid()) static_cast<void>(::setns(home_.get(), CLONE_NEWNET));
}

absl::Status NetworkSandbox::Build() {
  absl::StatusOr<RunFolder> folder = RunFolder::Create("network");
  if (!folder.ok()) return folder.status();
  folder_ = *std::move(folder);
  home_ = OpenOwnNamespace();
  if (!home_.valid()) return absl::InternalError(absl::StrCat(kOwnNamespace, ": ", std::strerror(errno)));
  for (std::size_t i = 0; i <= options_.servers; ++i) {
    const int error = EnterNewNetwork();
    if (error != 0) return absl::InternalError(absl::StrCat("new network namespace: ", std::strerror(error)));
    FileDescriptor entered = OpenOwnNamespace();
    if (!entered.valid()) return absl::InternalError(absl::StrCat(kOwnNamespace, ": ", std::strerror(errno)));
    if (i < options_.servers) {
      server_namespaces_.push_back(std::move(entered));
    } else {
      client_namespace_ = std::move(entered);  // the last one: the thread stays here
    }
  }
  absl::Status status = Run(client_namespace_.get(), {options_.ip_program, "link", "set", "lo", "up"});
  for (std::size_t i = 0; status.ok() && i < servers(); ++i) status = Connect(i);
  return status;
}

absl::Status NetworkSandbox::Connect(std::size_t index) {
  const int client = client_namespace_.get();
  const int server = ServerNamespace(index);
  const std::string client_end = Cable("client", index);
  const std::string server_end = Cable("server", index);
  const std::string server_path = absl::StrCat("/proc/", ::getpid(), "/fd/", server);
  const auto ip = [this](int where, const std::string& arguments) {
    std::vector<std::string> command = absl::StrSplit(absl::StrCat(options_.ip_program, " ", arguments), ' ');
    return Run(where, std::move(command));
  };
  absl::Status status =
      ip(client, absl::StrCat("link add ", client_end, " address ", HardwareAddress(index, 1), " type veth peer name ",
                              server_end, " address ", HardwareAddress(index, 2), " netns ", server_path));
  const struct {
    int where;
    const std::string& device;
    int side;
  } ends[] = {{client, client_end, 1}, {server, server_end, 2}};
  for (const auto& end : ends) {
    const int other = 3 - end.side;
    if (status.ok())
      status = ip(end.where, absl::StrCat("addr add ", Subnet(index), ".", end.side, "/24 dev ", end.device));
    if (status.ok()) status = ip(end.where, "link set lo up");
    if (status.ok()) status = ip(end.where, absl::StrCat("link set ", end.device, " up"));
    // Fixed neighbours: dropped packets must not turn into "no route to host" because address resolution fails too.
    if (status.ok()) {
      status = ip(end.where, absl::StrCat("neigh replace ", Subnet(index), ".", other, " lladdr ",
                                          HardwareAddress(index, other), " dev ", end.device, " nud permanent"));
    }
  }
  return status;
}

std::string NetworkSandbox::ServerHost(std::size_t index) { return absl::StrCat(Subnet(index), ".2"); }

absl::Status NetworkSandbox::Drop(std::size_t index) {
  // The blackhole queue swallows what is sent and reports success, so the sender's TCP cannot know.
  const auto drop = [](const std::string& tc, const std::string& device) {
    return std::vector<std::string>{tc, "qdisc", "replace", "dev", device, "root", "blackhole"};
  };
  absl::Status status = Run(client_namespace_.get(), drop(options_.tc_program, Cable("client", index)));
  status.Update(Run(ServerNamespace(index), drop(options_.tc_program, Cable("server", index))));
  return status;
}

absl::Status NetworkSandbox::Restore(std::size_t index) {
  const auto restore = [](const std::string& tc, const std::string& device) {
    return std::vector<std::string>{tc, "qdisc", "delete", "dev", device, "root"};
  };
  absl::Status status = Run(client_namespace_.get(), restore(options_.tc_program, Cable("client", index)));
  status.Update(Run(ServerNamespace(index), restore(options_.tc_program, Cable("server", index))));
  return status;
}

absl::Status NetworkSandbox::Run(int network_namespace, std::vector<std::string> command) const {
  return RunCommand({.argv = std::move(command),
                     .output_path = folder_.path() + "/commands.log",
                     .network_namespace = network_namespace});
}

}  // namespace corocket::test
