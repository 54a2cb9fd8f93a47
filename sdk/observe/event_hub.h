#ifndef COROCKET_SDK_OBSERVE_EVENT_HUB_H_
#define COROCKET_SDK_OBSERVE_EVENT_HUB_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/endpoint_event.h"
#include "corocket/event_stream.h"
#include "corocket/observer.h"

namespace corocket {

/// Where the facts of one channel become events: numbered once, then handed to streams and observers.
///
///     EventHub hub(executor);
///     hub.AddObserver(log);
///     EventStream events = hub.Subscribe();
///     hub.Emit({.kind = EventKind::kChosen, .endpoint = "ns1:9876"});
///     hub.Close();
///     co_await hub.Join();                       // observers have seen everything
///
/// Nothing is pending while nothing happens, so an idle hub does not keep `io_context::run()` from returning.
/// Thread safety: all members may be called from any thread.
class EventHub {
 public:
  /// Events that wait for the observers; one more drops the oldest.
  static constexpr std::size_t kMaxObserverQueue = 1024;
  /// Largest ring of a stream; a greater wish is cut to it.
  static constexpr std::size_t kMaxStreamCapacity = 65'536;

  /// Observers are called on a strand over `executor`.
  explicit EventHub(asio::any_io_executor executor);
  /// As `Abandon`.
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// Numbers `event` (from 1, by one) and enters it everywhere. Made to be called inside the critical section that
  /// decided the fact: takes its own small locks, appends, and at most posts; no foreign code runs. After `Close`:
  /// nothing.
  void Emit(EndpointEvent event);

  /// Events from now on. After `Close`: a stream that has ended. `capacity` is cut to [1, kMaxStreamCapacity].
  [[nodiscard]] EventStream Subscribe(std::size_t capacity = 1024);

  /// `observer` (not null) is told of every event from now on. The same one added twice is told twice.
  void AddObserver(std::shared_ptr<Observer> observer);
  /// No `OnEvent` of it starts after this returns; one may be running on another thread.
  void RemoveObserver(const Observer& observer);

  /// No more events: streams end when they are read empty, observers get what is queued. Idempotent.
  void Close();
  /// As `Close`, but observers are let go at once: no `OnEvent` starts after this returns. Idempotent.
  void Abandon();

  /// Suspends until the observers have been told of every event emitted so far; call after `Close`.
  /// Cancellation: terminal; throws `asio::error::operation_aborted`. Resumes on the caller's executor.
  [[nodiscard]] asio::awaitable<void> Join();

  /// Events that the observers lost to a full queue.
  [[nodiscard]] std::uint64_t observer_dropped() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace corocket

#endif  // COROCKET_SDK_OBSERVE_EVENT_HUB_H_
