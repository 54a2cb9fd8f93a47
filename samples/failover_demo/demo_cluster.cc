#include "samples/failover_demo/demo_cluster.h"

#include <utility>

namespace failover_demo {

using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;

namespace {

void Teach(EmbeddedNamesrv& server) {
  server.AddTopic(DemoCluster::kTopic, "broker-a", 8);
  server.AddTopic(DemoCluster::kTopic, "broker-b", 8);
}

}  // namespace

DemoCluster::DemoCluster(asio::any_io_executor executor) : executor_(executor), network_(std::move(executor)) {}

absl::StatusOr<std::unique_ptr<DemoCluster>> DemoCluster::Start(asio::any_io_executor executor) {
  std::unique_ptr<DemoCluster> cluster(new DemoCluster(std::move(executor)));
  const absl::Status started = cluster->StartServers();
  if (!started.ok()) return started;
  return cluster;
}

absl::Status DemoCluster::StartServers() {
  for (int i = 0; i < kServers; ++i) {
    absl::StatusOr<EmbeddedNamesrv> server = EmbeddedNamesrv::Create(executor_);
    if (!server.ok()) return server.status();
    Teach(*server);
    servers_.push_back(*std::move(server));
  }
  return absl::OkStatus();
}

std::vector<std::string> DemoCluster::addresses() const {
  std::vector<std::string> addresses;
  for (const EmbeddedNamesrv& server : servers_) addresses.push_back(server.address());
  return addresses;
}

EmbeddedNamesrv* DemoCluster::Find(const std::string& address) {
  for (EmbeddedNamesrv& server : servers_) {
    if (server.address() == address) return &server;
  }
  return nullptr;
}

void DemoCluster::Kill(const std::string& address) {
  if (EmbeddedNamesrv* server = Find(address)) server->Stop();
}

void DemoCluster::KillAll() {
  for (EmbeddedNamesrv& server : servers_) server.Stop();
}

void DemoCluster::CloseConnections(const std::string& address) {
  if (EmbeddedNamesrv* server = Find(address)) server->CloseAll(CloseMode::kFin);
}

void DemoCluster::Hang(const std::string& address) {
  if (EmbeddedNamesrv* server = Find(address)) server->Stall(true);
}

void DemoCluster::DropPackets(const std::string& address) {
  if (Find(address) != nullptr) network_.Drop(address);
}

void DemoCluster::Forget(const std::string& address) {
  if (EmbeddedNamesrv* server = Find(address)) server->Clear();
}

void DemoCluster::ResetEverything(bool on) {
  for (EmbeddedNamesrv& server : servers_) {
    server.RefuseReset(on);
    if (on) server.CloseAll(CloseMode::kReset);
  }
}

absl::Status DemoCluster::ReplaceList(corocket::Client& client) {
  for (EmbeddedNamesrv& server : servers_) retired_.push_back(std::move(server));
  servers_.clear();
  const absl::Status started = StartServers();
  if (!started.ok()) return started;
  // A server that was taken out of a list answers on, politely, and knows nothing any more.
  for (EmbeddedNamesrv& server : retired_) server.Clear();
  return client.UpdateEndpoints(addresses());
}

absl::Status DemoCluster::MendAll() {
  for (EmbeddedNamesrv& server : servers_) {
    network_.Heal(server.address());
    server.Stall(false);
    Teach(server);
    const absl::Status started = server.Start();
    if (!started.ok()) return started;
  }
  return absl::OkStatus();
}

}  // namespace failover_demo
