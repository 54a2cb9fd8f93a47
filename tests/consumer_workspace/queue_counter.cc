#include "queue_counter.h"

asio::awaitable<absl::StatusOr<std::int64_t>> CountQueues(corocket::NamesrvChannel& namesrv, std::string topic) {
  auto route = co_await namesrv.QueryRoute(topic);
  if (!route.ok()) co_return route.status();
  std::int64_t count = 0;
  for (const auto& queues : route->queues) count += queues.read_queues;
  co_return count;
}
