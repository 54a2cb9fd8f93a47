#ifndef COROCKET_TESTS_SUPPORT_POLL_UNTIL_H_
#define COROCKET_TESTS_SUPPORT_POLL_UNTIL_H_

#include <chrono>
#include <thread>

namespace corocket::test {

/// The point on the monotonic clock at which a wait gives up.
using Deadline = std::chrono::steady_clock::time_point;

/// Deadline `after` from now.
inline Deadline In(std::chrono::milliseconds after) { return std::chrono::steady_clock::now() + after; }

/// Time left until `deadline`, never negative.
inline std::chrono::milliseconds TimeLeft(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return left.count() > 0 ? left : std::chrono::milliseconds(0);
}

/// Asks `condition` every few milliseconds until it is true or `deadline` has passed; asks at least once.
/// For what tells us nothing by itself: foreign processes, and what a server has still to read from its sockets.
/// @return The last answer of `condition`.
template <typename Condition>
[[nodiscard]] bool PollUntil(Deadline deadline, Condition condition) {
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_POLL_UNTIL_H_
