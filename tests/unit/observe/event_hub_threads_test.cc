#include <cstddef>
#include <cstdint>
#include <exception>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "asio/awaitable.hpp"
#include "asio/bind_cancellation_slot.hpp"
#include "asio/cancellation_signal.hpp"
#include "asio/co_spawn.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "asio/thread_pool.hpp"
#include "asio/use_future.hpp"
#include "corocket/endpoint_event.h"
#include "corocket/event_stream.h"
#include "corocket/observer.h"
#include "gtest/gtest.h"
#include "sdk/observe/event_hub.h"

namespace corocket {
namespace {

constexpr int kThreads = 4;
constexpr std::uint64_t kEventsPerThread = 2'000;
constexpr std::uint64_t kEvents = kThreads * kEventsPerThread;

/// Stands for the core: whoever changes the state emits under the same lock.
class CriticalSection {
 public:
  explicit CriticalSection(EventHub& hub) : hub_(hub) {}
  void Change() {
    const std::lock_guard lock(mutex_);
    hub_.Emit({.kind = EventKind::kChosen, .generation = ++generation_});
  }

 private:
  EventHub& hub_;
  std::mutex mutex_;
  std::uint64_t generation_ = 0;
};

/// Needs no lock: deliveries follow one another, whatever thread they run on.
class OrderChecker final : public Observer {
 public:
  void OnEvent(const EndpointEvent& event) override {
    if (event.sequence <= last_ || event.generation != event.sequence) ++out_of_order;
    last_ = event.sequence;
    ++told;
  }
  std::uint64_t told = 0;
  std::uint64_t out_of_order = 0;

 private:
  std::uint64_t last_ = 0;
};

struct Tally {
  std::uint64_t events = 0;
  std::uint64_t dropped = 0;
  std::uint64_t out_of_order = 0;
};

asio::awaitable<Tally> ReadAll(EventStream stream) {
  Tally tally;
  std::uint64_t last = 0;
  while (true) {
    const std::optional<EndpointEvent> event = co_await stream.Next();
    if (!event.has_value()) break;
    ++tally.events;
    if (event->sequence <= last || event->generation != event->sequence) ++tally.out_of_order;
    last = event->sequence;
  }
  tally.dropped = stream.dropped();
  co_return tally;
}

void ChangeFromAllThreads(CriticalSection& core) {
  std::latch start(kThreads);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (std::uint64_t change = 0; change < kEventsPerThread; ++change) core.Change();
    });
  }
}

TEST(EventHubThreads, EveryReaderAndObserverSeesTheSameOrderWithoutADoubleOrALoss) {
  asio::thread_pool pool(kThreads);
  EventHub hub(pool.get_executor());
  CriticalSection core(hub);
  const auto checker = std::make_shared<OrderChecker>();
  hub.AddObserver(checker);
  std::vector<std::future<Tally>> readers;
  for (const std::size_t capacity : {std::size_t{16}, std::size_t{1024}, static_cast<std::size_t>(kEvents)}) {
    // A bare pool executor and a strand: both may wait.
    readers.push_back(asio::co_spawn(pool, ReadAll(hub.Subscribe(capacity)), asio::use_future));
    readers.push_back(asio::co_spawn(asio::make_strand(pool), ReadAll(hub.Subscribe(capacity)), asio::use_future));
  }
  ChangeFromAllThreads(core);
  hub.Close();
  asio::co_spawn(pool, hub.Join(), asio::use_future).get();
  EXPECT_EQ(checker->told + hub.observer_dropped(), kEvents);
  EXPECT_EQ(checker->out_of_order, 0u);
  for (std::future<Tally>& reader : readers) {
    const Tally tally = reader.get();
    EXPECT_EQ(tally.events + tally.dropped, kEvents);
    EXPECT_EQ(tally.out_of_order, 0u);
  }
  pool.join();
}

TEST(EventHubThreads, SubscribersAndObserversMayComeAndGoMeanwhile) {
  asio::thread_pool pool(kThreads);
  EventHub hub(pool.get_executor());
  CriticalSection core(hub);
  constexpr int kVisits = 25;
  {
    std::vector<std::jthread> visitors;
    for (int i = 0; i < 2; ++i) {
      visitors.emplace_back([&] {
        for (int visit = 0; visit < kVisits; ++visit) {
          EventStream stream = hub.Subscribe(4);
          const auto observer = std::make_shared<OrderChecker>();
          hub.AddObserver(observer);
          // Left behind while it may still wait.
          static_cast<void>(asio::co_spawn(pool, ReadAll(hub.Subscribe(4)), asio::use_future));
          static_cast<void>(stream.TryNext());
          hub.RemoveObserver(*observer);
        }
      });
    }
    ChangeFromAllThreads(core);
  }
  hub.Close();
  asio::co_spawn(pool, hub.Join(), asio::use_future).get();
  pool.join();
}

asio::awaitable<void> TakeOne(EventStream& stream, std::uint64_t& taken) {
  const std::optional<EndpointEvent> event = co_await stream.Next();
  if (event.has_value()) ++taken;
}

TEST(EventHubThreads, AWaitCancelledWhileAnEventComesLosesNeitherTheWaitNorTheEvent) {
  asio::thread_pool pool(kThreads);
  EventHub hub(pool.get_executor());
  EventStream stream = hub.Subscribe();
  std::uint64_t taken = 0;
  constexpr std::uint64_t kRounds = 2'000;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const auto strand = asio::make_strand(pool);
    asio::cancellation_signal signal;
    std::promise<void> ended;
    asio::co_spawn(strand, TakeOne(stream, taken),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ended.set_value(); }));
    std::promise<void> emitted;
    asio::post(pool, [&] {
      hub.Emit({.kind = EventKind::kChosen});
      emitted.set_value();
    });
    std::promise<void> cancelled;
    asio::post(strand, [&] {
      signal.emit(asio::cancellation_type::terminal);
      cancelled.set_value();
    });
    ended.get_future().get();
    emitted.get_future().get();
    cancelled.get_future().get();
    while (stream.TryNext().has_value()) ++taken;
  }
  EXPECT_EQ(taken, kRounds);
  hub.Close();
  pool.join();
}

}  // namespace
}  // namespace corocket
