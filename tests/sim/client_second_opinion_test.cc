// "No such topic" is one server's opinion: what callers see when the others agree, know better, or are of no use.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "corocket/error.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/request.h"
#include "corocket/testing/scripted_namesrv.h"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"
#include "tests/support/failover_fixture.h"
#include "tests/support/sim_load.h"

namespace corocket::test {
namespace {

using namespace std::chrono_literals;
using corocket::testing::CloseMode;
using corocket::testing::EmbeddedNamesrv;
using corocket::testing::kGetRouteInfo;
using corocket::testing::Request;
using corocket::testing::ScriptedNamesrv;
using corocket::testing::SimWorld;

class SecondOpinion : public Failover {
 protected:
  /// A client whose choice has just lost its brokers.
  Client MakeDenied(std::vector<std::string> namesrv = kThree) {
    Client client = MakeClient(std::move(namesrv));
    EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
    Chosen(client).Clear();
    return client;
  }
  EmbeddedNamesrv& Server(const std::string& endpoint) {
    const auto found = std::find_if(servers_.begin(), servers_.end(),
                                    [&](const EmbeddedNamesrv* server) { return server->address() == endpoint; });
    EXPECT_NE(found, servers_.end()) << endpoint;
    return found == servers_.end() ? *servers_.front() : **found;
  }
  std::vector<EmbeddedNamesrv*> Others(const Client& client) {
    std::vector<EmbeddedNamesrv*> others;
    for (EmbeddedNamesrv* server : servers_) {
      if (server != &Chosen(client)) others.push_back(server);
    }
    return others;
  }
  /// What sixty-four callers hear who all ask at once.
  Outcomes AskAtOnce(Client& client, const std::string& topic) {
    const auto outcomes = std::make_shared<Outcomes>();
    for (int i = 0; i < 64; ++i) world_.Spawn(AskInto(client, topic, outcomes));
    world_.Advance(100ms);
    EXPECT_EQ(outcomes->size(), 64U);
    return *outcomes;
  }
};

TEST_F(SecondOpinion, OfAServerThatIsNotReadyDoesNotHideTheThirdOne) {
  for (int i = 0; i < 20; ++i) {
    Client client = MakeDenied();
    Others(client)[0]->SetNotReady(true);
    const std::uint64_t dials = client.Snapshot().dials;
    absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
    EXPECT_TRUE(route.ok()) << route.status();
    EXPECT_LE(client.Snapshot().dials - dials, 2U);
    for (EmbeddedNamesrv* server : servers_) {
      server->SetNotReady(false);
      server->AddTopic("orders", "broker-a");
    }
  }
}

TEST_F(SecondOpinion, OfTwoServersOfWhichTheOtherIsNotReadyIsNoneAfterOneDial) {
  Client client = MakeDenied({"ns1:9876", "ns2:9876"});
  servers_[0]->SetNotReady(true);
  servers_[1]->SetNotReady(true);
  Chosen(client).SetNotReady(false);
  const std::uint64_t dials = client.Snapshot().dials;
  absl::StatusOr<TopicRoute> route = world_.Run(client.QueryRoute("orders"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(DetailsOf(route.status())->unconfirmed);
  EXPECT_EQ(client.Snapshot().dials - dials, 1U);
  EXPECT_LE(world_.Elapsed(), 100ms);
}

TEST(SecondOpinionOfMany, PassesOverAServerThatAnswersTheProbeAndResetsTheWork) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimWorld world(seed);
    world.AddNamesrv("ns1:9876");  // Knows no topic.
    world.AddScriptedNamesrv("ns2:9876").Expect(Request(kGetRouteInfo)).Times(1000).ResetAfter(0us);
    world.AddNamesrv("ns3:9876").AddTopic("orders", "broker-a");
    absl::StatusOr<Client> client = Client::Create(world.environment(), {.namesrv = kThree});
    ASSERT_TRUE(client.ok());
    for (int call = 0; call < 3; ++call) {
      absl::StatusOr<TopicRoute> route = world.Run(client->QueryRoute("orders"));
      ASSERT_TRUE(route.ok()) << "seed " << seed << ": " << route.status();
    }
  }
}

TEST(SecondOpinionOfMany, IsNotAnErrorThatTheSecondServerGives) {
  SimWorld world;
  world.AddNamesrv("ns1:9876");  // Knows no topic.
  absl::StatusOr<Client> client = Client::Create(world.environment(), {.namesrv = {"ns1:9876"}});
  ASSERT_TRUE(client.ok());
  ASSERT_EQ(world.Run(client->QueryRoute("orders")).status().code(), absl::StatusCode::kNotFound);
  world.AddScriptedNamesrv("ns2:9876").Expect(Request(kGetRouteInfo)).Times(10).ReplyCode(1, "disk on fire");
  ASSERT_TRUE(client->UpdateEndpoints({"ns1:9876", "ns2:9876"}).ok());
  absl::StatusOr<TopicRoute> route = world.Run(client->QueryRoute("orders"));
  EXPECT_EQ(route.status().code(), absl::StatusCode::kNotFound) << route.status();
  EXPECT_TRUE(DetailsOf(route.status())->unconfirmed);
  EXPECT_EQ(client->Snapshot().chosen, "ns1:9876");
}

TEST_F(SecondOpinion, AskedForInALoopTakesOneConnection) {
  Client client = MakeClient();
  const std::uint64_t before = ConnectionsAccepted();
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(world_.Run(client.QueryRoute("nobody-knows")).status().code(), absl::StatusCode::kNotFound);
  }
  EXPECT_LE(ConnectionsAccepted() - before, 2U) << "the choice's, and one beside it";
  world_.Advance(2s);
  std::size_t open = 0;
  for (const EmbeddedNamesrv* server : servers_) open += server->stats().connections_open;
  EXPECT_EQ(open, 1U) << "the side connection goes when nobody asks any more";
}

TEST_F(SecondOpinion, OfSixtyFourCallersAtOnceIsGivenOverOneSideConnection) {
  Client client = MakeClient();
  ASSERT_TRUE(world_.Run(client.QueryRoute("orders")).ok());
  const std::uint64_t before = ConnectionsAccepted();
  for (const absl::Status& status : AskAtOnce(client, "nobody-knows")) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_FALSE(DetailsOf(status)->unconfirmed);
  }
  EXPECT_EQ(ConnectionsAccepted() - before, 1U);
}

TEST_F(SecondOpinion, ThatIsBetterMovesTheChoiceOnceForAllWhoAsked) {
  Client client = MakeDenied();
  EventStream events = client.Watch();
  for (const absl::Status& status : AskAtOnce(client, "orders")) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(client.Snapshot().reason, SwitchReason::kSecondOpinion);
  EXPECT_EQ(client.Snapshot().generation, 2U);
  const std::vector<EndpointEvent> seen = TakeEvents(events);
  EXPECT_EQ(CountOf(seen, EventKind::kInvalidated), 1);
  EXPECT_EQ(CountOf(seen, EventKind::kChosen), 1);
}

TEST_F(SecondOpinion, OfServersThatAreSilentCostsADialsLimitAndNotTheCalls) {
  Client client = MakeDenied();
  for (EmbeddedNamesrv* server : Others(client)) world_.Pause(server->address());
  const std::uint64_t generation = client.Snapshot().generation;
  const auto begin = world_.Elapsed();
  const absl::Status status = world_.Run(client.QueryRoute("orders")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_TRUE(DetailsOf(status)->unconfirmed);
  EXPECT_LE(world_.Elapsed() - begin, 1510ms);
  EXPECT_EQ(client.Snapshot().generation, generation) << "the choice has done nothing wrong";
}

TEST_F(SecondOpinion, IsNotAskedOfAServerThatHasLeftTheList) {
  Client client = MakeClient();
  EXPECT_EQ(world_.Run(client.QueryRoute("nobody-knows")).status().code(), absl::StatusCode::kNotFound);
  EmbeddedNamesrv* asked = nullptr;  // The side connection to it is still open.
  std::vector<std::string> rest = {client.Snapshot().chosen};
  for (EmbeddedNamesrv* server : Others(client)) {
    if (server->stats().connections_accepted > 0) {
      asked = server;
    } else {
      rest.push_back(server->address());
    }
  }
  ASSERT_NE(asked, nullptr);
  ASSERT_TRUE(client.UpdateEndpoints(rest).ok());
  const std::uint64_t before = asked->stats().requests_of(kGetRouteInfo);
  EXPECT_EQ(world_.Run(client.QueryRoute("nobody-knows")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(asked->stats().requests_of(kGetRouteInfo), before);
  world_.Advance(1ms);
  EXPECT_EQ(asked->stats().connections_open, 0U);
}

TEST_F(SecondOpinion, IsAskedForAgainWhereASideConnectionHasDiedMeanwhile) {
  Client client = MakeClient({"ns1:9876", "ns2:9876"});
  for (int i = 0; i < 3; ++i) {
    const absl::Status status = world_.Run(client.QueryRoute("nobody-knows")).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    EXPECT_FALSE(DetailsOf(status)->unconfirmed) << "the server is well, only its connection was closed";
    for (const char* endpoint : {"ns1:9876", "ns2:9876"}) {
      if (endpoint != client.Snapshot().chosen) Server(endpoint).CloseAll(CloseMode::kFin);
    }
    world_.Advance(1ms);
  }
}

TEST_F(SecondOpinion, OfDeadServersIsNotDialledForAtEachCall) {
  Client client = MakeDenied();
  for (EmbeddedNamesrv* server : Others(client)) server->Stop();
  const std::uint64_t dials = client.Snapshot().dials;
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(world_.Run(client.QueryRoute("nobody-knows")).status().code(), absl::StatusCode::kNotFound);
  }
  EXPECT_LE(client.Snapshot().dials - dials, 2U);
  world_.Advance(2s);
  for (EmbeddedNamesrv* server : Others(client)) ASSERT_TRUE(server->Start().ok());
  EXPECT_TRUE(world_.Run(client.QueryRoute("orders")).ok()) << "after a moment they are asked again";
}

TEST_F(SecondOpinion, IsGivenUpByShutdownWhichSaysSo) {
  Client client = MakeDenied();
  for (EmbeddedNamesrv* server : Others(client)) server->Stall(true);
  absl::Status outcome;
  world_.Spawn([](Client& asked, absl::Status& result) -> asio::awaitable<void> {
    absl::StatusOr<TopicRoute> route = co_await asked.QueryRoute("orders");
    result = route.status();
  }(client, outcome));
  world_.Advance(50ms);
  ASSERT_TRUE(outcome.ok()) << "the opinion is under way: " << outcome;
  EXPECT_TRUE(world_.Run(client.Shutdown()).ok());
  world_.Advance(1ms);
  EXPECT_EQ(outcome.code(), absl::StatusCode::kFailedPrecondition) << outcome;
}

TEST_F(SecondOpinion, DialsNoMoreServersAtATimeThanAllowed) {
  ClientOptions options;
  options.namesrv = kThree;
  options.failover.max_parallel_dials = 1;
  absl::StatusOr<Client> client = Client::Create(world_.environment(), options);
  ASSERT_TRUE(client.ok());
  ASSERT_TRUE(world_.Run(client->QueryRoute("orders")).ok());
  for (EmbeddedNamesrv* server : Others(*client)) world_.Blackhole(server->address());
  const std::uint64_t dials = client->Snapshot().dials;
  world_.Spawn([](Client& asked) -> asio::awaitable<void> {
    absl::StatusOr<TopicRoute> route = co_await asked.QueryRoute("nobody-knows");
    EXPECT_EQ(route.status().code(), absl::StatusCode::kNotFound);
  }(*client));
  world_.Advance(1s);
  EXPECT_EQ(client->Snapshot().dials - dials, 1U);
  world_.Advance(3s);
}

}  // namespace
}  // namespace corocket::test
