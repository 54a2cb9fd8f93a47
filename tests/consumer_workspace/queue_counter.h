#ifndef QUEUE_COUNTER_H_
#define QUEUE_COUNTER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "asio/awaitable.hpp"
#include "corocket/namesrv_channel.h"

/// How many queues of `topic` can be read. `namesrv` outlives the call.
asio::awaitable<absl::StatusOr<std::int64_t>> CountQueues(corocket::NamesrvChannel& namesrv, std::string topic);

#endif  // QUEUE_COUNTER_H_
