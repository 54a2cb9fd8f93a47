#ifndef COROCKET_TESTING_ROUTES_H_
#define COROCKET_TESTING_ROUTES_H_

#include <cstdint>
#include <string>

#include "corocket/route.h"

namespace corocket::testing {

/// Master of a broker that a test only gave a name.
inline constexpr char kDefaultMaster[] = "127.0.0.1:10911";
inline constexpr char kDefaultCluster[] = "DefaultCluster";

/// A broker of cluster `DefaultCluster` that has only a master.
[[nodiscard]] BrokerGroup BrokerOf(std::string name, std::string master = kDefaultMaster);
/// `queues` queues to read and write on `broker`.
[[nodiscard]] QueueGroup QueuesOf(std::string broker, std::int32_t queues = 8);
/// The route of a topic that lives on one such broker.
[[nodiscard]] TopicRoute RouteOf(std::string broker, std::int32_t queues = 8);

}  // namespace corocket::testing

#endif  // COROCKET_TESTING_ROUTES_H_
