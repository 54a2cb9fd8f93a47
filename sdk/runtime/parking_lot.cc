#include "sdk/runtime/parking_lot.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/error.hpp"
#include "asio/post.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "sdk/runtime/waiter_slab.h"

namespace corocket {
namespace {

/// Deadlines this close together share one expiry.
constexpr std::chrono::milliseconds kGrain{1};

struct Nothing {};
using Slab = WaiterSlab<WakeReason, Nothing>;

}  // namespace

class ParkingLot::State : public std::enable_shared_from_this<State> {
 public:
  State(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand)
      : runtime_(std::move(runtime)),
        strand_(std::move(strand)),
        timer_(runtime_->NewTimer(strand_)),
        waiters_(kMaxWaiters) {}

  std::uint64_t epoch() const {
    absl::MutexLock lock(mutex_);
    return epoch_;
  }

  std::size_t size() const {
    absl::MutexLock lock(mutex_);
    return waiters_.size();
  }

  void Park(Slab::Item::Handler handler, asio::any_io_executor executor, Ticket ticket, TimePoint deadline) {
    const auto slot = asio::get_associated_cancellation_slot(handler);
    Slab::Item waiter{
        .handler = std::move(handler), .executor = std::move(executor), .deadline = deadline, .extra = {}};
    WakeReason at_once = WakeReason::kWoken;
    {
      absl::MutexLock lock(mutex_);
      if (!closed_ && ticket.epoch == epoch_ && !waiters_.full()) {
        const Slab::Key key = waiters_.Add(std::move(waiter));
        // Under the lock: once it is released, the coroutine may run and use its slot again.
        if (slot.is_connected()) {
          auto connected = slot;
          connected.assign([weak = weak_from_this(), key](asio::cancellation_type) {
            if (const auto self = weak.lock()) self->Cancel(key);
          });
        }
        Arm(deadline);
        return;
      }
      if (!closed_ && ticket.epoch == epoch_) at_once = WakeReason::kDeadline;
    }
    std::move(waiter).CompleteLater(nullptr, at_once);
  }

  void WakeAll(bool close) {
    std::vector<Slab::Item> woken;
    {
      absl::MutexLock lock(mutex_);
      ++epoch_;
      closed_ = closed_ || close;
      woken = waiters_.TakeIf([](const Slab::Item&) { return true; });
      if (close) armed_.reset();
    }
    if (close) {
      asio::post(strand_, [self = shared_from_this()] { self->timer_->Disarm(); });
    }
    for (Slab::Item& waiter : woken) std::move(waiter).CompleteLater(nullptr, WakeReason::kWoken);
  }

 private:
  void Cancel(Slab::Key key) {
    std::optional<Slab::Item> waiter;
    {
      absl::MutexLock lock(mutex_);
      waiter = waiters_.Take(key);
    }
    if (!waiter) return;
    auto aborted = std::make_exception_ptr(std::system_error(asio::error::operation_aborted));
    std::move(*waiter).CompleteLater(std::move(aborted), WakeReason::kWoken);
  }

  /// Makes sure that the timer fires at `deadline` or before. What it was armed for stays armed: a waiter that has gone
  /// costs one idle expiry, which is cheaper than a system call for each.
  void Arm(TimePoint deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (deadline == TimePoint::max() || (armed_ && *armed_ <= deadline)) return;
    armed_ = deadline;
    asio::post(strand_, [self = shared_from_this()] { self->ArmOnStrand(); });
  }

  void ArmOnStrand() {
    std::optional<TimePoint> at;
    {
      absl::MutexLock lock(mutex_);
      at = armed_;
    }
    if (!at) return;
    timer_->Arm(*at, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->Expire();
    });
  }

  void Expire() {
    const TimePoint now = runtime_->Now();
    std::vector<Slab::Item> expired;
    {
      absl::MutexLock lock(mutex_);
      expired = waiters_.TakeIf([now](const Slab::Item& waiter) { return waiter.deadline <= now; });
      armed_ = waiters_.EarliestDeadline();
      if (armed_ == TimePoint::max()) armed_.reset();
      if (armed_) armed_ = std::max<TimePoint>(*armed_, now + kGrain);
    }
    ArmOnStrand();
    for (Slab::Item& waiter : expired) std::move(waiter).Complete(nullptr, WakeReason::kDeadline);
  }

  const std::shared_ptr<Runtime> runtime_;
  const asio::any_io_executor strand_;
  const std::unique_ptr<Timer> timer_;  // On the strand.

  mutable absl::Mutex mutex_;
  Slab waiters_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<TimePoint> armed_ ABSL_GUARDED_BY(mutex_);
};

ParkingLot::ParkingLot(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand)
    : state_(std::make_shared<State>(std::move(runtime), std::move(strand))) {}

ParkingLot::~ParkingLot() { state_->WakeAll(/*close=*/true); }

ParkingLot::Ticket ParkingLot::Prepare() const { return {state_->epoch()}; }

asio::awaitable<WakeReason> ParkingLot::Wait(Ticket ticket, TimePoint deadline) {
  const std::shared_ptr<State> state = state_;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto park = [state, executor, ticket, deadline](auto handler) {
    state->Park(std::move(handler), executor, ticket, deadline);
  };
  const WakeReason reason =
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, WakeReason)>(
          std::move(park), asio::use_awaitable);
  co_return reason;
}

void ParkingLot::WakeAll() { state_->WakeAll(/*close=*/false); }

void ParkingLot::Close() { state_->WakeAll(/*close=*/true); }

std::size_t ParkingLot::size() const { return state_->size(); }

}  // namespace corocket
