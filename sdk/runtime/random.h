#ifndef COROCKET_SDK_RUNTIME_RANDOM_H_
#define COROCKET_SDK_RUNTIME_RANDOM_H_

#include <cstdint>

#include "sdk/runtime/runtime.h"

namespace corocket {

/// A number in [0, bound), 0 for bound 0. Every platform and library gives the same one for the same seed, which the
/// distributions of the standard library do not promise. Bias below bound / 2^64.
[[nodiscard]] std::uint64_t UniformBelow(Runtime& runtime, std::uint64_t bound);

/// A duration in [0, bound), zero when `bound` is not positive.
[[nodiscard]] Duration UniformBelow(Runtime& runtime, Duration bound);

}  // namespace corocket

#endif  // COROCKET_SDK_RUNTIME_RANDOM_H_
