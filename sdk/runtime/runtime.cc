#include "sdk/runtime/runtime.h"

#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/this_coro.hpp"
#include "sdk/runtime/parked.h"

namespace corocket {
namespace {

// Owned by the armed timer alone: the sleeping coroutine must not own it, or an abandoned context could not free
// either.
struct Sleep {
  std::unique_ptr<Timer> timer;
  std::optional<Parked<std::error_code>> sleeper;

  void End(std::error_code why) {
    auto parked = Take(sleeper);
    if (!parked) return;
    std::move(*parked).Resume(why);
  }
};

void StartSleep(Parked<std::error_code>::Handler handler, Runtime& runtime, const asio::any_io_executor& executor,
                TimePoint at) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  auto sleep = std::make_shared<Sleep>();
  sleep->timer = runtime.NewTimer(executor);
  sleep->sleeper.emplace(std::move(handler), executor);
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr<Sleep>(sleep)](asio::cancellation_type) {
      const auto alive = weak.lock();
      if (!alive) return;
      alive->timer->Disarm();
      alive->End(asio::error::operation_aborted);
    });
  }
  auto& timer = *sleep->timer;
  timer.Arm(at, [sleep] { sleep->End({}); });
}

}  // namespace

asio::awaitable<void> SleepUntil(Runtime& runtime, TimePoint at) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto start = [&runtime, &executor, at](auto handler) { StartSleep(std::move(handler), runtime, executor, at); };
  auto sleep = asio::async_initiate<const asio::deferred_t, void(std::error_code)>(start, asio::deferred);
  co_await std::move(sleep);
}

}  // namespace corocket
