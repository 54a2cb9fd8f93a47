#ifndef COROCKET_SDK_FAILOVER_CONNECTION_SET_H_
#define COROCKET_SDK_FAILOVER_CONNECTION_SET_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "sdk/net/connection.h"

namespace corocket::failover {

/// Every living connection of a channel, the draining ones marked: bounded, so that a list which changes all the time
/// does not pile up sockets.
/// Thread safety: all members may be called from any thread.
class ConnectionSet {
 public:
  /// Connections that may drain at one time; the oldest is cut for one more.
  static constexpr std::size_t kMaxDraining = 8;

  void Add(std::shared_ptr<net::Connection> connection);
  struct Marked {
    /// It lives and was in service until now.
    bool started = false;
    /// The oldest draining connection, to be cut because there are too many.
    std::shared_ptr<net::Connection> surplus;
  };
  /// Marks a connection that is about to be retired.
  [[nodiscard]] Marked MarkDraining(net::ConnectionId id);
  /// Forgets an ended connection. Its endpoint, when it was draining.
  std::optional<std::string> Remove(net::ConnectionId id);
  [[nodiscard]] std::vector<std::shared_ptr<net::Connection>> All() const;
  /// The endpoint of each draining connection.
  [[nodiscard]] std::vector<std::string> Draining() const;

 private:
  struct Entry {
    std::shared_ptr<net::Connection> connection;
    bool draining = false;
  };
  mutable absl::Mutex mutex_;
  std::map<net::ConnectionId, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::size_t draining_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_CONNECTION_SET_H_
