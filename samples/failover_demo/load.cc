#include "samples/failover_demo/load.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/steady_timer.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"

namespace failover_demo {

Load::Load(corocket::Client& client, std::string topic, std::chrono::milliseconds pause)
    : client_(client), topic_(std::move(topic)), pause_(pause), start_(Clock::now()), total_(start_), phase_(start_) {}

void Load::Start(const asio::any_io_executor& executor, int coroutines) {
  const auto done = [this](const std::exception_ptr& error) {
    --running_;
    if (error) std::rethrow_exception(error);
  };
  running_ += coroutines;
  for (int i = 0; i < coroutines; ++i) asio::co_spawn(executor, Caller(), done);
}

Moment& Load::MomentAt(Clock::time_point now) {
  const auto index = static_cast<std::size_t>((now - start_) / kStep);
  if (timeline_.size() <= index) timeline_.resize(index + 1);
  return timeline_[index];
}

asio::awaitable<void> Load::Caller() {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (!stopping_) {
    const Clock::time_point began = Clock::now();
    absl::StatusOr<corocket::TopicRoute> route = co_await client_.QueryRoute(topic_);
    const Clock::time_point now = Clock::now();
    Moment& moment = MomentAt(now);
    if (route.ok()) {
      phase_.Success(began, now);
      total_.Success(began, now);
      const std::int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(now - began).count();
      ++moment.ok;
      moment.sum_micros += micros;
      moment.max_micros = std::max(moment.max_micros, micros);
    } else {
      phase_.Failure();
      total_.Failure();
      ++moment.failed;
      last_failure_ = std::string(route.status().message());
    }
    if (pause_.count() > 0) {
      timer.expires_after(pause_);
      co_await timer.async_wait(asio::use_awaitable);
    }
  }
}

}  // namespace failover_demo
