#ifndef COROCKET_SDK_TESTKIT_SIM_OPTIONS_H_
#define COROCKET_SDK_TESTKIT_SIM_OPTIONS_H_

#include <chrono>
#include <cstddef>

#include "sdk/runtime/time.h"

namespace corocket::testkit {

struct SimNetOptions {
  /// One way, where no route says otherwise.
  Duration latency = std::chrono::microseconds(100);
  /// Up to this much more, drawn for each packet; the order within a connection stays.
  Duration jitter = Duration::zero();
  /// Sent and not yet read, per direction of a connection. A full one makes the writer wait.
  std::size_t buffer_bytes = 256 * 1024;
  /// A read takes a random part of what has arrived, so that no reader gets used to whole frames.
  bool slice_reads = true;
  /// Connections that wait for `Accept`; the SYN of one more is dropped.
  std::size_t backlog = 128;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_OPTIONS_H_
