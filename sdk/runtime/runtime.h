#ifndef COROCKET_SDK_RUNTIME_RUNTIME_H_
#define COROCKET_SDK_RUNTIME_RUNTIME_H_

#include <chrono>
#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/runtime/time.h"

namespace corocket {

/// One alarm that can be set again and again.
/// Thread safety: used only from the executor it was made for. Destroyed on any thread, once nobody uses it; a `fire`
/// that is due at that very moment runs or does not, so one that needs the timer's owner holds it, or asks a weak
/// pointer.
class Timer {
 public:
  virtual ~Timer() = default;
  /// Calls `fire` on the timer's executor at or after `at`. Replaces what was armed before, which then never fires.
  virtual void Arm(TimePoint at, absl::AnyInvocable<void()> fire) = 0;
  /// What was armed never fires.
  virtual void Disarm() = 0;
};

/// What the SDK sees of time, chance and threads. `AsioRuntime` is the real one, `SimRuntime` the virtual one.
/// Thread safety: all members may be called from any thread.
class Runtime {
 public:
  virtual ~Runtime() = default;
  [[nodiscard]] virtual TimePoint Now() const = 0;
  /// 64 uniformly distributed bits.
  [[nodiscard]] virtual std::uint64_t Random() = 0;
  /// Executor of the user (or of the simulation); strands are made over it.
  [[nodiscard]] virtual asio::any_io_executor executor() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Timer> NewTimer(asio::any_io_executor on) = 0;
};

/// Suspends until `at`. Must be awaited on a strand or a single-threaded executor.
/// Cancellation: terminal, partial, total; throws `asio::error::operation_aborted`.
[[nodiscard]] asio::awaitable<void> SleepUntil(Runtime& runtime, TimePoint at);

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_RUNTIME_H_
