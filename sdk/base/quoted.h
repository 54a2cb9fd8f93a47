#ifndef COROCKET_SDK_BASE_QUOTED_H_
#define COROCKET_SDK_BASE_QUOTED_H_

#include <string>
#include <string_view>

namespace corocket {

/// `text` in quotes for an error message: control and non-ASCII bytes escaped, long texts cut with their length told.
[[nodiscard]] std::string Quoted(std::string_view text);

}  // namespace corocket

#endif  // COROCKET_SDK_BASE_QUOTED_H_
