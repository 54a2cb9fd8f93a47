#include "sdk/observe/event_hub.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/io_context.hpp"
#include "asio/post.hpp"
#include "asio/this_coro.hpp"
#include "corocket/endpoint_event.h"
#include "corocket/event_stream.h"
#include "corocket/observer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

EndpointEvent Event(EventKind kind, std::string endpoint) { return {.kind = kind, .endpoint = std::move(endpoint)}; }

/// Notes what it is told; `then` runs inside `OnEvent`.
class Notes final : public Observer {
 public:
  explicit Notes(std::function<void(const EndpointEvent&)> then = [](const EndpointEvent&) {})
      : then_(std::move(then)) {}
  void OnEvent(const EndpointEvent& event) override {
    endpoints.push_back(event.endpoint);
    sequences.push_back(event.sequence);
    then_(event);
  }
  std::vector<std::string> endpoints;
  std::vector<std::uint64_t> sequences;

 private:
  std::function<void(const EndpointEvent&)> then_;
};

/// Reads a stream to its end in a coroutine of its own.
struct Reading {
  std::vector<std::string> endpoints;
  bool ended = false;
  std::exception_ptr error;
};

asio::awaitable<void> ReadAll(EventStream stream, std::shared_ptr<Reading> reading) {
  while (true) {
    const std::optional<EndpointEvent> event = co_await stream.Next();
    if (!event.has_value()) break;
    reading->endpoints.push_back(event->endpoint);
  }
  reading->ended = true;
}

class EventHubTest : public ::testing::Test {
 protected:
  void Emit(std::string endpoint) { hub_->Emit(Event(EventKind::kChosen, std::move(endpoint))); }

  std::shared_ptr<Reading> StartReading(EventStream stream, asio::cancellation_slot slot = {}) {
    auto reading = std::make_shared<Reading>();
    auto done = [reading](std::exception_ptr error) { reading->error = error; };
    asio::co_spawn(context_, ReadAll(std::move(stream), reading), asio::bind_cancellation_slot(slot, done));
    return reading;
  }

  void Run() {
    context_.restart();
    context_.run();
  }
  void Poll() {
    context_.restart();
    context_.poll();
  }

  asio::io_context context_;
  std::unique_ptr<EventHub> hub_ = std::make_unique<EventHub>(context_.get_executor());
};

TEST_F(EventHubTest, SequenceNumbersRiseByOneWhoeverListens) {
  Emit("unheard");
  EventStream stream = hub_->Subscribe();
  Emit("a");
  Emit("b");
  EXPECT_EQ(stream.TryNext()->sequence, 2u);
  EXPECT_EQ(stream.TryNext()->sequence, 3u);
  EXPECT_FALSE(stream.TryNext().has_value());
}

TEST_F(EventHubTest, AnEventArrivesWhole) {
  EventStream stream = hub_->Subscribe();
  hub_->Emit({.kind = EventKind::kInvalidated,
              .endpoint = "a",
              .generation = 7,
              .reason = SwitchReason::kSilence,
              .cause = std::make_error_code(std::errc::connection_reset),
              .failures = {{.endpoint = "b"}}});
  const std::optional<EndpointEvent> event = stream.TryNext();
  EXPECT_EQ(event->kind, EventKind::kInvalidated);
  EXPECT_EQ(event->generation, 7u);
  EXPECT_EQ(event->reason, SwitchReason::kSilence);
  EXPECT_EQ(event->cause, std::errc::connection_reset);
  EXPECT_EQ(event->failures.at(0).endpoint, "b");
}

TEST_F(EventHubTest, AStreamStartsWithItsSubscription) {
  EventStream early = hub_->Subscribe();
  Emit("a");
  EventStream late = hub_->Subscribe();
  Emit("b");
  EXPECT_EQ(early.TryNext()->endpoint, "a");
  EXPECT_EQ(late.TryNext()->endpoint, "b");
}

TEST_F(EventHubTest, AFullStreamDropsTheOldestAndTellsHowMany) {
  EventStream stream = hub_->Subscribe(3);
  for (const char* endpoint : {"a", "b", "c"}) Emit(endpoint);
  EXPECT_EQ(stream.dropped(), 0u);
  for (const char* endpoint : {"d", "e"}) Emit(endpoint);
  EXPECT_EQ(stream.dropped(), 2u);
  EXPECT_EQ(stream.TryNext()->endpoint, "c");
  EXPECT_EQ(stream.TryNext()->endpoint, "d");
  EXPECT_EQ(stream.TryNext()->endpoint, "e");
}

TEST_F(EventHubTest, CapacityIsCutToItsLimits) {
  EventStream smallest = hub_->Subscribe(0);
  EventStream largest = hub_->Subscribe(SIZE_MAX);
  for (std::size_t i = 0; i < EventHub::kMaxStreamCapacity + 1; ++i) Emit("a");
  EXPECT_EQ(smallest.dropped(), EventHub::kMaxStreamCapacity);
  EXPECT_EQ(largest.dropped(), 1u);
}

TEST_F(EventHubTest, AWaitingReaderIsWokenForEachEvent) {
  const std::shared_ptr<Reading> reading = StartReading(hub_->Subscribe());
  Poll();
  EXPECT_THAT(reading->endpoints, IsEmpty());
  Emit("a");
  EXPECT_THAT(reading->endpoints, IsEmpty()) << "the reader ran inside Emit";
  Poll();
  EXPECT_THAT(reading->endpoints, ElementsAre("a"));
  Emit("b");
  Emit("c");
  Poll();
  EXPECT_THAT(reading->endpoints, ElementsAre("a", "b", "c"));
  EXPECT_FALSE(reading->ended);
}

TEST_F(EventHubTest, AfterCloseAStreamGivesWhatItHasAndEnds) {
  EventStream stream = hub_->Subscribe();
  Emit("a");
  hub_->Emit(Event(EventKind::kClosed, "closed"));
  hub_->Close();
  Emit("after the end");
  const std::shared_ptr<Reading> reading = StartReading(std::move(stream));
  Run();
  EXPECT_THAT(reading->endpoints, ElementsAre("a", "closed"));
  EXPECT_TRUE(reading->ended);
}

TEST_F(EventHubTest, CloseEndsAWaitingReader) {
  const std::shared_ptr<Reading> reading = StartReading(hub_->Subscribe());
  Poll();
  hub_->Close();
  hub_->Close();
  Run();
  EXPECT_TRUE(reading->ended);
}

TEST_F(EventHubTest, ASubscriptionAfterCloseHasEnded) {
  hub_->Close();
  EventStream stream = hub_->Subscribe();
  EXPECT_FALSE(stream.TryNext().has_value());
  const std::shared_ptr<Reading> reading = StartReading(std::move(stream));
  Run();
  EXPECT_TRUE(reading->ended);
}

TEST_F(EventHubTest, DestroyingTheHubEndsItsReaders) {
  const std::shared_ptr<Reading> reading = StartReading(hub_->Subscribe());
  Poll();
  Emit("a");
  hub_.reset();
  Run();
  EXPECT_THAT(reading->endpoints, ElementsAre("a"));
  EXPECT_TRUE(reading->ended);
}

TEST_F(EventHubTest, AMovedFromStreamIsAnEndedOne) {
  EventStream stream = hub_->Subscribe();
  Emit("a");
  EventStream moved = std::move(stream);
  EXPECT_EQ(moved.TryNext()->endpoint, "a");
  EXPECT_FALSE(stream.TryNext().has_value());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(stream.dropped(), 0u);             // NOLINT(bugprone-use-after-move)
  moved = hub_->Subscribe();
  Emit("b");
  EXPECT_EQ(moved.TryNext()->endpoint, "b");
}

asio::awaitable<void> AwaitOne(EventStream& stream, std::optional<std::string>& got) {
  const std::optional<EndpointEvent> event = co_await stream.Next();
  got = event.has_value() ? event->endpoint : "none";
}

asio::awaitable<void> AwaitOneCancellably(EventStream& stream, std::optional<std::string>& got) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await AwaitOne(stream, got);
}

TEST_F(EventHubTest, ACancelledWaitLosesNoEvent) {
  for (const asio::cancellation_type type :
       {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
    EventStream stream = hub_->Subscribe();
    asio::cancellation_signal signal;
    std::optional<std::string> got;
    std::exception_ptr error;
    asio::co_spawn(context_, AwaitOneCancellably(stream, got),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) { error = e; }));
    Poll();
    // Both happen before the reader has its turn.
    Emit("a");
    signal.emit(type);
    Run();
    if (error != nullptr) {
      try {
        std::rethrow_exception(error);
      } catch (const std::system_error& e) {
        EXPECT_EQ(e.code(), asio::error::operation_aborted);
      }
      EXPECT_EQ(stream.TryNext()->endpoint, "a");
    } else {
      EXPECT_EQ(got, "a");
    }
    signal.emit(type);
    got.reset();
    asio::co_spawn(context_, AwaitOne(stream, got), [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); });
    Emit("b");
    Run();
    EXPECT_EQ(got, "b") << "the stream was not usable after a cancelled wait";
  }
}

TEST_F(EventHubTest, AWaitThatIsCancelledAloneThrowsAborted) {
  asio::cancellation_signal signal;
  const std::shared_ptr<Reading> reading = StartReading(hub_->Subscribe(), signal.slot());
  Poll();
  signal.emit(asio::cancellation_type::terminal);
  Run();
  ASSERT_NE(reading->error, nullptr);
  EXPECT_THROW(std::rethrow_exception(reading->error), std::system_error);
  EXPECT_FALSE(reading->ended);
}

asio::awaitable<void> AwaitOneAndGoOnWhenCancelled(EventStream& stream, std::optional<std::string>& got) {
  co_await asio::this_coro::throw_if_cancelled(false);
  try {
    co_await AwaitOne(stream, got);
  } catch (const std::system_error& error) {
    got = error.code() == asio::error::operation_aborted ? "aborted" : error.what();
  }
}

TEST_F(EventHubTest, AReaderThatLooksAfterCancellationItselfIsToldToo) {
  EventStream stream = hub_->Subscribe();
  asio::cancellation_signal signal;
  std::optional<std::string> got;
  asio::co_spawn(context_, AwaitOneAndGoOnWhenCancelled(stream, got),
                 asio::bind_cancellation_slot(signal.slot(), [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); }));
  Poll();
  signal.emit(asio::cancellation_type::terminal);
  Poll();
  EXPECT_EQ(got, "aborted");
  hub_->Close();
  Run();
}

TEST_F(EventHubTest, DestroyingAStreamEndsItsPendingWait) {
  auto stream = std::make_optional(hub_->Subscribe());
  std::optional<std::string> got;
  asio::co_spawn(context_, AwaitOne(*stream, got), [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); });
  Poll();
  stream.reset();
  Emit("a");
  Run();
  EXPECT_EQ(got, "none");
}

TEST_F(EventHubTest, ObserversAreToldInOrderAndNotInsideEmit) {
  const auto first = std::make_shared<Notes>();
  const auto second = std::make_shared<Notes>();
  hub_->AddObserver(first);
  Emit("a");
  hub_->AddObserver(second);
  Emit("b");
  EXPECT_THAT(first->endpoints, IsEmpty());
  Run();
  EXPECT_THAT(first->endpoints, ElementsAre("a", "b"));
  EXPECT_THAT(second->endpoints, ElementsAre("b")) << "told of what had happened before it was added";
}

TEST_F(EventHubTest, AfterCloseObserversAreToldWhatWasQueuedAndNoMore) {
  const auto notes = std::make_shared<Notes>();
  hub_->AddObserver(notes);
  Emit("a");
  hub_->Close();
  Emit("after the end");
  hub_->AddObserver(notes);
  Emit("after the end");
  Run();
  EXPECT_THAT(notes->endpoints, ElementsAre("a"));
}

TEST_F(EventHubTest, AnObserverMayCallBackIntoTheHub) {
  EventStream inner = hub_->Subscribe();
  const auto added = std::make_shared<Notes>();
  std::shared_ptr<Notes> calling;
  calling = std::make_shared<Notes>([&](const EndpointEvent& event) {
    if (event.endpoint != "a") return;
    inner = hub_->Subscribe();
    hub_->AddObserver(added);
    hub_->RemoveObserver(*calling);
    Emit("b");
    hub_->Close();
  });
  hub_->AddObserver(calling);
  Emit("a");
  Run();
  EXPECT_THAT(calling->endpoints, ElementsAre("a"));
  EXPECT_THAT(added->endpoints, ElementsAre("b"));
  EXPECT_EQ(inner.TryNext()->endpoint, "b");
}

TEST_F(EventHubTest, AnObserverRemovedByAnotherIsNotToldOfTheSameEvent) {
  const auto second = std::make_shared<Notes>();
  hub_->AddObserver(std::make_shared<Notes>([&](const EndpointEvent&) { hub_->RemoveObserver(*second); }));
  hub_->AddObserver(second);
  Emit("a");
  Run();
  EXPECT_THAT(second->endpoints, IsEmpty());
}

TEST_F(EventHubTest, AnObserverThatThrowsHurtsNobody) {
  const auto throwing = std::make_shared<Notes>([](const EndpointEvent&) { throw std::runtime_error("mine"); });
  const auto other = std::make_shared<Notes>();
  hub_->AddObserver(throwing);
  hub_->AddObserver(other);
  Emit("a");
  Emit("b");
  Run();
  EXPECT_THAT(throwing->endpoints, ElementsAre("a", "b"));
  EXPECT_THAT(other->endpoints, ElementsAre("a", "b"));
}

TEST_F(EventHubTest, ASlowObserverLosesTheOldestEventsAndNothingWaits) {
  const auto notes = std::make_shared<Notes>();
  hub_->AddObserver(notes);
  for (std::size_t i = 0; i < EventHub::kMaxObserverQueue; ++i) Emit("a");
  EXPECT_EQ(hub_->observer_dropped(), 0u);
  for (int i = 0; i < 10; ++i) Emit("b");
  EXPECT_EQ(hub_->observer_dropped(), 10u);
  Run();
  ASSERT_EQ(notes->sequences.size(), EventHub::kMaxObserverQueue);
  EXPECT_EQ(notes->sequences.front(), 11u);
  EXPECT_EQ(notes->sequences.back(), EventHub::kMaxObserverQueue + 10);
}

TEST_F(EventHubTest, LongQueuesLetOtherWorkHaveItsTurn) {
  std::vector<std::string> order;
  hub_->AddObserver(std::make_shared<Notes>([&](const EndpointEvent&) { order.push_back("event"); }));
  for (int i = 0; i < 200; ++i) Emit("a");
  asio::post(context_, [&] { order.push_back("other work"); });
  Run();
  EXPECT_NE(order.back(), "other work");
  EXPECT_EQ(order.size(), 201u);
}

TEST_F(EventHubTest, AnIdleHubDoesNotKeepTheContextRunning) {
  hub_->AddObserver(std::make_shared<Notes>());
  EventStream stream = hub_->Subscribe();
  Emit("a");
  Run();  // Would not return.
  EXPECT_EQ(stream.TryNext()->endpoint, "a");
}

TEST_F(EventHubTest, JoinReturnsWhenObserversHaveSeenEverything) {
  const auto notes = std::make_shared<Notes>();
  hub_->AddObserver(notes);
  for (int i = 0; i < 500; ++i) Emit("a");
  hub_->Close();
  std::size_t seen_at_join = 0;
  asio::co_spawn(
      context_,
      [&]() -> asio::awaitable<void> {
        co_await hub_->Join();
        seen_at_join = notes->endpoints.size();
      },
      [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); });
  Run();
  EXPECT_EQ(seen_at_join, 500u);
}

TEST_F(EventHubTest, JoinOfAnIdleHubReturnsAtOnce) {
  hub_->Close();
  bool joined = false;
  asio::co_spawn(
      context_,
      [&]() -> asio::awaitable<void> {
        co_await hub_->Join();
        joined = true;
      },
      [](std::exception_ptr e) { EXPECT_EQ(e, nullptr); });
  Run();
  EXPECT_TRUE(joined);
}

TEST_F(EventHubTest, AfterAbandonNoObserverIsTold) {
  const auto notes = std::make_shared<Notes>();
  hub_->AddObserver(notes);
  const std::shared_ptr<Reading> reading = StartReading(hub_->Subscribe());
  Emit("a");
  hub_->Abandon();
  EXPECT_EQ(notes.use_count(), 1) << "still held";
  hub_.reset();
  Run();
  EXPECT_THAT(notes->endpoints, IsEmpty());
  EXPECT_THAT(reading->endpoints, ElementsAre("a"));
}

TEST_F(EventHubTest, AnObserverMayDestroyTheHub) {
  const auto notes = std::make_shared<Notes>([&](const EndpointEvent&) { hub_.reset(); });
  hub_->AddObserver(notes);
  hub_->AddObserver(notes);
  Emit("a");
  Emit("b");
  Run();
  EXPECT_THAT(notes->endpoints, ElementsAre("a"));
}

TEST(EventHub, AContextMayBeDestroyedUnderReadersAndDeliveries) {
  const auto notes = std::make_shared<Notes>();
  const auto reading = std::make_shared<Reading>();
  {
    asio::io_context context;
    EventHub hub(context.get_executor());
    hub.AddObserver(notes);
    asio::co_spawn(context, ReadAll(hub.Subscribe(), reading), [](std::exception_ptr) {});
    context.poll();
    hub.Emit(Event(EventKind::kChosen, "a"));
  }
  EXPECT_THAT(notes->endpoints, IsEmpty());
  EXPECT_EQ(reading.use_count(), 1) << "the reader's coroutine was leaked";
}

}  // namespace
}  // namespace corocket
