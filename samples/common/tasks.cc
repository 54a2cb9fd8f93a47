#include "samples/common/tasks.h"

#include <exception>
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/use_awaitable.hpp"

namespace samples {

Tasks::Tasks(asio::any_io_executor executor) : executor_(std::move(executor)), bell_(executor_, 1) {}

void Tasks::Spawn(asio::awaitable<void> work) {
  ++running_;
  asio::co_spawn(executor_, std::move(work), [this](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    // False when it has been rung and nobody has listened yet.
    if (--running_ == 0) static_cast<void>(bell_.try_send(asio::error_code()));
  });
}

asio::awaitable<void> Tasks::Join() {
  // The bell may have been rung for earlier tasks.
  while (running_ > 0) co_await bell_.async_receive(asio::use_awaitable);
}

}  // namespace samples
