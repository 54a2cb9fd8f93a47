#include "corocket/testing/embedded_namesrv.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "corocket/testing/routes.h"
#include "sdk/base/host_port.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/server_core.h"
#include "sdk/testkit/server_namesrv.h"
#include "sdk/testkit/server_port.h"
#include "sdk/testkit/server_registry.h"
#include "sdk/testkit/server_strand.h"

namespace corocket::testing {
namespace {

using testkit::NamesrvService;
using testkit::ServerCore;
using testkit::ServerRegistry;
using testkit::ServerStrand;

absl::Status Validate(const EmbeddedNamesrvOptions& options) {
  if (options.broker_expiry < kMinBrokerExpiry || options.broker_expiry > kMaxBrokerExpiry) {
    return absl::InvalidArgumentError(
        absl::StrCat("broker_expiry is ", options.broker_expiry.count(), " ms; give 1 ms to 1 day"));
  }
  if (options.max_connections == 0) return absl::InvalidArgumentError("max_connections is 0; give at least 1");
  return absl::OkStatus();
}

/// Changes the registry of a server, now.
template <typename Change>
void Apply(ServerCore& core, NamesrvService& service, Change change) {
  const ServerStrand::Entry entry(core.strand());
  change(service.registry(core.runtime()->Now()));
}

}  // namespace

EmbeddedNamesrv::EmbeddedNamesrv(std::shared_ptr<ServerCore> core, std::shared_ptr<NamesrvService> service)
    : TestServer(std::move(core)), service_(std::move(service)) {}

absl::StatusOr<EmbeddedNamesrv> EmbeddedNamesrv::Create(asio::any_io_executor executor,
                                                        EmbeddedNamesrvOptions options) {
  return Create(testkit::TcpServerEnvironment(std::move(executor)), std::move(options));
}

absl::StatusOr<EmbeddedNamesrv> EmbeddedNamesrv::Create(ServerEnvironment environment, EmbeddedNamesrvOptions options) {
  const absl::Status valid = Validate(options);
  if (!valid.ok()) return valid;
  absl::StatusOr<HostPort> listen = testkit::ParseListenAddress(options.listen);
  if (!listen.ok()) return listen.status();
  auto service = std::make_shared<NamesrvService>(options.answers, options.broker_expiry);
  auto core = ServerCore::Create(std::move(environment),
                                 {.listen = *std::move(listen), .max_connections = options.max_connections}, service);
  if (!core.ok()) return core.status();
  return EmbeddedNamesrv(*std::move(core), std::move(service));
}

void EmbeddedNamesrv::AddBroker(BrokerGroup broker) {
  Apply(core(), *service_, [&](ServerRegistry& registry) { registry.AddBroker(std::move(broker)); });
}

void EmbeddedNamesrv::AddBroker(const std::string& name, const std::string& master, const std::string& cluster) {
  BrokerGroup broker = BrokerOf(name, master);
  broker.cluster = cluster;
  AddBroker(std::move(broker));
}

void EmbeddedNamesrv::RemoveBroker(const std::string& name) {
  Apply(core(), *service_, [&](ServerRegistry& registry) { registry.RemoveBroker(name); });
}

void EmbeddedNamesrv::AddTopic(const std::string& topic, const std::string& broker, std::int32_t queues) {
  AddQueues(topic, QueuesOf(broker, queues));
}

void EmbeddedNamesrv::AddQueues(const std::string& topic, QueueGroup queues) {
  Apply(core(), *service_, [&](ServerRegistry& registry) {
    if (!registry.HasBroker(queues.broker_name)) registry.AddBroker(BrokerOf(queues.broker_name));
    registry.AddTopic(topic, std::move(queues));
  });
}

void EmbeddedNamesrv::RemoveTopic(const std::string& topic) {
  Apply(core(), *service_, [&](ServerRegistry& registry) { registry.RemoveTopic(topic); });
}

std::vector<std::string> EmbeddedNamesrv::topics() const {
  std::vector<std::string> topics;
  Apply(core(), *service_, [&](const ServerRegistry& registry) { topics = registry.Topics(); });
  return topics;
}

void EmbeddedNamesrv::Clear() {
  Apply(core(), *service_, [](ServerRegistry& registry) { registry.Clear(); });
}

void EmbeddedNamesrv::SetNotReady(bool not_ready) {
  const ServerStrand::Entry entry(core().strand());
  service_->SetNotReady(not_ready);
}

}  // namespace corocket::testing
