// The three activities of a connection: reader, writer, timer.

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <string_view>
#include <utility>

#include "asio/error.hpp"
#include "asio/post.hpp"
#include "sdk/net/connection_impl.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/foreign_protocol.h"

namespace corocket::net {
namespace {

/// Deadlines this close together share one expiry, so that a mass time-out is not quadratic.
constexpr std::chrono::milliseconds kGrain{1};
constexpr std::size_t kReadBytes = 64 * 1024;
/// One gathered write; what is more waits for the next, so that a retirement can take it back.
constexpr std::size_t kBatchBytes = 256 * 1024;
constexpr std::int32_t kRequestCodeNotSupported = 3;

}  // namespace

asio::awaitable<void> Connection::Impl::ReadLoop([[maybe_unused]] std::shared_ptr<Impl> self) {
  std::string buffer(kReadBytes, '\0');
  std::size_t filled = 0;
  std::error_code cause;
  while (!cause) {
    std::size_t bytes = 0;
    try {
      bytes = co_await transport_->ReadSome(std::span<char>(buffer).subspan(filled));
    } catch (const std::system_error& error) {
      cause = error.code();
    }
    if (cause) break;
    filled += bytes;
    std::size_t consumed = 0;
    std::size_t wanted = 0;
    if (!ConsumeFrames(std::string_view(buffer).substr(0, filled), consumed, wanted)) co_return;
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(consumed),
              buffer.begin() + static_cast<std::ptrdiff_t>(filled), buffer.begin());
    filled -= consumed;
    // Grows for a large frame, and back when it has been taken.
    const std::size_t size = std::max({kReadBytes, wanted, filled + 1});
    if (size > buffer.size() || (size == kReadBytes && buffer.size() > kReadBytes)) {
      buffer.resize(size);
      if (size == kReadBytes) buffer.shrink_to_fit();
    }
  }
  End(cause == asio::error::eof ? make_error_code(RemotingErrc::kPeerClosed) : cause, Resume::kAtOnce);
}

bool Connection::Impl::ConsumeFrames(std::string_view input, std::size_t& consumed, std::size_t& wanted) {
  std::vector<wire::Frame> frames;
  absl::Status broken;
  while (consumed < input.size()) {
    const std::string_view rest = input.substr(consumed);
    absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(rest);
    if (!extent.ok()) {
      broken = extent.status();
      break;
    }
    wanted = extent->bytes;
    if (extent->bytes == 0 || extent->bytes > rest.size()) break;
    wanted = 0;
    absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(rest.substr(0, extent->bytes));
    if (!frame.ok()) {
      broken = frame.status();
      break;
    }
    consumed += extent->bytes;
    if (frame->header.is_response()) {
      frames.push_back(*std::move(frame));
    } else {
      Answer(*frame);
    }
  }
  Deliver(std::move(frames));
  if (broken.ok()) return true;
  const bool foreign = wire::DetectForeignProtocol(input.substr(consumed)).has_value();
  End(foreign ? RemotingErrc::kWrongProtocol : RemotingErrc::kMalformedFrame, Resume::kAtOnce,
      std::string(broken.message()));
  return false;
}

void Connection::Impl::Deliver(std::vector<wire::Frame> frames) {
  std::vector<std::pair<PendingTable::Item, wire::Frame>> answered;
  answered.reserve(frames.size());
  bool drained = false;
  {
    absl::MutexLock lock(mutex_);
    pending_.OnBytes(runtime_->Now());
    for (wire::Frame& frame : frames) {
      std::optional<PendingTable::Item> waiter = pending_.TakeAnswered(frame.header.opaque);
      if (waiter) {
        answered.emplace_back(*std::move(waiter), std::move(frame));
      } else {
        ++late_answers_;
      }
    }
    drained = EndWhenDrained();
  }
  for (auto& [waiter, frame] : answered) std::move(waiter).Complete(nullptr, std::move(frame));
  if (drained) End(RemotingErrc::kRetired, Resume::kAtOnce);
}

void Connection::Impl::Answer(const wire::Frame& request) {
  std::optional<wire::Frame> answer;
  if (callbacks_.on_request) answer = callbacks_.on_request(request);
  if (request.header.is_oneway()) return;
  if (!answer) {
    answer.emplace();
    answer->header.code = kRequestCodeNotSupported;
    answer->header.remark = "request code " + std::to_string(request.header.code) + " is not supported";
  }
  answer->serialize = request.serialize;
  answer->header.opaque = request.header.opaque;
  answer->header.flag |= wire::kFlagResponse;
  const std::size_t bytes = wire::EncodedSizeBound(*answer);
  bool overfull = false;
  {
    absl::MutexLock lock(mutex_);
    if (ended_) return;
    overfull = queued_bytes_ + bytes > options_.max_queued_bytes || queue_.size() >= options_.max_outstanding;
    if (!overfull) {
      queue_.push_back({.frame = *std::move(answer), .bytes = bytes, .waiter = std::nullopt});
      queued_bytes_ += bytes;
      WakeWriter();
    }
  }
  // A peer that asks and does not read must not fill our memory.
  if (overfull) End(RemotingErrc::kQueueFull, Resume::kAtOnce);
}

asio::awaitable<void> Connection::Impl::WriteLoop([[maybe_unused]] std::shared_ptr<Impl> self) {
  std::string batch;
  std::vector<PendingTable::Key> oneways;
  for (;;) {
    const ParkingLot::Ticket ticket = queue_filled_.Prepare();
    Waiters unfit;
    const bool filled = TakeBatch(batch, oneways, unfit);
    Fail(std::move(unfit), RemotingErrc::kTooLarge, Resume::kLater);
    if (!filled) {
      {
        absl::MutexLock lock(mutex_);
        if (ended_) co_return;
      }
      const WakeReason reason = co_await queue_filled_.Wait(ticket, TimePoint::max());
      static_cast<void>(reason);
      continue;
    }
    const std::string_view piece = batch;
    std::error_code cause;
    try {
      co_await transport_->Write(std::span<const std::string_view>(&piece, 1));
    } catch (const std::system_error& error) {
      cause = error.code();
    }
    if (cause) {
      End(cause, Resume::kAtOnce);
      co_return;
    }
    CompleteOneways(oneways);
  }
}

bool Connection::Impl::TakeBatch(std::string& batch, std::vector<PendingTable::Key>& oneways, Waiters& unfit) {
  batch.clear();
  oneways.clear();
  absl::MutexLock lock(mutex_);
  const TimePoint now = runtime_->Now();
  while (!queue_.empty() && batch.size() < kBatchBytes) {
    Outgoing next = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= next.bytes;
    PendingTable::Item* waiter = next.waiter ? pending_.Find(*next.waiter) : nullptr;
    // Nobody waits for it any more: it never goes out.
    if (next.waiter && waiter == nullptr) continue;
    if (!wire::AppendFrame(next.frame, batch).ok()) {
      if (next.waiter) unfit.push_back(*pending_.TakeAnswered(*next.waiter));
      continue;
    }
    ++frames_written_;
    if (waiter == nullptr) continue;
    pending_.MarkWritten(*waiter, now);
    if (waiter->extra.oneway) oneways.push_back(*next.waiter);
  }
  writer_idle_ = batch.empty();
  if (batch.empty()) return false;
  ++write_calls_;
  Arm(now + options_.silence_limit);
  return true;
}

void Connection::Impl::CompleteOneways(const std::vector<PendingTable::Key>& oneways) {
  for (const PendingTable::Key key : oneways) {
    std::optional<PendingTable::Item> waiter;
    {
      absl::MutexLock lock(mutex_);
      waiter = pending_.TakeAnswered(key);
    }
    if (waiter) std::move(*waiter).Complete(nullptr, {});
  }
}

void Connection::Impl::Arm(TimePoint at) {
  if (ended_ || (armed_ && *armed_ <= at)) return;
  armed_ = at;
  asio::post(strand_, [self = shared_from_this()] { self->ArmOnStrand(); });
}

void Connection::Impl::ArmOnStrand() {
  std::optional<TimePoint> at;
  {
    absl::MutexLock lock(mutex_);
    at = armed_;
  }
  if (!at) return;
  timer_->Arm(*at, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

void Connection::Impl::OnTimer() {
  const TimePoint now = runtime_->Now();
  Waiters late;
  Waiters silenced;
  bool silent = false;
  bool over = false;
  {
    absl::MutexLock lock(mutex_);
    if (ended_) return;
    silent = pending_.Silent(now, options_.silence_limit);
    if (silent) {
      retired_ = true;
      silenced = pending_.TakeIf([](const PendingTable::Item& waiter) { return waiter.extra.idempotent; });
    }
    late = pending_.TakeIf([now](const PendingTable::Item& waiter) { return waiter.deadline <= now; });
    over = EndWhenDrained() || (drain_until_ && now >= *drain_until_);
    armed_ = pending_.NextCheck(options_.silence_limit);
    if (drain_until_) armed_ = armed_ ? std::min(*armed_, *drain_until_) : *drain_until_;
    if (armed_) armed_ = std::max<TimePoint>(*armed_, now + kGrain);
  }
  Fail(std::move(late), RemotingErrc::kAttemptTimeout, Resume::kAtOnce);
  Fail(std::move(silenced), RemotingErrc::kSilence, Resume::kAtOnce);
  if (over) {
    End(silent ? RemotingErrc::kSilence : RemotingErrc::kRetired, Resume::kAtOnce);
    return;
  }
  if (silent && callbacks_.on_silent) callbacks_.on_silent(id_);
  ArmOnStrand();
}

}  // namespace corocket::net
