#ifndef COROCKET_SDK_RUNTIME_WITH_DEADLINE_H_
#define COROCKET_SDK_RUNTIME_WITH_DEADLINE_H_

#include <memory>
#include <optional>
#include <utility>

#include "asio/awaitable.hpp"
#include "sdk/runtime/runtime.h"

namespace corocket {

/// Awaits `work`, but not beyond `deadline`.
///
/// Completes when `work` does, with its value or its exception, or at the deadline. At the deadline the work is
/// cancelled (terminal) and left to wind down by itself; what it still returns or throws is dropped. So it must own
/// what it uses: it can outlive the caller's frame. A deadline that has passed already: the work is not begun.
/// Must be awaited on a strand or a single-threaded executor; the work runs there too.
///
/// Errors: throws `std::system_error(asio::error::timed_out)` at the deadline, else what the work throws.
///
/// Cancellation: terminal, partial, total; passed on to the work, whose outcome is awaited, up to the deadline.
[[nodiscard]] asio::awaitable<void> WithDeadline(Runtime& runtime, TimePoint deadline, asio::awaitable<void> work);

namespace internal {

template <typename T>
asio::awaitable<void> KeepValue(std::shared_ptr<std::optional<T>> value, asio::awaitable<T> work) {
  T result = co_await std::move(work);
  value->emplace(std::move(result));
}

}  // namespace internal

template <typename T>
[[nodiscard]] asio::awaitable<T> WithDeadline(Runtime& runtime, TimePoint deadline, asio::awaitable<T> work) {
  // Shared, because the work may end after this frame has gone.
  auto value = std::make_shared<std::optional<T>>();
  auto keep = internal::KeepValue<T>(value, std::move(work));
  co_await WithDeadline(runtime, deadline, std::move(keep));
  co_return std::move(**value);
}

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_WITH_DEADLINE_H_
