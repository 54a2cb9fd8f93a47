#ifndef COROCKET_SDK_NET_FRAME_READER_H_
#define COROCKET_SDK_NET_FRAME_READER_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

/// Cuts a stream of bytes into frames, in one buffer that frames are decoded from in place.
///
///     const std::size_t bytes = co_await transport.ReadSome(reader.Space());
///     reader.Commit(bytes);
///     absl::Status status = reader.TakeFrames(frames);
///
/// The buffer doubles while a frame does not fit, up to the limit of a frame, and goes back when it has been taken; it
/// grows by bytes that have come, not by lengths that were promised. Thread safety: none.
class FrameReader {
 public:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  /// Where to read to; never empty. Valid until the next call of any member.
  [[nodiscard]] std::span<char> Space();
  /// `bytes` of that space have been filled.
  void Commit(std::size_t bytes) { end_ += bytes; }
  /// Appends the complete frames that have come. Errors: as `wire::PeekFrame` and `wire::DecodeFrame`; `unread` then
  /// begins with the bytes that are no frame, and the frames before them have been appended.
  absl::Status TakeFrames(std::vector<wire::Frame>& frames);
  /// Bytes that belong to no complete frame yet.
  [[nodiscard]] std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  void Reallocate(std::size_t capacity);

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  /// Size of the frame that has begun to come, where it is known.
  std::size_t wanted_ = 0;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_FRAME_READER_H_
