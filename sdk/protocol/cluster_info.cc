#include "sdk/protocol/cluster_info.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "corocket/route.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/route_json.h"
#include "sdk/protocol/sort_as_map.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::protocol {
namespace {

using Cluster = std::pair<std::string, std::vector<std::string>>;

void ReadBrokers(wire::JsonReader& json, BrokerTotals& totals, std::vector<BrokerGroup>& brokers) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (json.ReadNull()) continue;
    if (brokers.size() == kMaxBrokers) {
      json.Fail("a cluster has too many brokers");
    } else {
      ReadBrokerGroup(json, key, totals, brokers.emplace_back());
    }
  }
}

// The names of one cluster's brokers. `total` counts those of all clusters of the body.
void ReadNames(wire::JsonReader& json, std::size_t& total, std::vector<std::string>& names) {
  if (json.ReadNull() || !json.BeginArray()) return;
  while (json.NextElement()) {
    if (json.ReadNull()) continue;
    if (++total > kMaxBrokers) {
      json.Fail("the clusters have too many brokers");
    } else {
      json.Read(names.emplace_back());
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());  // servers hold them as a set
}

void ReadClusters(wire::JsonReader& json, std::size_t& total_names, std::vector<Cluster>& clusters) {
  if (json.ReadNull() || !json.BeginObject()) return;
  std::string_view key;
  while (json.NextKey(key)) {
    if (clusters.size() == kMaxBrokers) {
      json.Fail("there are too many clusters");
    } else {
      ReadNames(json, total_names, clusters.emplace_back(key, std::vector<std::string>()).second);
    }
  }
}

}  // namespace

wire::Frame EncodeClusterInfoRequest() { return MakeRequest(RequestCode::kGetBrokerClusterInfo); }

absl::Status DecodeClusterInfoRequest(const wire::Frame& frame) {
  return CheckRequest(frame, RequestCode::kGetBrokerClusterInfo);
}

wire::Frame EncodeClusterInfoResponse(const wire::Frame& request, const ClusterInfo& info) {
  wire::Frame frame = MakeResponse(request);
  wire::JsonWriter json(frame.body);
  json.BeginObject();
  json.Key("brokerAddrTable").BeginObject();
  for (const BrokerGroup& broker : info.brokers) {
    json.Key(broker.name);
    WriteBrokerGroup(json, broker, wire::JsonWriter::NumericKeys::kBare);
  }
  json.EndObject();
  json.Key("clusterAddrTable").BeginObject();
  for (const auto& [cluster, brokers] : info.clusters) {
    json.Key(cluster).BeginArray();
    for (const std::string& broker : brokers) json.Value(broker);
    json.EndArray();
  }
  json.EndObject();
  json.EndObject();
  return frame;
}

absl::StatusOr<ClusterInfo> DecodeClusterInfoResponse(const wire::Frame& frame) {
  if (absl::Status success = CheckSuccess(frame); !success.ok()) return success;
  ClusterInfo info;
  BrokerTotals totals;
  std::size_t total_names = 0;
  wire::JsonReader json(frame.body);
  json.BeginObject();
  std::string_view key;
  while (json.NextKey(key)) {
    if (key == "brokerAddrTable") {
      ReadBrokers(json, totals, info.brokers);
    } else if (key == "clusterAddrTable") {
      ReadClusters(json, total_names, info.clusters);
    } else {
      json.Skip();
    }
  }
  json.Finish();
  if (!json.ok()) return json.status();
  SortAsMap(info.brokers, &BrokerGroup::name);
  SortAsMap(info.clusters);
  return info;
}

}  // namespace corocket::protocol
