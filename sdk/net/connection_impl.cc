#include "sdk/net/connection_impl.h"

#include <exception>
#include <utility>

#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/post.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "sdk/wire/codec.h"

namespace corocket::net {

Connection::Impl::Impl(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand,
                       std::unique_ptr<Transport> transport, ConnectionId id, std::string endpoint,
                       ConnectionOptions options, ConnectionCallbacks callbacks)
    : runtime_(std::move(runtime)),
      strand_(std::move(strand)),
      id_(id),
      endpoint_(std::move(endpoint)),
      options_(options),
      transport_(std::move(transport)),
      timer_(runtime_->NewTimer(strand_)),
      callbacks_(std::move(callbacks)),
      tasks_(strand_),
      queue_filled_(runtime_, strand_),
      pending_(options.max_outstanding) {}

void Connection::Impl::Start() {
  tasks_.Spawn(ReadLoop(shared_from_this()));
  tasks_.Spawn(WriteLoop(shared_from_this()));
}

asio::awaitable<wire::Frame> Connection::Impl::Send(wire::Frame request, SendOptions options, bool oneway) {
  const std::shared_ptr<Impl> self = shared_from_this();
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  PendingTable::Item waiter{.handler = {},
                            .executor = executor,
                            .deadline = options.deadline,
                            .extra = {.idempotent = options.idempotent, .oneway = oneway, .written = false}};
  auto start = [self, oneway, waiter = std::move(waiter), request = std::move(request)](auto handler) mutable {
    waiter.handler = std::move(handler);
    self->Enqueue(std::move(waiter), std::move(request), oneway);
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, wire::Frame)>(
      std::move(start), asio::use_awaitable);
}

void Connection::Impl::Enqueue(PendingTable::Item waiter, wire::Frame request, bool oneway) {
  const std::size_t bytes = wire::EncodedSizeBound(request);
  const auto slot = asio::get_associated_cancellation_slot(waiter.handler);
  const TimePoint deadline = waiter.deadline;
  std::exception_ptr refusal;
  {
    absl::MutexLock lock(mutex_);
    refusal = Refusal(bytes);
    if (!refusal) {
      const PendingTable::Key key = pending_.Add(std::move(waiter));
      // Under the lock: once it is released, the coroutine may run and use its slot again.
      if (slot.is_connected()) {
        auto connected = slot;
        connected.assign([weak = weak_from_this(), key](asio::cancellation_type) {
          if (const auto self = weak.lock()) self->Cancel(key);
        });
      }
      if (!oneway) request.header.opaque = key;
      queue_.push_back({.frame = std::move(request), .bytes = bytes, .waiter = key});
      queued_bytes_ += bytes;
      WakeWriter();
      Arm(deadline);
    }
  }
  if (refusal) std::move(waiter).CompleteLater(refusal, {});
}

std::exception_ptr Connection::Impl::Refusal(std::size_t bytes) const {
  std::error_code code;
  if (ended_) {
    code = end_cause_;
  } else if (retired_) {
    code = RemotingErrc::kRetired;
  } else if (bytes > wire::kMaxFrameBytes) {
    code = RemotingErrc::kTooLarge;
  } else if (pending_.full() || queued_bytes_ + bytes > options_.max_queued_bytes) {
    code = RemotingErrc::kQueueFull;
  } else {
    return nullptr;
  }
  return std::make_exception_ptr(RemotingError(code, Phase::kWrite, endpoint_, false));
}

void Connection::Impl::WakeWriter() {
  if (!writer_idle_) return;
  writer_idle_ = false;
  queue_filled_.WakeAll();
}

std::exception_ptr Connection::Impl::ErrorFor(const PendingTable::Item& waiter, std::error_code cause,
                                              const std::string& detail) const {
  const Phase phase = waiter.extra.written ? Phase::kRead : Phase::kWrite;
  return std::make_exception_ptr(RemotingError(cause, phase, endpoint_, waiter.extra.written, detail));
}

void Connection::Impl::Fail(Waiters waiters, std::error_code cause, Resume resume, const std::string& detail) {
  for (PendingTable::Item& waiter : waiters) {
    std::exception_ptr error = ErrorFor(waiter, cause, detail);
    if (resume == Resume::kAtOnce) {
      std::move(waiter).Complete(std::move(error), {});
    } else {
      std::move(waiter).CompleteLater(std::move(error), {});
    }
  }
}

void Connection::Impl::Cancel(PendingTable::Key key) {
  std::optional<PendingTable::Item> waiter;
  bool drained = false;
  {
    absl::MutexLock lock(mutex_);
    waiter = pending_.TakeAbandoned(key);
    drained = EndWhenDrained();
  }
  if (waiter) {
    std::exception_ptr error = ErrorFor(*waiter, RemotingErrc::kCancelled, {});
    std::move(*waiter).CompleteLater(std::move(error), {});
  }
  if (drained) End(RemotingErrc::kRetired, Resume::kLater);
}

bool Connection::Impl::EndWhenDrained() { return retired_ && !ended_ && pending_.size() == 0; }

void Connection::Impl::Retire(TimePoint drain_until) {
  Waiters unwritten;
  bool drained = false;
  {
    absl::MutexLock lock(mutex_);
    if (ended_ || drain_until_) return;
    retired_ = true;
    drain_until_ = drain_until;
    queue_.clear();
    queued_bytes_ = 0;
    unwritten = pending_.TakeIf([](const PendingTable::Item& waiter) { return !waiter.extra.written; });
    drained = EndWhenDrained();
    if (!drained) Arm(drain_until);
  }
  Fail(std::move(unwritten), RemotingErrc::kRetired, Resume::kLater);
  if (drained) End(RemotingErrc::kRetired, Resume::kLater);
}

void Connection::Impl::End(std::error_code cause, Resume resume, const std::string& detail) {
  Waiters waiters;
  {
    absl::MutexLock lock(mutex_);
    if (ended_) return;
    ended_ = true;
    retired_ = true;
    end_cause_ = cause;
    armed_.reset();
    queue_.clear();
    queued_bytes_ = 0;
    waiters = pending_.TakeIf([](const PendingTable::Item&) { return true; });
  }
  Fail(std::move(waiters), cause, resume, detail);
  asio::post(strand_, [self = shared_from_this(), cause] { self->EndOnStrand(cause); });
}

void Connection::Impl::EndOnStrand(std::error_code cause) {
  transport_->Close();
  timer_->Disarm();
  queue_filled_.Close();
  // Let go of whatever the owner captured, too.
  const ConnectionCallbacks callbacks = std::exchange(callbacks_, {});
  if (callbacks.on_ended) callbacks.on_ended(id_, cause);
}

Connection::Stats Connection::Impl::stats() const {
  absl::MutexLock lock(mutex_);
  return {.outstanding = pending_.size(),
          .late_answers = late_answers_,
          .frames_written = frames_written_,
          .write_calls = write_calls_};
}

}  // namespace corocket::net
