#include "sdk/net/resolver.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "asio/awaitable.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/strand.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"
#include "sdk/runtime/task_group.h"

namespace corocket::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Addresses = std::vector<HostPort>;

Addresses Resolve(const Resolver& resolver, HostPort name) {
  asio::io_context context;
  auto result = asio::co_spawn(context, resolver.Resolve(std::move(name)), asio::use_future);
  context.run();
  return result.get();
}

std::error_code ErrorOf(const Resolver& resolver, HostPort name) {
  try {
    Resolve(resolver, std::move(name));
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

/// A system look-up that hangs until the test lets it go. Shared with the resolver's threads.
class HangingLookup {
 public:
  Lookup AsLookup() {
    return [state = state_](const HostPort& name) {
      ++state->begun;
      state->go.WaitForNotification();
      ++state->ended;
      return Addresses{{"127.0.0.1", name.port}};
    };
  }
  void AwaitBegun(int count) {
    while (state_->begun < count) std::this_thread::yield();
  }
  void AwaitEnded(int count) {
    while (state_->ended < count) std::this_thread::yield();
  }
  void LetGo() { state_->go.Notify(); }
  int begun() const { return state_->begun; }

 private:
  struct State {
    absl::Notification go;
    std::atomic<int> begun = 0;
    std::atomic<int> ended = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

asio::awaitable<void> ResolveOnly(Resolver resolver, HostPort name) { co_await resolver.Resolve(std::move(name)); }

TEST(Resolver, GivesEachAddressOnceInTheOrderOfTheSystem) {
  const Resolver resolver([](const HostPort& name) {
    return Addresses{{"10.0.0.2", name.port}, {"10.0.0.1", name.port}, {"10.0.0.2", name.port}, {"::1", name.port}};
  });
  EXPECT_THAT(Resolve(resolver, {"ns.example", 9876}),
              ElementsAre(HostPort{"10.0.0.2", 9876}, HostPort{"10.0.0.1", 9876}, HostPort{"::1", 9876}));
}

TEST(Resolver, LiteralsOfEveryFormAreNeverLookedUp) {
  const Resolver resolver([](const HostPort&) -> Addresses { throw std::logic_error("must not be asked"); });
  for (const char* host : {"10.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"}) {
    EXPECT_THAT(Resolve(resolver, {host, 9876}), ElementsAre(HostPort{host, 9876}));
  }
}

TEST(Resolver, AFailureComesThroughWithItsCodeAndTheName) {
  const Resolver resolver([](const HostPort&) -> Addresses {
    throw std::system_error(asio::error::make_error_code(asio::error::host_not_found_try_again));
  });
  try {
    Resolve(resolver, {"ns.example", 9876});
    FAIL() << "the look-up failed";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::host_not_found_try_again);
    EXPECT_THAT(error.what(), HasSubstr("ns.example:9876"));
  }
}

TEST(Resolver, ALookUpThatThrowsSomethingElseIsAFailureToo) {
  const Resolver resolver([](const HostPort&) -> Addresses { throw std::logic_error("not thought of"); });
  EXPECT_EQ(ErrorOf(resolver, {"ns.example", 9876}), asio::error::no_recovery);
}

TEST(Resolver, AnEmptyAnswerIsAFailure) {
  const Resolver resolver([](const HostPort&) { return Addresses{}; });
  EXPECT_EQ(ErrorOf(resolver, {"ns.example", 9876}), asio::error::host_not_found);
}

TEST(Resolver, TheSystemKnowsLocalhost) {
  EXPECT_THAT(Resolve(Resolver(), {"localhost", 9876}),
              ::testing::Contains(::testing::AnyOf(HostPort{"127.0.0.1", 9876}, HostPort{"::1", 9876})));
}

TEST(Resolver, TheSystemsFailureNamesTheHost) {
  try {
    (void)SystemLookup({"no-such-host.invalid", 9876});
    FAIL() << "the top-level domain .invalid has no hosts";
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no-such-host.invalid:9876"));
  }
}

TEST(Resolver, ACancelledCallerLeavesWhileTheLookUpHangsAndTheContextIsFree) {
  HangingLookup hanging;
  asio::io_context context;
  TaskGroup tasks(context.get_executor());
  tasks.Spawn(ResolveOnly(Resolver(hanging.AsLookup()), {"ns.example", 1}));
  context.poll();
  hanging.AwaitBegun(1);
  tasks.CancelAll();
  context.restart();
  context.run();  // ends although the look-up has not
  EXPECT_EQ(tasks.size(), 0u);
  EXPECT_FALSE(tasks.error());
  hanging.LetGo();
  hanging.AwaitEnded(1);
}

TEST(Resolver, ALookUpThatHangsDoesNotHoldUpOthersNorMakeMoreThreadsThanItsLimit) {
  HangingLookup hanging;
  asio::io_context context;
  TaskGroup tasks(context.get_executor());
  for (std::size_t i = 0; i + 1 < kMaxLookupThreads; ++i) {
    tasks.Spawn(ResolveOnly(Resolver(hanging.AsLookup()), {"hangs" + std::to_string(i) + ".example", 1}));
  }
  bool answered = false;
  const auto other = [](Resolver resolver, bool& flag) -> asio::awaitable<void> {
    const HostPort name{"quick.example", 1};
    co_await resolver.Resolve(name);
    flag = true;
  };
  tasks.Spawn(other(Resolver([](const HostPort&) { return Addresses{{"10.0.0.1", 1}}; }), answered));
  while (!answered) {
    context.restart();
    context.run_one();
  }
  tasks.CancelAll();
  context.restart();
  context.run();
  hanging.LetGo();
  hanging.AwaitEnded(static_cast<int>(kMaxLookupThreads) - 1);
}

TEST(Resolver, TooManyLookUpsAreRefusedByNameAndAbandonedOnesMakeRoom) {
  HangingLookup hanging;
  const Resolver resolver(hanging.AsLookup());
  asio::io_context context;
  TaskGroup tasks(context.get_executor());
  std::vector<TaskId> ids;
  for (std::size_t i = 0; i < kMaxLookupThreads + kMaxWaitingLookups; ++i) {
    ids.push_back(tasks.Spawn(ResolveOnly(resolver, {"hangs" + std::to_string(i) + ".example", 1})));
    // The threads take theirs before the queue fills.
    context.restart();
    context.poll();
    if (i < kMaxLookupThreads) hanging.AwaitBegun(static_cast<int>(i) + 1);
  }
  EXPECT_EQ(tasks.size(), kMaxLookupThreads + kMaxWaitingLookups);
  TaskGroup extra(context.get_executor());
  extra.Spawn(ResolveOnly(resolver, {"one-too-many.example", 1}));
  context.restart();
  context.poll();
  EXPECT_EQ(extra.size(), 0u);
  try {
    std::rethrow_exception(extra.error());
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::host_not_found_try_again);
    EXPECT_THAT(error.what(), HasSubstr("one-too-many.example:1"));
  }
  tasks.Cancel(ids.back());
  context.restart();
  context.poll();
  TaskGroup fits(context.get_executor());
  fits.Spawn(ResolveOnly(resolver, {"fits.example", 1}));
  context.restart();
  context.poll();
  EXPECT_EQ(fits.size(), 1u);
  EXPECT_EQ(hanging.begun(), static_cast<int>(kMaxLookupThreads));
  hanging.LetGo();
  context.restart();
  context.run();
  EXPECT_EQ(tasks.size(), 0u);
  EXPECT_EQ(fits.size(), 0u);
}

/// How long a test that has failed already waits.
constexpr std::chrono::seconds kPatience{20};

/// Look-ups of "hangs.example" hang; others are answered at once. What has been looked up is counted by name.
class OneDeadName : public ::testing::Test {
 protected:
  TaskId Ask(const Resolver& resolver, const std::string& host) {
    return tasks_.Spawn(Record(resolver, {host, 9876}, answers_));
  }
  static asio::awaitable<void> Record(Resolver resolver, HostPort name, std::vector<std::string>& answers) {
    const Addresses found = co_await resolver.Resolve(name);
    answers.push_back(name.host + " is " + found.front().host);
  }
  Lookup AsLookup() {
    return [hang = hanging_.AsLookup()](const HostPort& name) {
      return name.host == "hangs.example" ? hang(name) : Addresses{{"10.0.0.1", name.port}};
    };
  }
  void Poll() {
    context_.restart();
    context_.poll();
  }
  void RunUntilAnswers(std::size_t count) {
    while (answers_.size() < count) {
      context_.restart();
      if (context_.run_one_for(kPatience) == 0) FAIL() << answers_.size() << " answers, and no more come";
    }
  }
  void TearDown() override {
    tasks_.CancelAll();
    context_.restart();
    context_.run();
    EXPECT_EQ(tasks_.size(), 0u);
    EXPECT_FALSE(tasks_.error());
  }

  HangingLookup hanging_;
  const Resolver resolver_{AsLookup()};
  asio::io_context context_;
  TaskGroup tasks_{context_.get_executor()};
  std::vector<std::string> answers_;
};

TEST_F(OneDeadName, AskedForByTwoIsLookedUpOnce) {
  Ask(resolver_, "hangs.example");
  Ask(Resolver(resolver_), "hangs.example");
  Ask(resolver_, "quick.example");
  RunUntilAnswers(1);
  EXPECT_THAT(answers_, ElementsAre("quick.example is 10.0.0.1"));
  hanging_.AwaitBegun(1);
  EXPECT_EQ(hanging_.begun(), 1);
  hanging_.LetGo();
  RunUntilAnswers(3);
  EXPECT_THAT(answers_,
              ElementsAre("quick.example is 10.0.0.1", "hangs.example is 127.0.0.1", "hangs.example is 127.0.0.1"));
  EXPECT_EQ(hanging_.begun(), 1);
}

TEST_F(OneDeadName, AbandonedAgainAndAgainDelaysNoOther) {
  for (std::size_t i = 0; i < kMaxLookupThreads + 1; ++i) {
    const TaskId asked = Ask(resolver_, "hangs.example");
    Poll();
    // Asked for after it, so a thread has come to the first when this is answered.
    Ask(resolver_, "quick.example");
    RunUntilAnswers(i + 1);
    tasks_.Cancel(asked);
    Poll();
  }
  EXPECT_EQ(tasks_.size(), 0u);
  EXPECT_EQ(hanging_.begun(), 1);
  hanging_.LetGo();
}

TEST_F(OneDeadName, AbandonedAndAskedForAgainGivesTheAnswerOfTheFirstLookUp) {
  const TaskId first = Ask(resolver_, "hangs.example");
  Poll();
  hanging_.AwaitBegun(1);
  tasks_.Cancel(first);
  Poll();
  Ask(resolver_, "hangs.example");
  Poll();
  hanging_.LetGo();
  RunUntilAnswers(1);
  EXPECT_EQ(hanging_.begun(), 1);
  Ask(resolver_, "hangs.example");
  RunUntilAnswers(2);
  EXPECT_EQ(hanging_.begun(), 2) << "an answer is not kept";
}

TEST_F(OneDeadName, IsStillWaitedForWhenOneOfTwoLeaves) {
  const TaskId leaves = Ask(resolver_, "hangs.example");
  Ask(resolver_, "hangs.example");
  Poll();
  hanging_.AwaitBegun(1);
  tasks_.Cancel(leaves);
  Poll();
  EXPECT_EQ(tasks_.size(), 1u);
  hanging_.LetGo();
  RunUntilAnswers(1);
}

TEST_F(OneDeadName, HasALimitOfCallers) {
  for (std::size_t i = 0; i < kMaxCallersPerLookup; ++i) Ask(resolver_, "hangs.example");
  Poll();
  EXPECT_EQ(tasks_.size(), kMaxCallersPerLookup);
  TaskGroup extra(context_.get_executor());
  extra.Spawn(ResolveOnly(resolver_, {"hangs.example", 9876}));
  Poll();
  EXPECT_EQ(extra.size(), 0u);
  try {
    std::rethrow_exception(extra.error());
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), asio::error::host_not_found_try_again);
  }
  hanging_.LetGo();
  RunUntilAnswers(kMaxCallersPerLookup);
}

TEST(Resolver, AContextMayEndWhileItsLookUpHangs) {
  HangingLookup hanging;
  const auto witness = std::make_shared<int>(0);
  const auto ask = [](Resolver resolver, std::shared_ptr<int>) -> asio::awaitable<void> {
    const HostPort name{"ns.example", 1};
    co_await resolver.Resolve(name);
  };
  {
    asio::io_context context;
    asio::co_spawn(context, ask(Resolver(hanging.AsLookup()), witness), [](std::exception_ptr) {});
    context.poll();
    hanging.AwaitBegun(1);
    EXPECT_EQ(witness.use_count(), 2);
  }
  EXPECT_EQ(witness.use_count(), 1);
  hanging.LetGo();
  hanging.AwaitEnded(1);
}

TEST(Resolver, ManyCallersOnFourThreadsAreAllAnswered) {
  asio::thread_pool pool(4);
  const Resolver resolver([](const HostPort& name) { return Addresses{{"10.0.0.1", name.port}}; });
  std::vector<std::future<Addresses>> results;
  constexpr int kCallers = 200;
  for (int i = 0; i < kCallers; ++i) {
    const HostPort name{"ns.example", static_cast<std::uint16_t>(i + 1)};
    results.push_back(asio::co_spawn(asio::make_strand(pool), resolver.Resolve(name), asio::use_future));
  }
  for (int i = 0; i < kCallers; ++i) {
    EXPECT_THAT(results[static_cast<std::size_t>(i)].get(),
                ElementsAre(HostPort{"10.0.0.1", static_cast<std::uint16_t>(i + 1)}));
  }
  pool.join();
}

}  // namespace
}  // namespace corocket::net
