#ifndef COROCKET_ROUTE_H_
#define COROCKET_ROUTE_H_

#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace corocket {

/// Bits of `QueueGroup::perm`.
inline constexpr std::int32_t kPermInherit = 1;
inline constexpr std::int32_t kPermWrite = 2;
inline constexpr std::int32_t kPermRead = 4;
inline constexpr std::int32_t kPermPriority = 8;

/// Queues of a topic on one broker.
struct QueueGroup {
  std::string broker_name = {};
  std::int32_t read_queues = 0;
  std::int32_t write_queues = 0;
  std::int32_t perm = 0;
  std::int32_t topic_sys_flag = 0;

  [[nodiscard]] bool readable() const { return (perm & kPermRead) != 0; }
  [[nodiscard]] bool writable() const { return (perm & kPermWrite) != 0; }
  friend bool operator==(const QueueGroup&, const QueueGroup&) = default;
};
/// `broker-a: 8 read, 8 write, RW-`. Names are foreign text: control characters are escaped, long ones cut.
std::ostream& operator<<(std::ostream& out, const QueueGroup& queues);

/// A master (id 0) and its replicas, by broker id.
struct BrokerGroup {
  std::string cluster = {};
  std::string name = {};
  std::string zone = {};
  bool enable_acting_master = false;
  /// (broker id, `host:port`), sorted by id.
  std::vector<std::pair<std::int64_t, std::string>> addresses = {};

  friend bool operator==(const BrokerGroup&, const BrokerGroup&) = default;
};
/// `broker-a (DefaultCluster): 0=10.0.0.1:10911, 1=10.0.0.2:10911`; names and addresses as above.
std::ostream& operator<<(std::ostream& out, const BrokerGroup& broker);

/// Logical queues of a static topic that live on one broker (5.x).
struct QueueMapping {
  std::string broker_name = {};
  std::string scope = {};
  std::int64_t epoch = 0;
  std::int32_t total_queues = 0;
  /// (logical id, physical id), sorted.
  std::vector<std::pair<std::int32_t, std::int32_t>> ids = {};

  friend bool operator==(const QueueMapping&, const QueueMapping&) = default;
};

/// Where a topic lives. Queues and brokers sorted by broker name.
struct TopicRoute {
  std::vector<QueueGroup> queues = {};
  std::vector<BrokerGroup> brokers = {};
  std::vector<QueueMapping> mappings = {};
  /// `broker-a:8;broker-b:8` of an ordered topic; empty otherwise.
  std::string order_topic_conf = {};

  friend bool operator==(const TopicRoute&, const TopicRoute&) = default;
};

/// Brokers and clusters that one NameServer knows. Both sorted by name.
struct ClusterInfo {
  std::vector<BrokerGroup> brokers = {};
  /// (cluster, its broker names sorted).
  std::vector<std::pair<std::string, std::vector<std::string>>> clusters = {};

  friend bool operator==(const ClusterInfo&, const ClusterInfo&) = default;
};

}  // namespace corocket

#endif  // COROCKET_ROUTE_H_
