#ifndef COROCKET_SAMPLES_COMMON_STOP_SIGNALS_H_
#define COROCKET_SAMPLES_COMMON_STOP_SIGNALS_H_

#include <functional>
#include <memory>

#include "asio/any_io_executor.hpp"

namespace samples {

/// SIGINT and SIGTERM of a program: the first one asks it to end in good order, the second one ends it at once, as if
/// nobody listened. Listens while the object lives.
class StopSignals {
 public:
  /// @param stop  Called on `executor` at the first signal.
  /// @param leave  Called at the second one, before the program ends.
  StopSignals(const asio::any_io_executor& executor, std::function<void()> stop, std::function<void()> leave = [] {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct State;
  static void Listen(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_STOP_SIGNALS_H_
