#include "corocket/testing/routes.h"

#include <utility>

namespace corocket::testing {

BrokerGroup BrokerOf(std::string name, std::string master) {
  BrokerGroup broker;
  broker.cluster = kDefaultCluster;
  broker.name = std::move(name);
  broker.addresses.emplace_back(0, std::move(master));
  return broker;
}

QueueGroup QueuesOf(std::string broker, std::int32_t queues) {
  return {.broker_name = std::move(broker),
          .read_queues = queues,
          .write_queues = queues,
          .perm = kPermRead | kPermWrite,
          .topic_sys_flag = 0};
}

TopicRoute RouteOf(std::string broker, std::int32_t queues) {
  TopicRoute route;
  route.queues.push_back(QueuesOf(broker, queues));
  route.brokers.push_back(BrokerOf(std::move(broker)));
  return route;
}

}  // namespace corocket::testing
