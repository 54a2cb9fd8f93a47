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
/// A broker that is added stays until it is removed. One that registers is gone when it has not registered again for
/// its time, when it unregisters, or when the connection that it registered on ends. Thread safety: none.
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

  /// Replaces a broker of that name.
  void AddBroker(BrokerGroup broker);
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
    std::string broker_name;
    std::int64_t broker_id = 0;
    std::string ha_address;
    TimePoint expires;
    std::optional<ConnectionId> connection;
  };
  /// A topic on one broker.
  struct Share {
    QueueGroup queues;
    std::optional<QueueMapping> mapping;
  };
  using SharesByBroker = absl::btree_map<std::string, Share>;

  template <typename Predicate>
  void DropLive(Predicate gone);
  void RemoveShares(const std::string& broker_name);
  void RemoveAddress(const std::string& broker_name, const std::string& address);

  absl::btree_map<std::string, BrokerGroup> brokers_;
  absl::btree_map<std::string, SharesByBroker> topics_;
  /// By broker address.
  absl::btree_map<std::string, Live> live_;
  absl::btree_map<std::pair<std::string, std::string>, std::string> settings_;
  /// Nothing expires before this.
  TimePoint next_expiry_ = TimePoint::max();
  std::uint64_t version_ = 0;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_REGISTRY_H_
