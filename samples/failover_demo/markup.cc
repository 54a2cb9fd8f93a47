#include "samples/failover_demo/markup.h"

#include "absl/strings/str_replace.h"

namespace failover_demo {

std::string Escape(std::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string_view ClassOf(MarkKind kind) {
  switch (kind) {
    case MarkKind::kLost:
      return "lost";
    case MarkKind::kChosen:
      return "chosen";
    case MarkKind::kTrouble:
      return "trouble";
    case MarkKind::kNews:
      return "news";
  }
  return "news";
}

}  // namespace failover_demo
