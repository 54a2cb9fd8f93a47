#include "sdk/failover/channel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/error.hpp"
#include "asio/post.hpp"
#include "asio/this_coro.hpp"

namespace corocket::failover {
namespace {

constexpr std::chrono::hours kLongWait{1};

/// Counts a waiting caller for as long as it waits, however it stops waiting.
class DemandGuard {
 public:
  DemandGuard(FailoverCore& core, Runtime& runtime) : core_(core), runtime_(runtime) {}
  ~DemandGuard() { core_.DropDemand(runtime_.Now()); }
  DemandGuard(const DemandGuard&) = delete;
  DemandGuard& operator=(const DemandGuard&) = delete;

 private:
  FailoverCore& core_;
  Runtime& runtime_;
};

CallEnd EndOf(const RemotingError& error) {
  if (error.code() == RemotingErrc::kCancelled) return CallEnd::kCancelled;
  if (error.code() == RemotingErrc::kShutDown) return CallEnd::kShutDown;
  if (error.code() == RemotingErrc::kQueueFull) return CallEnd::kOverloaded;
  if (error.code() == RemotingErrc::kTooLarge) return CallEnd::kTooLarge;
  return CallEnd::kUnavailable;
}

}  // namespace

SwitchReason ReasonOf(const std::error_code& code) {
  if (code == RemotingErrc::kPeerClosed || code == asio::error::eof) return SwitchReason::kPeerClosed;
  if (code == RemotingErrc::kSilence) return SwitchReason::kSilence;
  if (code == RemotingErrc::kAttemptTimeout) return SwitchReason::kCallTimeouts;
  if (code == RemotingErrc::kMalformedFrame || code == RemotingErrc::kWrongProtocol)
    return SwitchReason::kProtocolError;
  if (code == RemotingErrc::kNotReady) return SwitchReason::kNotReady;
  if (code == RemotingErrc::kShutDown) return SwitchReason::kShutdown;
  return SwitchReason::kBroken;
}

std::shared_ptr<FailoverChannel> FailoverChannel::Start(ChannelConfig config) {
  std::shared_ptr<FailoverChannel> channel(new FailoverChannel(config));
  Dialler::Config dialler{.runtime = channel->runtime_,
                          .connector = config.connector,
                          .strand = channel->strand_,
                          .connection = {.silence_limit = config.options.silence_limit},
                          .probe = std::move(config.probe),
                          .on_started = {},
                          .on_silent = {},
                          .on_ended = {}};
  // Weak: a connection must not keep the channel that owns it alive.
  dialler.on_started = [weak = channel->weak_from_this()](const std::shared_ptr<net::Connection>& connection) {
    if (const auto self = weak.lock()) self->connections_.Add(connection);
  };
  dialler.on_silent = [weak = channel->weak_from_this()](net::ConnectionId id) {
    if (const auto self = weak.lock()) self->ClearIfCurrent(id, RemotingErrc::kSilence, {});
  };
  dialler.on_ended = [weak = channel->weak_from_this()](net::ConnectionId id, std::error_code cause,
                                                        const std::string& detail) {
    if (const auto self = weak.lock()) self->OnConnectionEnded(id, cause, detail);
  };
  channel->dialler_ = std::make_shared<Dialler>(std::move(dialler));
  channel->second_opinion_.emplace(channel->runtime_, channel->strand_, config.options, channel->core_, channel->tasks_,
                                   channel->dialler_, channel);
  for (std::shared_ptr<Observer>& observer : config.observers) channel->hub_.AddObserver(std::move(observer));
  return channel;
}

FailoverChannel::FailoverChannel(const ChannelConfig& config)
    : runtime_(config.runtime),
      options_(config.options),
      strand_(asio::make_strand(config.runtime->executor())),
      hub_(config.runtime->executor()),
      core_(config.options, config.endpoints, config.runtime->Random(), config.runtime->Now(),
            [this](EndpointEvent event) { hub_.Emit(std::move(event)); }),
      waiting_(config.runtime, strand_),
      pausing_(config.runtime, strand_),
      tasks_(strand_),
      timer_(config.runtime->NewTimer(strand_)) {}

FailoverChannel::~FailoverChannel() = default;

asio::awaitable<void> FailoverChannel::Execute(const wire::Frame& request, Judge judge, AttemptLog& log,
                                               Answer& answer) {
  const std::shared_ptr<FailoverChannel> self = shared_from_this();
  Want want{.wait_for_ready = log.wait_for_ready(), .deadline = log.deadline()};
  if (!want.wait_for_ready) want.failed_passes = core_.failed_passes();
  TimePoint now = runtime_->Now();
  for (; log.MayTry(now); now = runtime_->Now()) {
    std::optional<Lease> lease = core_.Current();
    if (!lease) {
      lease = co_await Acquire(want, log);
      now = runtime_->Now();
    }
    if (log.TriedThisLap(lease->choice.endpoint)) {
      co_await PauseBeforeNextLap(log);
      continue;  // The choice may have moved meanwhile.
    }
    if (!log.MayTry(now)) break;
    log.RecordStart(lease->choice.endpoint, now);
    answer.reply = request;
    net::Exchange exchange{
        .frame = &answer.reply,
        .options = {.deadline = log.AttemptDeadline(now), .idempotent = log.idempotent()},
    };
    bool failed = false;
    try {
      auto ended = lease->connection->Run(exchange);
      co_await std::move(ended);
      exchange.ThrowIfFailed();
    } catch (const RemotingError& error) {  // C++ allows no co_await in a handler: what follows stays synchronous.
      failed = true;
      HandleFailure(*lease, error, log);
    }
    if (failed) continue;
    answer.endpoint = lease->connection->endpoint();
    Verdict verdict = judge(answer.reply);
    // An answer that is unbelieved shows as well that the server works; whether it is right is another question.
    if (verdict.kind != Verdict::Kind::kBlameEndpoint && core_.WantsConfirmation()) {
      core_.Confirm(lease->choice, runtime_->Now());
    }
    if (verdict.kind == Verdict::Kind::kAnswer || verdict.kind == Verdict::Kind::kRefusal) co_return;
    const bool settled = co_await Settle(*lease, verdict, request, judge, log, answer);
    if (settled) co_return;
  }
  throw log.Final(CallEnd::kDeadline, core_.FailuresSince(log.started(), now), now);
}

asio::awaitable<Lease> FailoverChannel::Acquire(const Want& want, const AttemptLog& log) {
  for (;;) {
    // The ticket comes before the question: a change after the answer wakes us at once.
    const ParkingLot::Ticket ticket = waiting_.Prepare();
    TimePoint now = runtime_->Now();
    Demanded demanded = core_.Demand(want, now);
    Kick();
    if (Lease* lease = std::get_if<Lease>(&demanded)) co_return std::move(*lease);
    if (FailFast* fail = std::get_if<FailFast>(&demanded)) {
      throw log.Final(CallEnd::kUnavailable, std::move(fail->report), now);
    }
    if (std::holds_alternative<Refused>(demanded)) throw Failed(CallEnd::kShutDown, log);
    const DemandGuard demand(core_, *runtime_);
    WakeReason reason = WakeReason::kWoken;
    try {
      reason = co_await waiting_.Wait(ticket, log.deadline());
    } catch (const std::system_error&) {
      throw Failed(CallEnd::kCancelled, log);
    }
    now = runtime_->Now();
    if (reason == WakeReason::kDeadline) {
      throw log.Final(CallEnd::kDeadline, core_.FailuresSince(log.started(), now), now);
    }
  }
}

asio::awaitable<void> FailoverChannel::PauseBeforeNextLap(AttemptLog& log) {
  const ParkingLot::Ticket ticket = pausing_.Prepare();
  const TimePoint until = std::min(log.deadline(), runtime_->Now() + log.NextLap(runtime_->Random()));
  try {
    const WakeReason reason = co_await pausing_.Wait(ticket, until);
    static_cast<void>(reason);
  } catch (const std::system_error&) {
    throw Failed(CallEnd::kCancelled, log);
  }
}

CallFailed FailoverChannel::Failed(CallEnd end, const AttemptLog& log) const {
  return log.Final(end, {.list_version = core_.list_version()}, runtime_->Now());
}

void FailoverChannel::HandleFailure(const Lease& lease, const RemotingError& error, AttemptLog& log) {
  const TimePoint now = runtime_->Now();
  log.RecordFailure(error, now);
  Blame(lease, error, log.attempt_started());
  if (!log.MayRetry(error)) throw Failed(EndOf(error), log);
}

void FailoverChannel::Blame(const Lease& lease, const RemotingError& error, TimePoint started) {
  const std::error_code& code = error.code();
  if (IsOurOwn(code)) return;
  if (code == RemotingErrc::kRetired) {
    // The choice moved before its connection was retired. Were it still the choice, callers would go round in circles.
    const std::optional<Lease> current = core_.Current();
    if (current && current->choice == lease.choice) Clear(lease, SwitchReason::kBroken, code, {});
    return;
  }
  if (code == RemotingErrc::kAttemptTimeout) {
    // The patience of one caller says nothing of the server: who waited for less than it may be silent does not count.
    // Where no byte came meanwhile, silence decides.
    const TimePoint now = runtime_->Now();
    if (now - started < options_.silence_limit || lease.connection->stats().last_byte_at < started) return;
    if (core_.CallTimedOut(lease.choice, started, now) == Strike::kInvalidated) Retire(lease.connection);
    Kick();
    return;
  }
  Clear(lease, ReasonOf(code), code, error.detail());
}

void FailoverChannel::Clear(const Lease& lease, SwitchReason reason, std::error_code cause, std::string detail) {
  if (core_.Invalidate(lease.choice, reason, cause, runtime_->Now(), std::move(detail))) Retire(lease.connection);
  Kick();
}

void FailoverChannel::Retire(const std::shared_ptr<net::Connection>& connection) {
  const ConnectionSet::Marked marked = connections_.MarkDraining(connection->id());
  if (marked.started) {
    EndpointEvent event;
    event.kind = EventKind::kDrainStarted;
    event.endpoint = connection->endpoint();
    event.count = connection->stats().outstanding;
    core_.Note(std::move(event), runtime_->Now());
  }
  connection->Retire(runtime_->Now() + options_.drain_timeout);
  if (marked.surplus) marked.surplus->Abort(RemotingErrc::kRetired);
}

asio::awaitable<bool> FailoverChannel::Settle(const Lease& lease, Verdict& verdict, const wire::Frame& request,
                                              Judge judge, AttemptLog& log, Answer& answer) {
  if (verdict.kind != Verdict::Kind::kUnbelieved) {
    log.RecordBlame(lease.connection->endpoint(), verdict.cause, verdict.detail, runtime_->Now());
    if (verdict.kind == Verdict::Kind::kBlameEndpoint) {
      Clear(lease, verdict.reason, verdict.cause, std::move(verdict.detail));
    }
    if (verdict.kind == Verdict::Kind::kBusy) co_await PauseBeforeNextLap(log);
    co_return false;
  }
  if (core_.EndpointCount() < 2) co_return true;
  SecondOpinion::Opinion opinion;
  try {
    opinion = co_await second_opinion_->Ask(lease.choice.endpoint, request, judge, log.deadline());
  } catch (const RemotingError& error) {
    throw Failed(EndOf(error), log);
  } catch (const std::system_error&) {
    throw Failed(CallEnd::kCancelled, log);
  }
  switch (opinion.kind) {
    case SecondOpinion::Opinion::Kind::kAgrees:
      break;
    case SecondOpinion::Opinion::Kind::kNone:
      answer.unconfirmed = true;
      NoteUnconfirmed(answer.endpoint, std::move(verdict.detail));
      break;
    case SecondOpinion::Opinion::Kind::kBetter:
      answer.reply = std::move(opinion.reply);
      answer.endpoint = opinion.side.connection->endpoint();
      if (!opinion.from_choice) MoveTo(opinion.side, lease);
      break;
  }
  co_return true;
}

void FailoverChannel::NoteUnconfirmed(const std::string& endpoint, std::string remark) {
  EndpointEvent event;
  event.kind = EventKind::kNegativeUnconfirmed;
  event.endpoint = endpoint;
  event.detail = std::move(remark);
  core_.Note(std::move(event), runtime_->Now());
}

void FailoverChannel::MoveTo(const SecondOpinion::Side& side, const Lease& from) {
  // Taken first: from here on nobody but the channel retires it.
  if (!second_opinion_->Take(side.connection->id())) return;
  const bool adopted = core_.Adopt(from.choice, side.endpoint, side.connection->id(), side.connection, runtime_->Now());
  Retire(adopted ? from.connection : side.connection);
  Kick();
}

absl::Status FailoverChannel::UpdateEndpoints(std::vector<HostPort> endpoints) {
  absl::StatusOr<Applied> applied = core_.Apply(std::move(endpoints), runtime_->Now());
  if (!applied.ok()) return applied.status();
  // Before we return: the connection of a removed endpoint takes no further request.
  if (applied->retired) Retire(applied->retired);
  if (applied->changed) second_opinion_->DropUnlisted();
  Kick();
  return absl::OkStatus();
}

void FailoverChannel::RejectEndpoints(std::string why) { core_.RejectList(std::move(why), runtime_->Now()); }

EventStream FailoverChannel::Watch() { return hub_.Subscribe(); }

ChannelSnapshot FailoverChannel::Snapshot() const {
  ChannelSnapshot snapshot = core_.Snapshot(runtime_->Now());
  for (std::string& endpoint : connections_.Draining()) {
    ++snapshot.draining;
    const auto listed = std::find_if(snapshot.endpoints.begin(), snapshot.endpoints.end(),
                                     [&](const EndpointSnapshot& one) { return one.endpoint == endpoint; });
    EndpointSnapshot& one = listed != snapshot.endpoints.end() ? *listed : snapshot.endpoints.emplace_back();
    if (one.endpoint.empty()) {
      one.endpoint = std::move(endpoint);
      one.listed = false;
    }
    one.draining = true;
  }
  return snapshot;
}

void FailoverChannel::Kick() {
  if (!core_.HasActions() || actions_posted_.exchange(true)) return;
  try {
    asio::post(strand_, [self = shared_from_this()] {
      // Not a plain store: what was decided before it has to be seen after it.
      self->actions_posted_.exchange(false);
      self->RunActions();
    });
  } catch (...) {
    actions_posted_.store(false);  // Else nothing would ever run again.
    throw;
  }
}

void FailoverChannel::RunActions() {
  while (core_.HasActions()) {
    for (Action& action : core_.TakeActions()) {
      std::visit([this](auto& one) { Perform(one); }, action);
    }
  }
}

void FailoverChannel::Perform(DialAction& action) {
  const AttemptId attempt = action.attempt;
  dials_[attempt] = tasks_.Spawn(Dial(std::move(action)));
}

void FailoverChannel::Perform(AbortDialAction& action) {
  const auto found = dials_.find(action.attempt);
  if (found == dials_.end()) return;
  tasks_.Cancel(found->second);
  dials_.erase(found);  // One that has not begun never comes to its own end.
}

void FailoverChannel::Perform(ArmTimerAction& action) {
  if (!action.at) {
    timer_->Disarm();
    return;
  }
  timer_->Arm(*action.at, [weak = weak_from_this(), token = action.token] {
    const auto self = weak.lock();
    if (!self) return;
    self->core_.OnTimer(token, self->runtime_->Now());
    self->RunActions();
  });
}

void FailoverChannel::Perform(WakeWaitersAction&) { waiting_.WakeAll(); }

asio::awaitable<void> FailoverChannel::Dial(DialAction action) {
  const std::shared_ptr<FailoverChannel> self = shared_from_this();
  std::shared_ptr<net::Connection> connection;
  std::exception_ptr error;
  try {
    if (!action.address) {
      std::vector<HostPort> found = co_await dialler_->Resolve(action.authority, action.deadline);
      action.address = found.front();
      core_.DialResolved(action.attempt, std::move(found), runtime_->Now());
      RunActions();
    }
    connection = co_await dialler_->Open(action.authority, *action.address, action.deadline);
  } catch (...) {  // Whatever it is: callers wait for the result of this dial.
    error = std::current_exception();
  }
  if (error) {
    core_.DialFailed(action.attempt, DialFailureOf(error), runtime_->Now());
  } else if (!core_.Commit(action.attempt, connection->id(), connection, runtime_->Now())) {
    Discard(action.endpoint, *connection);
  }
  dials_.erase(action.attempt);
  RunActions();
}

void FailoverChannel::Discard(EndpointId endpoint, net::Connection& connection) {
  connection.Abort(RemotingErrc::kRetired);
  if (core_.Holds(endpoint)) return;  // It lost the race; that has been told.
  EndpointEvent event;
  event.kind = EventKind::kCandidateDiscarded;
  event.endpoint = connection.endpoint();
  core_.Note(std::move(event), runtime_->Now());
}

void FailoverChannel::ClearIfCurrent(net::ConnectionId id, std::error_code cause, const std::string& detail) {
  const std::optional<Lease> current = core_.Current();
  if (current && current->choice.connection == id) Clear(*current, ReasonOf(cause), cause, detail);
}

void FailoverChannel::OnConnectionEnded(net::ConnectionId id, std::error_code cause, const std::string& detail) {
  ClearIfCurrent(id, cause, detail);
  const std::optional<std::string> drained = connections_.Remove(id);
  if (!drained) return;
  EndpointEvent event;
  event.kind = EventKind::kDrainFinished;
  event.endpoint = *drained;
  core_.Note(std::move(event), runtime_->Now());
}

asio::awaitable<void> FailoverChannel::Shutdown(std::chrono::milliseconds drain) {
  struct End {
    ParkingLot lot;
    std::atomic<bool> reached{false};
    std::exception_ptr error;
  };
  const std::shared_ptr<FailoverChannel> self = shared_from_this();
  const std::shared_ptr<End> end(new End{.lot = {runtime_, strand_}, .error = {}});
  // On its own, out of reach of the caller's cancellation: half a shutdown would leave watchers waiting for ever.
  asio::co_spawn(strand_, ShutdownOnStrand(drain), [self, end](const std::exception_ptr& error) {
    end->error = error;
    end->reached.store(true, std::memory_order_release);
    end->lot.Close();
  });
  while (!end->reached.load(std::memory_order_acquire)) {
    // With a limit, so that an execution context that ends takes this wait with it.
    const WakeReason reason = co_await end->lot.Wait(end->lot.Prepare(), runtime_->Now() + kLongWait);
    static_cast<void>(reason);
  }
  if (end->error) std::rethrow_exception(end->error);
}

asio::awaitable<void> FailoverChannel::ShutdownOnStrand(std::chrono::milliseconds drain) {
  static_cast<void>(core_.Close(runtime_->Now()));
  RunActions();
  timer_->Disarm();
  waiting_.Close();
  pausing_.Close();
  second_opinion_->Close();
  second_opinion_->Disarm();
  const TimePoint until = runtime_->Now() + drain;
  for (const auto& connection : connections_.All()) connection->Retire(until);
  tasks_.CancelAll();
  std::exception_ptr escaped;
  try {
    co_await tasks_.Join();
  } catch (...) {  // First everything is closed.
    escaped = std::current_exception();
  }
  for (const auto& connection : connections_.All()) {
    connection->Retire(until);  // A dial may have ended, and added its connection, while we joined the tasks.
    co_await connection->Join();
  }
  EndpointEvent closed;
  closed.kind = EventKind::kClosed;
  closed.at = runtime_->Now();
  closed.generation = core_.generation();
  closed.list_version = core_.list_version();
  hub_.Emit(std::move(closed));
  hub_.Close();
  co_await hub_.Join();
  if (escaped) std::rethrow_exception(escaped);
}

void FailoverChannel::Abandon() {
  static_cast<void>(core_.Close(runtime_->Now()));
  waiting_.Close();
  pausing_.Close();
  second_opinion_->Close();
  for (const auto& connection : connections_.All()) connection->Abort(RemotingErrc::kShutDown);
  tasks_.CancelAll();
  hub_.Abandon();
  // Disarms the timer where it lives; the last reference may go with it.
  asio::post(strand_, [self = shared_from_this()] {
    self->RunActions();
    self->timer_->Disarm();
    self->second_opinion_->Disarm();
  });
}

}  // namespace corocket::failover
