#include "samples/common/pauses.h"

#include <utility>

#include "asio/as_tuple.hpp"
#include "asio/use_awaitable.hpp"

namespace samples {

Pauses::Pauses(asio::any_io_executor executor) : executor_(std::move(executor)) {}

asio::awaitable<void> Pauses::Pause(std::chrono::nanoseconds length) {
  if (ended_) co_return;
  asio::steady_timer timer(executor_, length);
  const auto place = running_.insert(running_.end(), &timer);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  running_.erase(place);
}

void Pauses::End() {
  ended_ = true;
  for (asio::steady_timer* timer : running_) timer->cancel();
}

}  // namespace samples
