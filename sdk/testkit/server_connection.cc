#include "sdk/testkit/server_connection.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <system_error>
#include <utility>

#include "absl/log/absl_check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sdk/protocol/response_code.h"
#include "sdk/testkit/server_task.h"
#include "sdk/wire/codec.h"

namespace corocket::testkit {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr TimePoint kNever = TimePoint::max();
/// After an orderly end the client has this long to close its side, and before an end to take what is left to send.
constexpr std::chrono::seconds kLinger(1);

/// Bytes read; 0: the stream is over, for whatever reason.
asio::awaitable<std::size_t> Read(net::Transport& transport, std::span<char> into) {
  try {
    const std::size_t bytes = co_await transport.ReadSome(into);
    co_return bytes;
  } catch (const std::system_error&) {
    co_return 0;
  }
}

asio::awaitable<bool> Write(net::Transport& transport, std::string_view bytes) {
  const std::array<std::string_view, 1> pieces{bytes};
  try {
    co_await transport.Write(pieces);
  } catch (const std::system_error&) {
    co_return false;
  }
  co_return true;
}

}  // namespace

ServerConnection::ServerConnection(Id id, std::shared_ptr<Runtime> runtime, asio::any_io_executor strand,
                                   std::unique_ptr<net::Transport> transport, std::shared_ptr<Owner> owner)
    : id_(id),
      runtime_(std::move(runtime)),
      strand_(std::move(strand)),
      transport_(std::move(transport)),
      owner_(std::move(owner)),
      timer_(runtime_->NewTimer(strand_)),
      inbox_(kReadBytes) {}

asio::awaitable<void> ServerConnection::Serve(std::shared_ptr<ServerConnection> self) {
  while (self->state_ != State::kClosed) {
    self->MakeRoomToRead();
    const std::span<char> free = std::span(self->inbox_).subspan(self->inbox_end_);
    const std::size_t bytes = co_await Read(*self->transport_, free);
    if (bytes == 0) break;
    if (self->state_ != State::kOpen) continue;  // reads on only so that the close stays orderly
    self->inbox_end_ += bytes;
    bool more = true;
    while (more) {
      more = self->HandleRequests();
      // Written here rather than by a coroutine of its own: one hop less for the usual request and answer.
      if (self->MayWrite()) co_await WriteAll(self);
      // Once it has ended nobody tells of room any more.
      if (more && self->open() && !self->HasRoom()) {
        co_await WakeSignal::Wait(self->room_, false, WakeSignal::Cancel::kIgnored);
      }
    }
  }
  self->CloseNow();
}

bool ServerConnection::HandleRequests() {
  handling_ = true;
  const std::shared_ptr<Owner> owner = owner_;  // which may end this connection meanwhile
  bool more = true;
  while (more && state_ == State::kOpen && HasRoom()) {
    absl::StatusOr<std::optional<wire::Frame>> request = TakeRequest();
    if (!request.ok()) {
      owner->OnMalformed(request.status().message());
      Close(CloseMode::kFin);
    } else if (!request->has_value()) {
      more = false;
    } else if (!(*request)->header.is_response()) {  // a test server asks nothing, so a response answers nothing
      owner->OnRequest(*this, **std::move(request));
    }
  }
  handling_ = false;
  return more && state_ == State::kOpen;
}

absl::StatusOr<std::optional<wire::Frame>> ServerConnection::TakeRequest() {
  const std::string_view stream(inbox_.data() + inbox_begin_, inbox_end_ - inbox_begin_);
  const absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(stream);
  if (!extent.ok()) return extent.status();
  if (extent->bytes == 0 || extent->bytes > stream.size()) return std::nullopt;
  absl::StatusOr<wire::Frame> request = wire::DecodeFrame(stream.substr(0, extent->bytes));
  if (!request.ok()) return request.status();
  inbox_begin_ += extent->bytes;
  return *std::move(request);
}

void ServerConnection::MakeRoomToRead() {
  if (state_ != State::kOpen) inbox_begin_ = inbox_end_ = 0;
  const std::size_t held = inbox_end_ - inbox_begin_;
  if (inbox_begin_ > 0) {
    std::memmove(inbox_.data(), inbox_.data() + inbox_begin_, held);
    inbox_begin_ = 0;
    inbox_end_ = held;
  }
  // Doubling: a large frame is neither copied often nor believed before its bytes are there.
  if (inbox_.size() - held < kReadBytes / 2) inbox_.resize(inbox_.size() * 2);
}

bool ServerConnection::MayWrite() const { return state_ == State::kOpen && !stalled_ && !writing_ && !outbox_.empty(); }

bool ServerConnection::HasRoom() const { return outbox_.size() < kMaxUnsentBytes && scheduled_.size() < kMaxScheduled; }

void ServerConnection::StartWriting() {
  if (handling_ || !MayWrite()) return;
  SpawnServerTask(strand_, WriteAll(shared_from_this()));
}

asio::awaitable<void> ServerConnection::WriteAll(std::shared_ptr<ServerConnection> self) {
  while (self->MayWrite()) {
    self->writing_ = true;
    self->leaving_.swap(self->outbox_);
    const bool written = co_await Write(*self->transport_, self->leaving_);
    self->leaving_.clear();
    self->writing_ = false;
    if (!written) self->CloseNow();
  }
  if (self->begun_) {
    self->TimeNextStep();
    self->ArmTimer();
  }
  if (self->HasRoom()) self->room_->Notify();
}

void ServerConnection::AppendAnswer(const wire::Frame& answer, std::string& out) {
  const absl::Status encoded = wire::AppendFrame(answer, out);
  if (encoded.ok()) return;
  wire::Frame refusal;
  refusal.header = answer.header;
  refusal.header.code = static_cast<std::int32_t>(protocol::ResponseCode::kSystemError);
  refusal.header.remark = absl::StrCat("the answer cannot be sent: ", encoded.message());
  refusal.header.ext_fields = {};
  const absl::Status refused = wire::AppendFrame(refusal, out);
  ABSL_CHECK(refused.ok()) << refused;
}

void ServerConnection::Send(const wire::Frame& frame) {
  if (state_ != State::kOpen) return;
  if (begun_) {  // not between its parts
    Output output;
    AppendAnswer(frame, output.bytes);
    SendAt(runtime_->Now(), std::move(output));
    return;
  }
  AppendAnswer(frame, outbox_);
  StartWriting();
}

void ServerConnection::SendAt(TimePoint due, Output output) {
  if (state_ != State::kOpen) return;
  scheduled_.emplace(due, std::move(output));
  ArmTimer();
}

void ServerConnection::SetStalled(bool stalled) {
  stalled_ = stalled;
  if (state_ != State::kOpen) return;  // the timer belongs to the end now
  if (begun_) TimeNextStep();
  ArmTimer();
  StartWriting();
}

void ServerConnection::ArmTimer() {
  TimePoint at = scheduled_.empty() ? kNever : scheduled_.begin()->first;
  if (begun_) at = begun_->due;
  if (stalled_ || at == kNever) {
    timer_->Disarm();
    return;
  }
  timer_->Arm(at, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->PerformDue();
  });
}

void ServerConnection::PerformDue() {
  const TimePoint now = runtime_->Now();
  while (PerformStep(now)) {
  }
  if (state_ != State::kOpen) return;
  if (HasRoom()) room_->Notify();
  ArmTimer();
  StartWriting();
}

bool ServerConnection::PerformStep(TimePoint now) {
  if (!begun_) {
    if (scheduled_.empty() || scheduled_.begin()->first > now) return false;
    begun_.emplace(Begun{.output = std::move(scheduled_.begin()->second), .due = now});
    scheduled_.erase(scheduled_.begin());
  }
  if (begun_->due > now) return false;
  if (begun_->at_end()) {
    Close(*begun_->output.end);
    return false;
  }
  AppendPart(*begun_);
  if (begun_->at_end() && !begun_->output.end) {
    begun_.reset();
  } else {
    TimeNextStep();
  }
  return true;
}

void ServerConnection::AppendPart(Begun& begun) {
  const Output& output = begun.output;
  const std::size_t begin = output.bytes.size() * begun.parts_sent / output.parts;
  const std::size_t end = output.bytes.size() * ++begun.parts_sent / output.parts;
  outbox_.append(output.bytes, begin, end - begin);
}

void ServerConnection::TimeNextStep() {
  const TimePoint now = runtime_->Now();
  const bool unsent = writing_ || !outbox_.empty();
  if (!unsent) {
    begun_->due = now + begun_->output.gap;
  } else {
    // Until it is written. But a client that takes nothing must not keep a connection that is to end.
    begun_->due = begun_->at_end() ? now + kLinger : kNever;
  }
}

void ServerConnection::Close(CloseMode how) {
  if (state_ == State::kClosed) return;
  if (how == CloseMode::kReset) {
    transport_->Reset();
    CloseNow();
    return;
  }
  if (state_ == State::kFinished) return;
  state_ = State::kFinished;
  scheduled_.clear();
  begun_.reset();
  transport_->CloseSend();
  room_->Notify();
  owner_->OnEnded(id_);
  timer_->Arm(runtime_->Now() + kLinger, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->CloseNow();
  });
}

void ServerConnection::CloseNow() {
  if (state_ == State::kClosed) return;
  const bool was_open = state_ == State::kOpen;
  state_ = State::kClosed;
  scheduled_.clear();
  begun_.reset();
  timer_->Disarm();
  transport_->Close();
  room_->Notify();
  // Moved out: owner and connection hold each other until here.
  const std::shared_ptr<Owner> owner = std::move(owner_);
  if (was_open) owner->OnEnded(id_);
  owner->OnClosed(id_);
}

}  // namespace corocket::testkit
