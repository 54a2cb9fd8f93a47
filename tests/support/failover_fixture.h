#ifndef COROCKET_TESTS_SUPPORT_FAILOVER_FIXTURE_H_
#define COROCKET_TESTS_SUPPORT_FAILOVER_FIXTURE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "corocket/client.h"
#include "corocket/endpoint_event.h"
#include "corocket/environment.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"

namespace corocket::test {

inline const std::vector<std::string> kThree = {"ns1:9876", "ns2:9876", "ns3:9876"};

/// Three servers in virtual time that know the topic "orders", and clients of them.
class Failover : public ::testing::Test {
 protected:
  explicit Failover(std::uint64_t seed = 1) : world_(seed) {
    for (const std::string& endpoint : kThree) Serve(endpoint);
  }

  testing::EmbeddedNamesrv& Serve(const std::string& endpoint) {
    testing::EmbeddedNamesrv& server = world_.AddNamesrv(endpoint);
    server.AddTopic("orders", "broker-a");
    servers_.push_back(&server);
    return server;
  }

  Client MakeClient(std::vector<std::string> namesrv = kThree) {
    return MakeClient(std::move(namesrv), world_.environment());
  }
  static Client MakeClient(std::vector<std::string> namesrv, Environment environment) {
    ClientOptions options;
    options.namesrv = std::move(namesrv);
    absl::StatusOr<Client> client = Client::Create(std::move(environment), options);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  testing::EmbeddedNamesrv& Chosen(const Client& client) {
    const std::string chosen = client.Snapshot().chosen;
    for (testing::EmbeddedNamesrv* server : servers_) {
      if (server->address() == chosen) return *server;
    }
    ADD_FAILURE() << "nothing is chosen: \"" << chosen << '"';
    return *servers_.front();
  }

  std::uint64_t ConnectionsAccepted() const {
    std::uint64_t accepted = 0;
    for (const testing::EmbeddedNamesrv* server : servers_) accepted += server->stats().connections_accepted;
    return accepted;
  }

  testing::SimWorld world_;
  std::vector<testing::EmbeddedNamesrv*> servers_;
};

inline std::ptrdiff_t CountOf(const std::vector<EndpointEvent>& events, EventKind kind) {
  return std::count_if(events.begin(), events.end(), [kind](const EndpointEvent& event) { return event.kind == kind; });
}

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_FAILOVER_FIXTURE_H_
