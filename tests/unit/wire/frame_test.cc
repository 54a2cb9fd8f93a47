#include "sdk/wire/frame.h"

#include <string>

#include "gtest/gtest.h"

namespace corocket::wire {
namespace {

TEST(ExtFields, KeepTheLaterValueOfAKeySetTwice) {
  ExtFields fields;
  fields.Set("topic", "old");
  fields.Set("queueId", "3");
  fields.Set("topic", "new");
  EXPECT_EQ(fields.size(), 2u);
  ASSERT_NE(fields.Find("topic"), nullptr);
  EXPECT_EQ(*fields.Find("topic"), "new");
}

TEST(ExtFields, DoNotFindWhatWasNeverSet) {
  ExtFields fields;
  EXPECT_TRUE(fields.empty());
  fields.Set("topic", "T");
  EXPECT_EQ(fields.Find("topi"), nullptr);
  EXPECT_EQ(fields.Find("topics"), nullptr);
  EXPECT_EQ(fields.Find(""), nullptr);
}

TEST(ExtFields, GiveASlotToWriteInto) {
  ExtFields fields;
  EXPECT_EQ(fields.Slot("topic"), "");
  fields.Slot("topic") = "T";
  EXPECT_EQ(fields.Slot("topic"), "T");
  EXPECT_EQ(fields.size(), 1u);
}

TEST(ExtFields, AreEqualInAnyOrder) {
  ExtFields a;
  a.Set("x", "1");
  a.Set("y", "2");
  ExtFields b;
  b.Set("y", "2");
  EXPECT_FALSE(a == b);
  b.Set("x", "1");
  EXPECT_TRUE(a == b);
  b.Set("x", "3");
  EXPECT_FALSE(a == b);
  b.Set("x", "1");
  b.Set("z", "");
  EXPECT_FALSE(a == b);
  EXPECT_FALSE(b == a);
}

TEST(Header, TellsResponsesAndOnewayRequestsByTheirFlags) {
  Header header;
  EXPECT_FALSE(header.is_response());
  EXPECT_FALSE(header.is_oneway());
  header.flag = kFlagOneway;
  EXPECT_FALSE(header.is_response());
  EXPECT_TRUE(header.is_oneway());
  header.flag = kFlagResponse;
  EXPECT_TRUE(header.is_response());
}

}  // namespace
}  // namespace corocket::wire
