#ifndef COROCKET_SAMPLES_FAILOVER_DEMO_MARKUP_H_
#define COROCKET_SAMPLES_FAILOVER_DEMO_MARKUP_H_

#include <string>
#include <string_view>

#include "samples/failover_demo/observation.h"

namespace failover_demo {

/// `text` as it may stand between tags and in a quoted attribute of HTML.
[[nodiscard]] std::string Escape(std::string_view text);

/// Class of a mark in the style sheet of the report.
[[nodiscard]] std::string_view ClassOf(MarkKind kind);

}  // namespace failover_demo

#endif  // COROCKET_SAMPLES_FAILOVER_DEMO_MARKUP_H_
