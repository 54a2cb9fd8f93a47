#ifndef COROCKET_SDK_RUNTIME_TIME_H_
#define COROCKET_SDK_RUNTIME_TIME_H_

#include <chrono>

namespace corocket {

/// The one clock of the SDK: monotonic. In simulation its points are virtual.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_TIME_H_
