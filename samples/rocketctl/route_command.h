#ifndef COROCKET_SAMPLES_ROCKETCTL_ROUTE_COMMAND_H_
#define COROCKET_SAMPLES_ROCKETCTL_ROUTE_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "samples/rocketctl/flags.h"

namespace rocketctl {

/// `rocketctl route TOPIC`: prints queues, brokers, permissions, and who answered after how many attempts.
/// Errors: as `Client::QueryRoute`.
asio::awaitable<absl::Status> RunRoute(corocket::Client client, std::string topic, CommonFlags flags);

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_ROUTE_COMMAND_H_
