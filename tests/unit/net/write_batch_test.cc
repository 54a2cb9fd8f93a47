#include "sdk/net/write_batch.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/limits.h"

namespace corocket::net {
namespace {

wire::Frame FrameWith(std::string body) {
  wire::Frame frame;
  frame.header.code = 105;
  frame.header.ext_fields.Set("topic", "orders");
  frame.body = std::move(body);
  return frame;
}

std::string Encoded(const wire::Frame& frame) {
  std::string bytes;
  EXPECT_TRUE(wire::AppendFrame(frame, bytes).ok());
  return bytes;
}

std::string Written(WriteBatch& batch) {
  std::string bytes;
  for (std::span<const std::string_view> chunk = batch.NextChunk(); !chunk.empty(); chunk = batch.NextChunk()) {
    std::size_t in_chunk = 0;
    for (const std::string_view piece : chunk) {
      bytes.append(piece);
      in_chunk += piece.size();
    }
    EXPECT_LE(in_chunk, WriteBatch::kChunkBytes);
  }
  return bytes;
}

TEST(WriteBatch, WritesFramesOfAllSizesOneBehindTheOther) {
  WriteBatch batch;
  std::string expected;
  for (const std::size_t size : {std::size_t{0}, WriteBatch::kLargeBodyBytes - 1, WriteBatch::kLargeBodyBytes,
                                 WriteBatch::kChunkBytes, std::size_t{1}, 3 * WriteBatch::kChunkBytes + 7}) {
    const wire::Frame frame = FrameWith(std::string(size, static_cast<char>('a' + size % 26)));
    expected += Encoded(frame);
    ASSERT_TRUE(batch.Add(frame).ok());
  }
  EXPECT_TRUE(Written(batch) == expected);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  ASSERT_TRUE(batch.Add(FrameWith("next")).ok());
  EXPECT_EQ(Written(batch), Encoded(FrameWith("next")));
}

TEST(WriteBatch, TakesAFrameOfExactlyTheLimitAndNotOneByteMore) {
  wire::Frame frame = FrameWith("");
  frame.body.assign(wire::kMaxFrameBytes - Encoded(frame).size(), 'x');
  WriteBatch batch;
  ASSERT_TRUE(batch.Add(FrameWith("before")).ok());
  ASSERT_TRUE(batch.Add(frame).ok());
  const std::string expected = Encoded(FrameWith("before")) + Encoded(frame);

  frame.body.push_back('x');
  EXPECT_EQ(batch.Add(std::move(frame)).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(Written(batch) == expected) << "a refusal leaves the batch as it was";
}

}  // namespace
}  // namespace corocket::net
