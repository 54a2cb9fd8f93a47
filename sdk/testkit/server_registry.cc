#include "sdk/testkit/server_registry.h"

#include <algorithm>
#include <utility>

namespace corocket::testkit {
namespace {

constexpr std::int64_t kMasterId = 0;

const std::string* MasterOf(const BrokerGroup& broker) {
  for (const auto& [id, address] : broker.addresses) {
    if (id == kMasterId) return &address;
  }
  return nullptr;
}

}  // namespace

void ServerRegistry::AddBroker(BrokerGroup broker) {
  ++version_;
  std::sort(broker.addresses.begin(), broker.addresses.end());
  std::string name = broker.name;
  absl::erase_if(live_, [&](const auto& entry) { return entry.second.broker_name == name; });
  brokers_.insert_or_assign(std::move(name), std::move(broker));
}

void ServerRegistry::RemoveBroker(const std::string& name) {
  ++version_;
  brokers_.erase(name);
  absl::erase_if(live_, [&](const auto& entry) { return entry.second.broker_name == name; });
  RemoveShares(name);
}

void ServerRegistry::RemoveShares(const std::string& broker_name) {
  for (auto& [topic, shares] : topics_) shares.erase(broker_name);
  absl::erase_if(topics_, [](const auto& entry) { return entry.second.empty(); });
}

void ServerRegistry::AddTopic(const std::string& topic, QueueGroup queues) {
  ++version_;
  Share& share = topics_[topic][queues.broker_name];
  share.queues = std::move(queues);
}

void ServerRegistry::RemoveTopic(const std::string& topic) {
  ++version_;
  topics_.erase(topic);
}

void ServerRegistry::Clear() {
  ++version_;
  brokers_.clear();
  topics_.clear();
  live_.clear();
  settings_.clear();
  next_expiry_ = TimePoint::max();
}

ServerRegistry::MasterInfo ServerRegistry::Register(Registration registration) {
  ++version_;
  BrokerGroup& broker = brokers_[registration.broker_name];
  broker.name = registration.broker_name;
  broker.cluster = registration.cluster;
  broker.zone = registration.zone;
  broker.enable_acting_master = registration.enable_acting_master;
  // One process has one id: a replica that became the master leaves its old one.
  std::erase_if(broker.addresses, [&](const auto& entry) {
    return entry.first == registration.broker_id || entry.second == registration.address;
  });
  broker.addresses.emplace_back(registration.broker_id, registration.address);
  std::sort(broker.addresses.begin(), broker.addresses.end());
  // Only the master says which topics there are.
  if (registration.broker_id == kMasterId) {
    for (auto& [topic, queues] : registration.topics) {
      queues.broker_name = registration.broker_name;
      AddTopic(topic, std::move(queues));
    }
    for (auto& [topic, mapping] : registration.mappings) {
      const auto shares = topics_.find(topic);
      if (shares == topics_.end() || !shares->second.contains(registration.broker_name)) continue;
      shares->second[registration.broker_name].mapping = std::move(mapping);
    }
  }
  next_expiry_ = std::min(next_expiry_, registration.expires);
  live_.insert_or_assign(registration.address, Live{.broker_name = registration.broker_name,
                                                    .broker_id = registration.broker_id,
                                                    .ha_address = registration.ha_address,
                                                    .expires = registration.expires,
                                                    .connection = registration.connection});
  MasterInfo master;
  if (registration.broker_id == kMasterId) return master;
  if (const std::string* address = MasterOf(broker)) {
    master.address = *address;
    const auto live = live_.find(*address);
    if (live != live_.end()) master.ha_address = live->second.ha_address;
  }
  return master;
}

void ServerRegistry::Unregister(const std::string& broker_name, std::int64_t broker_id, const std::string& address) {
  const auto live = live_.find(address);
  if (live == live_.end() || live->second.broker_name != broker_name || live->second.broker_id != broker_id) return;
  live_.erase(live);
  RemoveAddress(broker_name, address);
}

void ServerRegistry::DropConnection(ConnectionId connection) {
  DropLive([connection](const Live& live) { return live.connection == connection; });
}

void ServerRegistry::Expire(TimePoint now) {
  if (now < next_expiry_) return;
  DropLive([now](const Live& live) { return live.expires <= now; });
  next_expiry_ = TimePoint::max();
  for (const auto& [address, live] : live_) next_expiry_ = std::min(next_expiry_, live.expires);
}

template <typename Predicate>
void ServerRegistry::DropLive(Predicate gone) {
  for (auto live = live_.begin(); live != live_.end();) {
    if (!gone(live->second)) {
      ++live;
      continue;
    }
    RemoveAddress(live->second.broker_name, live->first);
    live = live_.erase(live);
  }
}

void ServerRegistry::RemoveAddress(const std::string& broker_name, const std::string& address) {
  ++version_;
  const auto broker = brokers_.find(broker_name);
  if (broker == brokers_.end()) return;
  std::erase_if(broker->second.addresses, [&](const auto& entry) { return entry.second == address; });
  if (!broker->second.addresses.empty()) return;
  // The last process of the group has gone, and its queues with it.
  brokers_.erase(broker);
  RemoveShares(broker_name);
}

std::optional<TopicRoute> ServerRegistry::FindRoute(const std::string& topic) const {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return std::nullopt;
  TopicRoute route;
  for (const auto& [name, share] : found->second) {
    route.queues.push_back(share.queues);
    if (share.mapping) route.mappings.push_back(*share.mapping);
    const auto broker = brokers_.find(name);
    if (broker != brokers_.end()) route.brokers.push_back(broker->second);
  }
  if (route.brokers.empty()) return std::nullopt;
  return route;
}

ClusterInfo ServerRegistry::Clusters() const {
  absl::btree_map<std::string, std::vector<std::string>> clusters;
  ClusterInfo info;
  for (const auto& [name, broker] : brokers_) {
    info.brokers.push_back(broker);
    clusters[broker.cluster].push_back(name);
  }
  for (auto& [cluster, names] : clusters) info.clusters.emplace_back(cluster, std::move(names));
  return info;
}

std::vector<std::string> ServerRegistry::Topics() const {
  std::vector<std::string> topics;
  for (const auto& [topic, shares] : topics_) topics.push_back(topic);
  return topics;
}

void ServerRegistry::PutSetting(const std::string& name_space, const std::string& key, std::string value) {
  settings_.insert_or_assign({name_space, key}, std::move(value));
}

void ServerRegistry::DeleteSetting(const std::string& name_space, const std::string& key) {
  settings_.erase({name_space, key});
}

const std::string* ServerRegistry::FindSetting(const std::string& name_space, const std::string& key) const {
  const auto found = settings_.find({name_space, key});
  return found == settings_.end() ? nullptr : &found->second;
}

}  // namespace corocket::testkit
