#ifndef COROCKET_TESTS_SUPPORT_JSON_TEXT_H_
#define COROCKET_TESTS_SUPPORT_JSON_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace corocket::test {

// Long JSON texts for tests of limits: `open`, then `item` over and over with commas between, then `close`. A `#` in
// `item` stands for its number, so that no two are equal:
//
//     Repeated("{", "#:0", 3, "}") == "{0:0,1:0,2:0}"

[[nodiscard]] std::string Repeated(std::string_view open, std::string_view item, std::size_t count,
                                   std::string_view close);

/// With as many items as `bytes` have room for.
[[nodiscard]] std::string Filled(std::string_view open, std::string_view item, std::size_t bytes,
                                 std::string_view close);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_SUPPORT_JSON_TEXT_H_
