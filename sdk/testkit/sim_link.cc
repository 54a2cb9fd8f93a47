#include "sdk/testkit/sim_link.h"

#include <utility>

#include "asio/error.hpp"
#include "asio/this_coro.hpp"
#include "sdk/runtime/random.h"

namespace corocket::testkit {

SimLink::SimLink(std::shared_ptr<Runtime> runtime, Identity identity, Options options, Events events)
    : runtime_(std::move(runtime)),
      identity_(std::move(identity)),
      options_(options),
      events_(std::move(events)),
      to_server_(runtime_, options.buffer_bytes, PipeEvents(SimSide::kServer)),
      to_client_(runtime_, options.buffer_bytes, PipeEvents(SimSide::kClient)) {
  client_.in = server_.out = &to_client_;
  client_.out = server_.in = &to_server_;
}

SimPipe::Events SimLink::PipeEvents(SimSide to) {
  return {.path = [this, to] { return events_.path(*this, to); },
          .on_data = [this, to](std::size_t bytes) { OnData(to, bytes); },
          .on_fin = [this, to] { OnFin(to); },
          .on_reset = [this, to] { OnReset(to); },
          .on_limit = [this] { Reset(); }};
}

asio::awaitable<std::size_t> SimLink::ReadSome(std::shared_ptr<SimLink> link, SimSide side, std::span<char> into) {
  // A real socket lets other handlers run even when it has data.
  do {
    co_await WakeSignal::Wait(link->end(side).readable, link->Readable(side), WakeSignal::Cancel::kAllowed);
  } while (!link->Readable(side));
  co_return link->TakeReceived(side, into);
}

asio::awaitable<void> SimLink::Write(std::shared_ptr<SimLink> link, SimSide side,
                                     std::span<const std::string_view> pieces) {
  // A frame that has begun is finished: cancellation waits until the last piece is out.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  std::error_code error;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      error = link->WriteError(side);
      if (error) break;
      const std::size_t sent = link->end(side).out->Push(piece);
      piece.remove_prefix(sent);
      if (sent == 0) co_await WakeSignal::Wait(link->end(side).writable, false, WakeSignal::Cancel::kIgnored);
    }
    if (error) break;
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (error) throw std::system_error(error);
}

bool SimLink::Readable(SimSide side) const {
  const End& at = end(side);
  return at.closed || at.fin || at.error || at.in->received() > 0;
}

std::size_t SimLink::TakeReceived(SimSide side, std::span<char> into) {
  End& at = end(side);
  if (at.closed) throw std::system_error(asio::error::make_error_code(asio::error::operation_aborted));
  const std::size_t received = at.in->received();
  if (received > 0) {
    const std::size_t limit = options_.slice_reads ? 1 + UniformBelow(*runtime_, received) : received;
    const std::size_t taken = at.in->Take(into, limit);
    // As a kernel does it: a writer that were woken for every byte would send ever smaller packets.
    if (at.in->room() >= options_.buffer_bytes / 3) end(Other(side)).writable->Notify();
    return taken;
  }
  if (at.error) throw std::system_error(at.error);
  throw std::system_error(asio::error::make_error_code(asio::error::eof));
}

std::error_code SimLink::WriteError(SimSide side) const {
  const End& at = end(side);
  if (at.closed) return asio::error::operation_aborted;
  if (at.error) return at.error;
  return at.done ? asio::error::make_error_code(asio::error::broken_pipe) : std::error_code();
}

void SimLink::LetGo(SimSide side) {
  End& at = end(side);
  at.closed = true;
  at.readable->Notify();
  at.writable->Notify();
  end(Other(side)).writable->Notify();  // what nobody will read no longer takes room
  events_.on_close(*this, side);
}

void SimLink::Close(SimSide side) {
  End& at = end(side);
  if (at.closed) return;
  // The kernel answers data that nobody read with a reset instead of an orderly close.
  const bool unread = at.in->received() > 0;
  at.in->DropReceived();
  LetGo(side);
  if (at.error) return;
  unread ? at.out->PushReset() : at.out->PushFin();
}

void SimLink::CloseSend(SimSide side) {
  End& at = end(side);
  if (at.closed || at.error || std::exchange(at.done, true)) return;
  at.out->PushFin();
  at.writable->Notify();
}

void SimLink::Kill(SimSide side, SimDeath death) {
  End& at = end(side);
  if (at.closed) return;
  at.in->DropReceived();
  LetGo(side);
  if (at.error) return;
  death == SimDeath::kReset ? at.out->PushReset() : at.out->PushFin();
}

void SimLink::Reset() {
  if (std::exchange(dead_, true)) return;
  events_.on_cut(*this);
  to_server_.Stop();
  to_client_.Stop();
  for (End* at : {&client_, &server_}) {
    if (at->closed) continue;
    at->error = asio::error::connection_reset;
    at->readable->Notify();
    at->writable->Notify();
  }
}

void SimLink::ResetAfter(SimSide to, const std::string& whose, std::optional<std::size_t> bytes) {
  end(to).in->SetLimit(whose, bytes);
}

void SimLink::Refresh() {
  to_server_.Refresh();
  to_client_.Refresh();
}

void SimLink::Drop() {
  for (End* at : {&client_, &server_}) {
    at->readable->Drop();
    at->writable->Drop();
  }
  to_server_.Stop();
  to_client_.Stop();
}

void SimLink::OnData(SimSide to, std::size_t bytes) {
  events_.on_data(*this, to, bytes);
  End& at = end(to);
  if (!at.closed) {
    at.readable->Notify();
    return;
  }
  at.in->DropReceived();
  at.out->PushReset();  // nobody is there any more
}

void SimLink::OnFin(SimSide to) {
  events_.on_event(*this, to == SimSide::kClient ? "fin to client" : "fin to server");
  End& at = end(to);
  at.fin = true;
  at.readable->Notify();
}

void SimLink::OnReset(SimSide to) {
  events_.on_event(*this, to == SimSide::kClient ? "reset to client" : "reset to server");
  End& at = end(to);
  dead_ = true;  // the other end has sent it, and has gone
  at.out->Stop();
  at.in->Stop();
  at.error = asio::error::connection_reset;
  at.readable->Notify();
  at.writable->Notify();
}

}  // namespace corocket::testkit
