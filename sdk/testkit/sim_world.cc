#include "corocket/testing/sim_world.h"

#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/log/absl_check.h"
#include "absl/strings/str_cat.h"
#include "asio/error.hpp"
#include "sdk/base/host_port.h"
#include "sdk/net/transport.h"
#include "sdk/testkit/sim_net.h"
#include "sdk/testkit/sim_runtime.h"

namespace corocket::testing {
namespace {

using testkit::SimNet;
using testkit::SimRuntime;

/// Gives every host of the world an address of its own.
class Hosts {
 public:
  explicit Hosts(SimNet& net) : net_(net) {}

  /// Where `endpoint` is on the network.
  HostPort Find(HostPort endpoint) {
    if (IsIpLiteral(endpoint.host)) return endpoint;
    const auto [entry, added] = addresses_.try_emplace(endpoint.host);
    if (added) {
      const std::size_t number = addresses_.size();
      entry->second = absl::StrCat("10.77.", number / 250, ".", number % 250 + 1);
      net_.SetName(endpoint.host, {entry->second});
    }
    return {.host = entry->second, .port = endpoint.port};
  }
  HostPort Find(std::string_view endpoint) {
    absl::StatusOr<HostPort> parsed = ParseHostPort(endpoint);
    ABSL_CHECK(parsed.ok()) << parsed.status();
    return Find(*std::move(parsed));
  }

 private:
  SimNet& net_;
  absl::btree_map<std::string, std::string> addresses_;
};

/// Lets servers listen on names.
class NamedBinder final : public net::Binder {
 public:
  NamedBinder(std::shared_ptr<Hosts> hosts, std::shared_ptr<net::Binder> binder)
      : hosts_(std::move(hosts)), binder_(std::move(binder)) {}

  std::unique_ptr<net::Listener> Listen(asio::any_io_executor on, HostPort address) override {
    return binder_->Listen(std::move(on), hosts_->Find(std::move(address)));
  }

 private:
  const std::shared_ptr<Hosts> hosts_;
  const std::shared_ptr<net::Binder> binder_;
};

}  // namespace

class SimWorld::Impl {
 public:
  explicit Impl(std::uint64_t seed) : sim({.seed = seed}), network(sim) {}

  template <typename Server, typename Options>
  Server& Add(const std::string& endpoint, Options options, std::vector<std::unique_ptr<Server>>& servers) {
    options.listen = endpoint;
    absl::StatusOr<Server> server = Server::Create(environment(), std::move(options));
    ABSL_CHECK(server.ok()) << server.status();
    servers.push_back(std::make_unique<Server>(*std::move(server)));
    by_address.insert_or_assign(hosts->Find(endpoint), servers.back().get());
    return *servers.back();
  }

  ServerEnvironment environment() { return {.runtime = sim.runtime(), .binder = binder}; }
  testkit::SimRoute At(std::string_view endpoint) { return network.At(hosts->Find(endpoint)); }
  TestServer& ServerAt(std::string_view endpoint) {
    const auto server = by_address.find(hosts->Find(endpoint));
    ABSL_CHECK(server != by_address.end()) << "no server was added at " << endpoint;
    return *server->second;
  }

  // Destroyed from the bottom: servers, network, time.
  SimRuntime sim;
  SimNet network;
  const std::shared_ptr<Hosts> hosts = std::make_shared<Hosts>(network);
  const std::shared_ptr<net::Binder> binder = std::make_shared<NamedBinder>(hosts, network.binder());
  std::vector<std::unique_ptr<EmbeddedNamesrv>> embedded;
  std::vector<std::unique_ptr<ScriptedNamesrv>> scripted;
  absl::btree_map<HostPort, TestServer*> by_address;
};

SimWorld::SimWorld(std::uint64_t seed) : impl_(std::make_unique<Impl>(seed)) {}
SimWorld::~SimWorld() = default;

Environment SimWorld::environment(const std::string& name) {
  return {.runtime = impl_->sim.runtime(), .connector = impl_->network.connector(name)};
}
ServerEnvironment SimWorld::server_environment() { return impl_->environment(); }
asio::any_io_executor SimWorld::executor() { return impl_->sim.executor(); }

EmbeddedNamesrv& SimWorld::AddNamesrv(const std::string& endpoint, EmbeddedNamesrvOptions options) {
  return impl_->Add(endpoint, std::move(options), impl_->embedded);
}
ScriptedNamesrv& SimWorld::AddScriptedNamesrv(const std::string& endpoint) {
  return impl_->Add(endpoint, ScriptedNamesrvOptions{}, impl_->scripted);
}

void SimWorld::Run(asio::awaitable<void> task) { impl_->sim.Run(std::move(task)); }
void SimWorld::Spawn(asio::awaitable<void> task) { impl_->sim.Spawn(std::move(task)); }
void SimWorld::Advance(std::chrono::nanoseconds duration) { impl_->sim.RunFor(duration); }
std::chrono::nanoseconds SimWorld::Elapsed() const { return impl_->sim.Elapsed(); }
void SimWorld::OnStep(std::function<void()> check) {
  std::function<void(TimePoint)> hook;
  if (check) hook = [check = std::move(check)](TimePoint) { check(); };
  impl_->sim.OnStep(std::move(hook));
}
std::uint64_t SimWorld::seed() const { return impl_->sim.seed(); }

void SimWorld::Refuse(std::string_view endpoint) { impl_->At(endpoint).Refuse(); }
void SimWorld::Blackhole(std::string_view endpoint) { impl_->At(endpoint).Blackhole(); }
void SimWorld::HalfOpen(std::string_view endpoint) { impl_->At(endpoint).HalfOpen(); }
void SimWorld::Pause(std::string_view endpoint) { impl_->At(endpoint).Pause(); }
void SimWorld::Slow(std::string_view endpoint, std::chrono::nanoseconds latency) { impl_->At(endpoint).Slow(latency); }
void SimWorld::Trickle(std::string_view endpoint, std::chrono::nanoseconds gap) { impl_->At(endpoint).Trickle(gap); }
void SimWorld::Reset(std::string_view endpoint) { impl_->At(endpoint).Reset(); }
void SimWorld::ResetAfter(std::string_view endpoint, std::size_t bytes) { impl_->At(endpoint).ResetAfter(bytes); }
void SimWorld::Flap(std::string_view endpoint, std::chrono::nanoseconds period) { impl_->At(endpoint).Flap(period); }
void SimWorld::Heal(std::string_view endpoint) { impl_->At(endpoint).Heal(); }
void SimWorld::Kill(std::string_view endpoint) { impl_->ServerAt(endpoint).Stop(); }
void SimWorld::Restart(std::string_view endpoint) {
  const absl::Status started = impl_->ServerAt(endpoint).Start();
  ABSL_CHECK(started.ok()) << started;
}

void SimWorld::SetName(const std::string& name, const std::vector<std::string>& hosts) {
  std::vector<std::string> addresses;
  for (const std::string& host : hosts) addresses.push_back(impl_->hosts->Find(HostPort{.host = host, .port = 0}).host);
  impl_->network.SetName(name, std::move(addresses));
}
void SimWorld::FailName(const std::string& name) { impl_->network.FailName(name, asio::error::host_not_found); }
void SimWorld::SlowName(const std::string& name, std::chrono::nanoseconds delay) {
  impl_->network.SlowName(name, delay);
}

}  // namespace corocket::testing
