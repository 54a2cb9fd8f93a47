#include "sdk/net/pending_table.h"

#include <algorithm>
#include <utility>

namespace corocket::net {

using Stage = PendingCall::Stage;

WaiterKey PendingTable::Add(Call call) {
  queued_bytes_ += call.extra.bytes;
  const WaiterKey key = slab_.Add(std::move(call));
  Append(queued_, key);
  return key;
}

std::optional<PendingTable::Call> PendingTable::TakeDone(WaiterKey key) {
  const Call* call = slab_.Find(key);
  if (call == nullptr) return std::nullopt;
  Leave(call->extra);
  return slab_.Take(key);
}

std::optional<PendingTable::Call> PendingTable::TakeAbandoned(WaiterKey key) {
  const Call* call = slab_.Find(key);
  if (call == nullptr) return std::nullopt;
  const PendingCall& extra = call->extra;
  if (extra.stage != Stage::kQueued && !extra.oneway) {
    const TimePoint at = extra.stage == Stage::kWritten ? extra.written_at : progress_at_;
    abandoned_at_ = abandoned_at_ ? std::min(*abandoned_at_, at) : at;
  }
  return TakeDone(key);
}

void PendingTable::TakeEach(const std::vector<WaiterKey>& keys, std::vector<Call>& taken) {
  taken.reserve(taken.size() + keys.size());
  for (const WaiterKey key : keys) taken.push_back(*TakeAbandoned(key));
}

void PendingTable::TakeExpired(TimePoint now, std::vector<Call>& taken) {
  std::vector<WaiterKey> keys;
  slab_.AppendExpired(now, keys);
  TakeEach(keys, taken);
}

void PendingTable::TakeQueued(std::vector<Call>& taken) {
  while (has_queued()) taken.push_back(*TakeAbandoned(queued_.first));
}

void PendingTable::TakeIdempotent(std::vector<Call>& taken) {
  std::vector<WaiterKey> keys;
  slab_.AppendKeys(keys);
  std::erase_if(keys, [this](WaiterKey key) { return !slab_.Find(key)->extra.idempotent; });
  TakeEach(keys, taken);
}

void PendingTable::TakeAll(std::vector<Call>& taken) {
  std::vector<WaiterKey> keys;
  slab_.AppendKeys(keys);
  TakeEach(keys, taken);
}

void PendingTable::TakeBatch(TimePoint now, std::size_t max_bytes, bool replies, std::vector<Outgoing>& batch,
                             std::vector<Call>& late) {
  std::size_t bytes = 0;
  while (has_queued() && bytes < max_bytes) {
    const WaiterKey key = queued_.first;
    Call& call = *slab_.Find(key);
    if (call.deadline <= now) {
      late.push_back(*TakeAbandoned(key));
      continue;
    }
    Leave(call.extra);
    call.extra.stage = Stage::kWriting;
    bytes += call.extra.bytes;
    batch.push_back({.key = key, .request = std::move(*call.result->frame)});
  }
  writing_ = replies || !batch.empty();
  progress_at_ = now;
}

void PendingTable::OnBatchWritten(TimePoint now, const std::vector<WaiterKey>& batch, std::vector<Call>& oneways) {
  writing_ = false;
  for (const WaiterKey key : batch) {
    Call* call = slab_.Find(key);
    if (call == nullptr) continue;  // answered already, or abandoned
    if (call->extra.oneway) {
      oneways.push_back(*TakeDone(key));
      continue;
    }
    call->extra.stage = Stage::kWritten;
    call->extra.written_at = now;
    Append(written_, key);
  }
}

void PendingTable::OnBytes(TimePoint now) {
  last_bytes_ = now;
  abandoned_at_.reset();
}

std::optional<TimePoint> PendingTable::QuietSince() {
  std::optional<TimePoint> oldest = abandoned_at_;
  const auto consider = [&oldest](TimePoint at) { oldest = oldest ? std::min(*oldest, at) : at; };
  if (written_.first != WaiterKey{}) consider(slab_.Find(written_.first)->extra.written_at);
  // A write that makes no progress keeps back whoever waits behind it, or comes later.
  if (writing_) consider(progress_at_);
  if (!oldest) return std::nullopt;
  return std::max(*oldest, last_bytes_);
}

void PendingTable::Append(List& list, WaiterKey key) {
  slab_.Find(key)->extra.before = list.last;
  slab_.Find(key)->extra.after = WaiterKey{};
  if (list.last == WaiterKey{}) {
    list.first = key;
  } else {
    slab_.Find(list.last)->extra.after = key;
  }
  list.last = key;
}

void PendingTable::Unlink(List& list, const PendingCall& call) {
  if (call.before == WaiterKey{}) {
    list.first = call.after;
  } else {
    slab_.Find(call.before)->extra.after = call.after;
  }
  if (call.after == WaiterKey{}) {
    list.last = call.before;
  } else {
    slab_.Find(call.after)->extra.before = call.before;
  }
}

void PendingTable::Leave(const PendingCall& call) {
  switch (call.stage) {
    case Stage::kQueued:
      queued_bytes_ -= call.bytes;
      Unlink(queued_, call);
      break;
    case Stage::kWriting:
      break;
    case Stage::kWritten:
      Unlink(written_, call);
      break;
  }
}

}  // namespace corocket::net
