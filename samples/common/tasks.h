#ifndef COROCKET_SAMPLES_COMMON_TASKS_H_
#define COROCKET_SAMPLES_COMMON_TASKS_H_

#include <cstddef>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/error_code.hpp"
#include "asio/experimental/channel.hpp"

namespace samples {

/// Coroutines of a single-threaded program that somebody waits for. An exception that leaves one is a defect and ends
/// the program. Outlives its coroutines, unless their context ends before it.
class Tasks {
 public:
  explicit Tasks(asio::any_io_executor executor);
  void Spawn(asio::awaitable<void> work);
  [[nodiscard]] std::size_t running() const { return running_; }
  /// Completes when none is left. One waiter at a time.
  [[nodiscard]] asio::awaitable<void> Join();

 private:
  asio::any_io_executor executor_;
  /// Rung when the last one has ended.
  asio::experimental::channel<void(asio::error_code)> bell_;
  std::size_t running_ = 0;
};

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_TASKS_H_
