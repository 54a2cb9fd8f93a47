#ifndef COROCKET_SDK_RUNTIME_ASIO_RUNTIME_H_
#define COROCKET_SDK_RUNTIME_ASIO_RUNTIME_H_

#include <memory>

#include "asio/any_io_executor.hpp"
#include "sdk/runtime/runtime.h"

namespace corocket {

/// The real runtime: the steady clock, timers of Asio, a generator seeded by the operating system.
/// `executor` is the user's; no thread is started. Its context outlives the runtime and all timers made from it.
[[nodiscard]] std::shared_ptr<Runtime> MakeAsioRuntime(asio::any_io_executor executor);

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_ASIO_RUNTIME_H_
