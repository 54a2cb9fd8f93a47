// Reader and writer of a connection. Both run on its strand.

#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "asio/async_result.hpp"
#include "asio/deferred.hpp"
#include "asio/error.hpp"
#include "asio/post.hpp"
#include "sdk/base/remoting_error.h"
#include "sdk/net/connection_impl.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/foreign_protocol.h"
#include "sdk/wire/frame.h"

namespace corocket::net {
namespace {

/// Frames that one batch takes out of the queue. What is more stays there, so that a retirement can take it back.
constexpr std::size_t kBatchBytes = 256 * 1024;
/// Batches after which the writer lets others have the strand. Where its socket and those who fill its queue keep pace
/// with it, nothing else makes it suspend.
constexpr int kBatchesPerTurn = 16;
/// Response codes of the protocol.
constexpr std::int32_t kSystemError = 1;
constexpr std::int32_t kRequestCodeNotSupported = 3;

wire::Frame Refuse(std::int32_t code, std::string remark) {
  wire::Frame answer;
  answer.header.code = code;
  answer.header.remark = std::move(remark);
  return answer;
}

// A peer tells the form by each frame, so one that is too narrow is no reason to refuse the frame.
void PutIntoAFormThatFits(wire::Frame& frame) {
  if (!wire::FitsItsForm(frame)) frame.serialize = wire::SerializeType::kJson;
}

}  // namespace

asio::awaitable<void> Connection::Impl::ReadLoop([[maybe_unused]] Lifeline lifeline) {
  std::error_code cause;
  while (!cause) {
    try {
      const std::size_t bytes = co_await transport_->ReadSome(reader_.Space());
      reader_.Commit(bytes);
      spoken_ = true;
      if (!TakeInput()) break;
    } catch (const std::system_error& error) {
      cause = error.code();
    } catch (const std::bad_alloc&) {
      cause = std::make_error_code(std::errc::not_enough_memory);
    }
  }
  if (cause) EndReading(cause);
}

void Connection::Impl::EndReading(std::error_code cause) {
  if (cause != asio::error::eof) {
    End(cause, Caller::kStrand);
    return;
  }
  const std::size_t rest = reader_.unread().size();
  std::string detail;
  if (rest > 0) {
    detail = absl::StrCat("in the middle of a frame, after ", rest, " bytes of it");
  } else if (!spoken_ && asked_) {
    // Such a server sends no alert that the bytes themselves could be told by.
    detail = "closed before it answered anything; a server that insists on TLS does that";
  }
  End(RemotingErrc::kPeerClosed, Caller::kStrand, std::move(detail));
}

bool Connection::Impl::TakeInput() {
  const absl::Status status = reader_.TakeFrames(input_);
  Deliver();
  if (!status.ok()) {
    const bool foreign = wire::DetectForeignProtocol(reader_.unread()).has_value();
    End(foreign ? RemotingErrc::kWrongProtocol : RemotingErrc::kMalformedFrame, Caller::kStrand,
        std::string(status.message()));
  }
  return !finished_;
}

void Connection::Impl::Deliver() {
  std::vector<Call> answered;
  answered.reserve(input_.size());
  bool drained = false;
  {
    const absl::MutexLock lock(mutex_);
    calls_.OnBytes(runtime_->Now());
    for (wire::Frame& frame : input_) {
      // The server's own requests have opaques of their own.
      if (!frame.header.is_response()) continue;
      std::optional<Call> call = calls_.TakeDone(WaiterKey{static_cast<std::uint32_t>(frame.header.opaque)});
      if (call) {
        *call->result->frame = std::move(frame);
        answered.push_back(*std::move(call));
      } else {
        ++late_answers_;
      }
    }
    drained = Drained();
  }
  for (Call& call : answered) std::move(call).ResumeFrom(strand_);
  for (const wire::Frame& frame : input_) {
    if (!frame.header.is_response()) Answer(frame);
  }
  input_.clear();
  if (drained) End(RemotingErrc::kRetired, Caller::kStrand);
}

void Connection::Impl::Answer(const wire::Frame& request) {
  std::optional<wire::Frame> answer;
  try {
    if (callbacks_.on_request) answer = callbacks_.on_request(request);
  } catch (const std::exception& error) {
    answer = Refuse(kSystemError, error.what());
  }
  if (request.header.is_oneway()) return;
  if (!answer) {
    answer = Refuse(kRequestCodeNotSupported, absl::StrCat("request code ", request.header.code, " is not supported"));
  } else if (const std::size_t bytes = wire::EncodedSizeBound(*answer); bytes > wire::kMaxFrameBytes) {
    answer = Refuse(kSystemError, absl::StrCat("the answer of ", bytes, " bytes does not fit into a frame"));
  }
  answer->serialize = request.serialize;
  answer->header.opaque = request.header.opaque;
  answer->header.flag |= wire::kFlagResponse;
  const std::size_t bytes = wire::EncodedSizeBound(*answer);
  bool overfull = false;
  bool kick = false;
  {
    const absl::MutexLock lock(mutex_);
    if (retired_ || ended_) return;
    overfull = calls_.queued_bytes() + reply_bytes_ + bytes > options_.max_queued_bytes ||
               replies_.size() >= options_.max_outstanding;
    if (!overfull) {
      replies_.push_back(*std::move(answer));
      reply_bytes_ += bytes;
      kick = WantKick();
    }
  }
  if (kick) PostKick();
  // A peer that asks and does not read must not fill our memory.
  if (overfull) End(RemotingErrc::kQueueFull, Caller::kStrand);
}

asio::awaitable<void> Connection::Impl::WriteLoop([[maybe_unused]] std::shared_ptr<Impl> self) {
  try {
    int batches = 0;
    for (Work work = NextBatch(); work != Work::kEnded; work = NextBatch()) {
      if (work == Work::kNone) {
        batches = 0;
        co_await WaitForWork();
        continue;
      }
      co_await WriteBatchOut();
      OnBatchWritten();
      if (++batches < kBatchesPerTurn) continue;
      batches = 0;
      auto others = asio::post(strand_, asio::deferred);
      co_await std::move(others);
    }
  } catch (const std::system_error& error) {
    End(error.code(), Caller::kStrand);
  } catch (const std::bad_alloc&) {
    End(std::make_error_code(std::errc::not_enough_memory), Caller::kStrand);
  }
}

asio::awaitable<void> Connection::Impl::WaitForWork() {
  auto park = [this](auto handler) { idle_writer_ = std::move(handler); };
  auto parked = asio::async_initiate<const asio::deferred_t, void()>(park, asio::deferred);
  co_await std::move(parked);
}

Connection::Impl::Work Connection::Impl::NextBatch() {
  batch_.Clear();
  batch_keys_.clear();
  batch_frames_ = 0;
  while (batch_.empty()) {
    std::vector<Outgoing> requests;
    std::vector<wire::Frame> replies;
    std::vector<Call> late;
    bool drained = false;
    const TimePoint now = runtime_->Now();
    {
      const absl::MutexLock lock(mutex_);
      if (ended_) return Work::kEnded;
      replies.swap(replies_);
      reply_bytes_ = 0;
      calls_.TakeBatch(now, kBatchBytes, !replies.empty(), requests, late);
      writer_idle_ = requests.empty() && replies.empty() && late.empty();
      drained = Drained();
      if (writer_idle_ && !drained) return Work::kNone;
      WantTimer(now + options_.silence_limit);
    }
    if (drained) {
      End(RemotingErrc::kRetired, Caller::kStrand);
      return Work::kEnded;
    }
    SetTimer();
    FailAll(late, RemotingErrc::kAttemptTimeout, Caller::kStrand);
    EncodeBatch(std::move(requests), std::move(replies));
  }
  return Work::kBatch;
}

void Connection::Impl::EncodeBatch(std::vector<Outgoing> requests, std::vector<wire::Frame> replies) {
  for (wire::Frame& reply : replies) {
    const std::int32_t opaque = reply.header.opaque;
    PutIntoAFormThatFits(reply);
    absl::Status status = batch_.Add(std::move(reply));
    if (!status.ok()) {  // say so at least
      wire::Frame refusal = Refuse(kSystemError, std::string(status.message()));
      refusal.header.opaque = opaque;
      refusal.header.flag = wire::kFlagResponse;
      status = batch_.Add(std::move(refusal));
    }
    if (status.ok()) ++batch_frames_;
  }
  for (Outgoing& outgoing : requests) {
    outgoing.request.header.opaque = static_cast<std::int32_t>(outgoing.key);
    PutIntoAFormThatFits(outgoing.request);
    const absl::Status status = batch_.Add(std::move(outgoing.request));
    if (status.ok()) {
      batch_keys_.push_back(outgoing.key);
      ++batch_frames_;
      continue;
    }
    std::optional<Call> unfit;
    {
      const absl::MutexLock lock(mutex_);
      unfit = calls_.TakeDone(outgoing.key);
    }
    if (!unfit) continue;
    unfit->extra.stage = PendingCall::Stage::kQueued;  // nobody will see it
    Fail(*unfit, RemotingErrc::kTooLarge, std::string(status.message()));
    std::move(*unfit).Resume();
  }
}

asio::awaitable<void> Connection::Impl::WriteBatchOut() {
  asked_ = true;
  auto chunk = batch_.NextChunk();
  while (!chunk.empty()) {
    co_await transport_->Write(chunk);
    chunk = batch_.NextChunk();
    if (chunk.empty()) break;
    const absl::MutexLock lock(mutex_);
    calls_.OnProgress(runtime_->Now());
  }
}

void Connection::Impl::OnBatchWritten() {
  std::vector<Call> oneways;
  bool drained = false;
  const TimePoint now = runtime_->Now();
  {
    const absl::MutexLock lock(mutex_);
    calls_.OnBatchWritten(now, batch_keys_, oneways);
    frames_written_ += batch_frames_;
    ++batches_written_;
    drained = Drained();
  }
  for (Call& call : oneways) std::move(call).ResumeFrom(strand_);
  if (drained) End(RemotingErrc::kRetired, Caller::kStrand);
}

}  // namespace corocket::net
