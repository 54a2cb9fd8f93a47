#include "tests/support/json_text.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace corocket::test {
namespace {

constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max() / 2;
// Items that are alike are appended by the block: texts are long, and tests are built without optimisation.
constexpr std::size_t kBlockItems = 1024;

std::string Numbered(std::string_view open, std::string_view before, std::string_view behind, std::size_t count,
                     std::size_t bytes, std::string_view close) {
  std::string text(open);
  std::string item;
  for (std::size_t i = 0; i < count; ++i) {
    item.clear();
    absl::StrAppend(&item, i == 0 ? "" : ",", before, i, behind);
    if (text.size() + item.size() + close.size() > bytes) break;
    text.append(item);
  }
  return text.append(close);
}

std::string Alike(std::string_view open, std::string_view item, std::size_t count, std::size_t bytes,
                  std::string_view close) {
  const std::size_t room = bytes - open.size() - close.size();
  std::size_t left = std::min(count, (room + 1) / (item.size() + 1));
  std::string block;
  for (std::size_t i = 0; i < std::min(left, kBlockItems); ++i) absl::StrAppend(&block, item, ",");
  std::string text(open);
  for (; left >= kBlockItems; left -= kBlockItems) text.append(block);
  text.append(block, 0, left * (item.size() + 1));
  if (text.size() > open.size()) text.pop_back();  // The last comma.
  return text.append(close);
}

std::string Text(std::string_view open, std::string_view item, std::size_t count, std::size_t bytes,
                 std::string_view close) {
  const std::size_t number_at = item.find('#');
  if (number_at == std::string_view::npos) return Alike(open, item, count, bytes, close);
  return Numbered(open, item.substr(0, number_at), item.substr(number_at + 1), count, bytes, close);
}

}  // namespace

std::string Repeated(std::string_view open, std::string_view item, std::size_t count, std::string_view close) {
  return Text(open, item, count, kUnlimited, close);
}

std::string Filled(std::string_view open, std::string_view item, std::size_t bytes, std::string_view close) {
  return Text(open, item, kUnlimited, bytes, close);
}

}  // namespace corocket::test
