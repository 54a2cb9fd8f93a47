#ifndef COROCKET_CLIENT_H_
#define COROCKET_CLIENT_H_

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/environment.h"
#include "corocket/event_stream.h"
#include "corocket/namesrv_channel.h"
#include "corocket/options.h"
#include "corocket/route.h"
#include "corocket/snapshot.h"

namespace corocket {

/// A RocketMQ client: one per cluster, shared by the whole service.
///
///     auto client = corocket::Client::Create(executor, {.namesrv = {"ns1:9876", "ns2:9876", "ns3:9876"}});
///     if (!client.ok()) co_return client.status();      // quotes the bad address
///     auto route = co_await client->QueryRoute("orders");
///     ...
///     co_await client->Shutdown();
///
/// No globals, no instance names: two clients share nothing. Every operation is described at `NamesrvChannel`, which
/// serves it.
/// Thread safety: Distinct objects: safe. Shared object: all members but move and destruction may be called from any
///   thread. Handle: move-only; the destructor cancels what is running and waits for nothing.
class Client {
 public:
  /// Errors: INVALID_ARGUMENT naming the option or quoting the bad address.
  [[nodiscard]] static absl::StatusOr<Client> Create(asio::any_io_executor executor, ClientOptions options);
  [[nodiscard]] static absl::StatusOr<Client> Create(Environment environment, ClientOptions options);

  /// See `NamesrvChannel::QueryRoute`.
  [[nodiscard]] asio::awaitable<absl::StatusOr<TopicRoute>> QueryRoute(std::string topic);
  [[nodiscard]] asio::awaitable<absl::StatusOr<TopicRoute>> QueryRoute(std::string topic, CallOptions options);
  /// See `NamesrvChannel::QueryClusterInfo`.
  [[nodiscard]] asio::awaitable<absl::StatusOr<ClusterInfo>> QueryClusterInfo();
  [[nodiscard]] asio::awaitable<absl::StatusOr<ClusterInfo>> QueryClusterInfo(CallOptions options);
  /// See `NamesrvChannel::UpdateEndpoints`.
  absl::Status UpdateEndpoints(const std::vector<std::string>& namesrv);
  /// See `NamesrvChannel::Watch`.
  [[nodiscard]] EventStream Watch();
  /// See `NamesrvChannel::Snapshot`.
  [[nodiscard]] ChannelSnapshot Snapshot() const;
  /// See `NamesrvChannel::Shutdown`.
  [[nodiscard]] asio::awaitable<absl::Status> Shutdown(std::chrono::milliseconds drain = std::chrono::seconds(3));

 private:
  explicit Client(NamesrvChannel namesrv);
  NamesrvChannel namesrv_;
};

}  // namespace corocket

#endif  // COROCKET_CLIENT_H_
