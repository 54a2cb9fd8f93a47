#include "tests/support/real_servers/real_cluster.h"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "sdk/wire/frame.h"
#include "tests/support/real_servers/free_ports.h"
#include "tests/support/real_servers/remoting_socket.h"

namespace corocket::test {
namespace {

constexpr int kMaxPortTries = 5;
constexpr int kTopicQueues = 8;
constexpr std::uint16_t kNamesrvPortInSandbox = 9876;
// Its route shows that a broker has registered: every broker has this topic.
constexpr char kTopicOfEveryBroker[] = "TBW102";
constexpr std::chrono::seconds kCallLimit(1);
constexpr std::chrono::seconds kCreateTopicLimit(20);
constexpr std::chrono::milliseconds kRegisterPause(100);

std::chrono::milliseconds Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

}  // namespace

std::string MissingPieces() {
  const absl::StatusOr<JavaInstallation> java = JavaInstallation::Find();
  return java.ok() ? "" : std::string(java.status().message());
}

absl::StatusOr<std::unique_ptr<RealCluster>> RealCluster::Start(RealClusterOptions options) {
  if (options.network != nullptr && options.network->servers() < options.namesrvs) {
    return absl::InvalidArgumentError(absl::StrCat(options.namesrvs, " NameServers do not fit into a network for ",
                                                   options.network->servers(), " servers"));
  }
  absl::StatusOr<JavaInstallation> java = JavaInstallation::Find();
  if (!java.ok()) return java.status();
  absl::StatusOr<RunFolder> folder = RunFolder::Create("cluster");
  if (!folder.ok()) return folder.status();
  std::unique_ptr<RealCluster> cluster(new RealCluster(options, *std::move(java), *std::move(folder)));
  absl::Status booted = cluster->Boot(In(options.boot_limit));
  if (!booted.ok()) return booted;
  return cluster;
}

RealCluster::~RealCluster() {
  if (!::testing::Test::HasFailure()) return;
  for (const JavaServer& server : namesrvs_) std::cerr << server.LogTail();
  if (broker_) std::cerr << broker_->LogTail();
}

absl::Status RealCluster::Boot(Deadline deadline) {
  const auto start = std::chrono::steady_clock::now();
  absl::Status status = BootNamesrvs(deadline);
  namesrv_boot_time_ = Since(start);
  if (!status.ok() || !options_.broker) return status;
  const auto broker_start = std::chrono::steady_clock::now();
  status = BootBroker(deadline);
  // A broker that says "boot success" is known to no NameServer: its first registration goes to those it has a
  // connection to, which at that moment is none, and the next comes 10 s later.
  if (status.ok()) status = RegisterBroker(deadline);
  broker_boot_time_ = Since(broker_start);
  return status;
}

absl::StatusOr<std::vector<std::uint16_t>> RealCluster::NamesrvPorts() const {
  if (options_.network != nullptr) return std::vector<std::uint16_t>(options_.namesrvs, kNamesrvPortInSandbox);
  FreePorts free_ports;
  std::vector<std::uint16_t> ports;
  for (std::size_t i = 0; i < options_.namesrvs; ++i) {
    const absl::StatusOr<std::uint16_t> port = free_ports.Pick();
    if (!port.ok()) return port.status();
    ports.push_back(*port);
  }
  return ports;
}

absl::Status RealCluster::BootNamesrvs(Deadline deadline) {
  const absl::StatusOr<std::vector<std::uint16_t>> ports = NamesrvPorts();
  if (!ports.ok()) return ports.status();
  for (std::size_t i = 0; i < options_.namesrvs; ++i) {
    absl::StatusOr<JavaServer> server = LaunchNamesrv(i, (*ports)[i]);
    if (!server.ok()) return server.status();
    namesrvs_.push_back(*std::move(server));
  }
  for (std::size_t i = 0; i < namesrvs(); ++i) {
    absl::Status booted = namesrvs_[i].AwaitBoot(deadline);
    for (int tries = 1; absl::IsAborted(booted) && tries < kMaxPortTries; ++tries) {
      const absl::StatusOr<std::uint16_t> port = FreePorts().Pick();
      if (!port.ok()) return port.status();
      absl::StatusOr<JavaServer> server = LaunchNamesrv(i, *port);
      if (!server.ok()) return server.status();
      namesrvs_[i] = *std::move(server);
      booted = namesrvs_[i].AwaitBoot(deadline);
    }
    if (!booted.ok()) return booted;
  }
  return absl::OkStatus();
}

absl::Status RealCluster::BootBroker(Deadline deadline) {
  absl::Status booted;
  for (int tries = 0; tries < kMaxPortTries; ++tries) {
    std::optional<FreePorts> free_ports(std::in_place);
    const absl::StatusOr<std::uint16_t> port = free_ports->PickWithSecondBelow();
    if (!port.ok()) return port.status();
    const absl::StatusOr<std::uint16_t> replication_port = free_ports->Pick();
    if (!replication_port.ok()) return replication_port.status();
    free_ports.reset();
    absl::StatusOr<JavaServer> server = LaunchBroker(*port, *replication_port);
    if (!server.ok()) return server.status();
    broker_ = *std::move(server);
    booted = broker_->AwaitBoot(deadline);
    if (!absl::IsAborted(booted)) return booted;
  }
  return booted;
}

absl::Status RealCluster::RegisterBroker(Deadline deadline) {
  std::vector<std::size_t> all(namesrvs());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return RegisterBroker(all, deadline);
}

absl::Status RealCluster::RegisterBroker(const std::vector<std::size_t>& with, Deadline deadline) {
  absl::StatusOr<RemotingSocket> broker = RemotingSocket::Connect(BrokerAddress(), deadline);
  if (!broker.ok()) return broker.status();
  for (std::size_t known = 0; known < with.size();) {
    const absl::StatusOr<wire::Frame> answer = broker->Call(RegisterRequest(), deadline);
    if (!answer.ok()) return answer.status();
    if (answer->header.code != 0) {
      return absl::InternalError(
          absl::StrCat("the broker refused to register: code ", answer->header.code, ": ", answer->header.remark));
    }
    absl::Status served = AwaitTopic(with[known], kTopicOfEveryBroker, std::min(deadline, In(kRegisterPause)));
    if (!served.ok() && TimeLeft(deadline).count() == 0) return served;
    if (served.ok()) ++known;
  }
  return absl::OkStatus();
}

absl::StatusOr<JavaServer> RealCluster::LaunchNamesrv(std::size_t index, std::uint16_t port) const {
  const bool sandboxed = options_.network != nullptr;
  const std::string host = sandboxed ? NetworkSandbox::ServerHost(index) : "127.0.0.1";
  const std::string name = absl::StrCat("namesrv-", index);
  return JavaServer::Launch(java_,
                            {.name = name,
                             .main_class = "org.apache.rocketmq.namesrv.NamesrvStartup",
                             .jvm_flags = {"-Xms32m", "-Xmx48m"},
                             .run_folder = folder_.path(),
                             .configuration = absl::StrCat("listenPort=", port, "\nbindAddress=", host,
                                                           "\nkvConfigPath=", folder_.path(), "/", name, "/kv.json\n"),
                             .address = absl::StrCat(host, ":", port),
                             .network_namespace = sandboxed ? options_.network->ServerNamespace(index) : -1});
}

absl::StatusOr<JavaServer> RealCluster::LaunchBroker(std::uint16_t port, std::uint16_t replication_port) const {
  const std::string store = absl::StrCat(folder_.path(), "/", kBrokerName, "/store");
  const std::string configuration =
      absl::StrCat("brokerClusterName=DefaultCluster\nbrokerName=", kBrokerName,
                   "\nbrokerId=0\nbrokerRole=ASYNC_MASTER\nflushDiskType=ASYNC_FLUSH\n",
                   "brokerIP1=127.0.0.1\nbrokerIP2=127.0.0.1\nbindAddress=127.0.0.1\nlistenPort=", port,
                   "\nhaListenPort=", replication_port, "\nnamesrvAddr=", Addresses(), "\nstorePathRootDir=", store,
                   "\nstorePathCommitLog=", store, "/commitlog\n",
                   "autoCreateTopicEnable=true\nautoCreateSubscriptionGroup=true\ntimerWheelEnable=false\n",
                   "mappedFileSizeCommitLog=67108864\nmappedFileSizeConsumeQueue=600000\ndiskMaxUsedSpaceRatio=95\n",
                   "registerNameServerPeriod=10000\n");  // the smallest it accepts: a restarted NameServer waits for it
  return JavaServer::Launch(java_, {.name = kBrokerName,
                                    .main_class = "org.apache.rocketmq.broker.BrokerStartup",
                                    .jvm_flags = {"-Xms64m", "-Xmx96m", "-XX:MaxDirectMemorySize=64m",
                                                  // also the period of its look-out for NameServers that are back
                                                  "-Dcom.rocketmq.remoting.client.connect.timeout=500"},
                                    .run_folder = folder_.path(),
                                    .configuration = configuration,
                                    .address = absl::StrCat("127.0.0.1:", port)});
}

std::string RealCluster::Addresses() const {
  return absl::StrJoin(namesrvs_, ";", [](std::string* out, const JavaServer& server) {
    absl::StrAppend(out, server.options().address);
  });
}

absl::Status RealCluster::Kill9(std::size_t index) {
  absl::Status sent = namesrvs_[index].process().Signal(SIGKILL);
  namesrvs_[index].process().Kill();
  return sent;
}

absl::Status RealCluster::Stop(std::size_t index) { return namesrvs_[index].process().Stop(); }

absl::Status RealCluster::Continue(std::size_t index) { return namesrvs_[index].process().Signal(SIGCONT); }

absl::Status RealCluster::Restart(std::size_t index) {
  namesrvs_[index].process().Kill();
  const std::string& address = Address(index);
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  absl::StatusOr<JavaServer> server = LaunchNamesrv(index, port);
  if (!server.ok()) return server.status();
  namesrvs_[index] = *std::move(server);
  return namesrvs_[index].AwaitBoot(In(options_.boot_limit));
}

absl::Status RealCluster::CreateTopic(const std::string& topic) {
  const Deadline deadline = In(kCreateTopicLimit);
  absl::StatusOr<RemotingSocket> socket = RemotingSocket::Connect(BrokerAddress(), deadline);
  if (!socket.ok()) return socket.status();
  const absl::StatusOr<wire::Frame> answer = socket->Call(CreateTopicRequest(topic, kTopicQueues), deadline);
  if (!answer.ok()) return answer.status();
  if (answer->header.code != 0) {
    return absl::InternalError(absl::StrCat("the broker refused topic '", topic, "' with code ", answer->header.code,
                                            ": ", answer->header.remark));
  }
  absl::Status status;
  for (std::size_t i = 0; status.ok() && i < namesrvs(); ++i) status = AwaitTopic(i, topic, deadline);
  return status;
}

absl::Status RealCluster::AwaitTopic(std::size_t index, const std::string& topic, Deadline deadline) const {
  absl::StatusOr<RemotingSocket> socket = absl::UnavailableError("not connected");
  const auto ask = [&]() -> absl::StatusOr<wire::Frame> {
    if (!socket.ok()) socket = RemotingSocket::Connect(Address(index), In(kCallLimit));
    if (!socket.ok()) return socket.status();
    absl::StatusOr<wire::Frame> answer = socket->Call(RouteRequest(topic), In(kCallLimit));
    if (!answer.ok()) socket = answer.status();
    return answer;
  };
  std::string last;
  const bool served = PollUntil(deadline, [&] {
    const absl::StatusOr<wire::Frame> answer = ask();
    last = answer.ok() ? absl::StrCat("code ", answer->header.code, ": ", answer->header.remark)
                       : answer.status().ToString();
    return answer.ok() && answer->header.code == 0;
  });
  if (served) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("NameServer ", Address(index), " does not serve topic '", topic, "'; last answer: ", last));
}

}  // namespace corocket::test
