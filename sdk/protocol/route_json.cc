#include "sdk/protocol/route_json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "corocket/route.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/sort_as_map.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::protocol {
namespace {

using NumericKeys = wire::JsonWriter::NumericKeys;

void ReadAddresses(wire::JsonReader& json, BrokerTotals& totals,
                   std::vector<std::pair<std::int64_t, std::string>>& addresses) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    std::int64_t id = 0;
    if (!wire::ParseInteger(key, id)) {
      json.Fail("a broker id has to be an integer");
    } else if (addresses.size() == kMaxReplicas) {
      json.Fail("a broker has too many addresses");
    } else if (totals.addresses == kMaxAddresses) {
      json.Fail("the brokers have too many addresses");
    } else if (!json.ReadNull()) {
      ++totals.addresses;
      json.Read(addresses.emplace_back(id, std::string()).second);
    }
  }
}

void ReadQueueIds(wire::JsonReader& json, std::vector<std::pair<std::int32_t, std::int32_t>>& ids) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    std::int32_t logical = 0;
    if (!wire::ParseInteger(key, logical)) {
      json.Fail("a logical queue id has to be an integer");
    } else if (ids.size() == kMaxMappedQueues) {
      json.Fail("a static topic has too many queues");
    } else if (!json.ReadNull()) {
      json.Read(ids.emplace_back(logical, 0).second);
    }
  }
}

}  // namespace

void ReadBrokerGroup(wire::JsonReader& json, std::string_view default_name, BrokerTotals& totals, BrokerGroup& broker) {
  broker.name = default_name;
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "brokerAddrs") {
      ReadAddresses(json, totals, broker.addresses);
    } else if (key == "brokerName") {
      json.Read(broker.name);
    } else if (key == "cluster") {
      json.Read(broker.cluster);
    } else if (key == "enableActingMaster") {
      json.Read(broker.enable_acting_master);
    } else if (key == "zoneName") {
      json.Read(broker.zone);
    } else {
      json.Skip();
    }
  }
  SortAsMap(broker.addresses);
  if (broker.name.empty()) json.Fail("a broker without brokerName");
}

void WriteBrokerGroup(wire::JsonWriter& json, const BrokerGroup& broker, NumericKeys keys) {
  json.BeginObject();
  json.Key("brokerAddrs").BeginObject();
  for (const auto& [id, address] : broker.addresses) json.Key(id, keys).Value(address);
  json.EndObject();
  json.Key("brokerName").Value(broker.name);
  json.Key("cluster").Value(broker.cluster);
  json.Key("enableActingMaster").Value(broker.enable_acting_master);
  if (!broker.zone.empty()) json.Key("zoneName").Value(broker.zone);
  json.EndObject();
}

void ReadQueueMapping(wire::JsonReader& json, std::string_view default_broker, QueueMapping& mapping) {
  mapping.broker_name = default_broker;
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "bname") {
      json.Read(mapping.broker_name);
    } else if (key == "currIdMap") {
      ReadQueueIds(json, mapping.ids);
    } else if (key == "epoch") {
      json.Read(mapping.epoch);
    } else if (key == "scope") {
      json.Read(mapping.scope);
    } else if (key == "totalQueues") {
      json.Read(mapping.total_queues);
    } else {
      json.Skip();
    }
  }
  SortAsMap(mapping.ids);
  if (mapping.broker_name.empty()) json.Fail("a queue mapping without bname");
}

void WriteQueueMapping(wire::JsonWriter& json, const QueueMapping& mapping, std::string_view topic, NumericKeys keys) {
  json.BeginObject();
  json.Key("bname").Value(mapping.broker_name);
  json.Key("currIdMap").BeginObject();
  for (const auto& [logical, physical] : mapping.ids) json.Key(logical, keys).Value(physical);
  json.EndObject();
  json.Key("dirty").Value(false);
  json.Key("epoch").Value(mapping.epoch);
  if (!mapping.scope.empty()) json.Key("scope").Value(mapping.scope);
  json.Key("topic").Value(topic);
  json.Key("totalQueues").Value(mapping.total_queues);
  json.EndObject();
}

}  // namespace corocket::protocol
