#ifndef COROCKET_SDK_PROTOCOL_LIMITS_H_
#define COROCKET_SDK_PROTOCOL_LIMITS_H_

#include <cstddef>

namespace corocket::protocol {

// An empty object is two bytes on the wire and more than a hundred in memory: without these, a frame within its limit
// could fill gigabytes.

/// Brokers of a cluster, and those of one route.
inline constexpr std::size_t kMaxBrokers = 65'536;

/// Addresses of one broker: a master and its replicas.
inline constexpr std::size_t kMaxReplicas = 4'096;

/// Addresses of all brokers of a cluster or of one route together.
inline constexpr std::size_t kMaxAddresses = 8 * kMaxBrokers;

/// Topics of a broker or a cluster.
inline constexpr std::size_t kMaxTopics = 1'000'000;

/// Static topics of a broker.
inline constexpr std::size_t kMaxStaticTopics = 65'536;

/// Logical queues of one static topic on one broker.
inline constexpr std::size_t kMaxMappedQueues = 65'536;

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_LIMITS_H_
