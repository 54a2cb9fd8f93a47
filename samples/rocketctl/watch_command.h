#ifndef COROCKET_SAMPLES_ROCKETCTL_WATCH_COMMAND_H_
#define COROCKET_SAMPLES_ROCKETCTL_WATCH_COMMAND_H_

#include "absl/status/status.h"
#include "asio/awaitable.hpp"
#include "corocket/client.h"
#include "samples/rocketctl/flags.h"

namespace rocketctl {

/// `rocketctl watch`: keeps asking, prints events and each new kind of failure as they happen, ends with a summary. It
/// ends when its time is over or a signal asks for it, and waits for no call then: those that wait are cancelled and
/// counted nowhere.
/// Errors: INVALID_ARGUMENT: a name that no topic may have. Failed calls end nothing; the last one's error is returned
///   when not one call succeeded.
asio::awaitable<absl::Status> RunWatch(corocket::Client client, WatchFlags flags, CommonFlags common);

}  // namespace rocketctl

#endif  // COROCKET_SAMPLES_ROCKETCTL_WATCH_COMMAND_H_
