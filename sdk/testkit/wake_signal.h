#ifndef COROCKET_SDK_TESTKIT_WAKE_SIGNAL_H_
#define COROCKET_SDK_TESTKIT_WAKE_SIGNAL_H_

#include <memory>
#include <optional>
#include <system_error>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/runtime/parked.h"

namespace corocket::testkit {

/// Where one coroutine waits until something has changed; it then looks again by itself.
/// Thread safety: none; used where the coroutine runs.
class WakeSignal {
 public:
  enum class Cancel { kAllowed, kIgnored };

  /// Suspends until `Notify`. `ready`: only lets the others run, like a socket that has data already. One waiter at
  /// most. Cancellation (if allowed): terminal, partial, total; throws `operation_aborted`.
  [[nodiscard]] static asio::awaitable<void> Wait(std::shared_ptr<WakeSignal> signal, bool ready, Cancel cancel);

  /// Resumes the waiter, if there is one; never inside this call.
  void Notify();
  /// Destroys the waiting coroutine: its world ends under it.
  void Drop();

 private:
  void Park(Parked<std::error_code>::Handler handler, const asio::any_io_executor& executor,
            const std::shared_ptr<WakeSignal>& self, Cancel cancel);
  void End(std::error_code why);

  std::optional<Parked<std::error_code>> waiter_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_WAKE_SIGNAL_H_
