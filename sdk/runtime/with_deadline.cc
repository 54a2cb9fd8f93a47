#include "sdk/runtime/with_deadline.h"

#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "asio/any_io_executor.hpp"
#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/cancellation_state.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/co_spawn.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/this_coro.hpp"
#include "sdk/runtime/parked.h"

namespace corocket {
namespace {

std::system_error TimedOut() { return std::system_error(asio::error::make_error_code(asio::error::timed_out)); }

// Timer against work, both on one strand, so "who was first" is simply who finds the caller still parked. Owned by the
// timer and by the work, never by the waiting frame: a context that ends in between could free neither.
struct Race {
  std::unique_ptr<Timer> timer;
  std::optional<Parked<std::exception_ptr>> caller;
  asio::cancellation_signal cancel_work;

  void WorkEnded(std::exception_ptr error) {
    auto parked = Take(caller);
    if (!parked) return;  // too late: dropped
    timer->Disarm();
    std::move(*parked).Resume(std::move(error));
  }

  void DeadlineCame() {
    auto parked = Take(caller);
    if (!parked) return;
    std::move(*parked).Resume(std::make_exception_ptr(TimedOut()));
    cancel_work.emit(asio::cancellation_type::terminal);
  }
};

// `co_spawn` admits only terminal cancellation, and the caller may pass on any kind.
asio::awaitable<void> AdmitAllCancellation(asio::awaitable<void> work) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await std::move(work);
}

void StartRace(Parked<std::exception_ptr>::Handler handler, Runtime& runtime, const asio::any_io_executor& executor,
               TimePoint deadline, asio::awaitable<void> work) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  auto race = std::make_shared<Race>();
  race->timer = runtime.NewTimer(executor);
  race->caller.emplace(std::move(handler), executor);
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr<Race>(race)](asio::cancellation_type type) {
      if (const auto alive = weak.lock()) alive->cancel_work.emit(type);
    });
  }
  race->timer->Arm(deadline, [race] { race->DeadlineCame(); });
  auto ended = asio::bind_cancellation_slot(race->cancel_work.slot(),
                                            [race](std::exception_ptr error) { race->WorkEnded(std::move(error)); });
  asio::co_spawn(executor, AdmitAllCancellation(std::move(work)), std::move(ended));
}

}  // namespace

asio::awaitable<void> WithDeadline(Runtime& runtime, TimePoint deadline, asio::awaitable<void> work) {
  if (runtime.Now() >= deadline) throw TimedOut();
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto start = [&](auto handler) { StartRace(std::move(handler), runtime, executor, deadline, std::move(work)); };
  auto race = asio::async_initiate<const asio::deferred_t, void(std::exception_ptr)>(start, asio::deferred);
  co_await std::move(race);
}

}  // namespace corocket
