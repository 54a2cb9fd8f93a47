#include "sdk/observe/event_hub.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "asio/use_awaitable.hpp"
#include "corocket/endpoint_event.h"
#include "corocket/event_stream.h"
#include "corocket/observer.h"
#include "sdk/observe/event_stream_impl.h"

namespace corocket {
namespace {

// Events handed out in one go before other work of the executor has its turn.
constexpr std::size_t kDeliveriesPerTurn = 64;

}  // namespace

/// Outlives the hub while a delivery is on its way.
class EventHub::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(asio::any_io_executor executor) : executor_(std::move(executor)), strand_(executor_) {}

  void Emit(EndpointEvent event);
  EventStream Subscribe(std::size_t capacity);
  void AddObserver(std::shared_ptr<Observer> observer);
  void RemoveObserver(const Observer& observer);
  void Close();
  void Abandon();
  static asio::awaitable<void> Join(std::shared_ptr<State> self);
  std::uint64_t observer_dropped() const;

 private:
  struct Listener {
    std::shared_ptr<Observer> observer;
    std::uint64_t first_sequence = 0;
  };
  struct Delivery {
    std::shared_ptr<const EndpointEvent> event;
    std::vector<std::shared_ptr<Observer>> to;
  };

  void ForgetGoneStreams() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PostDelivery();
  void DeliverSome();
  Delivery TakeDelivery();
  bool Listens(const Observer* observer) const;
  bool Delivered() const;

  const asio::any_io_executor executor_;
  const asio::strand<asio::any_io_executor> strand_;

  mutable absl::Mutex mutex_;
  std::uint64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::weak_ptr<EventStream::Impl>> streams_ ABSL_GUARDED_BY(mutex_);
  std::vector<Listener> listeners_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<const EndpointEvent>> queue_ ABSL_GUARDED_BY(mutex_);
  // A delivery is posted or running; there is never a second one.
  bool delivering_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t observer_dropped_ ABSL_GUARDED_BY(mutex_) = 0;
};

void EventHub::State::Emit(EndpointEvent event) {
  bool start_delivery = false;
  {
    absl::MutexLock lock(mutex_);
    if (closed_) return;
    event.sequence = ++sequence_;
    ForgetGoneStreams();
    if (streams_.empty() && listeners_.empty()) return;
    const auto shared = std::make_shared<const EndpointEvent>(std::move(event));
    for (const std::weak_ptr<EventStream::Impl>& stream : streams_) {
      if (const std::shared_ptr<EventStream::Impl> open = stream.lock(); open != nullptr) open->Push(shared);
    }
    if (!listeners_.empty()) {
      if (queue_.size() == kMaxObserverQueue) {
        queue_.pop_front();
        ++observer_dropped_;
      }
      queue_.push_back(shared);
      start_delivery = !std::exchange(delivering_, true);
    }
  }
  if (start_delivery) PostDelivery();
}

EventStream EventHub::State::Subscribe(std::size_t capacity) {
  auto stream =
      std::make_shared<EventStream::Impl>(executor_, std::clamp<std::size_t>(capacity, 1, kMaxStreamCapacity));
  {
    absl::MutexLock lock(mutex_);
    if (!closed_) {
      ForgetGoneStreams();
      streams_.push_back(stream);
      return EventStream(std::move(stream));
    }
  }
  stream->End();
  return EventStream(std::move(stream));
}

void EventHub::State::AddObserver(std::shared_ptr<Observer> observer) {
  absl::MutexLock lock(mutex_);
  if (closed_) return;
  listeners_.push_back({.observer = std::move(observer), .first_sequence = sequence_ + 1});
}

void EventHub::State::RemoveObserver(const Observer& observer) {
  // Destroyed after the lock is gone: what goes with an observer is foreign code.
  std::vector<Listener> removed;
  absl::MutexLock lock(mutex_);
  for (Listener& listener : listeners_) {
    if (listener.observer.get() == &observer) removed.push_back(std::exchange(listener, {}));
  }
  std::erase_if(listeners_, [](const Listener& listener) { return listener.observer == nullptr; });
}

void EventHub::State::Close() {
  std::vector<std::weak_ptr<EventStream::Impl>> streams;
  {
    absl::MutexLock lock(mutex_);
    closed_ = true;
    streams.swap(streams_);
  }
  for (const std::weak_ptr<EventStream::Impl>& stream : streams) {
    if (const std::shared_ptr<EventStream::Impl> open = stream.lock(); open != nullptr) open->End();
  }
}

void EventHub::State::Abandon() {
  Close();
  std::vector<Listener> removed;
  absl::MutexLock lock(mutex_);
  removed.swap(listeners_);
  queue_.clear();
}

void EventHub::State::ForgetGoneStreams() {
  std::erase_if(streams_, [](const std::weak_ptr<EventStream::Impl>& stream) { return stream.expired(); });
}

void EventHub::State::PostDelivery() {
  asio::post(strand_, [self = shared_from_this()] { self->DeliverSome(); });
}

void EventHub::State::DeliverSome() {
  for (std::size_t i = 0; i < kDeliveriesPerTurn; ++i) {
    const Delivery delivery = TakeDelivery();
    if (delivery.event == nullptr) return;
    for (const std::shared_ptr<Observer>& observer : delivery.to) {
      // It may have been removed by the one told before.
      if (!Listens(observer.get())) continue;
      try {
        observer->OnEvent(*delivery.event);
      } catch (...) {  // An observer's trouble is no reason to stop a channel.
      }
    }
  }
  PostDelivery();
}

EventHub::State::Delivery EventHub::State::TakeDelivery() {
  Delivery delivery;
  absl::MutexLock lock(mutex_);
  if (queue_.empty()) {
    delivering_ = false;
    return delivery;
  }
  delivery.event = std::move(queue_.front());
  queue_.pop_front();
  for (const Listener& listener : listeners_) {
    if (listener.first_sequence <= delivery.event->sequence) delivery.to.push_back(listener.observer);
  }
  return delivery;
}

bool EventHub::State::Listens(const Observer* observer) const {
  absl::MutexLock lock(mutex_);
  return std::ranges::any_of(listeners_, [&](const Listener& listener) { return listener.observer.get() == observer; });
}

bool EventHub::State::Delivered() const {
  absl::MutexLock lock(mutex_);
  return !delivering_;
}

asio::awaitable<void> EventHub::State::Join(std::shared_ptr<State> self) {
  // Each pass through the strand lets the delivery that is queued there have its turn first.
  while (!self->Delivered()) co_await asio::post(self->strand_, asio::use_awaitable);
}

std::uint64_t EventHub::State::observer_dropped() const {
  absl::MutexLock lock(mutex_);
  return observer_dropped_;
}

EventHub::EventHub(asio::any_io_executor executor) : state_(std::make_shared<State>(std::move(executor))) {}
EventHub::~EventHub() { state_->Abandon(); }

void EventHub::Emit(EndpointEvent event) { state_->Emit(std::move(event)); }
EventStream EventHub::Subscribe(std::size_t capacity) { return state_->Subscribe(capacity); }
void EventHub::AddObserver(std::shared_ptr<Observer> observer) { state_->AddObserver(std::move(observer)); }
void EventHub::RemoveObserver(const Observer& observer) { state_->RemoveObserver(observer); }
void EventHub::Close() { state_->Close(); }
void EventHub::Abandon() { state_->Abandon(); }
asio::awaitable<void> EventHub::Join() { return State::Join(state_); }
std::uint64_t EventHub::observer_dropped() const { return state_->observer_dropped(); }

}  // namespace corocket
