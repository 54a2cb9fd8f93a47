#include "sdk/net/pending_table.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/net/exchange.h"
#include "sdk/runtime/time.h"
#include "sdk/runtime/waiter_slab.h"
#include "sdk/wire/frame.h"

namespace corocket::net {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Call = PendingTable::Call;

constexpr TimePoint kStart = TimePoint(std::chrono::hours(1));
constexpr TimePoint At(int ms) { return kStart + milliseconds(ms); }

/// A table, and the frames of the callers that wait in it. Calls are told apart by the codes of their requests.
class PendingTableTest : public ::testing::Test {
 protected:
  struct Options {
    TimePoint deadline = TimePoint::max();
    std::size_t bytes = 10;
    bool idempotent = true;
    bool oneway = false;
  };

  WaiterKey Add(std::int32_t code) { return Add(code, Options()); }
  WaiterKey Add(std::int32_t code, Options options) {
    wire::Frame& frame = frames_.emplace_back();
    frame.header.code = code;
    Exchange& exchange = exchanges_.emplace_back(Exchange{.frame = &frame});
    return table_.Add({.result = &exchange,
                       .deadline = options.deadline,
                       .extra = {.idempotent = options.idempotent, .oneway = options.oneway, .bytes = options.bytes}});
  }

  /// The codes of the batch that the writer takes; what is late is appended to `late_`.
  std::vector<std::int32_t> TakeBatch(TimePoint now, std::size_t max_bytes = 1000, bool replies = false) {
    std::vector<Outgoing> batch;
    table_.TakeBatch(now, max_bytes, replies, batch, late_);
    std::vector<std::int32_t> codes;
    in_batch_.clear();
    for (const Outgoing& outgoing : batch) {
      codes.push_back(outgoing.request.header.code);
      in_batch_.push_back(outgoing.key);
    }
    return codes;
  }
  void BatchWritten(TimePoint now) { table_.OnBatchWritten(now, in_batch_, done_); }
  /// Writes all that is queued.
  void Write(TimePoint now) {
    TakeBatch(now);
    BatchWritten(now);
  }
  std::vector<PendingCall::Stage> StagesOf(const std::vector<Call>& calls) const {
    std::vector<PendingCall::Stage> stages;
    for (const Call& call : calls) stages.push_back(call.extra.stage);
    return stages;
  }

  std::deque<wire::Frame> frames_;
  std::deque<Exchange> exchanges_;
  PendingTable table_{100};
  std::vector<WaiterKey> in_batch_;
  std::vector<Call> late_;
  std::vector<Call> done_;
};

TEST_F(PendingTableTest, GivesRequestsToTheWriterInTheirOrder) {
  for (int i = 1; i <= 4; ++i) Add(i);
  EXPECT_EQ(table_.queued_bytes(), 40u);
  EXPECT_THAT(TakeBatch(At(0)), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(table_.queued_bytes(), 0u);
  EXPECT_FALSE(table_.has_queued());
  EXPECT_TRUE(table_.writing());
  EXPECT_EQ(table_.size(), 4u) << "they wait on";
}

TEST_F(PendingTableTest, EndsABatchWithTheRequestThatReachesItsLimit) {
  for (int i = 1; i <= 4; ++i) Add(i, {.bytes = 100});
  EXPECT_THAT(TakeBatch(At(0), 150), ElementsAre(1, 2));
  BatchWritten(At(1));
  EXPECT_THAT(TakeBatch(At(1), 100), ElementsAre(3));
  EXPECT_EQ(table_.queued_bytes(), 100u);
}

TEST_F(PendingTableTest, KeepsItsOrderWhenCallsLeaveTheQueueAnywhere) {
  std::vector<WaiterKey> keys;
  for (int i = 1; i <= 5; ++i) keys.push_back(Add(i));
  for (const std::size_t i : {0u, 2u, 4u}) EXPECT_TRUE(table_.TakeAbandoned(keys[i]));
  EXPECT_FALSE(table_.TakeAbandoned(keys[2])) << "once";
  Add(6);
  EXPECT_EQ(table_.queued_bytes(), 30u);
  EXPECT_THAT(TakeBatch(At(0)), ElementsAre(2, 4, 6));
}

TEST_F(PendingTableTest, HandsBackWhatIsTooLateToBeWritten) {
  Add(1, {.deadline = At(10)});
  Add(2, {.deadline = At(20)});
  EXPECT_THAT(TakeBatch(At(10)), ElementsAre(2));
  ASSERT_EQ(late_.size(), 1u);
  EXPECT_EQ(late_[0].extra.stage, PendingCall::Stage::kQueued);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(table_.NextDeadline(), At(20));
}

TEST_F(PendingTableTest, EndsAOnewayRequestWhenItIsWrittenAndKeepsTheOthers) {
  Add(1, {.oneway = true});
  Add(2);
  Write(At(0));
  EXPECT_EQ(done_.size(), 1u);
  EXPECT_TRUE(done_[0].extra.oneway);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_FALSE(table_.writing());
}

TEST_F(PendingTableTest, AnAnswerBeforeTheBatchIsWrittenEndsItsCall) {
  const WaiterKey key = Add(1);
  TakeBatch(At(0));
  EXPECT_TRUE(table_.TakeDone(key));
  BatchWritten(At(1));
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(table_.QuietSince(), std::nullopt);
}

TEST_F(PendingTableTest, TakesTheQueueTheRepeatableOrAll) {
  Add(1, {.idempotent = false});
  Add(2);
  Write(At(0));
  Add(3, {.idempotent = false});
  std::vector<Call> queued;
  table_.TakeQueued(queued);
  EXPECT_THAT(StagesOf(queued), ElementsAre(PendingCall::Stage::kQueued));
  std::vector<Call> repeatable;
  table_.TakeIdempotent(repeatable);
  ASSERT_EQ(repeatable.size(), 1u);
  EXPECT_TRUE(repeatable[0].extra.idempotent);
  std::vector<Call> rest;
  table_.TakeAll(rest);
  EXPECT_THAT(StagesOf(rest), ElementsAre(PendingCall::Stage::kWritten));
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(PendingTableTest, IsFullAtItsLimit) {
  PendingTable table(2);
  wire::Frame frame;
  Exchange exchange{.frame = &frame};
  table.Add({.result = &exchange});
  EXPECT_FALSE(table.full());
  const WaiterKey key = table.Add({.result = &exchange});
  EXPECT_TRUE(table.full());
  EXPECT_TRUE(table.TakeAbandoned(key));
  EXPECT_FALSE(table.full());
}

class Quiet : public PendingTableTest {};

TEST_F(Quiet, NothingIsDueBeforeARequestIsWrittenOrAfterAllAreAnswered) {
  EXPECT_EQ(table_.QuietSince(), std::nullopt);
  const WaiterKey key = Add(1);
  EXPECT_EQ(table_.QuietSince(), std::nullopt) << "only queued";
  Write(At(5));
  EXPECT_EQ(table_.QuietSince(), At(5));
  table_.OnBytes(At(9));
  EXPECT_TRUE(table_.TakeDone(key));
  EXPECT_EQ(table_.QuietSince(), std::nullopt);
}

TEST_F(Quiet, CountsFromTheOldestUnansweredWriteOrTheLastByteIfThatIsLater) {
  const WaiterKey first = Add(1);
  Write(At(5));
  Add(2);
  Write(At(7));
  EXPECT_EQ(table_.QuietSince(), At(5));
  table_.OnBytes(At(6));
  EXPECT_EQ(table_.QuietSince(), At(6));
  EXPECT_TRUE(table_.TakeDone(first));
  EXPECT_EQ(table_.QuietSince(), At(7)) << "a byte before it was written answers nothing";
}

TEST_F(Quiet, ARequestThatItsCallerHasLeftCountsUntilAByteComes) {
  const WaiterKey key = Add(1);
  Write(At(5));
  EXPECT_TRUE(table_.TakeAbandoned(key));
  EXPECT_EQ(table_.QuietSince(), At(5));
  table_.OnBytes(At(8));
  EXPECT_EQ(table_.QuietSince(), std::nullopt);
}

TEST_F(Quiet, AByteBeforeItsCallerLeftForgivesNothing) {
  const WaiterKey key = Add(1);
  Write(At(0));
  table_.OnBytes(At(50));
  EXPECT_TRUE(table_.TakeAbandoned(key));
  EXPECT_EQ(table_.QuietSince(), At(50));
}

TEST_F(Quiet, ABatchCountsFromItsLastProgressWhoeverWaits) {
  const WaiterKey key = Add(1, {.oneway = true});
  TakeBatch(At(5));
  EXPECT_EQ(table_.QuietSince(), At(5));
  table_.OnProgress(At(6));
  EXPECT_EQ(table_.QuietSince(), At(6));
  EXPECT_TRUE(table_.TakeAbandoned(key));
  EXPECT_EQ(table_.QuietSince(), At(6)) << "whatever comes later would wait behind it";
  BatchWritten(At(9));
  EXPECT_EQ(table_.QuietSince(), std::nullopt) << "a one-way request has no answer";
}

TEST_F(Quiet, ABatchOfNothingButRepliesCountsToo) {
  EXPECT_THAT(TakeBatch(At(5), 1000, /*replies=*/true), IsEmpty());
  EXPECT_EQ(table_.QuietSince(), At(5));
  BatchWritten(At(6));
  EXPECT_EQ(table_.QuietSince(), std::nullopt);
}

TEST_F(Quiet, ARequestThatWasNeverTakenByTheWriterDoesNotCount) {
  EXPECT_TRUE(table_.TakeAbandoned(Add(1)));
  EXPECT_EQ(table_.QuietSince(), std::nullopt);
}

}  // namespace
}  // namespace corocket::net
