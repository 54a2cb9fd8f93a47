#ifndef COROCKET_SDK_PROTOCOL_SORT_AS_MAP_H_
#define COROCKET_SDK_PROTOCOL_SORT_AS_MAP_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace corocket::protocol {

/// Sorts the members of a JSON map by the key that `key_of` names (a data member); of equal keys the later wins, as in
/// every JSON map. Called once per list, when all of it has been read: a body may repeat a table as often as it likes.
template <class Item, class KeyOf>
void SortAsMap(std::vector<Item>& items, KeyOf key_of) {
  if (items.size() < 2) return;
  const auto less = [key_of](const Item& a, const Item& b) { return std::invoke(key_of, a) < std::invoke(key_of, b); };
  const auto out_of_order = [less](const Item& a, const Item& b) { return !less(a, b); };
  if (std::adjacent_find(items.begin(), items.end(), out_of_order) == items.end()) return;
  std::stable_sort(items.begin(), items.end(), less);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (kept > 0 && !less(items[kept - 1], items[i])) --kept;
    if (kept != i) items[kept] = std::move(items[i]);
    ++kept;
  }
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(kept), items.end());
}

/// The same for pairs of key and value.
template <class Key, class Value>
void SortAsMap(std::vector<std::pair<Key, Value>>& entries) {
  SortAsMap(entries, &std::pair<Key, Value>::first);
}

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_SORT_AS_MAP_H_
