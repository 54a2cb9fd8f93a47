#ifndef COROCKET_SDK_NET_EXCHANGE_H_
#define COROCKET_SDK_NET_EXCHANGE_H_

#include <exception>
#include <utility>

#include "sdk/runtime/time.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

struct SendOptions {
  /// When the wait for the answer ends with `kAttemptTimeout`.
  TimePoint deadline;
  /// The request may be sent again elsewhere, so its caller need not wait for a silent connection to speak.
  bool idempotent = true;
};

/// One call on a connection, in the frame of the coroutine that makes it.
/// Thread safety: distinct objects: safe. Shared object: the connection's from `Run` until the call has ended.
struct Exchange {
  /// The request until the writer takes it, the answer in the end. Never null.
  wire::Frame* frame = nullptr;
  SendOptions options = {};
  bool oneway = false;
  /// Set: the call failed.
  std::exception_ptr error = {};

  void ThrowIfFailed() {
    if (error) std::rethrow_exception(std::move(error));
  }
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_EXCHANGE_H_
