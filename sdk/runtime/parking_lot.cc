#include "sdk/runtime/parking_lot.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/post.hpp"
#include "asio/this_coro.hpp"
#include "sdk/runtime/waiter_slab.h"

namespace corocket {
namespace {

/// Deadlines this close together share one expiry.
constexpr std::chrono::milliseconds kGrain{1};

struct Wake {
  WakeReason reason = WakeReason::kWoken;
  bool aborted = false;
};
struct Nothing {};
using Slab = WaiterSlab<Wake, Nothing>;

}  // namespace

class ParkingLot::State : public std::enable_shared_from_this<State> {
 public:
  State(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand, std::size_t max_waiters)
      : runtime_(std::move(runtime)),
        strand_(std::move(strand)),
        timer_(runtime_->NewTimer(strand_)),
        waiters_(max_waiters) {}

  std::uint64_t epoch() const {
    const absl::MutexLock lock(mutex_);
    return epoch_;
  }

  std::size_t size() const {
    const absl::MutexLock lock(mutex_);
    return waiters_.size();
  }

  static asio::awaitable<WakeReason> Wait(std::shared_ptr<State> state, Ticket ticket, TimePoint deadline) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    Wake wake;
    auto park = [&](auto handler) {
      state->Park({.handler = std::move(handler), .executor = executor, .result = &wake, .deadline = deadline}, ticket);
    };
    auto parked = asio::async_initiate<const asio::deferred_t, void()>(park, asio::deferred);
    co_await std::move(parked);
    if (wake.aborted) throw std::system_error(asio::error::make_error_code(asio::error::operation_aborted));
    co_return wake.reason;
  }

  void WakeAll(bool close) {
    std::vector<Slab::Item> woken;
    bool disarm = false;
    {
      const absl::MutexLock lock(mutex_);
      ++epoch_;
      closed_ = closed_ || close;
      std::vector<WaiterKey> keys;
      keys.reserve(waiters_.size());
      waiters_.AppendKeys(keys);
      woken = TakeWaiters(keys);
      // Unless it closes, the timer stays armed for waiters that have gone: one idle expiry is cheaper than a system
      // call for each.
      disarm = close && armed_.has_value();
      if (disarm) {
        armed_.reset();
        ++line_;
      }
    }
    // First: who waited for the end finds no timer any more.
    if (disarm) asio::post(strand_, [self = shared_from_this()] { self->timer_->Disarm(); });
    for (Slab::Item& waiter : woken) std::move(waiter).Resume();
  }

 private:
  // Travels with the one pending expiry, from the posted order into the timer, and is owned by nothing else. When the
  // execution context ends, it destroys that, and with it the waiting coroutines: they own the lot, and the lot owns
  // them, so that nobody else could. A line that has been replaced does nothing.
  class Lifeline {
   public:
    Lifeline(std::shared_ptr<State> state, std::uint64_t line) : state_(std::move(state)), line_(line) {}
    Lifeline(Lifeline&&) = default;
    Lifeline& operator=(Lifeline&&) = delete;
    ~Lifeline() {
      if (state_) state_->Abandon(line_);
    }
    State& state() const { return *state_; }
    std::shared_ptr<State> share() const { return state_; }
    std::uint64_t line() const { return line_; }

   private:
    std::shared_ptr<State> state_;
    std::uint64_t line_;
  };

  void Park(Slab::Item waiter, Ticket ticket) {
    // The coroutine may run, and end, as soon as the lock is released.
    const std::shared_ptr<State> self = shared_from_this();
    auto slot = asio::get_associated_cancellation_slot(waiter.handler);
    const TimePoint deadline = waiter.deadline;
    std::optional<std::uint64_t> line;
    {
      const absl::MutexLock lock(mutex_);
      const bool changed = closed_ || ticket.epoch != epoch_;
      if (changed || waiters_.full()) {
        waiter.result->reason = changed ? WakeReason::kWoken : WakeReason::kDeadline;
      } else {
        const WaiterKey key = waiters_.Add(std::move(waiter));
        if (slot.is_connected()) {
          slot.assign([weak = std::weak_ptr<State>(self), key](asio::cancellation_type) {
            if (const auto alive = weak.lock()) alive->Cancel(key);
          });
        }
        line = ArmFor(deadline);
        if (!line) return;
      }
    }
    if (line) {
      asio::post(strand_, [order = Lifeline(self, *line)]() mutable { Arm(std::move(order)); });
    } else {
      std::move(waiter).Resume();
    }
  }

  void Cancel(WaiterKey key) {
    std::optional<Slab::Item> waiter;
    {
      const absl::MutexLock lock(mutex_);
      waiter = waiters_.Take(key);
    }
    if (!waiter) return;
    waiter->result->aborted = true;
    std::move(*waiter).Resume();
  }

  std::vector<Slab::Item> TakeWaiters(const std::vector<WaiterKey>& keys) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::vector<Slab::Item> taken;
    taken.reserve(keys.size());
    for (const WaiterKey key : keys) taken.push_back(*waiters_.Take(key));
    return taken;
  }

  // The number of the line that has to be laid so that the timer fires at `deadline` or before; none: it does already.
  std::optional<std::uint64_t> ArmFor(TimePoint deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (deadline == TimePoint::max() || (armed_ && *armed_ <= deadline)) return std::nullopt;
    armed_ = deadline;
    return ++line_;
  }

  static void Arm(Lifeline line) {
    const std::shared_ptr<State> keep = line.share();
    State& state = *keep;
    std::optional<TimePoint> at;
    {
      const absl::MutexLock lock(state.mutex_);
      if (line.line() == state.line_) at = state.armed_;
    }
    if (!at) return;
    state.timer_->Arm(*at, [line = std::move(line)]() mutable { Expire(std::move(line)); });
  }

  static void Expire(Lifeline line) {
    State& state = line.state();
    const TimePoint now = state.runtime_->Now();
    std::vector<Slab::Item> expired;
    std::optional<Lifeline> next;
    {
      const absl::MutexLock lock(state.mutex_);
      if (line.line() != state.line_) return;  // a nearer deadline has given orders
      std::vector<WaiterKey> keys;
      state.waiters_.AppendExpired(now, keys);
      expired = state.TakeWaiters(keys);
      state.armed_.reset();
      ++state.line_;
      const auto laid = state.ArmFor(std::max<TimePoint>(state.waiters_.NextDeadline(), now + kGrain));
      if (laid) next.emplace(state.shared_from_this(), *laid);
    }
    if (next) Arm(*std::move(next));
    for (Slab::Item& waiter : expired) {
      waiter.result->reason = WakeReason::kDeadline;
      std::move(waiter).Resume();
    }
  }

  void Abandon(std::uint64_t line) {
    std::vector<Slab::Item> abandoned;  // destroyed without the lock: their coroutines may own anything
    const absl::MutexLock lock(mutex_);
    if (line != line_) return;
    ++line_;
    armed_.reset();
    std::vector<WaiterKey> keys;
    waiters_.AppendKeys(keys);
    abandoned = TakeWaiters(keys);
  }

  const std::shared_ptr<Runtime> runtime_;
  const asio::any_io_executor strand_;
  const std::unique_ptr<Timer> timer_;  // On the strand.

  mutable absl::Mutex mutex_;
  Slab waiters_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  /// When the timer fires, or will once it has its orders.
  std::optional<TimePoint> armed_ ABSL_GUARDED_BY(mutex_);
  /// The latest lifeline; earlier ones are void.
  std::uint64_t line_ ABSL_GUARDED_BY(mutex_) = 0;
};

ParkingLot::ParkingLot(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand, std::size_t max_waiters)
    : state_(std::make_shared<State>(std::move(runtime), std::move(strand), max_waiters)) {}

ParkingLot::~ParkingLot() {
  try {
    Close();
  } catch (...) {  // out of memory while posting: who still waits does so until its deadline
  }
}

ParkingLot::Ticket ParkingLot::Prepare() const { return {state_->epoch()}; }

asio::awaitable<WakeReason> ParkingLot::Wait(Ticket ticket, TimePoint deadline) {
  return State::Wait(state_, ticket, deadline);
}

void ParkingLot::WakeAll() { state_->WakeAll(/*close=*/false); }

void ParkingLot::Close() { state_->WakeAll(/*close=*/true); }

std::size_t ParkingLot::size() const { return state_->size(); }

}  // namespace corocket
