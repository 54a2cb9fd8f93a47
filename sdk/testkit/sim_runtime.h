#ifndef COROCKET_SDK_TESTKIT_SIM_RUNTIME_H_
#define COROCKET_SDK_TESTKIT_SIM_RUNTIME_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "sdk/runtime/runtime.h"

namespace corocket::testkit {

/// The simulation cannot go on; `what()` says at which virtual time and why.
class SimError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct SimRuntimeOptions {
  /// Everything random in the simulation follows from it.
  std::uint64_t seed = 1;
  /// Steps without time moving before a run ends with an error: two coroutines that wake each other for ever.
  std::size_t max_steps_per_instant = 1'000'000;
  /// Virtual time that one `Run` may take: a coroutine that waits for what never happens beside a periodic timer.
  Duration max_run_time = std::chrono::hours(24);
};

/// Virtual time: an hour passes in the moment it takes to run what happens in it, and equal seeds give equal runs.
///
///   SimRuntime sim({.seed = 7});
///   SimNet net(sim);                                        // with a server on it
///   auto client = Client::Create({.runtime = sim.runtime(), .connector = net.connector()},
///                                {.namesrv = {"10.0.0.1:9876"}});
///   auto route = sim.Run(client->QueryRoute("orders"));    // StatusOr<TopicRoute>
///   sim.RunFor(std::chrono::seconds(30));                   // background work only
///
/// Time moves only when nothing is ready to run, to the earliest timer. Timers fire in the order (time, armed first). A
/// step is one handler, or the batch of handlers that one strand has ready. Destroyed last: destroying it ends every
/// coroutine that still waits.
///
/// Thread safety: none; all of it happens on the thread that calls `Run...`, the members of `runtime()` included.
class SimRuntime {
 public:
  explicit SimRuntime(SimRuntimeOptions options = {});
  ~SimRuntime();
  SimRuntime(const SimRuntime&) = delete;
  SimRuntime& operator=(const SimRuntime&) = delete;

  /// What the code under test gets. May outlive this object, but must not be used then.
  [[nodiscard]] const std::shared_ptr<Runtime>& runtime() const;
  [[nodiscard]] asio::any_io_executor executor();
  [[nodiscard]] TimePoint Now() const;
  /// Virtual time since the simulation began, for messages and traces.
  [[nodiscard]] Duration Elapsed() const;
  [[nodiscard]] std::uint64_t Random();
  [[nodiscard]] std::uint64_t seed() const;

  /// Runs until `task` has completed; gives its value or throws its exception.
  /// Throws SimError: nothing is ready and no timer is armed (the task waits for ever); more than `max_run_time`; too
  /// many steps at one instant.
  template <typename T>
  T Run(asio::awaitable<T> task) {
    auto value = std::make_shared<std::optional<T>>();
    Run(Keep<T>(value, std::move(task)));
    return std::move(**value);
  }
  void Run(asio::awaitable<void> task);

  /// Starts `task` beside what runs; an exception that escapes from it is thrown by the `Run...` call that it happens
  /// in.
  void Spawn(asio::awaitable<void> task);

  /// Runs everything that happens in the next `duration`, which then has passed exactly.
  void RunFor(Duration duration);
  /// Runs what is ready; time stands still.
  void RunUntilIdle();
  /// Runs until `done` says so (asked after each step) or `limit` has passed; returns what it said last.
  bool RunUntil(const std::function<bool()>& done, Duration limit);

  /// Called after each step: the place to check invariants. Throwing from it ends the run with that exception.
  void OnStep(std::function<void(TimePoint)> hook);

  [[nodiscard]] std::uint64_t steps() const;
  /// Timers that are armed.
  [[nodiscard]] std::size_t timers() const;

 private:
  class Core;

  template <typename T>
  static asio::awaitable<void> Keep(std::shared_ptr<std::optional<T>> value, asio::awaitable<T> task) {
    T result = co_await std::move(task);
    value->emplace(std::move(result));
  }

  enum class Stop { kDone, kIdle, kTimeUp };
  Stop Drive(const std::function<bool()>& done, TimePoint until);
  bool StepReady();
  void MoveTo(TimePoint to);

  const SimRuntimeOptions options_;
  asio::io_context context_;
  std::shared_ptr<Core> core_;
  std::shared_ptr<Runtime> runtime_;
  std::function<void(TimePoint)> hook_;
  std::exception_ptr escaped_;
  std::uint64_t steps_ = 0;
  std::size_t steps_at_this_instant_ = 0;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_RUNTIME_H_
