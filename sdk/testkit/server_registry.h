#ifndef COROCKET_SDK_TESTKIT_SERVER_REGISTRY_H_
#define COROCKET_SDK_TESTKIT_SERVER_REGISTRY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "corocket/route.h"
#include "sdk/runtime/time.h"

namespace corocket::testkit {

/// What a NameServer knows: brokers, their topics, and a table of settings. No I/O and no clock of its own.
///
/// A broker that is added stays until it is removed, whoever registers under its name meanwhile: a process that does
/// is on top of what was added, and leaves that behind. A process is gone when it has not registered again for its
/// time, when it unregisters, or when the connection that it registered on last ends; the topics that a group
/// registered are gone with its last process. Thread safety: none.
class ServerRegistry {
 public:
  /// Stands for the connection that a broker registered on.
  using ConnectionId = std::uint64_t;

  struct Registration {
    std::string cluster;
    std::string broker_name;
    std::int64_t broker_id = 0;
    std::string address;
    std::string ha_address;
    std::string zone;
    bool enable_acting_master = false;
    /// (topic, its queues here); what is known of other topics stays.
    std::vector<std::pair<std::string, QueueGroup>> topics;
    /// (static topic, its logical queues here).
    std::vector<std::pair<std::string, QueueMapping>> mappings;
    TimePoint expires;
    /// None: the registration outlives the connection.
    std::optional<ConnectionId> connection;
  };
  /// What a replica is told of its master; empty for a master, or while there is none.
  struct MasterInfo {
    std::string address;
    std::string ha_address;
  };

  /// Replaces a broker of that name, and the processes that have registered under it. Topics that were added stay.
  void AddBroker(BrokerGroup group);
  void RemoveBroker(const std::string& name);
  [[nodiscard]] bool HasBroker(const std::string& name) const { return brokers_.contains(name); }
  /// Sets the queues of `topic` on `queues.broker_name`.
  void AddTopic(const std::string& topic, QueueGroup queues);
  void RemoveTopic(const std::string& topic);
  /// Forgets brokers, topics and settings.
  void Clear();

  MasterInfo Register(Registration registration);
  void Unregister(const std::string& broker_name, std::int64_t broker_id, const std::string& address);
  void DropConnection(ConnectionId connection);
  /// Forgets the brokers whose time is over.
  void Expire(TimePoint now);

  /// None: no broker that is there has queues of it.
  [[nodiscard]] std::optional<TopicRoute> FindRoute(const std::string& topic) const;
  [[nodiscard]] ClusterInfo Clusters() const;
  [[nodiscard]] std::vector<std::string> Topics() const;
  /// Rises with every change of brokers and topics.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  void PutSetting(const std::string& name_space, const std::string& key, std::string value);
  void DeleteSetting(const std::string& name_space, const std::string& key);
  [[nodiscard]] const std::string* FindSetting(const std::string& name_space, const std::string& key) const;

 private:
  /// One registered broker process.
  struct Live {
    std::int64_t broker_id = 0;
    std::string ha_address;
    TimePoint expires;
    std::optional<ConnectionId> connection;
  };
  /// At least one of the two: it was added, or processes of it live.
  struct Broker {
    std::optional<BrokerGroup> added;
    /// By address.
    absl::btree_map<std::string, Live> live;
    /// What the process said of the group that registered last; without addresses.
    BrokerGroup registered;
  };
  /// A topic on one broker. It was added, or the broker has registered it; then that counts.
  struct Share {
    std::optional<QueueGroup> added;
    std::optional<QueueGroup> registered;
    std::optional<QueueMapping> mapping;
  };
  using Brokers = absl::btree_map<std::string, Broker>;
  using SharesByBroker = absl::btree_map<std::string, Share>;

  [[nodiscard]] static BrokerGroup GroupOf(const Broker& broker);
  /// Forgets the processes for which `gone(broker name, address, live)`.
  template <typename Predicate>
  void DropLive(Predicate gone);
  void RegisterTopics(Registration& registration);
  /// Forgets the topics that `broker_name` has registered.
  void DropRegisteredShares(const std::string& broker_name);
  template <typename Change>
  void ChangeShares(const std::string& broker_name, Change change);

  Brokers brokers_;
  /// Of brokers that are there, and added ones also of those that are not.
  absl::btree_map<std::string, SharesByBroker> topics_;
  absl::btree_map<std::pair<std::string, std::string>, std::string> settings_;
  /// Nothing expires before this.
  TimePoint next_expiry_ = TimePoint::max();
  std::uint64_t version_ = 0;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_REGISTRY_H_
