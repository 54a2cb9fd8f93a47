#ifndef COROCKET_SAMPLES_COMMON_PAUSES_H_
#define COROCKET_SAMPLES_COMMON_PAUSES_H_

#include <chrono>
#include <list>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/steady_timer.hpp"

namespace samples {

/// Pauses of many coroutines of a single-threaded program, which all end when the program wants to.
class Pauses {
 public:
  explicit Pauses(asio::any_io_executor executor);
  /// Completes after `length`, or when `End` is called; at once when it was.
  [[nodiscard]] asio::awaitable<void> Pause(std::chrono::nanoseconds length);
  /// Ends the pauses that there are, and those to come.
  void End();

 private:
  asio::any_io_executor executor_;
  std::list<asio::steady_timer*> running_;
  bool ended_ = false;
};

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_PAUSES_H_
