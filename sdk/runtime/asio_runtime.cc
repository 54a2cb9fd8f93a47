#include "sdk/runtime/asio_runtime.h"

#include <atomic>
#include <cstdint>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/synchronization/mutex.h"
#include "asio/steady_timer.hpp"

namespace corocket {
namespace {

class AsioTimer final : public Timer {
 public:
  explicit AsioTimer(asio::any_io_executor on) : state_(std::make_shared<State>(std::move(on))) {}
  ~AsioTimer() override { Disarm(); }
  AsioTimer(const AsioTimer&) = delete;
  AsioTimer& operator=(const AsioTimer&) = delete;

  void Arm(TimePoint at, absl::AnyInvocable<void()> fire) override {
    const std::uint64_t generation = ++state_->generation;
    state_->timer.expires_at(at);
    // `fire` lives in the pending operation, not here: a context that ends then frees what the alarm holds, this timer
    // included.
    state_->timer.async_wait([state = state_, generation, fire = std::move(fire)](std::error_code error) mutable {
      // A wait that has expired can no longer be cancelled in Asio; the generation still stops it.
      if (error || state->generation != generation) return;
      fire();
    });
  }

  void Disarm() override {
    ++state_->generation;
    state_->timer.cancel();
  }

 private:
  struct State {
    explicit State(asio::any_io_executor on) : timer(std::move(on)) {}
    asio::steady_timer timer;
    /// Atomic: whoever lets go of the timer last may do so on another thread than the one that a due wait runs on.
    std::atomic<std::uint64_t> generation = 0;
  };
  std::shared_ptr<State> state_;
};

class AsioRuntime final : public Runtime {
 public:
  explicit AsioRuntime(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  TimePoint Now() const override { return Clock::now(); }

  std::uint64_t Random() override ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(mutex_);
    return bits_();
  }

  asio::any_io_executor executor() const override { return executor_; }

  std::unique_ptr<Timer> NewTimer(asio::any_io_executor on) override {
    return std::make_unique<AsioTimer>(std::move(on));
  }

 private:
  const asio::any_io_executor executor_;
  absl::Mutex mutex_;
  absl::BitGen bits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::shared_ptr<Runtime> MakeAsioRuntime(asio::any_io_executor executor) {
  return std::make_shared<AsioRuntime>(std::move(executor));
}

}  // namespace corocket
