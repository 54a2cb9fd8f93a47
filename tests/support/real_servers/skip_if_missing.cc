#include "tests/support/real_servers/skip_if_missing.h"

#include <cstdlib>
#include <string_view>

namespace corocket::test {

bool SkipIsFailure() {
  const char* value = std::getenv("CI");
  const std::string_view text = value == nullptr ? "" : value;
  return !text.empty() && text != "0" && text != "false";
}

}  // namespace corocket::test
