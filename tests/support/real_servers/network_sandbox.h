#ifndef COROCKET_TESTS_SUPPORT_REAL_SERVERS_NETWORK_SANDBOX_H_
#define COROCKET_TESTS_SUPPORT_REAL_SERVERS_NETWORK_SANDBOX_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/real_servers/child_process.h"
#include "tests/support/real_servers/file_descriptor.h"
#include "tests/support/real_servers/run_folder.h"

namespace corocket::test {

/// A private network in which packets to single servers can be dropped without a trace, as a pulled cable does.
///
///     auto network = NetworkSandbox::Create({.servers = 3});
///     auto cluster = RealCluster::Start({.network = network->get()});
///     (*network)->Drop(1);      // nothing gets through to server 1 or back from it
///     (*network)->Restore(1);
///
/// Each server has a network namespace of its own, joined by a cable (veth pair) to the namespace of the client:
/// 10.77.N.1 on the client's side, 10.77.N.2 on the server's, N = index + 1. None of the namespaces has a name, and
/// none reaches outside. They are held by descriptors of this process only, so the kernel removes them with everything
/// in them when the process ends, however it ends. The network of the machine is never touched.
///
/// `Create` moves the calling thread into the client's namespace, and threads started later inherit it; sockets that
/// are open keep the network they were made in. The destructor moves it back where the caller is root; an ordinary user
/// gets there through a user namespace, which cannot be left: such a process stays in the private network.
///
/// Thread safety: not safe; main thread only.
class NetworkSandbox {
 public:
  struct Options {
    std::size_t servers = 3;
    /// The configuration tools of iproute2; empty: searched.
    std::string ip_program = {};
    std::string tc_program = {};
  };

  /// Why a sandbox cannot be had here (no rights, no `ip`, no `tc`), or "" when it can.
  [[nodiscard]] static std::string Missing();

  /// Errors: FAILED_PRECONDITION: what `Missing` says; INTERNAL: a command failed, quoted. After an error the thread is
  /// back in its own network, with the exception told above.
  static absl::StatusOr<std::unique_ptr<NetworkSandbox>> Create(Options options);

  NetworkSandbox(const NetworkSandbox&) = delete;
  NetworkSandbox& operator=(const NetworkSandbox&) = delete;
  ~NetworkSandbox();

  [[nodiscard]] std::size_t servers() const { return server_namespaces_.size(); }
  /// IPv4 address under which server `index` is reached.
  [[nodiscard]] static std::string ServerHost(std::size_t index);
  /// For `ChildOptions::network_namespace`.
  [[nodiscard]] int ServerNamespace(std::size_t index) const { return server_namespaces_[index].get(); }

  /// Drops every packet between the client and server `index`, both ways. Nobody is told: connects and requests
  /// stay without an answer, as neighbour entries are fixed and no ICMP is sent.
  absl::Status Drop(std::size_t index);
  /// Lets packets through again.
  absl::Status Restore(std::size_t index);

 private:
  explicit NetworkSandbox(Options options) : options_(std::move(options)) {}

  absl::Status Build();
  absl::Status Connect(std::size_t index);
  absl::Status Run(int network_namespace, std::vector<std::string> command) const;

  Options options_;
  RunFolder folder_;
  FileDescriptor home_;
  FileDescriptor client_namespace_;
  std::vector<FileDescriptor> server_namespaces_;
};

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_REAL_SERVERS_NETWORK_SANDBOX_H_
