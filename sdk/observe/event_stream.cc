#include "corocket/event_stream.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/as_tuple.hpp"
#include "asio/awaitable.hpp"
#include "asio/cancellation_type.hpp"
#include "asio/error.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "corocket/endpoint_event.h"
#include "sdk/observe/event_stream_impl.h"

namespace corocket {
namespace {

asio::awaitable<std::optional<EndpointEvent>> NoMore() { co_return std::nullopt; }

}  // namespace

EventStream::Impl::Impl(asio::any_io_executor executor, std::size_t capacity)
    : capacity_(capacity), bell_(std::move(executor), 1) {}

void EventStream::Impl::Push(std::shared_ptr<const EndpointEvent> event) {
  {
    absl::MutexLock lock(mutex_);
    if (ended_) return;
    if (ring_.size() == capacity_) {
      ring_.pop_front();
      ++dropped_;
    }
    ring_.push_back(std::move(event));
  }
  // False when the bell rings already.
  static_cast<void>(bell_.try_send(std::error_code()));
}

void EventStream::Impl::End() {
  {
    absl::MutexLock lock(mutex_);
    ended_ = true;
  }
  bell_.close();
}

void EventStream::Impl::Abandon() {
  {
    absl::MutexLock lock(mutex_);
    ended_ = true;
    ring_.clear();
  }
  bell_.close();
}

EventStream::Impl::Taken EventStream::Impl::Take() {
  absl::MutexLock lock(mutex_);
  if (ring_.empty()) return {.event = nullptr, .ended = ended_};
  Taken taken{.event = std::move(ring_.front()), .ended = false};
  ring_.pop_front();
  return taken;
}

std::optional<EndpointEvent> EventStream::Impl::TryNext() {
  const Taken taken = Take();
  if (taken.event == nullptr) return std::nullopt;
  return *taken.event;
}

asio::awaitable<std::optional<EndpointEvent>> EventStream::Impl::Next(std::shared_ptr<Impl> self) {
  while (true) {
    const Taken taken = self->Take();
    if (taken.event != nullptr) co_return *taken.event;
    if (taken.ended) co_return std::nullopt;
    co_await self->bell_.async_receive(asio::as_tuple(asio::use_awaitable));
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw std::system_error(asio::error::make_error_code(asio::error::operation_aborted));
    }
  }
}

std::uint64_t EventStream::Impl::dropped() const {
  absl::MutexLock lock(mutex_);
  return dropped_;
}

EventStream::EventStream(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

EventStream::EventStream(EventStream&&) noexcept = default;

EventStream& EventStream::operator=(EventStream&& other) noexcept {
  if (this != &other) {
    if (impl_ != nullptr) impl_->Abandon();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

EventStream::~EventStream() {
  if (impl_ != nullptr) impl_->Abandon();
}

asio::awaitable<std::optional<EndpointEvent>> EventStream::Next() {
  // The wait owns the ring, not the stream: the stream may be moved meanwhile.
  return impl_ != nullptr ? Impl::Next(impl_) : NoMore();
}

std::optional<EndpointEvent> EventStream::TryNext() { return impl_ != nullptr ? impl_->TryNext() : std::nullopt; }

std::uint64_t EventStream::dropped() const { return impl_ != nullptr ? impl_->dropped() : 0; }

}  // namespace corocket
