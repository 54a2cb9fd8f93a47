#include "tests/support/sim_load.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gtest/gtest.h"

namespace corocket::test {
namespace {

/// Beyond what a call may take.
constexpr std::chrono::seconds kPatience{60};

}  // namespace

SimLoad::SimLoad(testing::SimWorld& world, Client& client, Options options)
    : world_(world),
      client_(client),
      options_(std::move(options)),
      runtime_(*world.environment().runtime),
      last_success_(world.Elapsed()) {
  for (int i = 0; i < options_.callers; ++i) {
    ++running_;
    // Spread over one pause, so that their calls do not come in one burst.
    world_.Spawn(Caller(options_.pause * i / options_.callers));
  }
}

asio::awaitable<void> SimLoad::Caller(std::chrono::microseconds delay) {
  co_await SleepUntil(runtime_, runtime_.Now() + delay);
  while (!stopping_) {
    ++waiting_;
    const std::chrono::nanoseconds begin = world_.Elapsed();
    absl::StatusOr<TopicRoute> route = co_await client_.QueryRoute(options_.topic, options_.call);
    --waiting_;
    longest_call_ = std::max(longest_call_, world_.Elapsed() - begin);
    if (route.ok()) {
      ++succeeded_;
      if (!stopping_) longest_gap_ = std::max(longest_gap_, world_.Elapsed() - last_success_);
      last_success_ = world_.Elapsed();
    } else {
      failures_.push_back(route.status());
    }
    co_await SleepUntil(runtime_, runtime_.Now() + options_.pause);
  }
  --running_;
}

void SimLoad::StopAndWait() {
  longest_gap_ = longest_gap();
  stopping_ = true;
  const std::chrono::nanoseconds limit = world_.Elapsed() + options_.call.timeout + options_.pause + kPatience;
  while (running_ > 0 && world_.Elapsed() < limit) world_.Advance(std::chrono::milliseconds(10));
  EXPECT_EQ(running_, 0) << "calls that never complete: " << waiting_ << "; seed " << world_.seed();
}

void SimLoad::StartOver() {
  succeeded_ = 0;
  failures_.clear();
  longest_gap_ = std::chrono::nanoseconds(0);
  longest_call_ = std::chrono::nanoseconds(0);
  last_success_ = world_.Elapsed();
}

std::chrono::nanoseconds SimLoad::longest_gap() const {
  // After the stop nobody calls any more: that is no gap.
  return stopping_ ? longest_gap_ : std::max(longest_gap_, world_.Elapsed() - last_success_);
}

asio::awaitable<void> AskInto(Client& client, std::string topic, std::shared_ptr<Outcomes> outcomes) {
  absl::StatusOr<TopicRoute> route = co_await client.QueryRoute(std::move(topic));
  outcomes->push_back(route.status());
}

std::vector<EndpointEvent> TakeEvents(EventStream& events) {
  std::vector<EndpointEvent> taken;
  for (;;) {
    std::optional<EndpointEvent> event = events.TryNext();
    if (!event) return taken;
    taken.push_back(*std::move(event));
  }
}

}  // namespace corocket::test
