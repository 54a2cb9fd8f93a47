#include "samples/common/stop_signals.h"

#include <csignal>
#include <utility>

#include "asio/error_code.hpp"
#include "asio/signal_set.hpp"

namespace samples {

struct StopSignals::State {
  asio::signal_set signals;
  std::function<void()> stop;
  std::function<void()> leave;
  bool asked = false;
  bool ended = false;
};

StopSignals::StopSignals(const asio::any_io_executor& executor, std::function<void()> stop, std::function<void()> leave)
    : state_(new State{
          .signals = asio::signal_set(executor, SIGINT, SIGTERM), .stop = std::move(stop), .leave = std::move(leave)}) {
  Listen(state_);
}

StopSignals::~StopSignals() {
  state_->ended = true;
  asio::error_code ignored;
  state_->signals.clear(ignored);
  state_->signals.cancel(ignored);
}

void StopSignals::Listen(const std::shared_ptr<State>& state) {
  state->signals.async_wait([state](const asio::error_code& error, int signal) {
    // Without an error as well: the signal came while the object was destroyed.
    if (error || state->ended) return;
    if (!state->asked) {
      state->asked = true;
      Listen(state);
      state->stop();
      return;
    }
    state->leave();
    asio::error_code ignored;
    state->signals.clear(ignored);
    std::raise(signal);  // Nobody listens any more: the default action.
  });
}

}  // namespace samples
