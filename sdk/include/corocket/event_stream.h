#ifndef COROCKET_EVENT_STREAM_H_
#define COROCKET_EVENT_STREAM_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "asio/awaitable.hpp"
#include "corocket/endpoint_event.h"

namespace corocket {

/// Endpoint events as values, from the moment `Watch` was called.
///
///     auto events = client.Watch();
///     while (auto event = co_await events.Next()) std::cout << event->ToString() << '\n';
///
/// Bounded to 1024 events: when nobody reads, the oldest are dropped and counted.
/// Thread safety: distinct streams: safe. One stream: one reader at a time. Move-only; destroying it unsubscribes.
class EventStream {
 public:
  class Impl;
  /// For the SDK; programs get streams from `Watch`.
  explicit EventStream(std::shared_ptr<Impl> impl);
  EventStream(EventStream&&) noexcept;
  EventStream& operator=(EventStream&&) noexcept;
  ~EventStream();

  /// The next event; none when the channel has shut down and all its events were taken.
  /// Cancellation: terminal, partial, total: throws `asio::error::operation_aborted`; no event is lost.
  [[nodiscard]] asio::awaitable<std::optional<EndpointEvent>> Next();
  /// An event that is already there, without waiting.
  [[nodiscard]] std::optional<EndpointEvent> TryNext();
  /// Events dropped because nobody read them.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace corocket

#endif  // COROCKET_EVENT_STREAM_H_
