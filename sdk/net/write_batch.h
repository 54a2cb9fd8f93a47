#ifndef COROCKET_SDK_NET_WRITE_BATCH_H_
#define COROCKET_SDK_NET_WRITE_BATCH_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sdk/wire/frame.h"

namespace corocket::net {

/// Frames that leave together: encoded one behind the other into one buffer, but for large bodies, which are written
/// from where they are.
///
///     batch.Add(std::move(frame));
///     for (auto chunk = batch.NextChunk(); !chunk.empty(); chunk = batch.NextChunk()) co_await transport.Write(chunk);
///     batch.Clear();
///
/// Thread safety: none.
class WriteBatch {
 public:
  /// Bodies of this size and more are not copied.
  static constexpr std::size_t kLargeBodyBytes = 16 * 1024;
  /// Bytes that are written at a time: after each such part the writer knows that the peer still takes bytes.
  static constexpr std::size_t kChunkBytes = 256 * 1024;

  /// Errors: as `wire::AppendFrame`; the batch is as before.
  absl::Status Add(wire::Frame frame);
  /// The next bytes, in order; empty when there are no more. Valid until the next call of any member. `Add` comes
  /// before the first `NextChunk` only.
  [[nodiscard]] std::span<const std::string_view> NextChunk();
  [[nodiscard]] bool empty() const { return encoded_.empty(); }
  void Clear();

 private:
  struct Body {
    std::size_t at = 0;  ///< Its place in `encoded_`.
    std::string bytes;
  };
  void Layout();

  std::string encoded_;
  std::vector<Body> bodies_;
  std::vector<std::string_view> pieces_;  ///< All of it, in order, once it is laid out.
  std::size_t next_piece_ = 0;
  std::vector<std::string_view> chunk_;
};

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_WRITE_BATCH_H_
