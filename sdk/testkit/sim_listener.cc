#include "sdk/testkit/sim_listener.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "asio/error.hpp"
#include "sdk/testkit/sim_transport.h"

namespace corocket::testkit {
namespace {

asio::awaitable<std::unique_ptr<net::Transport>> AcceptFrom(std::shared_ptr<SimBacklog> backlog) {
  auto link = co_await SimBacklog::Take(std::move(backlog));
  co_return std::make_unique<SimTransport>(std::move(link), SimSide::kServer);
}

}  // namespace

SimBacklog::SimBacklog(HostPort address, std::size_t limit, std::function<bool(const SimLink&)> held)
    : address_(std::move(address)), limit_(limit), held_(std::move(held)) {}

void SimBacklog::Add(std::shared_ptr<SimLink> link) {
  waiting_.push_back(std::move(link));
  Refresh();
}

std::deque<std::shared_ptr<SimLink>>::iterator SimBacklog::Next() {
  return std::find_if(waiting_.begin(), waiting_.end(), [this](const auto& link) { return !held_(*link); });
}

asio::awaitable<std::shared_ptr<SimLink>> SimBacklog::Take(std::shared_ptr<SimBacklog> backlog) {
  do {
    co_await WakeSignal::Wait(backlog->arrived_, backlog->Ready(), WakeSignal::Cancel::kAllowed);
  } while (!backlog->Ready());
  if (backlog->closed_) throw std::system_error(asio::error::make_error_code(asio::error::operation_aborted));
  const auto next = backlog->Next();
  auto link = std::move(*next);
  backlog->waiting_.erase(next);
  co_return link;
}

void SimBacklog::Refresh() {
  if (Ready()) arrived_->Notify();
}

void SimBacklog::Close(SimDeath death) {
  if (std::exchange(closed_, true)) return;
  arrived_->Notify();
  for (const auto& link : std::exchange(waiting_, {})) link->Kill(SimSide::kServer, death);
}

void SimBacklog::Drop() {
  arrived_->Drop();
  waiting_.clear();
}

SimListener::SimListener(std::shared_ptr<SimBacklog> backlog, std::function<void()> on_close)
    : backlog_(std::move(backlog)), on_close_(std::move(on_close)) {}

SimListener::~SimListener() { Close(); }

asio::awaitable<std::unique_ptr<net::Transport>> SimListener::Accept(asio::any_io_executor) {
  return AcceptFrom(backlog_);
}

void SimListener::Close() noexcept {
  backlog_->Close();
  on_close_();
}

HostPort SimListener::address() const { return backlog_->address(); }

}  // namespace corocket::testkit
