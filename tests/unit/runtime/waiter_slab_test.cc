#include "sdk/runtime/waiter_slab.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/io_context.hpp"
#include "asio/post.hpp"
#include "asio/strand.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/runtime/time.h"

namespace corocket {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Slab = WaiterSlab<std::string, int>;

constexpr TimePoint kStart = TimePoint(std::chrono::hours(1));

/// A waiter that nobody resumes, told apart by `name`.
Slab::Item Named(int name, TimePoint deadline = TimePoint::max()) { return {.deadline = deadline, .extra = name}; }

std::vector<WaiterKey> Keys(const Slab& slab) {
  std::vector<WaiterKey> keys;
  slab.AppendKeys(keys);
  return keys;
}

std::vector<WaiterKey> Expired(const Slab& slab, TimePoint now) {
  std::vector<WaiterKey> keys;
  slab.AppendExpired(now, keys);
  return keys;
}

int NameOf(Slab& slab, WaiterKey key) {
  const Slab::Item* waiter = slab.Find(key);
  return waiter == nullptr ? -1 : waiter->extra;
}

TEST(WaiterSlab, AKeyFindsItsWaiterUntilItIsTaken) {
  Slab slab(10);
  const WaiterKey first = slab.Add(Named(1));
  const WaiterKey second = slab.Add(Named(2));
  EXPECT_EQ(NameOf(slab, first), 1);
  EXPECT_EQ(NameOf(slab, second), 2);
  EXPECT_EQ(slab.Take(first)->extra, 1);
  EXPECT_EQ(slab.Find(first), nullptr);
  EXPECT_FALSE(slab.Take(first));
  EXPECT_EQ(NameOf(slab, second), 2);
  EXPECT_EQ(slab.size(), 1u);
}

TEST(WaiterSlab, KeysThatWereNeverGivenOutFindNothing) {
  Slab slab(10);
  EXPECT_EQ(slab.Find(WaiterKey{1}), nullptr) << "empty";
  slab.Add(Named(1));
  for (const std::uint32_t key : {0u, 2u, 65u, 0x8000'0001u, 0xFFFF'FFFFu}) {
    EXPECT_EQ(slab.Find(WaiterKey{key}), nullptr) << key;
  }
}

TEST(WaiterSlab, ALateAnswerNeverFindsANewWaiter) {
  Slab slab(10);
  std::set<WaiterKey> used;
  for (int i = 0; i < 200'000; ++i) {
    const WaiterKey key = slab.Add(Named(i));
    ASSERT_TRUE(used.insert(key).second) << "key " << static_cast<std::uint32_t>(key) << " again after " << i;
    ASSERT_TRUE(slab.Take(key));
  }
}

TEST(WaiterSlab, KeysStayPositiveWhereTheirNumbersBeginAnew) {
  Slab slab(100, WaiterKey{0x7FFF'FFFEU});
  std::vector<std::uint32_t> keys;
  for (int i = 0; i < 4; ++i) keys.push_back(static_cast<std::uint32_t>(slab.Add(Named(i))));
  EXPECT_THAT(keys, ElementsAre(0x7FFF'FFFEU, 0x7FFF'FFFFU, 1U, 2U));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(NameOf(slab, WaiterKey{keys[static_cast<std::size_t>(i)]}), i);
  EXPECT_THAT(Expired(slab, TimePoint::max()),
              ElementsAre(WaiterKey{0x7FFF'FFFEU}, WaiterKey{0x7FFF'FFFFU}, WaiterKey{1}, WaiterKey{2}))
      << "the oldest first";
}

TEST(WaiterSlab, WaitersThatStayAreWalkedAround) {
  Slab slab(1000);
  std::vector<WaiterKey> stay;
  for (int i = 0; i < 31; ++i) stay.push_back(slab.Add(Named(i)));
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(slab.Take(slab.Add(Named(-2))));
  for (int i = 0; i < 31; ++i) EXPECT_EQ(NameOf(slab, stay[static_cast<std::size_t>(i)]), i);
  EXPECT_EQ(slab.capacity(), 64u);
}

TEST(WaiterSlab, IsFullAtItsLimitAndTakesMoreWhenOneHasGone) {
  Slab slab(65'535);
  std::vector<WaiterKey> keys;
  while (!slab.full()) keys.push_back(slab.Add(Named(static_cast<int>(keys.size()))));
  EXPECT_EQ(keys.size(), 65'535u);
  EXPECT_EQ(slab.capacity(), 131'072u);
  ASSERT_TRUE(slab.Take(keys[777]));
  EXPECT_FALSE(slab.full());
  slab.Add(Named(-2));
  EXPECT_TRUE(slab.full());
  EXPECT_EQ(NameOf(slab, keys[776]), 776);
}

TEST(WaiterSlab, ALimitOfMoreThanItCanHoldIsCut) {
  EXPECT_EQ(Slab(SIZE_MAX).limit(), Slab::kMaxLimit);
  EXPECT_EQ(Slab(Slab::kMaxLimit).limit(), Slab::kMaxLimit);
  EXPECT_EQ(Slab(7).limit(), 7u);
}

TEST(WaiterSlab, GrowsToTheLoadAndStaysThereThroughLulls) {
  Slab slab(100'000);
  for (int round = 0; round < 3; ++round) {
    std::vector<WaiterKey> keys;
    for (int i = 0; i < 1000; ++i) keys.push_back(slab.Add(Named(i)));
    EXPECT_EQ(slab.capacity(), 2048u);
    for (const WaiterKey key : keys) ASSERT_TRUE(slab.Take(key));
    EXPECT_EQ(slab.capacity(), 2048u);
  }
}

TEST(WaiterSlab, GivesMemoryBackThatTheLoadDoesNotUse) {
  Slab slab(100'000);
  std::vector<WaiterKey> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(slab.Add(Named(i)));
  for (const WaiterKey key : keys) ASSERT_TRUE(slab.Take(key));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(slab.Take(slab.Add(Named(i))));
  EXPECT_EQ(slab.capacity(), 64u);
}

TEST(WaiterSlab, AHundredThousandTimeOutsLeaveItEmptyAndSmall) {
  Slab slab(100'000);
  for (int i = 0; i < 100'000; ++i) slab.Add(Named(i, kStart + milliseconds(i % 7)));
  const std::vector<WaiterKey> expired = Expired(slab, kStart + milliseconds(6));
  EXPECT_EQ(expired.size(), 100'000u);
  for (const WaiterKey key : expired) ASSERT_TRUE(slab.Take(key));
  EXPECT_EQ(slab.size(), 0u);
  EXPECT_EQ(slab.NextDeadline(), TimePoint::max());
  EXPECT_THAT(Keys(slab), IsEmpty());
}

TEST(WaiterSlab, OnlyThoseWhoseDeadlineHasComeAreExpired) {
  Slab slab(10);
  const WaiterKey late = slab.Add(Named(1, kStart + milliseconds(3)));
  const WaiterKey early = slab.Add(Named(2, kStart + milliseconds(1)));
  slab.Add(Named(3));
  EXPECT_EQ(slab.NextDeadline(), kStart + milliseconds(1));
  EXPECT_THAT(Expired(slab, kStart), IsEmpty());
  EXPECT_THAT(Expired(slab, kStart + milliseconds(1)), ElementsAre(early)) << "the deadline itself counts";
  EXPECT_THAT(Expired(slab, kStart + milliseconds(5)), ElementsAre(late, early));
  ASSERT_TRUE(slab.Take(early));
  EXPECT_EQ(slab.NextDeadline(), kStart + milliseconds(3));
}

/// The same operations on a slab and on a map.
class ModelTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ModelTest, DoesWhatAMapWouldDo) {
  std::mt19937_64 bits(GetParam());
  const auto below = [&bits](std::uint64_t bound) { return bits() % bound; };
  Slab slab(400, WaiterKey{0x7FFF'FF00U});
  std::map<WaiterKey, TimePoint> model;
  std::vector<WaiterKey> in_order;
  TimePoint now = kStart;
  const auto remove = [&](WaiterKey key) {
    ASSERT_TRUE(slab.Take(key));
    model.erase(key);
    std::erase(in_order, key);
  };
  for (int step = 0; step < 5000; ++step) {
    const std::uint64_t phase = static_cast<std::uint64_t>(step) / 500 % 2;  // fills, then drains
    if (below(10) < (phase == 0 ? 7u : 3u) && !slab.full()) {
      const TimePoint deadline = now + milliseconds(below(50));
      const WaiterKey key = slab.Add(Named(step, deadline));
      ASSERT_TRUE(model.emplace(key, deadline).second);
      in_order.push_back(key);
    } else if (!in_order.empty()) {
      remove(in_order[below(in_order.size())]);
    }
    if (step % 20 == 0) {
      now += milliseconds(below(3));
      std::vector<WaiterKey> due;
      for (const WaiterKey key : in_order) {
        if (model.at(key) <= now) due.push_back(key);
      }
      ASSERT_EQ(Expired(slab, now), due) << "step " << step;
      for (const WaiterKey key : due) remove(key);
    }
    const auto next =
        std::min_element(model.begin(), model.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    ASSERT_EQ(slab.NextDeadline(), next == model.end() ? TimePoint::max() : next->second) << "step " << step;
    ASSERT_EQ(slab.size(), model.size());
    if (step % 50 == 0) {
      ASSERT_EQ(Keys(slab), in_order) << "step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, ::testing::Range<std::uint64_t>(1, 9));

TEST(WaiterSlab, WhatIsNotResumedIsDestroyed) {
  const auto alive = std::make_shared<int>(1);
  {
    Slab slab(10);
    for (int i = 0; i < 5; ++i) {
      Slab::Item waiter = Named(i);
      waiter.handler = [alive] {};
      const WaiterKey key = slab.Add(std::move(waiter));
      if (i % 2 == 0) static_cast<void>(slab.Take(key));
    }
    EXPECT_EQ(alive.use_count(), 1 + 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

class ResumeTest : public ::testing::Test {
 protected:
  Slab::Item Waiting() {
    return {.handler = [this] { ++resumed_; }, .executor = context_.get_executor(), .result = &result_};
  }

  asio::io_context context_{1};
  std::string result_;
  int resumed_ = 0;
};

TEST_F(ResumeTest, IsNeverInsideTheCall) {
  int inside = -1;
  asio::post(context_, [&] {
    Waiting().Resume();
    inside = resumed_;
  });
  context_.run();
  EXPECT_EQ(inside, 0);
  EXPECT_EQ(resumed_, 1);
}

TEST_F(ResumeTest, FromItsOwnStrandIsAtOnce) {
  const asio::any_io_executor strand = asio::make_strand(context_);
  int inside = -1;
  asio::post(strand, [&] {
    Slab::Item waiting = Waiting();
    waiting.executor = strand;
    std::move(waiting).ResumeFrom(strand);
    inside = resumed_;
  });
  context_.run();
  EXPECT_EQ(inside, 1);
}

TEST_F(ResumeTest, FromTheStrandOfAnotherIsLater) {
  const asio::any_io_executor strand = asio::make_strand(context_);
  const asio::any_io_executor idle = asio::make_strand(context_);
  int inside = -1;
  asio::post(strand, [&] {
    Waiting().ResumeFrom(strand);  // this thread runs its context
    Slab::Item waiting = Waiting();
    waiting.executor = idle;
    std::move(waiting).ResumeFrom(strand);
    inside = resumed_;
  });
  context_.run();
  EXPECT_EQ(inside, 0);
  EXPECT_EQ(resumed_, 2);
}

}  // namespace
}  // namespace corocket
