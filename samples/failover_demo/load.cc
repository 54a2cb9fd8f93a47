#include "samples/failover_demo/load.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "corocket/error.h"

namespace failover_demo {
namespace {

/// A permanent refusal may come back without any wait; callers that asked on at once would never let go of the thread.
constexpr std::chrono::milliseconds kPauseAfterRefusal{100};

}  // namespace

Load::Load(const asio::any_io_executor& executor, corocket::Client& client, std::string topic,
           std::chrono::milliseconds pause)
    : client_(client),
      topic_(std::move(topic)),
      pause_(pause),
      callers_(executor),
      pauses_(executor),
      start_(Clock::now()),
      total_(start_),
      phase_(start_) {}

void Load::Start(int coroutines) {
  for (int i = 0; i < coroutines; ++i) callers_.Spawn(Caller());
}

void Load::Stop() {
  stopping_ = true;
  pauses_.End();
}

void Load::Abandon() {
  abandoned_ = true;
  Stop();
}

Moment& Load::MomentAt(Clock::time_point now) {
  const auto index = static_cast<std::size_t>((now - start_) / kStep);
  if (timeline_.size() <= index) timeline_.resize(index + 1);
  return timeline_[index];
}

void Load::Succeeded(Clock::time_point began, Clock::time_point now) {
  phase_.Success(began, now);
  total_.Success(began, now);
  const std::int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(now - began).count();
  Moment& moment = MomentAt(now);
  ++moment.ok;
  moment.sum_micros += micros;
  moment.max_micros = std::max(moment.max_micros, micros);
}

void Load::Failed(const absl::Status& status, Clock::time_point now) {
  if (abandoned_) return;
  if (status.code() == absl::StatusCode::kInvalidArgument) {
    refused_ = status;  // No other call would fare better.
    Stop();
    return;
  }
  phase_.Failure();
  total_.Failure();
  ++MomentAt(now).failed;
  last_failure_ = status;
}

asio::awaitable<void> Load::Caller() {
  while (!stopping_) {
    const Clock::time_point began = Clock::now();
    absl::StatusOr<corocket::TopicRoute> route = co_await client_.QueryRoute(topic_);
    const Clock::time_point now = Clock::now();
    std::chrono::milliseconds pause = pause_;
    if (route.ok()) {
      Succeeded(began, now);
    } else {
      Failed(route.status(), now);
      const bool refused = corocket::RetryHintOf(route.status()) == corocket::RetryHint::kPermanent;
      if (refused) pause = std::max(pause, kPauseAfterRefusal);
    }
    if (pause.count() > 0) co_await pauses_.Pause(pause);
  }
}

}  // namespace failover_demo
