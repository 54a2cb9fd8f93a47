#ifndef COROCKET_TESTS_INTEGRATION_FIGURES_H_
#define COROCKET_TESTS_INTEGRATION_FIGURES_H_

#include <chrono>
#include <string>
#include <vector>

namespace corocket::test {

/// `time` in milliseconds.
[[nodiscard]] double Ms(std::chrono::microseconds time);

/// Minimum, median and maximum of `times`, for people.
[[nodiscard]] std::string Figures(std::vector<std::chrono::microseconds> times);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_INTEGRATION_FIGURES_H_
