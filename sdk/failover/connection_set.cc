#include "sdk/failover/connection_set.h"

#include <utility>

namespace corocket::failover {

void ConnectionSet::Add(std::shared_ptr<net::Connection> connection) {
  absl::MutexLock lock(mutex_);
  const net::ConnectionId id = connection->id();
  entries_.emplace(id, Entry{.connection = std::move(connection)});
}

ConnectionSet::Marked ConnectionSet::MarkDraining(net::ConnectionId id) {
  absl::MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.draining) return {};
  Marked marked{.started = true, .surplus = nullptr};
  if (draining_ >= kMaxDraining) {
    // Ids rise with age, so the first draining entry is the oldest.
    for (const auto& [other, entry] : entries_) {
      if (!entry.draining) continue;
      marked.surplus = entry.connection;
      break;
    }
  }
  found->second.draining = true;
  ++draining_;
  return marked;
}

std::optional<std::string> ConnectionSet::Remove(net::ConnectionId id) {
  absl::MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  std::optional<std::string> drained;
  if (found->second.draining) {
    --draining_;
    drained = found->second.connection->endpoint();
  }
  entries_.erase(found);
  return drained;
}

std::vector<std::shared_ptr<net::Connection>> ConnectionSet::All() const {
  absl::MutexLock lock(mutex_);
  std::vector<std::shared_ptr<net::Connection>> all;
  all.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) all.push_back(entry.connection);
  return all;
}

std::vector<std::string> ConnectionSet::Draining() const {
  absl::MutexLock lock(mutex_);
  std::vector<std::string> endpoints;
  for (const auto& [id, entry] : entries_) {
    if (entry.draining) endpoints.push_back(entry.connection->endpoint());
  }
  return endpoints;
}

}  // namespace corocket::failover
