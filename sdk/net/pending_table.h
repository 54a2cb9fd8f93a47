#ifndef COROCKET_SDK_NET_PENDING_TABLE_H_
#define COROCKET_SDK_NET_PENDING_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "sdk/runtime/time.h"
#include "sdk/runtime/waiter_slab.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

/// What a connection knows of a waiting call.
struct PendingCall {
  bool idempotent = true;
  bool oneway = false;
  /// The writer has its frame.
  bool written = false;
};

/// Calls that wait on one connection, and whether the connection is silent: nothing came for a while although a request
/// is out. Requests that timed out or were cancelled keep counting until a byte comes. Thread safety: none; the
/// connection locks.
class PendingTable {
 public:
  using Slab = WaiterSlab<wire::Frame, PendingCall>;
  using Item = Slab::Item;
  using Key = Slab::Key;

  explicit PendingTable(std::size_t limit) : slab_(limit) {}

  [[nodiscard]] std::size_t size() const { return slab_.size(); }
  [[nodiscard]] bool full() const { return slab_.full(); }
  Key Add(Item waiter) { return slab_.Add(std::move(waiter)); }
  [[nodiscard]] Item* Find(Key key) { return slab_.Find(key); }

  void MarkWritten(Item& waiter, TimePoint now) {
    waiter.extra.written = true;
    if (waiter.extra.oneway) return;
    if (awaited_ == 0 && abandoned_ == 0) silent_since_ = now;
    ++awaited_;
  }

  void OnBytes(TimePoint now) {
    silent_since_ = now;
    abandoned_ = 0;
  }

  [[nodiscard]] std::optional<Item> TakeAnswered(Key key) {
    std::optional<Item> waiter = slab_.Take(key);
    if (waiter && Awaited(*waiter)) --awaited_;
    return waiter;
  }

  /// Its caller does not wait any more.
  [[nodiscard]] std::optional<Item> TakeAbandoned(Key key) {
    std::optional<Item> waiter = slab_.Take(key);
    if (waiter) Abandon(*waiter);
    return waiter;
  }

  template <typename Predicate>
  [[nodiscard]] std::vector<Item> TakeIf(Predicate wanted) {
    std::vector<Item> taken = slab_.TakeIf(wanted);
    for (const Item& waiter : taken) Abandon(waiter);
    return taken;
  }

  [[nodiscard]] bool Silent(TimePoint now, Duration limit) const {
    return (awaited_ > 0 || abandoned_ > 0) && now - silent_since_ >= limit;
  }

  /// When something has to be looked at next: a deadline, or the end of patience.
  [[nodiscard]] std::optional<TimePoint> NextCheck(Duration silence_limit) const {
    std::optional<TimePoint> next = slab_.EarliestDeadline();
    if (awaited_ > 0 || abandoned_ > 0) {
      const TimePoint silent_at = silent_since_ + silence_limit;
      next = next ? std::min(*next, silent_at) : silent_at;
    }
    return next;
  }

 private:
  [[nodiscard]] static bool Awaited(const Item& waiter) { return waiter.extra.written && !waiter.extra.oneway; }
  void Abandon(const Item& waiter) {
    if (!Awaited(waiter)) return;
    --awaited_;
    ++abandoned_;
  }

  Slab slab_;
  std::size_t awaited_ = 0;    ///< Written, and a caller waits for the answer.
  std::size_t abandoned_ = 0;  ///< Written since the last byte came, and nobody waits any more.
  TimePoint silent_since_;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_PENDING_TABLE_H_
