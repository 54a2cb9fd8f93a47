#include "sdk/testkit/wake_signal.h"

#include <utility>

#include "absl/log/absl_check.h"
#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/this_coro.hpp"

namespace corocket::testkit {

asio::awaitable<void> WakeSignal::Wait(std::shared_ptr<WakeSignal> signal, bool ready, Cancel cancel) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto park = [&](auto handler) {
    signal->Park(std::move(handler), executor, signal, cancel);
    if (ready) signal->Notify();
  };
  auto wait = asio::async_initiate<const asio::deferred_t, void(std::error_code)>(park, asio::deferred);
  co_await std::move(wait);
}

void WakeSignal::Park(Parked<std::error_code>::Handler handler, const asio::any_io_executor& executor,
                      const std::shared_ptr<WakeSignal>& self, Cancel cancel) {
  ABSL_CHECK(!waiter_)
      << "two coroutines wait for the same signal; a transport allows one read and one write at a time";
  auto slot = asio::get_associated_cancellation_slot(handler);
  waiter_.emplace(std::move(handler), executor);
  if (cancel == Cancel::kIgnored || !slot.is_connected()) return;
  slot.assign([weak = std::weak_ptr<WakeSignal>(self)](asio::cancellation_type) {
    if (const auto alive = weak.lock()) alive->End(asio::error::operation_aborted);
  });
}

void WakeSignal::Notify() { End({}); }

void WakeSignal::Drop() { Take(waiter_); }

void WakeSignal::End(std::error_code why) {
  auto waiter = Take(waiter_);
  if (waiter) std::move(*waiter).Resume(why);
}

}  // namespace corocket::testkit
