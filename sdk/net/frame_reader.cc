#include "sdk/net/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/statusor.h"
#include "sdk/wire/codec.h"

namespace corocket::net {
namespace {

// With less room than this at its end the buffer's rest is moved to its front.
constexpr std::size_t kMinSpace = 4 * 1024;

}  // namespace

std::span<char> FrameReader::Space() {
  const std::size_t unread = end_ - begin_;
  std::size_t target = std::max(capacity_, kBufferBytes);
  if (unread == target) {
    target *= 2;  // all of it is one frame's, and it is not enough
  } else if (unread <= kBufferBytes / 2 && wanted_ <= kBufferBytes) {
    target = kBufferBytes;
  }
  if (target != capacity_) {
    Reallocate(target);
  } else if (unread == 0) {
    begin_ = end_ = 0;
  } else if (capacity_ - end_ < kMinSpace) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, unread);
    begin_ = 0;
    end_ = unread;
  }
  return {buffer_.get() + end_, capacity_ - end_};
}

void FrameReader::Reallocate(std::size_t capacity) {
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  const std::size_t unread = end_ - begin_;
  if (unread > 0) std::memcpy(larger.get(), buffer_.get() + begin_, unread);
  buffer_ = std::move(larger);
  capacity_ = capacity;
  begin_ = 0;
  end_ = unread;
}

absl::Status FrameReader::TakeFrames(std::vector<wire::Frame>& frames) {
  wanted_ = 0;
  while (begin_ < end_) {
    const absl::StatusOr<wire::FrameExtent> extent = wire::PeekFrame(unread());
    if (!extent.ok()) return extent.status();
    if (extent->bytes == 0 || extent->bytes > unread().size()) {
      wanted_ = extent->bytes;
      break;
    }
    absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(unread().substr(0, extent->bytes));
    if (!frame.ok()) return frame.status();
    frames.push_back(*std::move(frame));
    begin_ += extent->bytes;
  }
  return absl::OkStatus();
}

}  // namespace corocket::net
