#ifndef COROCKET_SDK_RUNTIME_PARKING_LOT_H_
#define COROCKET_SDK_RUNTIME_PARKING_LOT_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "sdk/runtime/runtime.h"

namespace corocket {

enum class WakeReason : std::uint8_t { kWoken, kDeadline };

/// Where coroutines wait for something to change: a condition variable that suspends instead of blocking.
///
///     for (;;) {
///       const ParkingLot::Ticket ticket = lot.Prepare();      // before looking
///       if (Ready()) break;
///       const WakeReason why = co_await lot.Wait(ticket, deadline);
///       if (why == WakeReason::kDeadline) throw ...;
///     }
///
/// A change between `Prepare` and `Wait` wakes at once, so none is missed. All waiters share one timer.
/// Thread safety: all members may be called from any thread; a waiter resumes on its own executor, never inside a call
/// of these members.
class ParkingLot {
 public:
  static constexpr std::size_t kMaxWaiters = 1'048'576;

  struct Ticket {
    std::uint64_t epoch = 0;
  };

  /// The timer lives on `strand`. `max_waiters` at one time; one more is sent away as if its deadline had passed.
  ParkingLot(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand, std::size_t max_waiters = kMaxWaiters);
  /// As `Close`.
  ~ParkingLot();
  ParkingLot(const ParkingLot&) = delete;
  ParkingLot& operator=(const ParkingLot&) = delete;

  [[nodiscard]] Ticket Prepare() const;
  /// Suspends until `WakeAll` is called, once since `ticket` is enough, or until `deadline` (at most 1 ms later).
  /// `TimePoint::max()` is no limit; such a wait has to be ended by `WakeAll`, `Close` or cancellation before the
  /// execution context is destroyed, because no timer knows of it.
  /// Cancellation: terminal, partial, total: throws `asio::error::operation_aborted`; nothing is left behind.
  [[nodiscard]] asio::awaitable<WakeReason> Wait(Ticket ticket, TimePoint deadline);
  void WakeAll();
  /// Wakes all, and every later `Wait` at once. Idempotent.
  void Close();
  [[nodiscard]] std::size_t size() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_PARKING_LOT_H_
