#ifndef COROCKET_SDK_FAILOVER_CHANNEL_H_
#define COROCKET_SDK_FAILOVER_CHANNEL_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "asio/awaitable.hpp"
#include "asio/strand.hpp"
#include "corocket/event_stream.h"
#include "corocket/observer.h"
#include "corocket/options.h"
#include "corocket/snapshot.h"
#include "sdk/failover/attempt_log.h"
#include "sdk/failover/connection_set.h"
#include "sdk/failover/core.h"
#include "sdk/failover/dialler.h"
#include "sdk/failover/second_opinion.h"
#include "sdk/failover/verdict.h"
#include "sdk/net/transport.h"
#include "sdk/observe/event_hub.h"
#include "sdk/runtime/parking_lot.h"
#include "sdk/runtime/runtime.h"
#include "sdk/runtime/task_group.h"
#include "sdk/wire/frame.h"

namespace corocket::failover {

struct Answer {
  wire::Frame reply;
  std::string endpoint;
  /// The reply was `kUnbelieved` and no second server could be asked.
  bool unconfirmed = false;
};

struct ChannelConfig {
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<net::Connector> connector;
  FailoverOptions options;
  std::vector<HostPort> endpoints;
  /// Request whose answer proves a server alive.
  wire::Frame probe;
  std::vector<std::shared_ptr<Observer>> observers;
};

/// A channel that fails over: one retry loop, one choice, one connect race, over any list of endpoints.
///
///     auto channel = FailoverChannel::Start(config);
///     Answer answer;
///     co_await channel->Execute(request, judge, log, answer);
///
/// Knows nothing of what it carries: what proves life and what an answer means are told by its owner.
/// Thread safety: all members may be called from any thread.
class FailoverChannel : public std::enable_shared_from_this<FailoverChannel> {
 public:
  static std::shared_ptr<FailoverChannel> Start(ChannelConfig config);
  ~FailoverChannel();

  /// Brings `request` to an answer that `judge` accepts, on whichever server gives one; `log` says how it may be tried
  /// and learns what was. All arguments outlive the wait: calls wait by the thousand, so each thing is held once.
  /// Throws CallFailed; std::system_error (operation_aborted) when it is cancelled between two steps; `answer` then
  /// means nothing. Cancellation: terminal, partial, total; the connection stays usable.
  [[nodiscard]] asio::awaitable<void> Execute(const wire::Frame& request, Judge judge, AttemptLog& log, Answer& answer);

  /// Puts a new list in force. After it returns no request starts on an endpoint that is not in it.
  /// Errors: INVALID_ARGUMENT: empty list; FAILED_PRECONDITION: closed.
  absl::Status UpdateEndpoints(std::vector<HostPort> endpoints);

  /// Tells watchers of a proposed list that its owner could not read; the old one stays in force.
  void RejectEndpoints(std::string why);

  [[nodiscard]] EventStream Watch();
  [[nodiscard]] ChannelSnapshot Snapshot() const;
  [[nodiscard]] Runtime& runtime() { return *runtime_; }

  /// Refuses new work, lets written requests finish for at most `drain`, then closes everything and waits for its end.
  /// Idempotent. Cancellation: terminal, partial, total: throws std::system_error (operation_aborted); what has begun
  /// goes on without its caller.
  [[nodiscard]] asio::awaitable<void> Shutdown(std::chrono::milliseconds drain);
  /// Ends everything without waiting; what a destructor can do.
  void Abandon();

 private:
  explicit FailoverChannel(const ChannelConfig& config);

  /// `want` is one for the whole call: an impatient one ends with the first pass that fails after it began.
  asio::awaitable<Lease> Acquire(const Want& want, const AttemptLog& log);
  asio::awaitable<void> PauseBeforeNextLap(AttemptLog& log);
  /// The report of a call that ends now for a reason of its own.
  [[nodiscard]] CallFailed Failed(CallEnd end, const AttemptLog& log) const;
  /// An attempt failed. Throws CallFailed when there may be no other.
  void HandleFailure(const Lease& lease, const RemotingError& error, AttemptLog& log);
  /// Charges the endpoint with what broke an attempt, if it was its doing.
  void Blame(const Lease& lease, const RemotingError& error, TimePoint started);
  void Clear(const Lease& lease, SwitchReason reason, std::error_code cause, std::string detail);
  void Retire(const std::shared_ptr<net::Connection>& connection);
  /// Deals with an answer that does not end the call by itself. True: the call is done after all.
  asio::awaitable<bool> Settle(const Lease& lease, Verdict& verdict, const wire::Frame& request, Judge judge,
                               AttemptLog& log, Answer& answer);
  void NoteUnconfirmed(const std::string& endpoint, std::string remark);
  void MoveTo(const SecondOpinion::Side& side, const Lease& from);

  void Kick();
  void RunActions();
  void Perform(DialAction& action);
  void Perform(AbortDialAction& action);
  void Perform(ArmTimerAction& action);
  void Perform(WakeWaitersAction& action);
  asio::awaitable<void> Dial(DialAction action);
  /// A connection that was proved alive and is not wanted.
  void Discard(EndpointId endpoint, net::Connection& connection);
  /// For connections that fail while nobody waits on them.
  void ClearIfCurrent(net::ConnectionId id, std::error_code cause, const std::string& detail);
  void OnConnectionEnded(net::ConnectionId id, std::error_code cause, const std::string& detail);
  asio::awaitable<void> ShutdownOnStrand(std::chrono::milliseconds drain);

  std::shared_ptr<Runtime> runtime_;
  FailoverOptions options_;
  asio::strand<asio::any_io_executor> strand_;
  EventHub hub_;
  FailoverCore core_;
  ParkingLot waiting_;  ///< Callers that wait for a connection.
  ParkingLot pausing_;  ///< Callers between two laps.
  TaskGroup tasks_;
  ConnectionSet connections_;
  std::shared_ptr<Dialler> dialler_;
  std::optional<SecondOpinion> second_opinion_;
  std::atomic<bool> actions_posted_{false};

  // On the strand only.
  std::unique_ptr<Timer> timer_;
  std::map<AttemptId, TaskId> dials_;
};

/// The reason to give for a connection that failed with `code`.
[[nodiscard]] SwitchReason ReasonOf(const std::error_code& code);

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_CHANNEL_H_
