#ifndef COROCKET_SDK_TESTKIT_SERVER_NAMESRV_H_
#define COROCKET_SDK_TESTKIT_SERVER_NAMESRV_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "corocket/testing/embedded_namesrv.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/runtime/time.h"
#include "sdk/testkit/server_connection.h"
#include "sdk/testkit/server_core.h"
#include "sdk/testkit/server_registry.h"
#include "sdk/wire/frame.h"

namespace corocket::testkit {

/// Answers as a NameServer 5.5.0 does, out of a registry.
/// Thread safety: none; used on the server's strand.
class NamesrvService final : public ServerCore::Service {
 public:
  NamesrvService(testing::HeaderForm answers, Duration broker_expiry)
      : answers_(answers), broker_expiry_(broker_expiry) {}

  /// What is registered, as of `now`.
  [[nodiscard]] ServerRegistry& registry(TimePoint now);
  void SetNotReady(bool not_ready) { not_ready_ = not_ready; }

  void OnRequest(ServerCore& core, ServerConnection& connection, wire::Frame request) override;
  void OnConnectionEnded(ServerConnection::Id id) override { registry_.DropConnection(id); }

 private:
  [[nodiscard]] wire::Frame Execute(const wire::Frame& request, ServerConnection::Id from, TimePoint now);
  [[nodiscard]] wire::Frame Route(const wire::Frame& request);
  [[nodiscard]] wire::Frame GetSetting(const wire::Frame& request) const;
  [[nodiscard]] wire::Frame PutSetting(const wire::Frame& request);
  [[nodiscard]] wire::Frame DeleteSetting(const wire::Frame& request);
  [[nodiscard]] wire::Frame Register(const wire::Frame& request, ServerConnection::Id from, TimePoint now);
  [[nodiscard]] wire::Frame Unregister(const wire::Frame& request);
  [[nodiscard]] Duration ExpiryOf(const protocol::RegisterBrokerRequest& broker) const;

  const testing::HeaderForm answers_;
  const Duration broker_expiry_;
  ServerRegistry registry_;
  bool not_ready_ = false;
  /// Encoded routes by (topic, standard JSON), as of one version of the registry. Known topics only, so it is bounded
  /// by what the registry holds.
  absl::btree_map<std::pair<std::string, bool>, std::string> bodies_;
  std::uint64_t bodies_version_ = 0;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_NAMESRV_H_
