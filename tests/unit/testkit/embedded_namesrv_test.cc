#include "corocket/testing/embedded_namesrv.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "asio/error.hpp"
#include "corocket/testing/request.h"
#include "corocket/testing/routes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/protocol/unregister_broker.h"
#include "sdk/wire/codec.h"
#include "tests/unit/testkit/sim_fixture.h"

namespace corocket::testkit {
namespace {

using corocket::testing::EmbeddedNamesrv;
using corocket::testing::EmbeddedNamesrvOptions;
using corocket::testing::HeaderForm;
using corocket::testing::kDeleteKvConfig;
using corocket::testing::kGetKvConfig;
using corocket::testing::kGetRouteInfo;
using corocket::testing::kPutKvConfig;
using corocket::testing::kRegisterBroker;
using corocket::testing::kUnregisterBroker;
using corocket::testing::RouteOf;
using protocol::ResponseCode;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

wire::Frame RouteRequest(std::string topic) { return protocol::EncodeRouteRequest({.topic = std::move(topic)}); }

/// As clients ask that know nothing of standard JSON.
wire::Frame OldRouteRequest(std::string topic, std::int32_t version) {
  wire::Frame request = protocol::MakeRequest(protocol::RequestCode::kGetRouteInfoByTopic);
  request.header.version = version;
  request.header.ext_fields.Set("topic", topic);
  return request;
}

protocol::RegisterBrokerRequest Master(std::string topic) {
  protocol::RegisterBrokerRequest broker;
  broker.cluster = "c1";
  broker.broker_name = "broker-r";
  broker.broker_address = "10.0.0.7:10911";
  broker.ha_server_address = "10.0.0.7:10912";
  broker.topics.push_back(
      {.name = std::move(topic), .read_queues = 4, .write_queues = 2, .perm = 6, .topic_sys_flag = 0, .order = false});
  return broker;
}

class EmbeddedNamesrvTest : public SimFixture {
 protected:
  ResponseCode CodeOf(RawClient& client, wire::Frame request) {
    return static_cast<ResponseCode>(Call(client, std::move(request)).header.code);
  }
  ResponseCode Register(RawClient& client, const protocol::RegisterBrokerRequest& broker) {
    return CodeOf(client, protocol::EncodeRegisterBrokerRequest(broker));
  }
  TopicRoute RouteTo(RawClient& client, std::string topic) {
    return protocol::DecodeRouteResponse(Call(client, RouteRequest(std::move(topic)))).value();
  }
  std::string Setting(RawClient& client, const std::string& key) {
    return protocol::DecodeKvGetResponse(Call(client, protocol::EncodeKvGetRequest({.ns = "n", .key = key})))
        .value_or("(none)");
  }

  EmbeddedNamesrv& ns_ = world_.AddNamesrv(kNs1);
};

TEST_F(EmbeddedNamesrvTest, AnswersWithTheQueuesAndBrokersOfATopic) {
  ns_.AddBroker("broker-b", "10.0.0.2:10911", "east");
  ns_.AddTopic("orders", "broker-b", 4);
  ns_.AddTopic("orders", "broker-a");
  RawClient client = Dial();

  const absl::StatusOr<TopicRoute> route = protocol::DecodeRouteResponse(Call(client, RouteRequest("orders")));

  TopicRoute expected = RouteOf("broker-a", 8);
  expected.queues.push_back(corocket::testing::QueuesOf("broker-b", 4));
  expected.brokers.push_back({.cluster = "east", .name = "broker-b", .zone = "", .addresses = {{0, "10.0.0.2:10911"}}});
  ASSERT_TRUE(route.ok()) << route.status();
  EXPECT_EQ(*route, expected);
}

TEST_F(EmbeddedNamesrvTest, RefusesAnUnknownTopicInTheWordsOfARealServer) {
  RawClient client = Dial();
  const wire::Frame answer = Call(client, RouteRequest("ghost"));
  EXPECT_EQ(answer.header.code, 17);
  EXPECT_EQ(answer.header.remark,
            "No topic route info in name server for the topic: ghost\n"
            "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.");
}

TEST_F(EmbeddedNamesrvTest, ATopicWhoseBrokerIsGoneIsUnknown) {
  ns_.AddTopic("orders", "broker-a");
  ns_.RemoveBroker("broker-a");
  RawClient client = Dial();
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kTopicNotExist);
  EXPECT_THAT(ns_.topics(), IsEmpty());
}

TEST_F(EmbeddedNamesrvTest, NumericKeysAreQuotedForThoseWhoSayTheyReadStandardJson) {
  ns_.AddTopic("orders", "broker-a");
  RawClient client = Dial();
  EXPECT_THAT(Call(client, OldRouteRequest("orders", 400)).body, HasSubstr(R"({0:"127.0.0.1:10911"})"));
  EXPECT_THAT(Call(client, OldRouteRequest("orders", 401)).body, HasSubstr(R"({"0":"127.0.0.1:10911"})"));
  wire::Frame asking = OldRouteRequest("orders", 333);
  asking.header.ext_fields.Set("acceptStandardJsonOnly", "true");
  EXPECT_THAT(Call(client, asking).body, HasSubstr(R"({"0":"127.0.0.1:10911"})"));
  EXPECT_THAT(Call(client, OldRouteRequest("orders", 333)).body, HasSubstr(R"({0:"127.0.0.1:10911"})"))
      << "one client's wish must not change what another one gets";
}

TEST_F(EmbeddedNamesrvTest, ARouteChangesWithWhatItIsMadeOf) {
  ns_.AddTopic("orders", "broker-a", 8);
  RawClient client = Dial();
  EXPECT_EQ(protocol::DecodeRouteResponse(Call(client, RouteRequest("orders"))).value(), RouteOf("broker-a", 8));
  ns_.AddTopic("orders", "broker-a", 16);
  EXPECT_EQ(protocol::DecodeRouteResponse(Call(client, RouteRequest("orders"))).value(), RouteOf("broker-a", 16));
  ns_.RemoveTopic("orders");
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kTopicNotExist);
  ns_.AddQueues("orders", {.broker_name = "broker-a", .read_queues = 3, .write_queues = 1, .perm = kPermRead});
  const TopicRoute route = protocol::DecodeRouteResponse(Call(client, RouteRequest("orders"))).value();
  EXPECT_EQ(route.queues.at(0).read_queues, 3);
  EXPECT_FALSE(route.queues.at(0).writable());
}

TEST_F(EmbeddedNamesrvTest, ListsBrokersByCluster) {
  ns_.AddBroker("broker-b", "10.0.0.2:10911", "east");
  ns_.AddBroker("broker-a", "10.0.0.1:10911", "east");
  ns_.AddBroker("broker-c", "10.0.0.3:10911", "west");
  RawClient client = Dial();
  const wire::Frame answer = Call(client, protocol::EncodeClusterInfoRequest());
  EXPECT_THAT(answer.body, HasSubstr(R"({0:"10.0.0.1:10911"})")) << "servers write these keys bare for everybody";
  const ClusterInfo info = protocol::DecodeClusterInfoResponse(answer).value();
  EXPECT_THAT(info.clusters,
              ElementsAre(Pair("east", ElementsAre("broker-a", "broker-b")), Pair("west", ElementsAre("broker-c"))));
  EXPECT_EQ(info.brokers.size(), 3u);
}

TEST_F(EmbeddedNamesrvTest, ListsAllTopics) {
  ns_.AddTopic("payments", "broker-a");
  ns_.AddTopic("orders", "broker-a");
  RawClient client = Dial();
  const auto list = protocol::DecodeTopicListResponse(Call(client, protocol::EncodeTopicListRequest()));
  EXPECT_THAT(list.value().topics, ElementsAre("orders", "payments"));
}

TEST_F(EmbeddedNamesrvTest, KeepsSettingsUntilTheyAreDeleted) {
  RawClient client = Dial();
  const wire::Frame absent = Call(client, protocol::EncodeKvGetRequest({.ns = "n", .key = "k"}));
  EXPECT_EQ(absent.header.code, 22);
  EXPECT_EQ(absent.header.remark, "No config item, Namespace: n Key: k");
  EXPECT_EQ(CodeOf(client, protocol::EncodeKvPutRequest({.ns = "n", .key = "k", .value = "v"})),
            ResponseCode::kSuccess);
  EXPECT_EQ(Setting(client, "k"), "v");
  wire::Frame remove = protocol::MakeRequest(protocol::RequestCode::kDeleteKvConfig);
  remove.header.ext_fields.Set("namespace", "n");
  remove.header.ext_fields.Set("key", "k");
  EXPECT_EQ(CodeOf(client, remove), ResponseCode::kSuccess);
  EXPECT_EQ(Setting(client, "k"), "(none)");
}

TEST_F(EmbeddedNamesrvTest, ARequestOfAnotherKindIsNotSupported) {
  RawClient client = Dial();
  wire::Frame request;
  request.header.code = 200'050;
  const wire::Frame answer = Call(client, request);
  EXPECT_EQ(answer.header.code, 3);
  EXPECT_THAT(answer.header.remark, HasSubstr("200050"));
}

TEST_F(EmbeddedNamesrvTest, ARequestWithoutOneOfItsFieldsIsAnErrorThatNamesTheField) {
  const std::vector<std::pair<int, std::vector<std::string>>> fields_by_code = {
      {kPutKvConfig, {"namespace", "key", "value"}},
      {kGetKvConfig, {"namespace", "key"}},
      {kDeleteKvConfig, {"namespace", "key"}},
      {kRegisterBroker, {"clusterName", "brokerName", "brokerAddr", "brokerId"}},
      {kUnregisterBroker, {"clusterName", "brokerName", "brokerAddr", "brokerId"}},
      {kGetRouteInfo, {"topic"}}};
  RawClient client = Dial();
  for (const auto& [code, fields] : fields_by_code) {
    for (const std::string& missing : fields) {
      wire::Frame request;
      request.header.code = code;
      for (const std::string& field : fields) {
        if (field != missing) request.header.ext_fields.Set(field, "0");
      }
      const wire::Frame answer = Call(client, request);
      EXPECT_EQ(answer.header.code, 1) << code;
      EXPECT_THAT(answer.header.remark, HasSubstr("field \"" + missing + "\" is missing")) << code;
    }
  }
}

TEST_F(EmbeddedNamesrvTest, AOneWayRequestIsExecutedAndNotAnswered) {
  RawClient client = Dial();
  wire::Frame put = protocol::EncodeKvPutRequest({.ns = "n", .key = "k", .value = "v"});
  put.header.flag = wire::kFlagOneway;
  put.header.opaque = 99;
  Send(client, put);
  EXPECT_EQ(Setting(client, "k"), "v") << "the next frame must be the answer to this read";
}

TEST_F(EmbeddedNamesrvTest, PipelinedRequestsAreAnsweredEachUnderItsOwnNumber) {
  ns_.AddTopic("orders", "broker-a");
  RawClient client = Dial();
  std::string bytes;
  for (std::int32_t opaque = -32; opaque < 32; ++opaque) {
    wire::Frame request = RouteRequest("orders");
    request.header.opaque = opaque;
    ASSERT_TRUE(wire::AppendFrame(request, bytes).ok());
  }
  world_.Run(client.SendBytes(bytes));
  for (std::int32_t opaque = -32; opaque < 32; ++opaque) EXPECT_EQ(Receive(client).header.opaque, opaque);
}

TEST_F(EmbeddedNamesrvTest, AnswersInJsonByDefaultAndNamesTheForm) {
  RawClient client = Dial();
  wire::Frame request = RouteRequest("ghost");
  request.serialize = wire::SerializeType::kRocketMq;
  Send(client, request);
  std::string bytes;
  do {
    bytes += world_.Run(client.ReceiveBytes());
  } while (bytes.size() < 8 || bytes.size() < wire::PeekFrame(bytes).value().bytes);
  EXPECT_THAT(bytes, HasSubstr(R"("serializeTypeCurrentRPC":"JSON")")) << "clients in other languages insist on it";
}

class HeaderFormTest : public SimFixture {
 protected:
  wire::SerializeType FormOfAnswer(HeaderForm option, wire::SerializeType request_form) {
    EmbeddedNamesrvOptions options;
    options.answers = option;
    world_.AddNamesrv(kNs1, options);
    RawClient client = Dial();
    wire::Frame request = RouteRequest("ghost");
    request.serialize = request_form;
    return Call(client, request).serialize;
  }
};

TEST_F(HeaderFormTest, TheBinaryFormIsUsedForEverybodyWhereItIsSet) {
  EXPECT_EQ(FormOfAnswer(HeaderForm::kRocketMq, wire::SerializeType::kJson), wire::SerializeType::kRocketMq);
}
TEST_F(HeaderFormTest, MirroringAnswersJsonInJson) {
  EXPECT_EQ(FormOfAnswer(HeaderForm::kMirror, wire::SerializeType::kJson), wire::SerializeType::kJson);
}
TEST_F(HeaderFormTest, MirroringAnswersTheBinaryFormInIt) {
  EXPECT_EQ(FormOfAnswer(HeaderForm::kMirror, wire::SerializeType::kRocketMq), wire::SerializeType::kRocketMq);
}

TEST_F(EmbeddedNamesrvTest, ANewServerKnowsNothingAfterClear) {
  ns_.AddTopic("orders", "broker-a");
  RawClient client = Dial();
  Call(client, protocol::EncodeKvPutRequest({.ns = "n", .key = "k", .value = "v"}));
  ns_.Clear();
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kTopicNotExist);
  EXPECT_EQ(Setting(client, "k"), "(none)");
  EXPECT_THAT(protocol::DecodeClusterInfoResponse(Call(client, protocol::EncodeClusterInfoRequest())).value().brokers,
              IsEmpty());
}

TEST_F(EmbeddedNamesrvTest, AServerThatIsNotReadyRefusesRoutesOnly) {
  ns_.AddTopic("orders", "broker-a");
  ns_.SetNotReady(true);
  RawClient client = Dial();
  const wire::Frame answer = Call(client, RouteRequest("orders"));
  EXPECT_EQ(answer.header.code, 1);
  EXPECT_EQ(answer.header.remark, "name server not ready");
  EXPECT_EQ(CodeOf(client, protocol::EncodeClusterInfoRequest()), ResponseCode::kSuccess);
  ns_.SetNotReady(false);
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kSuccess);
}

TEST_F(EmbeddedNamesrvTest, ABrokerThatRegistersIsOnTheRoute) {
  RawClient broker = Dial();
  EXPECT_EQ(Register(broker, Master("orders")), ResponseCode::kSuccess);
  RawClient client = Dial();
  const TopicRoute route = protocol::DecodeRouteResponse(Call(client, RouteRequest("orders"))).value();
  EXPECT_EQ(route.queues.at(0),
            (QueueGroup{.broker_name = "broker-r", .read_queues = 4, .write_queues = 2, .perm = 6}));
  EXPECT_EQ(route.brokers.at(0).cluster, "c1");
  EXPECT_THAT(route.brokers.at(0).addresses, ElementsAre(Pair(0, "10.0.0.7:10911")));
}

TEST_F(EmbeddedNamesrvTest, AReplicaIsToldOfItsMasterAndBringsNoTopics) {
  RawClient broker = Dial();
  Register(broker, Master("orders"));
  protocol::RegisterBrokerRequest replica = Master("ghost");
  replica.broker_id = 1;
  replica.broker_address = "10.0.0.8:10911";
  const auto told =
      protocol::DecodeRegisterBrokerResponse(Call(broker, protocol::EncodeRegisterBrokerRequest(replica)));
  EXPECT_EQ(told.value().master_address, "10.0.0.7:10911");
  EXPECT_EQ(told.value().ha_server_address, "10.0.0.7:10912");
  EXPECT_EQ(CodeOf(broker, RouteRequest("ghost")), ResponseCode::kTopicNotExist);
  const TopicRoute route = protocol::DecodeRouteResponse(Call(broker, RouteRequest("orders"))).value();
  EXPECT_EQ(route.brokers.at(0).addresses.size(), 2u);
}

TEST_F(EmbeddedNamesrvTest, ABrokerThatDoesNotRegisterAgainVanishesAtItsTime) {
  RawClient broker = Dial();
  Register(broker, Master("orders"));
  world_.Advance(seconds(119));
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kSuccess);
  world_.Advance(seconds(1));
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kTopicNotExist);
  EXPECT_THAT(ns_.topics(), IsEmpty());
}

TEST_F(EmbeddedNamesrvTest, ABrokerThatRegistersAgainStays) {
  RawClient broker = Dial();
  for (int i = 0; i < 4; ++i) {
    Register(broker, Master("orders"));
    world_.Advance(seconds(119));
    EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kSuccess);
  }
}

TEST_F(EmbeddedNamesrvTest, ABrokerMayAskForAnotherLimitWithinBounds) {
  RawClient broker = Dial();
  protocol::RegisterBrokerRequest hasty = Master("orders");
  hasty.heartbeat_timeout = milliseconds(500);
  Register(broker, hasty);
  world_.Advance(milliseconds(500));
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kTopicNotExist);

  hasty.heartbeat_timeout = milliseconds::max();
  Register(broker, hasty);
  world_.Advance(hours(23));
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kSuccess);
  world_.Advance(hours(1));
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kTopicNotExist);
}

TEST_F(EmbeddedNamesrvTest, ABrokerThatUnregistersIsGone) {
  RawClient broker = Dial();
  Register(broker, Master("orders"));
  const protocol::UnregisterBrokerRequest other{
      .cluster = "c1", .broker_name = "broker-r", .broker_address = "10.0.0.9:10911", .broker_id = 0};
  EXPECT_EQ(CodeOf(broker, protocol::EncodeUnregisterBrokerRequest(other)), ResponseCode::kSuccess);
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kSuccess) << "another process unregistered";
  const protocol::UnregisterBrokerRequest self{
      .cluster = "c1", .broker_name = "broker-r", .broker_address = "10.0.0.7:10911", .broker_id = 0};
  EXPECT_EQ(CodeOf(broker, protocol::EncodeUnregisterBrokerRequest(self)), ResponseCode::kSuccess);
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kTopicNotExist);
}

TEST_F(EmbeddedNamesrvTest, TheEndOfItsConnectionEndsARegistration) {
  RawClient broker = Dial();
  Register(broker, Master("orders"));
  RawClient client = Dial();
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kSuccess);
  broker.Close();
  world_.Advance(seconds(1));
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kTopicNotExist);
}

TEST_F(EmbeddedNamesrvTest, ABrokerThatWasAddedStaysWhenOneRegistersInItsPlaceAndGoes) {
  for (const std::string address : {"10.0.0.7:10911", "10.0.0.6:10911"}) {  // its own, another one
    ns_.AddBroker("broker-r", address, "east");
    ns_.AddTopic("payments", "broker-r", 8);
    RawClient client = Dial();
    const TopicRoute before = RouteTo(client, "payments");

    RawClient broker = Dial();
    protocol::RegisterBrokerRequest master = Master("orders");
    master.topics.push_back({.name = "payments", .read_queues = 1, .write_queues = 1});
    Register(broker, master);
    EXPECT_EQ(RouteTo(client, "payments").queues.at(0).read_queues, 1);
    EXPECT_THAT(RouteTo(client, "payments").brokers.at(0).addresses, ElementsAre(Pair(0, "10.0.0.7:10911")));
    EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kSuccess);

    broker.Close();
    world_.Advance(seconds(1));
    EXPECT_EQ(RouteTo(client, "payments"), before);
    EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kTopicNotExist);
    EXPECT_THAT(ns_.topics(), ElementsAre("payments"));
  }
}

TEST_F(EmbeddedNamesrvTest, AProcessThatRegistersStandsBesideTheAddressesThatWereAdded) {
  ns_.AddTopic("payments", "broker-r", 8);
  RawClient broker = Dial();
  protocol::RegisterBrokerRequest replica = Master("orders");
  replica.broker_id = 1;
  EXPECT_EQ(Register(broker, replica), ResponseCode::kSuccess);
  EXPECT_THAT(RouteTo(broker, "payments").brokers.at(0).addresses,
              ElementsAre(Pair(0, corocket::testing::kDefaultMaster), Pair(1, "10.0.0.7:10911")));
}

TEST_F(EmbeddedNamesrvTest, TheLaterWordOnATopicCountsUntilItsBrokerRegistersAgain) {
  RawClient broker = Dial();
  Register(broker, Master("orders"));
  ns_.AddTopic("orders", "broker-r", 16);
  EXPECT_EQ(RouteTo(broker, "orders").queues.at(0).read_queues, 16);
  Register(broker, Master("orders"));
  EXPECT_EQ(RouteTo(broker, "orders").queues.at(0).read_queues, 4);
}

TEST_F(EmbeddedNamesrvTest, ATopicThatWasAddedToARegisteredBrokerIsListedWhileTheBrokerIsThere) {
  RawClient client = Dial();
  for (int i = 0; i < 2; ++i) {
    RawClient broker = Dial();
    Register(broker, Master("orders"));
    if (i == 0) ns_.AddTopic("payments", "broker-r", 8);
    EXPECT_THAT(ns_.topics(), ElementsAre("orders", "payments"));
    broker.Close();
    world_.Advance(seconds(1));
    EXPECT_THAT(ns_.topics(), IsEmpty());
    EXPECT_EQ(CodeOf(client, RouteRequest("payments")), ResponseCode::kTopicNotExist);
  }
}

TEST_F(EmbeddedNamesrvTest, AddingABrokerReplacesTheProcessesThatHaveRegistered) {
  RawClient broker = Dial();
  Register(broker, Master("orders"));
  ns_.AddBroker("broker-r", "10.0.0.9:10911");
  ns_.AddTopic("payments", "broker-r", 8);
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kTopicNotExist);
  EXPECT_THAT(RouteTo(broker, "payments").brokers.at(0).addresses, ElementsAre(Pair(0, "10.0.0.9:10911")));
  broker.Close();
  world_.Advance(hours(1));
  EXPECT_THAT(ns_.topics(), ElementsAre("payments"));
}

TEST_F(EmbeddedNamesrvTest, ARegistrationBelongsToTheConnectionThatItCameOnLast) {
  RawClient client = Dial();
  RawClient first = Dial();
  RawClient second = Dial();
  Register(first, Master("orders"));
  Register(second, Master("orders"));
  first.Close();
  world_.Advance(seconds(1));
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kSuccess);
  second.Close();
  world_.Advance(seconds(1));
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kTopicNotExist);
}

TEST_F(EmbeddedNamesrvTest, OneProcessOfAGroupExpiresAlone) {
  protocol::RegisterBrokerRequest master = Master("orders");
  protocol::RegisterBrokerRequest replica = master;
  replica.broker_id = 1;
  replica.broker_address = "10.0.0.8:10911";
  RawClient broker = Dial();
  for (const bool master_goes : {false, true}) {
    (master_goes ? master : replica).heartbeat_timeout = milliseconds(500);
    (master_goes ? replica : master).heartbeat_timeout.reset();
    Register(broker, master);
    Register(broker, replica);
    world_.Advance(milliseconds(500));
    const TopicRoute route = RouteTo(broker, "orders");
    if (master_goes) {
      EXPECT_THAT(route.brokers.at(0).addresses, ElementsAre(Pair(1, "10.0.0.8:10911")));
    } else {
      EXPECT_THAT(route.brokers.at(0).addresses, ElementsAre(Pair(0, "10.0.0.7:10911")));
    }
  }
  world_.Advance(seconds(120));
  EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kTopicNotExist) << "the last one has gone";
}

TEST_F(EmbeddedNamesrvTest, AReplicaThatBecomesTheMasterTakesItsPlaceAndLeavesItsOwn) {
  RawClient old_master = Dial();
  RawClient replica = Dial();
  Register(old_master, Master("orders"));
  protocol::RegisterBrokerRequest promoted = Master("orders");
  promoted.broker_address = "10.0.0.8:10911";
  promoted.broker_id = 1;
  Register(replica, promoted);
  promoted.broker_id = 0;
  Register(replica, promoted);
  EXPECT_THAT(RouteTo(replica, "orders").brokers.at(0).addresses, ElementsAre(Pair(0, "10.0.0.8:10911")));
  old_master.Close();
  world_.Advance(seconds(1));
  EXPECT_THAT(RouteTo(replica, "orders").brokers.at(0).addresses, ElementsAre(Pair(0, "10.0.0.8:10911")));
}

TEST_F(EmbeddedNamesrvTest, ARegistrationThatCannotBeReadChangesNothing) {
  const wire::Frame good = protocol::EncodeRegisterBrokerRequest(Master("orders"));
  wire::Frame garbage = good;
  garbage.header.ext_fields.Set("bodyCrc32", "0");  // none was computed
  garbage.body = "{\"topicConfigSerializeWrapper\": 7";
  wire::Frame damaged = good;
  damaged.body.back() = ' ';
  wire::Frame no_number = good;
  no_number.header.ext_fields.Set("brokerId", "first");
  RawClient broker = Dial();
  for (const auto& [request, complaint] : std::vector<std::pair<wire::Frame, std::string>>{
           {garbage, "malformed JSON"}, {damaged, "check sum"}, {no_number, "brokerId"}}) {
    const wire::Frame answer = Call(broker, request);
    EXPECT_EQ(answer.header.code, 1);
    EXPECT_THAT(answer.header.remark, HasSubstr(complaint));
    EXPECT_EQ(CodeOf(broker, RouteRequest("orders")), ResponseCode::kTopicNotExist);
  }
  EXPECT_EQ(CodeOf(broker, good), ResponseCode::kSuccess) << "the connection goes on";
}

TEST_F(EmbeddedNamesrvTest, AStaticTopicKeepsItsMapping) {
  protocol::RegisterBrokerRequest broker = Master("orders");
  QueueMapping mapping;
  mapping.broker_name = "broker-r";
  mapping.scope = "__global__";
  mapping.epoch = 7;
  mapping.total_queues = 2;
  mapping.ids = {{0, 0}, {1, 1}};
  broker.mappings.emplace_back("orders", mapping);
  broker.mappings.emplace_back("not-here", mapping);
  RawClient client = Dial();
  Register(client, broker);
  const TopicRoute route = protocol::DecodeRouteResponse(Call(client, RouteRequest("orders"))).value();
  EXPECT_THAT(route.mappings, ElementsAre(mapping));
  EXPECT_EQ(CodeOf(client, RouteRequest("not-here")), ResponseCode::kTopicNotExist);
}

TEST_F(EmbeddedNamesrvTest, AServerThatStopsForgetsWhoRegisteredAndKeepsWhatItsMembersTold) {
  ns_.AddTopic("payments", "broker-a");
  RawClient broker = Dial();
  Register(broker, Master("orders"));
  ns_.Stop();
  ASSERT_TRUE(ns_.Start().ok());
  RawClient client = Dial();
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kTopicNotExist);
  EXPECT_EQ(CodeOf(client, RouteRequest("payments")), ResponseCode::kSuccess);
}

TEST_F(EmbeddedNamesrvTest, AnAnswerThatFitsIntoNoFrameIsRefusedByName) {
  ns_.AddQueues("huge", {.broker_name = std::string(wire::kMaxFrameBytes, 'b'), .read_queues = 1});
  RawClient client = Dial();
  const wire::Frame answer = Call(client, RouteRequest("huge"));
  EXPECT_EQ(answer.header.code, 1);
  EXPECT_THAT(answer.header.remark, HasSubstr("the answer cannot be sent"));
  EXPECT_EQ(CodeOf(client, RouteRequest("ghost")), ResponseCode::kTopicNotExist);
}

TEST_F(EmbeddedNamesrvTest, ABrokerThatWasAddedOutlivesEverything) {
  ns_.AddTopic("orders", "broker-a");
  world_.Advance(hours(100));
  RawClient client = Dial();
  EXPECT_EQ(CodeOf(client, RouteRequest("orders")), ResponseCode::kSuccess);
}

TEST_F(EmbeddedNamesrvTest, BytesThatAreNoFrameEndThatConnectionAlone) {
  RawClient good = Dial();
  RawClient bad = Dial();
  world_.Run(bad.SendBytes("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(End(bad), asio::error::eof);
  EXPECT_EQ(ns_.stats().malformed, 1u);
  EXPECT_THAT(ns_.stats().last_malformed, HasSubstr("HTTP"));
  EXPECT_EQ(CodeOf(good, RouteRequest("ghost")), ResponseCode::kTopicNotExist);
}

TEST_F(EmbeddedNamesrvTest, AResponseFromAClientIsIgnored) {
  RawClient client = Dial();
  wire::Frame response = RouteRequest("ghost");
  response.header.flag = wire::kFlagResponse;
  Send(client, response);
  EXPECT_EQ(CodeOf(client, protocol::EncodeClusterInfoRequest()), ResponseCode::kSuccess);
  EXPECT_EQ(ns_.stats().requests, 1u);
}

TEST_F(EmbeddedNamesrvTest, WrongOptionsAreNamed) {
  const auto message = [this](EmbeddedNamesrvOptions options) {
    return std::string(EmbeddedNamesrv::Create(world_.server_environment(), options).status().message());
  };
  EXPECT_THAT(message({.listen = "nowhere"}), HasSubstr("nowhere"));
  EXPECT_THAT(message({.listen = "ns3:1", .broker_expiry = milliseconds(0)}), HasSubstr("broker_expiry is 0 ms"));
  EXPECT_THAT(message({.listen = "ns3:1", .broker_expiry = hours(25)}), HasSubstr("broker_expiry"));
  EXPECT_THAT(message({.listen = "ns3:1", .max_connections = 0}), HasSubstr("max_connections is 0"));
  EXPECT_THAT(message({.listen = kNs1}), HasSubstr("cannot listen on ns1:9876")) << "somebody does already";
}

}  // namespace
}  // namespace corocket::testkit
