// What the fuzzers begin with, cut off at every byte, and inputs that are kept: replayed in every build.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "tests/fuzz/decoders.h"
#include "tests/golden/golden_frames.h"

namespace corocket::test {
namespace {

constexpr char kKept[] = "tests/fuzz/kept";

/// A copy of its own size on the heap, so that a sanitizer sees a read past the end.
void DecodeExact(const std::string& bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  DecodeAsFrames({exact.data(), exact.size()});
  DecodeAsBody({exact.data(), exact.size()});
}

TEST(Replay, RecordedFramesCutOffAnywhere) {
  for (const GoldenFrame& golden : GoldenFrames()) {
    SCOPED_TRACE(golden.Title());
    for (std::size_t bytes = 0; bytes <= golden.bytes.size(); ++bytes) {
      // Long bodies are alike from one byte to the next.
      if (bytes > 600 && bytes + 8 < golden.bytes.size() && bytes % 61 != 0) continue;
      DecodeExact(golden.bytes.substr(0, bytes));
    }
  }
}

TEST(Replay, RecordedBodiesCutOffAnywhere) {
  for (const GoldenFrame& golden : GoldenFrames()) {
    const absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(golden.bytes);
    ASSERT_TRUE(frame.ok()) << frame.status();
    const std::string& body = frame->body;
    for (std::size_t bytes = 0; bytes <= body.size(); ++bytes) {
      if (bytes > 600 && bytes + 8 < body.size() && bytes % 61 != 0) continue;
      DecodeExact(body.substr(0, bytes));
    }
  }
}

TEST(Replay, WhatIsKept) {
  for (const auto& entry : std::filesystem::directory_iterator(kKept)) {
    SCOPED_TRACE(entry.path().filename().string());
    std::ifstream file(entry.path(), std::ios::binary);
    DecodeExact({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
  }
}

// Else the fuzzers would beat at closed doors.
TEST(Replay, AFrameWithAnEmptyBodyObjectIsEveryMessage) {
  wire::Frame frame;
  frame.header.ext_fields.Set("value", "v");
  frame.body = "{}";
  constexpr int kAnswers = 7;
  constexpr int kRequests = 7;
  constexpr int kRequestsWithoutFields = 2;
  EXPECT_EQ(DecodeAsEveryMessage(frame), kAnswers + kRequestsWithoutFields + kRequests);
}

}  // namespace
}  // namespace corocket::test
