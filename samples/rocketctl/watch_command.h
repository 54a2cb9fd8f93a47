#ifndef COROCKET_SAMPLES_ROCKETCTL_WATCH_COMMAND_H_
#define COROCKET_SAMPLES_ROCKETCTL_WATCH_COMMAND_H_

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "samples/rocketctl/flags.h"

namespace rocketctl {

/// `rocketctl watch`: keeps asking, prints events as they happen, ends with a summary. Failed calls do not end it; they
/// make the command fail when not one call succeeded.
/// @param stop  Set from outside (a signal) to end before the duration is over.
asio::awaitable<absl::Status> RunWatch(corocket::Client& client, WatchFlags watch, CommonFlags flags, const bool& stop);

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_WATCH_COMMAND_H_
