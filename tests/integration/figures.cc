#include "tests/integration/figures.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace corocket::test {

double Ms(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000.0; }

std::string Figures(std::vector<std::chrono::microseconds> times) {
  if (times.empty()) return "none";
  std::sort(times.begin(), times.end());
  return absl::StrCat("min ", Ms(times.front()), ", median ", Ms(times[times.size() / 2]), ", max ", Ms(times.back()),
                      " ms of ", times.size());
}

}  // namespace corocket::test
