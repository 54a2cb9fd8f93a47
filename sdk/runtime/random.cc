#include "sdk/runtime/random.h"

#include "absl/numeric/int128.h"

namespace corocket {

std::uint64_t UniformBelow(Runtime& runtime, std::uint64_t bound) {
  return absl::Uint128High64(absl::uint128(runtime.Random()) * bound);
}

Duration UniformBelow(Runtime& runtime, Duration bound) {
  if (bound <= Duration::zero()) return Duration::zero();
  const std::uint64_t ticks = UniformBelow(runtime, static_cast<std::uint64_t>(bound.count()));
  return Duration(static_cast<Duration::rep>(ticks));
}

}  // namespace corocket
