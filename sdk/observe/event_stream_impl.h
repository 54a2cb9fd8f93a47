#ifndef COROCKET_SDK_OBSERVE_EVENT_STREAM_IMPL_H_
#define COROCKET_SDK_OBSERVE_EVENT_STREAM_IMPL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <system_error>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/experimental/concurrent_channel.hpp"
#include "corocket/endpoint_event.h"
#include "corocket/event_stream.h"

namespace corocket {

/// The bounded ring between the hub, which pushes, and one reader.
///
/// The events lie in the ring; the channel is only the bell that wakes the reader. A bell that rings for an event which
/// is already taken costs one more look, a cancelled wait leaves the event where it is, and a context that is destroyed
/// under a waiting reader destroys the reader with it, since Asio knows of the wait.
/// Thread safety: all members may be called from any thread; one reader at a time.
class EventStream::Impl {
 public:
  /// `capacity` is at least 1.
  Impl(asio::any_io_executor executor, std::size_t capacity);

  /// Appends; drops the oldest event when the ring is full. Runs no foreign code.
  void Push(std::shared_ptr<const EndpointEvent> event);
  /// Nothing is pushed any more; the reader takes what is there and then sees the end.
  void End();
  /// The reader is gone: as `End`, and what is there is dropped. A wait that is still pending ends with none.
  void Abandon();

  [[nodiscard]] std::optional<EndpointEvent> TryNext();
  [[nodiscard]] static asio::awaitable<std::optional<EndpointEvent>> Next(std::shared_ptr<Impl> self);
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Taken {
    std::shared_ptr<const EndpointEvent> event;
    bool ended = false;
  };
  // One look at both: an event pushed just before the end is not missed.
  Taken Take();

  const std::size_t capacity_;
  mutable absl::Mutex mutex_;
  std::deque<std::shared_ptr<const EndpointEvent>> ring_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  asio::experimental::concurrent_channel<asio::any_io_executor, void(std::error_code)> bell_;
};

}  // namespace corocket

#endif  // COROCKET_SDK_OBSERVE_EVENT_STREAM_IMPL_H_
