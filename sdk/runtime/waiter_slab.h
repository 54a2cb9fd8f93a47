#ifndef COROCKET_SDK_RUNTIME_WAITER_SLAB_H_
#define COROCKET_SDK_RUNTIME_WAITER_SLAB_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "asio/any_completion_handler.hpp"
#include "asio/any_io_executor.hpp"
#include "asio/append.hpp"
#include "asio/dispatch.hpp"
#include "asio/post.hpp"
#include "sdk/runtime/time.h"

namespace corocket {

/// A suspended `co_await` for a `Result`, and when it gives up.
template <typename Result, typename Extra>
struct Waiter {
  using Handler = asio::any_completion_handler<void(std::exception_ptr, Result)>;

  Handler handler;
  asio::any_io_executor executor;  ///< The one that the coroutine runs on.
  TimePoint deadline;
  Extra extra{};

  /// Resumes the waiting coroutine on its own executor: at once when this runs there already. With no lock held.
  void Complete(std::exception_ptr error, Result result) && {
    asio::dispatch(executor, asio::append(std::move(handler), std::move(error), std::move(result)));
  }
  /// The same, but never inside this call: for those who are called by the coroutine that waits.
  void CompleteLater(std::exception_ptr error, Result result) && {
    asio::post(executor, asio::append(std::move(handler), std::move(error), std::move(result)));
  }
};

/// Suspended coroutines, found by a key of 31 bits that is also their opaque on the wire: slot index and the slot's
/// generation. A key comes back after at least 32 768 uses of its slot, and slots are used in turn, so a late answer
/// does not meet a new waiter. No allocation once the slab has grown to the most waiters there ever were. Thread
/// safety: none; the owner locks, takes waiters out, unlocks, and completes them.
template <typename Result, typename Extra>
class WaiterSlab {
 public:
  using Item = Waiter<Result, Extra>;
  using Key = std::int32_t;
  static constexpr std::size_t kMaxSlots = std::size_t{1} << 16U;

  explicit WaiterSlab(std::size_t limit) : limit_(std::min(limit, kMaxSlots)) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool full() const { return size_ == limit_; }

  /// The slab must not be full.
  Key Add(Item waiter) {
    if (free_ == kNone) Grow();
    const std::uint32_t index = free_;
    Slot& slot = slots_[index];
    free_ = slot.next_free;
    if (free_ == kNone) last_free_ = kNone;
    slot.waiter.emplace(std::move(waiter));
    ++size_;
    return KeyOf(index);
  }

  /// The waiter of `key`, without taking it; null when it has gone.
  [[nodiscard]] Item* Find(Key key) {
    const std::uint32_t index = static_cast<std::uint32_t>(key) & 0xFFFFU;
    if (key < 0 || index >= slots_.size() || !slots_[index].waiter || KeyOf(index) != key) return nullptr;
    return &*slots_[index].waiter;
  }

  [[nodiscard]] std::optional<Item> Take(Key key) {
    if (Find(key) == nullptr) return std::nullopt;
    return TakeSlot(static_cast<std::uint32_t>(key) & 0xFFFFU);
  }

  /// Takes every waiter that `wanted(const Item&)` says yes to.
  template <typename Predicate>
  [[nodiscard]] std::vector<Item> TakeIf(Predicate wanted) {
    std::vector<Item> taken;
    for (std::uint32_t index = 0; size_ > 0 && index < slots_.size(); ++index) {
      Slot& slot = slots_[index];
      if (slot.waiter && wanted(*slot.waiter)) taken.push_back(TakeSlot(index));
    }
    return taken;
  }

  [[nodiscard]] std::optional<TimePoint> EarliestDeadline() const {
    std::optional<TimePoint> earliest;
    for (const Slot& slot : slots_) {
      if (slot.waiter && (!earliest || slot.waiter->deadline < *earliest)) earliest = slot.waiter->deadline;
    }
    return earliest;
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFU;
  static constexpr std::size_t kFirstSlots = 64;

  struct Slot {
    std::optional<Item> waiter;
    std::uint32_t generation = 0;
    std::uint32_t next_free = kNone;
  };

  [[nodiscard]] Key KeyOf(std::uint32_t index) const {
    return static_cast<Key>((slots_[index].generation & 0x7FFFU) << 16U | index);
  }

  Item TakeSlot(std::uint32_t index) {
    Slot& slot = slots_[index];
    Item waiter = *std::move(slot.waiter);
    slot.waiter.reset();
    ++slot.generation;
    Free(index);
    --size_;
    return waiter;
  }

  /// Freed slots queue up behind the others, so that each rests as long as possible.
  void Free(std::uint32_t index) {
    slots_[index].next_free = kNone;
    if (free_ == kNone) {
      free_ = index;
    } else {
      slots_[last_free_].next_free = index;
    }
    last_free_ = index;
  }

  void Grow() {
    const std::size_t begin = slots_.size();
    slots_.resize(std::min(kMaxSlots, std::max(kFirstSlots, begin * 2)));
    for (std::size_t index = begin; index < slots_.size(); ++index) Free(static_cast<std::uint32_t>(index));
  }

  std::size_t limit_;
  std::vector<Slot> slots_;
  std::size_t size_ = 0;
  std::uint32_t free_ = kNone;
  std::uint32_t last_free_ = kNone;
};

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_WAITER_SLAB_H_
