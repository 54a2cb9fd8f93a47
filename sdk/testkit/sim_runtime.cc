#include "sdk/testkit/sim_runtime.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/str_cat.h"
#include "asio/post.hpp"

namespace corocket::testkit {
namespace {

// Not the clock's epoch: code that takes a zero time point for "never" shows itself.
constexpr TimePoint kStart = TimePoint(std::chrono::hours(1000));

std::string Seconds(Duration elapsed) { return absl::StrCat(std::chrono::duration<double>(elapsed).count(), " s"); }

}  // namespace

class SimRuntime::Core final : public Runtime, public std::enable_shared_from_this<Core> {
 public:
  Core(asio::any_io_executor executor, std::uint64_t seed) : executor_(std::move(executor)), bits_(seed) {}

  TimePoint Now() const override { return now_; }
  std::uint64_t Random() override { return bits_(); }
  asio::any_io_executor executor() const override { return executor_; }
  std::unique_ptr<Timer> NewTimer(asio::any_io_executor on) override {
    return std::make_unique<SimTimer>(shared_from_this(), std::move(on));
  }

  /// Virtual time at which something will happen.
  std::optional<TimePoint> NextTimer() const {
    if (armed_.empty()) return std::nullopt;
    return armed_.begin()->first.at;
  }
  std::size_t timers() const { return armed_.size(); }
  void MoveTo(TimePoint to) { now_ = to; }

  /// Hands the earliest alarm to its executor.
  void FireNext() {
    const auto first = armed_.begin();
    Alarm alarm = std::move(first->second);
    armed_.erase(first);
    asio::post(alarm.on,
               [state = std::move(alarm.state), generation = alarm.generation, fire = std::move(alarm.fire)]() mutable {
                 if (state->generation == generation) fire();
               });
  }

  /// Drops all alarms. What they hold may own timers and even this object, so it goes only after the table is empty.
  void DropTimers() { const auto dropped = std::exchange(armed_, {}); }

 private:
  struct Key {
    TimePoint at;
    std::uint64_t sequence;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct TimerState {
    std::uint64_t generation = 0;
  };
  struct Alarm {
    asio::any_io_executor on;
    std::shared_ptr<TimerState> state;
    std::uint64_t generation = 0;
    absl::AnyInvocable<void()> fire;
  };

  class SimTimer final : public Timer {
   public:
    SimTimer(std::shared_ptr<Core> core, asio::any_io_executor on) : core_(std::move(core)), on_(std::move(on)) {}
    ~SimTimer() override { Disarm(); }
    SimTimer(const SimTimer&) = delete;
    SimTimer& operator=(const SimTimer&) = delete;

    void Arm(TimePoint at, absl::AnyInvocable<void()> fire) override {
      Disarm();
      key_ = Key{std::max(at, core_->now_), core_->next_sequence_++};
      core_->armed_.emplace(key_, Alarm{on_, state_, state_->generation, std::move(fire)});
    }

    void Disarm() override {
      ++state_->generation;  // stops what has been handed to the executor but has not run
      const auto armed = core_->armed_.find(key_);
      if (armed == core_->armed_.end()) return;
      const Alarm dropped = std::move(armed->second);  // may own this timer: leave the table first
      core_->armed_.erase(armed);
    }

   private:
    const std::shared_ptr<Core> core_;
    const asio::any_io_executor on_;
    const std::shared_ptr<TimerState> state_ = std::make_shared<TimerState>();
    Key key_{};
  };

  const asio::any_io_executor executor_;
  std::mt19937_64 bits_;  // the one generator of the standard library whose output is fixed by it
  TimePoint now_ = kStart;
  std::uint64_t next_sequence_ = 1;
  absl::btree_map<Key, Alarm> armed_;
};

SimRuntime::SimRuntime(SimRuntimeOptions options)
    : options_(options),
      context_(1),
      core_(std::make_shared<Core>(context_.get_executor(), options.seed)),
      runtime_(core_) {}

SimRuntime::~SimRuntime() { core_->DropTimers(); }

const std::shared_ptr<Runtime>& SimRuntime::runtime() const { return runtime_; }
asio::any_io_executor SimRuntime::executor() { return context_.get_executor(); }
TimePoint SimRuntime::Now() const { return core_->Now(); }
Duration SimRuntime::Elapsed() const { return core_->Now() - kStart; }
std::uint64_t SimRuntime::Random() { return core_->Random(); }
std::uint64_t SimRuntime::seed() const { return options_.seed; }
std::uint64_t SimRuntime::steps() const { return steps_; }
std::size_t SimRuntime::timers() const { return core_->timers(); }
void SimRuntime::OnStep(std::function<void(TimePoint)> hook) { hook_ = std::move(hook); }

void SimRuntime::Run(asio::awaitable<void> task) {
  struct Outcome {
    bool done = false;
    std::exception_ptr error;
  };
  // Shared: after a SimError the task is still there, until this object goes.
  auto outcome = std::make_shared<Outcome>();
  asio::co_spawn(context_, std::move(task), [outcome](std::exception_ptr error) {
    outcome->done = true;
    outcome->error = std::move(error);
  });
  switch (Drive([&] { return outcome->done; }, Now() + options_.max_run_time)) {
    case Stop::kDone:
      break;
    case Stop::kIdle:
      throw SimError(absl::StrCat("deadlock at virtual time ", Seconds(Elapsed()), " (seed ", seed(),
                                  "): the task has not completed, nothing is ready to run and no timer is armed"));
    case Stop::kTimeUp:
      throw SimError(absl::StrCat("the task has not completed in ", Seconds(options_.max_run_time),
                                  " of virtual time (seed ", seed(), "); something else keeps timers going"));
  }
  if (outcome->error) std::rethrow_exception(outcome->error);
}

void SimRuntime::Spawn(asio::awaitable<void> task) {
  asio::co_spawn(context_, std::move(task), [this](std::exception_ptr error) {
    if (error && !escaped_) escaped_ = std::move(error);
  });
}

void SimRuntime::RunFor(Duration duration) {
  const TimePoint until = Now() + duration;
  Drive([] { return false; }, until);
  MoveTo(until);
}

void SimRuntime::RunUntilIdle() {
  while (StepReady()) {
  }
}

bool SimRuntime::RunUntil(const std::function<bool()>& done, Duration limit) {
  const TimePoint until = Now() + limit;
  const Stop stop = Drive(done, until);
  if (stop == Stop::kDone) return true;
  MoveTo(until);
  return false;
}

SimRuntime::Stop SimRuntime::Drive(const std::function<bool()>& done, TimePoint until) {
  while (true) {
    if (done()) return Stop::kDone;
    if (StepReady()) continue;
    const auto next = core_->NextTimer();
    if (!next) return Stop::kIdle;
    if (*next > until) return Stop::kTimeUp;
    MoveTo(*next);
    core_->FireNext();
  }
}

void SimRuntime::MoveTo(TimePoint to) {
  if (to <= Now()) return;
  core_->MoveTo(to);
  steps_at_this_instant_ = 0;
}

bool SimRuntime::StepReady() {
  context_.restart();
  if (context_.poll_one() == 0) return false;
  ++steps_;
  if (++steps_at_this_instant_ > options_.max_steps_per_instant) {
    throw SimError(absl::StrCat("livelock at virtual time ", Seconds(Elapsed()), " (seed ", seed(), "): more than ",
                                options_.max_steps_per_instant, " steps and time has not moved"));
  }
  if (hook_) hook_(Now());
  if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
  return true;
}

}  // namespace corocket::testkit
