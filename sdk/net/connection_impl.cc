#include "sdk/net/connection_impl.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "asio/associated_cancellation_slot.hpp"
#include "asio/async_result.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/deferred.hpp"
#include "asio/post.hpp"
#include "asio/this_coro.hpp"
#include "sdk/base/remoting_error.h"
#include "sdk/wire/codec.h"

namespace corocket::net {
namespace {

/// Deadlines this close together share one expiry, so that a mass time-out is not quadratic.
constexpr std::chrono::milliseconds kGrain{1};
/// A timer this late says that our process was held up (stopped, or busy): what the peer has sent meanwhile may lie in
/// the socket, and the timer may have overtaken the reader.
constexpr std::chrono::milliseconds kLate{20};
/// What the reader is then given before the peer is called silent.
constexpr std::chrono::milliseconds kReadersTurn{10};

}  // namespace

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
      calls_(options.max_outstanding) {}

void Connection::Impl::Start() {
  tasks_.Spawn(ReadLoop(Lifeline(shared_from_this())));
  tasks_.Spawn(WriteLoop(shared_from_this()));
}

asio::awaitable<wire::Frame> Connection::Impl::Send(std::shared_ptr<Impl> self, wire::Frame frame, SendOptions options,
                                                    bool oneway) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Exchange exchange{.frame = &frame, .options = options, .oneway = oneway};
  auto begin = [&](auto handler) { self->Begin(exchange, executor, std::move(handler)); };
  auto ended = asio::async_initiate<const asio::deferred_t, void()>(begin, asio::deferred);
  co_await std::move(ended);
  exchange.ThrowIfFailed();
  co_return std::move(frame);
}

void Connection::Impl::Begin(Exchange& exchange, asio::any_io_executor executor,
                             asio::any_completion_handler<void()> handler) {
  Begin({.handler = std::move(handler),
         .executor = std::move(executor),
         .result = &exchange,
         .deadline = exchange.options.deadline,
         .extra = {.idempotent = exchange.options.idempotent, .oneway = exchange.oneway}});
}

void Connection::Impl::Begin(Call call) {
  // The coroutine may run, and end, as soon as the lock is released.
  const std::shared_ptr<Impl> self = shared_from_this();
  auto slot = asio::get_associated_cancellation_slot(call.handler);
  call.extra.bytes = wire::EncodedSizeBound(*call.result->frame);
  std::optional<std::error_code> refusal;
  std::string detail;
  bool kick = false;
  {
    const absl::MutexLock lock(mutex_);
    refusal = Refusal(call.extra.bytes);
    if (refusal) {
      if (ended_) detail = end_detail_;
    } else {
      WantTimer(call.deadline);
      const WaiterKey key = calls_.Add(std::move(call));
      if (slot.is_connected()) {
        slot.assign([weak = std::weak_ptr<Impl>(self), key](asio::cancellation_type) {
          if (const auto alive = weak.lock()) alive->Cancel(key);
        });
      }
      kick = WantKick();
    }
  }
  if (refusal) {
    Fail(call, *refusal, detail);
    std::move(call).Resume();
  } else if (kick) {
    self->PostKick();
  }
}

std::optional<std::error_code> Connection::Impl::Refusal(std::size_t bytes) const {
  if (ended_) return end_cause_;
  if (retired_) return retired_;
  if (bytes > wire::kMaxFrameBytes) return RemotingErrc::kTooLarge;
  const std::size_t queued = calls_.queued_bytes() + reply_bytes_;
  if (calls_.full() || queued + bytes > options_.max_queued_bytes) return RemotingErrc::kQueueFull;
  return std::nullopt;
}

void Connection::Impl::Fail(Call& call, std::error_code cause, const std::string& detail) const {
  using Stage = PendingCall::Stage;
  const Phase phase = call.extra.stage == Stage::kWritten ? Phase::kRead : Phase::kWrite;
  const bool may_have_been_sent = call.extra.stage != Stage::kQueued;
  call.result->error = std::make_exception_ptr(RemotingError(cause, phase, endpoint_, may_have_been_sent, detail));
}

void Connection::Impl::FailAll(std::vector<Call>& calls, std::error_code cause, Caller caller,
                               const std::string& detail) const {
  for (Call& call : calls) {
    Fail(call, cause, detail);
    if (caller == Caller::kStrand) {
      std::move(call).ResumeFrom(strand_);
    } else {
      std::move(call).Resume();
    }
  }
}

void Connection::Impl::Cancel(WaiterKey key) {
  std::optional<Call> call;
  bool drained = false;
  {
    const absl::MutexLock lock(mutex_);
    call = calls_.TakeAbandoned(key);
    drained = Drained();
  }
  if (!call) return;
  Fail(*call, RemotingErrc::kCancelled);
  std::move(*call).Resume();
  if (drained) End(RemotingErrc::kRetired, Caller::kStranger);
}

bool Connection::Impl::Drained() const {
  // A frame that is half out is finished, unless the peer does not take it.
  return retired_ && !ended_ && calls_.size() == 0 && (!calls_.writing() || silent_);
}

void Connection::Impl::Retire(TimePoint drain_until) {
  std::vector<Call> unsent;
  bool drained = false;
  bool kick = false;
  {
    const absl::MutexLock lock(mutex_);
    if (ended_) return;
    if (!retired_) retired_ = RemotingErrc::kRetired;
    drain_until_ = std::min(drain_until_, drain_until);
    replies_.clear();
    reply_bytes_ = 0;
    calls_.TakeQueued(unsent);
    drained = Drained();
    if (!drained) {
      WantTimer(drain_until_);
      kick = WantKick();
    }
  }
  FailAll(unsent, RemotingErrc::kRetired, Caller::kStranger);
  if (kick) PostKick();
  if (drained) End(RemotingErrc::kRetired, Caller::kStranger);
}

void Connection::Impl::End(std::error_code cause, Caller caller, std::string detail) {
  std::vector<Call> calls;
  bool first = false;
  {
    const absl::MutexLock lock(mutex_);
    first = !std::exchange(ended_, true);
    if (first) {
      // A connection that was left for a reason and then drained has ended for that reason.
      end_cause_ = cause == RemotingErrc::kRetired && retired_ ? retired_ : cause;
      cause = end_cause_;
      end_detail_ = detail;
      replies_.clear();
      reply_bytes_ = 0;
      calls_.TakeAll(calls);
    }
  }
  FailAll(calls, cause, caller, detail);
  if (caller == Caller::kStrand) {
    Finish();
  } else if (first) {
    asio::post(strand_, [self = shared_from_this()] { self->Finish(); });
  }
}

void Connection::Impl::Finish() {
  if (std::exchange(finished_, true)) return;
  transport_->Close();
  timer_->Disarm();
  std::error_code cause;
  std::string detail;
  {
    const absl::MutexLock lock(mutex_);
    cause = end_cause_;
    detail = end_detail_;
  }
  if (idle_writer_) std::exchange(idle_writer_, {})();
  // Let go of whatever the owner captured, too.
  const ConnectionCallbacks callbacks = std::exchange(callbacks_, {});
  if (callbacks.on_ended) callbacks.on_ended(id_, cause, detail);
}

void Connection::Impl::Abandon() {
  if (std::exchange(finished_, true)) return;
  // Destroyed in the end, without the lock: what waits may own anything.
  std::vector<Call> calls;
  const auto writer = std::exchange(idle_writer_, {});
  const ConnectionCallbacks callbacks = std::exchange(callbacks_, {});
  const absl::MutexLock lock(mutex_);
  ended_ = true;
  calls_.TakeAll(calls);
}

asio::awaitable<void> Connection::Impl::Join(std::shared_ptr<Impl> self) { co_await self->tasks_.Join(); }

Connection::Stats Connection::Impl::stats() const {
  const absl::MutexLock lock(mutex_);
  return {.outstanding = calls_.size(),
          .last_byte_at = calls_.last_bytes(),
          .late_answers = late_answers_,
          .frames_written = frames_written_,
          .batches_written = batches_written_};
}

void Connection::Impl::WantTimer(TimePoint at) {
  if (at >= timer_at_) return;
  timer_at_ = at;
  timer_moved_ = true;
}

bool Connection::Impl::WantKick() {
  const bool work = writer_idle_ && (calls_.has_queued() || !replies_.empty());
  if (kick_posted_ || (!work && !timer_moved_)) return false;
  kick_posted_ = true;
  return true;
}

void Connection::Impl::PostKick() {
  // Posted even from the strand: until it runs, others add their frames to the same batch.
  asio::post(strand_, [self = shared_from_this()] { self->OnKick(); });
}

void Connection::Impl::OnKick() {
  bool wake = false;
  {
    const absl::MutexLock lock(mutex_);
    kick_posted_ = false;
    wake = writer_idle_ && (calls_.has_queued() || !replies_.empty());
    if (wake) writer_idle_ = false;
  }
  SetTimer();
  if (wake && idle_writer_) std::exchange(idle_writer_, {})();
}

void Connection::Impl::SetTimer() {
  TimePoint at;
  {
    const absl::MutexLock lock(mutex_);
    if (ended_ || !std::exchange(timer_moved_, false)) return;
    at = timer_at_;
  }
  timer_->Arm(at, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

TimePoint Connection::Impl::SilentAt(TimePoint now) {
  const std::optional<TimePoint> quiet = calls_.QuietSince();
  if (!quiet || silent_) return TimePoint::max();
  const TimePoint at = *quiet + options_.silence_limit;
  // Once for each quiet time (an earlier one's look lies before `at`): a process that is always late finds hung
  // servers, too.
  if (now >= at && second_look_ < at && now - timer_at_ > kLate) second_look_ = now + kReadersTurn;
  return std::max(at, second_look_);
}

void Connection::Impl::OnTimer() {
  const TimePoint now = runtime_->Now();
  std::vector<Call> late;
  std::vector<Call> silenced;
  bool newly_silent = false;
  bool was_open = false;
  bool over = false;
  {
    const absl::MutexLock lock(mutex_);
    if (ended_) return;
    was_open = !retired_;
    calls_.TakeExpired(now, late);
    TimePoint silent_at = SilentAt(now);
    if (now >= silent_at) {
      newly_silent = silent_ = true;
      silent_at = TimePoint::max();
      if (was_open) retired_ = RemotingErrc::kSilence;
      calls_.TakeQueued(silenced);
      calls_.TakeIdempotent(silenced);
    }
    over = Drained() || now >= drain_until_;
    const TimePoint next = std::min({calls_.NextDeadline(), drain_until_, silent_at});
    timer_at_ = TimePoint::max();
    timer_moved_ = false;
    WantTimer(std::max<TimePoint>(next, now + kGrain));
  }
  FailAll(late, RemotingErrc::kAttemptTimeout, Caller::kStrand);
  FailAll(silenced, RemotingErrc::kSilence, Caller::kStrand);
  if (over) {
    End(RemotingErrc::kRetired, Caller::kStrand);
    return;
  }
  if (newly_silent && was_open && callbacks_.on_silent) callbacks_.on_silent(id_);
  SetTimer();
}

}  // namespace corocket::net
