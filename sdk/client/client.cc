#include "corocket/client.h"

#include <utility>

namespace corocket {

Client::Client(NamesrvChannel namesrv) : namesrv_(std::move(namesrv)) {}

absl::StatusOr<Client> Client::Create(asio::any_io_executor executor, ClientOptions options) {
  absl::StatusOr<NamesrvChannel> namesrv = NamesrvChannel::Create(std::move(executor), std::move(options));
  if (!namesrv.ok()) return namesrv.status();
  return Client(*std::move(namesrv));
}

absl::StatusOr<Client> Client::Create(Environment environment, ClientOptions options) {
  absl::StatusOr<NamesrvChannel> namesrv = NamesrvChannel::Create(std::move(environment), std::move(options));
  if (!namesrv.ok()) return namesrv.status();
  return Client(*std::move(namesrv));
}

asio::awaitable<absl::StatusOr<TopicRoute>> Client::QueryRoute(std::string topic) {
  return namesrv_.QueryRoute(std::move(topic));
}

asio::awaitable<absl::StatusOr<TopicRoute>> Client::QueryRoute(std::string topic, CallOptions options) {
  return namesrv_.QueryRoute(std::move(topic), std::move(options));
}

asio::awaitable<absl::StatusOr<ClusterInfo>> Client::QueryClusterInfo() { return namesrv_.QueryClusterInfo(); }

asio::awaitable<absl::StatusOr<ClusterInfo>> Client::QueryClusterInfo(CallOptions options) {
  return namesrv_.QueryClusterInfo(std::move(options));
}

absl::Status Client::UpdateEndpoints(const std::vector<std::string>& namesrv) {
  return namesrv_.UpdateEndpoints(namesrv);
}

EventStream Client::Watch() { return namesrv_.Watch(); }

ChannelSnapshot Client::Snapshot() const { return namesrv_.Snapshot(); }

asio::awaitable<absl::Status> Client::Shutdown(std::chrono::milliseconds drain) { return namesrv_.Shutdown(drain); }

}  // namespace corocket
