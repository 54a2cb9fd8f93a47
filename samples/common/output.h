#ifndef COROCKET_SAMPLES_COMMON_OUTPUT_H_
#define COROCKET_SAMPLES_COMMON_OUTPUT_H_

#include <string_view>

#include "absl/status/status.h"
#include "asio/any_io_executor.hpp"
#include "asio/posix/stream_descriptor.hpp"

namespace samples {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

/// The exit code of a program that ends with `status`, once what it printed has arrived: output that is lost (a full
/// disk) is a failure of its own, which comes before others. It is told on stderr, in one line that begins with the
/// program's name; only a reader that has left is not mentioned.
[[nodiscard]] int ExitCode(std::string_view program, const absl::Status& status);

/// Ends the program as soon as the reader of its stdout has left (`| head -1`), the way SIGPIPE ends programs that
/// print without pause; one that waits for events would not notice for long. Watches while the object lives.
class PipeWatch {
 public:
  explicit PipeWatch(const asio::any_io_executor& executor);
  /// Lets the context run out of work.
  void Stop() { pipe_.close(); }
  PipeWatch(const PipeWatch&) = delete;
  PipeWatch& operator=(const PipeWatch&) = delete;

 private:
  asio::posix::stream_descriptor pipe_;
};

}  // namespace samples

#endif  // COROCKET_SAMPLES_COMMON_OUTPUT_H_
