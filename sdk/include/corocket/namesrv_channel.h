#ifndef COROCKET_NAMESRV_CHANNEL_H_
#define COROCKET_NAMESRV_CHANNEL_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/environment.h"
#include "corocket/event_stream.h"
#include "corocket/options.h"
#include "corocket/route.h"
#include "corocket/snapshot.h"

namespace corocket {

/// A channel to a list of NameServers that fails over by itself: whoever only wants discovery needs nothing else.
///
///     auto namesrv = corocket::NamesrvChannel::Create(executor, {.namesrv = {"ns1:9876;ns2:9876;ns3:9876"}});
///     if (!namesrv.ok()) co_return namesrv.status();
///     auto route = co_await namesrv->QueryRoute("orders");
///     ...
///     co_await namesrv->Shutdown();
///
/// Connects on the first call. One server is chosen at random and kept until it fails or leaves the list; then the next
/// one takes over within the same call.
/// Thread safety: Distinct objects: safe. Shared object: all members but move and destruction may be called from any
///   thread. Handle: move-only; the destructor cancels what is running and waits for nothing.
class NamesrvChannel {
 public:
  /// Checks `options` and makes a channel that works on `executor` (an `io_context`'s, or a thread pool's), whose
  /// context outlives it. Errors: INVALID_ARGUMENT naming the option or quoting the bad address; also when there is no
  /// address at all.
  [[nodiscard]] static absl::StatusOr<NamesrvChannel> Create(asio::any_io_executor executor, ClientOptions options);
  /// The same in an environment of the caller's, such as virtual time.
  [[nodiscard]] static absl::StatusOr<NamesrvChannel> Create(Environment environment, ClientOptions options);

  NamesrvChannel(NamesrvChannel&&) noexcept;
  NamesrvChannel& operator=(NamesrvChannel&&) noexcept;
  ~NamesrvChannel();

  /// Asks a NameServer for the route of `topic`, moving to another server when one fails.
  ///
  /// Completes when a server has answered, or when `options.timeout` has passed.
  /// @param topic  1-127 bytes of `%|a-zA-Z0-9_-`.
  /// @return Queues and brokers, each sorted by name; owned by the caller.
  /// Errors: NOT_FOUND: topic unknown, and a second server agrees (permanent); in a list of one its word counts, and
  ///   where the others could not be reached, `DetailsOf(status)->unconfirmed` is set.
  ///   UNAVAILABLE: every endpoint failed (safe to retry; the message lists them). DEADLINE_EXCEEDED: `timeout` passed.
  ///   INVALID_ARGUMENT: bad name or options. FAILED_PRECONDITION: after `Shutdown`. RESOURCE_EXHAUSTED: a bound of
  ///   this client is reached: 65,535 calls or 64 MiB wait on one connection, or memory is out. INTERNAL: a server
  ///   refused with any other code (`DetailsOf(status)->server_code`). CANCELLED.
  /// Cancellation: terminal, partial, total; the connection stays usable.
  /// Thread safety: may be called concurrently from any thread.
  /// Retry: read-only, retried on other endpoints within the timeout.
  /// Events: those of a dial (kAttemptStarted and what follows it) and of a switch (kInvalidated, kChosen);
  ///   kPassFailed, kBackingOff, kAllDown and kRecovered around an outage; kNegativeUnconfirmed with such a NOT_FOUND.
  /// Wire: GET_ROUTEINFO_BY_TOPIC (105).
  /// Sample: samples/01_route_query.cc
  [[nodiscard]] asio::awaitable<absl::StatusOr<TopicRoute>> QueryRoute(std::string topic);
  [[nodiscard]] asio::awaitable<absl::StatusOr<TopicRoute>> QueryRoute(std::string topic, CallOptions options);

  /// Asks for all brokers and clusters that a NameServer knows. Errors, cancellation, threads, retry: as `QueryRoute`,
  /// but never NOT_FOUND. Wire: GET_BROKER_CLUSTER_INFO (106).
  [[nodiscard]] asio::awaitable<absl::StatusOr<ClusterInfo>> QueryClusterInfo();
  [[nodiscard]] asio::awaitable<absl::StatusOr<ClusterInfo>> QueryClusterInfo(CallOptions options);

  /// Puts a new address list in force (forms as in `ClientOptions::namesrv`). When it returns, no request starts any
  /// more on a server that is not in it; requests already written there may still be answered. An equal set changes
  /// nothing. Errors: INVALID_ARGUMENT (the old list stays); FAILED_PRECONDITION after `Shutdown`.
  /// Events: kListApplied, or kListUpdateRejected; kInvalidated when the choice has left the list.
  absl::Status UpdateEndpoints(const std::vector<std::string>& namesrv);

  /// Endpoint events from now on; a stream that nobody reads keeps the newest 1024.
  [[nodiscard]] EventStream Watch();
  /// Who is chosen, why, since when.
  [[nodiscard]] ChannelSnapshot Snapshot() const;

  /// Refuses new calls, fails those that wait for a server, lets written requests finish for at most `drain` (10 min
  /// at the most), then closes everything. When it completes, no coroutine, timer or socket of the channel is left, but
  /// for a system look-up of a name that is still running, which nothing can stop: its thread ends with it. Idempotent.
  /// Errors: CANCELLED; INTERNAL: an executor or connector of the caller's threw. Cancellation: terminal, partial,
  /// total; what has begun goes on without its caller.
  [[nodiscard]] asio::awaitable<absl::Status> Shutdown(std::chrono::milliseconds drain = std::chrono::seconds(3));

 private:
  class Impl;
  explicit NamesrvChannel(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace corocket

#endif  // COROCKET_NAMESRV_CHANNEL_H_
