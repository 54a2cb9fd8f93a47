#ifndef COROCKET_SDK_RUNTIME_WAITER_SLAB_H_
#define COROCKET_SDK_RUNTIME_WAITER_SLAB_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "asio/any_completion_handler.hpp"
#include "asio/any_io_executor.hpp"
#include "asio/dispatch.hpp"
#include "asio/post.hpp"
#include "sdk/runtime/time.h"

namespace corocket {

/// Names one wait, and is its opaque on the wire: positive as an int32, never 0, and used again only after 2^31 others.
enum class WaiterKey : std::uint32_t {};

/// A suspended coroutine, what it waits for and until when. Resumed once; destroyed unresumed, it destroys the
/// coroutine.
///
/// The result is written into the coroutine's own frame, and the handler that travels through the executor has no
/// arguments: the cheapest of the ways that tests/bench/parking_bench.cc compares.
template <typename Result, typename Extra>
struct Waiter {
  asio::any_completion_handler<void()> handler = {};
  /// The one that the coroutine runs on.
  asio::any_io_executor executor = {};
  /// In the frame of the coroutine, so it lives exactly as long as `handler` does.
  Result* result = nullptr;
  TimePoint deadline = {};
  Extra extra = {};

  /// Resumes the coroutine on its executor, never inside this call. `result` has been filled in, and no lock is held.
  void Resume() && {
    // Wrapped: an executor that sees the handler itself asks it for its own executor once more, which costs 100 ns.
    asio::post(executor, [waiting = std::move(handler)]() mutable { std::move(waiting)(); });
  }
  /// The same, but at once if the coroutine runs on `here`, the strand that this is called on. Any other coroutine is
  /// somebody else's: whatever it does next, blocking included, would hold up what the strand has to do. (`dispatch`
  /// alone does not tell them apart: on a thread of a pool it runs all of the pool's coroutines at once.)
  void ResumeFrom(const asio::any_io_executor& here) && {
    if (executor != here) {
      std::move(*this).Resume();
      return;
    }
    asio::dispatch(executor, [waiting = std::move(handler)]() mutable { std::move(waiting)(); });
  }
};

/// Suspended coroutines, found by key, with their deadlines.
///
/// The slots are a ring. A key is the next number whose slot (the key modulo the ring's size) is free, so looking one
/// up is one comparison, a late answer never meets a new waiter, and the ring grows by moving each waiter to its new
/// place. No allocation once it has the size for the load; when it runs empty it gives back memory that the load has
/// not used. Thread safety: none; the owner locks, takes waiters out, unlocks and resumes them.
template <typename Result, typename Extra>
class WaiterSlab {
 public:
  using Item = Waiter<Result, Extra>;
  static constexpr std::size_t kMaxLimit = std::size_t{1} << 22U;

  /// At most `limit` waiters, and never more than `kMaxLimit`. `first`: where the numbering of keys begins.
  explicit WaiterSlab(std::size_t limit, WaiterKey first = WaiterKey{1})
      : limit_(std::min(limit, kMaxLimit)), next_(static_cast<std::uint32_t>(first)) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool full() const { return size_ >= limit_; }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  /// Slots in memory.
  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }

  /// The slab must not be full.
  WaiterKey Add(Item waiter) {
    // Half empty at least, so that the next free slot is near.
    if (2 * (size_ + 1) > slots_.size()) Resize(std::max(kFirstSlots, 2 * slots_.size()));
    while (slots_[IndexOf(next_)].item) Advance();
    const std::uint32_t key = next_;
    Advance();
    Place(key, std::move(waiter));
    ++size_;
    most_ = std::max(most_, size_);
    return WaiterKey{key};
  }

  /// The waiter of `key`; null when it has gone. Valid until the next `Add` or `Take`.
  [[nodiscard]] Item* Find(WaiterKey key) {
    if (slots_.empty()) return nullptr;
    Slot& slot = slots_[IndexOf(static_cast<std::uint32_t>(key))];
    return slot.item && slot.key == static_cast<std::uint32_t>(key) ? &*slot.item : nullptr;
  }

  [[nodiscard]] std::optional<Item> Take(WaiterKey key) {
    if (Find(key) == nullptr) return std::nullopt;
    const std::size_t index = IndexOf(static_cast<std::uint32_t>(key));
    std::optional<Item> taken = std::move(slots_[index].item);
    slots_[index].item.reset();
    deadlines_[index] = TimePoint::max();
    if (--size_ == 0) GiveBack();
    return taken;
  }

  /// Keys of all waiters, the oldest first.
  void AppendKeys(std::vector<WaiterKey>& keys) const {
    const std::size_t begin = keys.size();
    for (const Slot& slot : slots_) {
      if (slot.item) keys.push_back(WaiterKey{slot.key});
    }
    SortByAge(keys, begin);
  }

  /// Keys of the waiters whose deadline is `now` or before, the oldest first.
  void AppendExpired(TimePoint now, std::vector<WaiterKey>& keys) const {
    const std::size_t begin = keys.size();
    for (std::size_t block = 0; block < bounds_.size(); ++block) {
      if (bounds_[block] > now) continue;
      for (std::size_t i = block * kBlock; i < (block + 1) * kBlock; ++i) {
        if (slots_[i].item && deadlines_[i] <= now) keys.push_back(WaiterKey{slots_[i].key});
      }
    }
    SortByAge(keys, begin);
  }

  /// The earliest deadline; `TimePoint::max()`: none.
  [[nodiscard]] TimePoint NextDeadline() {
    while (!bounds_.empty()) {
      const auto lowest = std::min_element(bounds_.begin(), bounds_.end());
      const auto first = deadlines_.begin() + (lowest - bounds_.begin()) * static_cast<std::ptrdiff_t>(kBlock);
      const TimePoint exact = *std::min_element(first, first + static_cast<std::ptrdiff_t>(kBlock));
      if (exact == *lowest) return exact;
      *lowest = exact;
    }
    return TimePoint::max();
  }

 private:
  static constexpr std::size_t kFirstSlots = 64;
  static constexpr std::size_t kBlock = 64;
  static constexpr std::uint32_t kKeyMask = 0x7FFF'FFFFU;

  struct Slot {
    std::optional<Item> item;
    std::uint32_t key = 0;
  };

  [[nodiscard]] std::size_t IndexOf(std::uint32_t key) const { return key & (slots_.size() - 1); }
  /// How far it is behind the next key, also where the numbers begin anew.
  [[nodiscard]] std::uint32_t Age(WaiterKey key) const { return (next_ - static_cast<std::uint32_t>(key)) & kKeyMask; }
  void SortByAge(std::vector<WaiterKey>& keys, std::size_t begin) const {
    std::sort(keys.begin() + static_cast<std::ptrdiff_t>(begin), keys.end(),
              [this](WaiterKey a, WaiterKey b) { return Age(a) > Age(b); });
  }
  void Advance() { next_ = next_ == kKeyMask ? 1 : next_ + 1; }

  void Place(std::uint32_t key, Item waiter) {
    const std::size_t index = IndexOf(key);
    deadlines_[index] = waiter.deadline;
    bounds_[index / kBlock] = std::min(bounds_[index / kBlock], waiter.deadline);
    slots_[index].key = key;
    slots_[index].item.emplace(std::move(waiter));
  }

  /// Keys that differ modulo a power of two differ modulo its double, so a larger ring has room for each.
  void Resize(std::size_t slots) {
    std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots));
    deadlines_.assign(slots, TimePoint::max());
    bounds_.assign(slots / kBlock, TimePoint::max());
    for (Slot& slot : old) {
      if (slot.item) Place(slot.key, *std::move(slot.item));
    }
  }

  /// One step at a time, so that a load which comes and goes does not allocate each time.
  void GiveBack() {
    const std::size_t half = slots_.size() / 2;
    if (half >= kFirstSlots && 8 * most_ <= slots_.size()) {
      slots_.clear();
      slots_.shrink_to_fit();
      Resize(half);
    }
    most_ = 0;
  }

  const std::size_t limit_;
  std::size_t size_ = 0;
  std::size_t most_ = 0;  ///< Waiters at one time since it was last empty.
  std::uint32_t next_;
  std::vector<Slot> slots_;
  /// Of each slot, dense, because they are looked through; `TimePoint::max()` where it is free.
  std::vector<TimePoint> deadlines_;
  /// Of each block of slots a time that is not after its earliest deadline.
  std::vector<TimePoint> bounds_;
};

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_WAITER_SLAB_H_
