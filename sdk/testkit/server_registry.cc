#include "sdk/testkit/server_registry.h"

#include <algorithm>
#include <iterator>
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

BrokerGroup ServerRegistry::GroupOf(const Broker& broker) {
  if (broker.live.empty()) return *broker.added;
  BrokerGroup group = broker.registered;
  for (const auto& [address, live] : broker.live) group.addresses.emplace_back(live.broker_id, address);
  if (broker.added) {
    for (const auto& [id, address] : broker.added->addresses) {
      const bool taken = std::any_of(broker.live.begin(), broker.live.end(), [&id, &address](const auto& entry) {
        return entry.first == address || entry.second.broker_id == id;
      });
      if (!taken) group.addresses.emplace_back(id, address);
    }
  }
  std::sort(group.addresses.begin(), group.addresses.end());
  return group;
}

void ServerRegistry::AddBroker(BrokerGroup group) {
  ++version_;
  std::sort(group.addresses.begin(), group.addresses.end());
  DropRegisteredShares(group.name);
  Broker& broker = brokers_[group.name];
  broker.live.clear();
  broker.added = std::move(group);
}

void ServerRegistry::RemoveBroker(const std::string& name) {
  ++version_;
  brokers_.erase(name);
  ChangeShares(name, [](Share& share) { share = {}; });
}

void ServerRegistry::DropRegisteredShares(const std::string& broker_name) {
  ChangeShares(broker_name, [](Share& share) {
    share.registered.reset();
    share.mapping.reset();
  });
}

template <typename Change>
void ServerRegistry::ChangeShares(const std::string& broker_name, Change change) {
  for (auto& [topic, shares] : topics_) {
    const auto share = shares.find(broker_name);
    if (share == shares.end()) continue;
    change(share->second);
    if (!share->second.added && !share->second.registered) shares.erase(share);
  }
  absl::erase_if(topics_, [](const auto& entry) { return entry.second.empty(); });
}

void ServerRegistry::AddTopic(const std::string& topic, QueueGroup queues) {
  ++version_;
  Share& share = topics_[topic][queues.broker_name];
  share.added = std::move(queues);
  share.registered.reset();  // the later word counts, until the broker registers again
}

void ServerRegistry::RemoveTopic(const std::string& topic) {
  ++version_;
  topics_.erase(topic);
}

void ServerRegistry::Clear() {
  ++version_;
  brokers_.clear();
  topics_.clear();
  settings_.clear();
  next_expiry_ = TimePoint::max();
}

ServerRegistry::MasterInfo ServerRegistry::Register(Registration registration) {
  ++version_;
  Broker& broker = brokers_[registration.broker_name];
  broker.registered = {.cluster = registration.cluster,
                       .name = registration.broker_name,
                       .zone = registration.zone,
                       .enable_acting_master = registration.enable_acting_master};
  // One process has one id: a replica that became the master leaves its old one, and the master before it goes.
  absl::erase_if(broker.live, [&](const auto& entry) { return entry.second.broker_id == registration.broker_id; });
  broker.live.insert_or_assign(registration.address, Live{.broker_id = registration.broker_id,
                                                          .ha_address = registration.ha_address,
                                                          .expires = registration.expires,
                                                          .connection = registration.connection});
  next_expiry_ = std::min(next_expiry_, registration.expires);
  MasterInfo master;
  if (registration.broker_id == kMasterId) {
    RegisterTopics(registration);
    return master;
  }
  const BrokerGroup group = GroupOf(broker);
  if (const std::string* address = MasterOf(group)) {
    master.address = *address;
    const auto live = broker.live.find(*address);
    if (live != broker.live.end()) master.ha_address = live->second.ha_address;
  }
  return master;
}

// Only a master's word counts: replicas have their topics from it.
void ServerRegistry::RegisterTopics(Registration& registration) {
  for (auto& [topic, queues] : registration.topics) {
    queues.broker_name = registration.broker_name;
    topics_[topic][registration.broker_name].registered = std::move(queues);
  }
  for (auto& [topic, mapping] : registration.mappings) {
    const auto shares = topics_.find(topic);
    if (shares == topics_.end()) continue;
    const auto share = shares->second.find(registration.broker_name);
    if (share != shares->second.end()) share->second.mapping = std::move(mapping);
  }
}

void ServerRegistry::Unregister(const std::string& broker_name, std::int64_t broker_id, const std::string& address) {
  const auto broker = brokers_.find(broker_name);
  if (broker == brokers_.end()) return;
  const auto live = broker->second.live.find(address);
  if (live == broker->second.live.end() || live->second.broker_id != broker_id) return;
  DropLive([&](const std::string& name, const std::string& of, const Live&) {
    return name == broker_name && of == address;
  });
}

void ServerRegistry::DropConnection(ConnectionId connection) {
  DropLive([connection](const auto&, const auto&, const Live& live) { return live.connection == connection; });
}

void ServerRegistry::Expire(TimePoint now) {
  if (now < next_expiry_) return;
  DropLive([now](const auto&, const auto&, const Live& live) { return live.expires <= now; });
  next_expiry_ = TimePoint::max();
  for (const auto& [name, broker] : brokers_) {
    for (const auto& [address, live] : broker.live) next_expiry_ = std::min(next_expiry_, live.expires);
  }
}

template <typename Predicate>
void ServerRegistry::DropLive(Predicate gone) {
  for (auto it = brokers_.begin(); it != brokers_.end();) {
    auto& [name, broker] = *it;
    const auto dropped =
        absl::erase_if(broker.live, [&](const auto& entry) { return gone(name, entry.first, entry.second); });
    if (dropped > 0) ++version_;
    // With the last process of a group its topics are gone, and unless it was added, so is the broker.
    if (dropped > 0 && broker.live.empty()) DropRegisteredShares(name);
    it = broker.live.empty() && !broker.added ? brokers_.erase(it) : std::next(it);
  }
}

std::optional<TopicRoute> ServerRegistry::FindRoute(const std::string& topic) const {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return std::nullopt;
  TopicRoute route;
  for (const auto& [name, share] : found->second) {
    const auto broker = brokers_.find(name);
    if (broker == brokers_.end()) continue;
    route.queues.push_back(share.registered ? *share.registered : *share.added);
    if (share.mapping) route.mappings.push_back(*share.mapping);
    route.brokers.push_back(GroupOf(broker->second));
  }
  if (route.brokers.empty()) return std::nullopt;
  return route;
}

ClusterInfo ServerRegistry::Clusters() const {
  absl::btree_map<std::string, std::vector<std::string>> clusters;
  ClusterInfo info;
  for (const auto& [name, broker] : brokers_) {
    info.brokers.push_back(GroupOf(broker));
    clusters[info.brokers.back().cluster].push_back(name);
  }
  for (auto& [cluster, names] : clusters) info.clusters.emplace_back(cluster, std::move(names));
  return info;
}

std::vector<std::string> ServerRegistry::Topics() const {
  std::vector<std::string> topics;
  for (const auto& [topic, shares] : topics_) {
    const bool lives =
        std::any_of(shares.begin(), shares.end(), [this](const auto& share) { return brokers_.contains(share.first); });
    if (lives) topics.push_back(topic);
  }
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
