#ifndef COROCKET_TESTING_EMBEDDED_NAMESRV_H_
#define COROCKET_TESTING_EMBEDDED_NAMESRV_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "asio/any_io_executor.hpp"
#include "corocket/route.h"
#include "corocket/testing/server_environment.h"
#include "corocket/testing/test_server.h"

namespace corocket {

namespace testkit {
class NamesrvService;
}

namespace testing {

/// In which form a server writes its headers.
enum class HeaderForm : std::uint8_t {
  kJson,      ///< Always JSON: the default of real servers from 5.0 on.
  kRocketMq,  ///< Always the binary form: a server that is configured so.
  kMirror,    ///< That of the request: servers 4.9.4 - 4.9.8.
};

inline constexpr std::chrono::milliseconds kMinBrokerExpiry{1};
inline constexpr std::chrono::milliseconds kMaxBrokerExpiry = std::chrono::hours(24);

struct EmbeddedNamesrvOptions {
  /// Where to listen, an IP literal and a port; port 0 takes any free one. In a `SimWorld` a name does, too.
  std::string listen = "127.0.0.1:0";
  HeaderForm answers = HeaderForm::kJson;
  /// A broker that registered is forgotten when it has not done so again for this long; a broker may ask for another
  /// limit. Default 120 s, as real servers have it; range [kMinBrokerExpiry, kMaxBrokerExpiry].
  std::chrono::milliseconds broker_expiry = std::chrono::seconds(120);
  /// Open at a time; one more connection is reset as soon as it is accepted. Default 4096; at least 1.
  std::size_t max_connections = 4096;
};

/// A little NameServer inside the process: real sockets or simulated ones, real protocol, faults at run time.
///
///     asio::io_context io;
///     auto ns = corocket::testing::EmbeddedNamesrv::Create(io.get_executor());
///     if (!ns.ok()) return ns.status();
///     ns->AddTopic("orders", "broker-a", 8);
///     auto client = corocket::Client::Create(io.get_executor(), {.namesrv = {ns->address()}});
///     ...                                     // co_await client->QueryRoute("orders") finds 8 queues
///     ns->Stop();                             // the client sees a dead process
///
/// Answers route queries (105), cluster info (106), the topic list (206), settings (100, 101, 102) and registration of
/// brokers (103, 104) as a NameServer 5.5.0 does, every other request with "not supported" (3), one-way requests not at
/// all. Brokers and topics come from the members below or from brokers that register. A broker that registered is
/// forgotten when its connection ends, when its time is over, and when it unregisters.
/// States, thread safety, faults and counters: see `TestServer`.
class EmbeddedNamesrv final : public TestServer {
 public:
  /// Listens on TCP. The server runs on `executor` (an `io_context`'s, or a thread pool's), whose context outlives it.
  /// Errors: INVALID_ARGUMENT naming the option, or quoting the bad address; UNAVAILABLE: the address is taken.
  [[nodiscard]] static absl::StatusOr<EmbeddedNamesrv> Create(asio::any_io_executor executor,
                                                              EmbeddedNamesrvOptions options = {});
  /// The same in an environment of the caller's, such as virtual time. Errors: as above.
  [[nodiscard]] static absl::StatusOr<EmbeddedNamesrv> Create(ServerEnvironment environment,
                                                              EmbeddedNamesrvOptions options = {});

  /// A broker that stays until it is removed; replaces one of that name. Processes that register under its name later
  /// are on top of it, and leave it as it was.
  void AddBroker(BrokerGroup broker);
  /// The same with one address, its master's, as `host:port`.
  void AddBroker(const std::string& name, const std::string& master, const std::string& cluster = "DefaultCluster");
  /// Forgets a broker and its queues.
  void RemoveBroker(const std::string& name);

  /// `queues` queues to read and write. A broker that is not there yet is added, in cluster `DefaultCluster` and with a
  /// master at 127.0.0.1:10911.
  void AddTopic(const std::string& topic, const std::string& broker, std::int32_t queues = 8);
  /// The same with everything that can be said about the queues. A name of its own: beside it `{...}` would be
  /// ambiguous.
  void AddQueues(const std::string& topic, QueueGroup queues);
  void RemoveTopic(const std::string& topic);
  /// Topics that have a broker, sorted.
  [[nodiscard]] std::vector<std::string> topics() const;

  /// Forgets brokers, topics and settings, as a server that was started afresh: every topic is unknown.
  void Clear();
  /// true: route queries get "name server not ready" (code 1), as from a server that waits for its brokers.
  void SetNotReady(bool not_ready);

 private:
  EmbeddedNamesrv(std::shared_ptr<testkit::ServerCore> core, std::shared_ptr<testkit::NamesrvService> service);
  std::shared_ptr<testkit::NamesrvService> service_;
};

}  // namespace testing
}  // namespace corocket

#endif  // COROCKET_TESTING_EMBEDDED_NAMESRV_H_
