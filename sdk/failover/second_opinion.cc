#include "sdk/failover/second_opinion.h"

#include <algorithm>
#include <exception>
#include <system_error>

#include "asio/post.hpp"
#include "sdk/base/remoting_error.h"

namespace corocket::failover {
namespace {

bool Contains(const std::vector<EndpointId>& ids, EndpointId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

/// Counts one asker; after the last one the side connection lingers, and is closed.
class SecondOpinion::Asker {
 public:
  explicit Asker(SecondOpinion& owner) : owner_(owner) {
    absl::MutexLock lock(owner_.mutex_);
    ++owner_.askers_;
  }
  ~Asker() {
    bool linger = false;
    {
      absl::MutexLock lock(owner_.mutex_);
      owner_.last_asked_ = owner_.runtime_->Now();
      const bool idle = --owner_.askers_ == 0 && owner_.side_ && !owner_.closed_;
      linger = idle && !std::exchange(owner_.lingering_, true);
    }
    if (linger) owner_.LetLinger();
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

 private:
  SecondOpinion& owner_;
};

/// One race of dials; on the strand only.
struct SecondOpinion::Round {
  std::vector<std::pair<EndpointId, HostPort>> candidates;
  TimePoint deadline;
  std::size_t running = 0;
  std::vector<TaskId> tasks;
  std::optional<Side> won;
  bool over = false;
};

SecondOpinion::SecondOpinion(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand,
                             const FailoverOptions& options, FailoverCore& core, TaskGroup& tasks,
                             std::shared_ptr<Dialler> dialler, std::weak_ptr<void> owner)
    : runtime_(std::move(runtime)),
      strand_(std::move(strand)),
      options_(options),
      core_(core),
      tasks_(tasks),
      dialler_(std::move(dialler)),
      owner_(std::move(owner)),
      changed_(runtime_, strand_),
      timer_(runtime_->NewTimer(strand_)) {}

asio::awaitable<SecondOpinion::Opinion> SecondOpinion::Ask(EndpointId asked, const wire::Frame& request, Judge judge,
                                                           TimePoint deadline) {
  const TimePoint limit = std::min(deadline, runtime_->Now() + options_.dial_timeout);
  const Asker asker(*this);
  std::vector<EndpointId> excluded;  // They failed this asker.
  bool met_dead_side = false;
  while (runtime_->Now() < limit) {
    const ParkingLot::Ticket ticket = changed_.Prepare();
    bool hopeless = false;
    std::optional<Whom> whom = NextToAsk(asked, excluded, hopeless);
    if (hopeless) break;
    if (!whom) {
      const WakeReason reason = co_await changed_.Wait(ticket, limit);
      static_cast<void>(reason);
      continue;
    }
    const EndpointId endpoint = whom->side.endpoint;
    std::optional<wire::Frame> reply;
    bool out_of_time = false;
    try {
      net::SendOptions options{.deadline = limit, .idempotent = true};
      reply = co_await whom->side.connection->Send(request, options);
    } catch (const RemotingError& error) {
      if (error.code() == RemotingErrc::kCancelled || error.code() == RemotingErrc::kShutDown) throw;
      out_of_time = error.code() == RemotingErrc::kAttemptTimeout;
      // A side connection that died while it lingered says nothing of its server; once, for fear of going round.
      if (!whom->is_choice && !out_of_time && !error.may_have_been_sent() && !std::exchange(met_dead_side, true)) {
        SetAside(whom->side);
        continue;
      }
    }
    if (reply) {
      switch (judge(*reply).kind) {
        case Verdict::Kind::kUnbelieved:
          co_return Opinion{.kind = Opinion::Kind::kAgrees};
        case Verdict::Kind::kAnswer:
          co_return Opinion{.kind = Opinion::Kind::kBetter,
                            .reply = *std::move(reply),
                            .side = std::move(whom->side),
                            .from_choice = whom->is_choice};
        case Verdict::Kind::kRefusal:
        case Verdict::Kind::kBusy:
        case Verdict::Kind::kBlameEndpoint:
          break;  // No opinion on the matter.
      }
    }
    excluded.push_back(endpoint);
    // This asker's lack of time is no fault of a server that others may be asking.
    if (!whom->is_choice && !out_of_time) Discard(whom->side);
  }
  co_return Opinion{};
}

std::optional<SecondOpinion::Whom> SecondOpinion::NextToAsk(EndpointId asked, const std::vector<EndpointId>& excluded,
                                                            bool& hopeless) {
  const std::optional<Lease> current = core_.Current();
  if (current && current->choice.endpoint != asked && !Contains(excluded, current->choice.endpoint)) {
    return Whom{.side = {current->choice.endpoint, current->connection}, .is_choice = true};
  }
  std::shared_ptr<Round> round;
  std::shared_ptr<net::Connection> useless;
  {
    absl::MutexLock lock(mutex_);
    if (closed_) throw RemotingError(RemotingErrc::kShutDown, Phase::kSelect, {}, false);
    if (side_ && side_->endpoint != asked && !Contains(excluded, side_->endpoint) && core_.Holds(side_->endpoint)) {
      return Whom{.side = *side_};
    }
    if (dialling_) return std::nullopt;
    round = NewRound(asked, excluded);
    hopeless = round == nullptr;
    if (hopeless) return std::nullopt;
    dialling_ = true;
    // It is of no use to this asker; others who are served by it keep it until they are.
    if (side_) useless = std::exchange(side_, std::nullopt)->connection;
  }
  if (useless) useless->Retire(runtime_->Now() + options_.drain_timeout);
  tasks_.Spawn(RunRound(std::move(round), owner_.lock()));
  return std::nullopt;
}

std::shared_ptr<SecondOpinion::Round> SecondOpinion::NewRound(EndpointId asked,
                                                              const std::vector<EndpointId>& excluded) {
  const TimePoint now = runtime_->Now();
  std::erase_if(paused_until_, [now](const auto& paused) { return paused.second <= now; });
  auto round = std::make_shared<Round>();
  for (auto& candidate : core_.Others(asked)) {
    if (Contains(excluded, candidate.first) || paused_until_.contains(candidate.first)) continue;
    round->candidates.push_back(std::move(candidate));
  }
  if (round->candidates.empty()) return nullptr;
  round->deadline = now + options_.dial_timeout;
  return round;
}

asio::awaitable<void> SecondOpinion::RunRound(std::shared_ptr<Round> round, std::shared_ptr<void> alive) {
  std::exception_ptr error;
  try {
    co_await Race(round, alive);
  } catch (...) {
    error = std::current_exception();
  }
  EndRound(*round);  // However it ended, or nobody would ever dial again.
  if (error) std::rethrow_exception(error);
}

asio::awaitable<void> SecondOpinion::Race(std::shared_ptr<Round> round, std::shared_ptr<void> alive) {
  for (std::size_t next = 0; !round->won && Wanted();) {
    const TimePoint now = runtime_->Now();
    if (now >= round->deadline) break;
    TimePoint until = round->deadline;
    if (next < round->candidates.size() && round->running < options_.max_parallel_dials) {
      const auto& [endpoint, authority] = round->candidates[next++];
      ++round->running;
      round->tasks.push_back(tasks_.Spawn(TryCandidate(round, alive, endpoint, authority)));
      until = std::min(until, now + options_.attempt_delay);
    } else if (round->running == 0) {
      break;
    }
    // The next one starts after the delay, or at once when none is running any more.
    while (!round->won && round->running > 0 && Wanted() && runtime_->Now() < until) {
      const ParkingLot::Ticket ticket = changed_.Prepare();
      const WakeReason reason = co_await changed_.Wait(ticket, until);
      static_cast<void>(reason);
    }
  }
}

asio::awaitable<void> SecondOpinion::TryCandidate(std::shared_ptr<Round> round,
                                                  [[maybe_unused]] std::shared_ptr<void> alive, EndpointId endpoint,
                                                  HostPort authority) {
  const TimePoint started = runtime_->Now();
  core_.SideDialStarted(endpoint, started);
  std::shared_ptr<net::Connection> opened;
  std::exception_ptr error;
  try {
    const std::vector<HostPort> addresses = co_await dialler_->Resolve(authority, round->deadline);
    opened = co_await dialler_->OpenAny(authority, addresses, round->deadline);
  } catch (...) {  // One candidate less.
    error = std::current_exception();
  }
  const TimePoint now = runtime_->Now();
  if (round->won || round->over) {
    core_.SideDialEnded(endpoint, started, DialEnd::kLost, {}, now);
    if (opened) opened->Abort(RemotingErrc::kRetired);
  } else if (error) {
    core_.SideDialEnded(endpoint, started, DialEnd::kFailed, DialFailureOf(error), now);
    absl::MutexLock lock(mutex_);
    paused_until_[endpoint] = now + kPause;
  } else {
    core_.SideDialEnded(endpoint, started, DialEnd::kWon, {}, now);
    round->won = Side{.endpoint = endpoint, .connection = std::move(opened)};
  }
  --round->running;
  changed_.WakeAll();
}

void SecondOpinion::EndRound(Round& round) {
  round.over = true;
  for (const TaskId task : round.tasks) tasks_.Cancel(task);
  std::shared_ptr<net::Connection> unwanted;
  bool linger = false;
  {
    absl::MutexLock lock(mutex_);
    dialling_ = false;
    if (round.won && (closed_ || !core_.Holds(round.won->endpoint))) {
      unwanted = std::move(round.won->connection);
    } else if (round.won) {
      side_ = std::move(round.won);
      last_asked_ = runtime_->Now();
      linger = askers_ == 0 && !std::exchange(lingering_, true);
    }
  }
  if (unwanted) unwanted->Abort(RemotingErrc::kRetired);
  if (linger) LetLinger();
  changed_.WakeAll();
}

bool SecondOpinion::Wanted() const {
  absl::MutexLock lock(mutex_);
  return askers_ > 0 && !closed_;
}

void SecondOpinion::LetLinger() {
  // The timer lives on the strand; whoever holds this object keeps it while the order is on its way.
  asio::post(strand_, [this, alive = owner_.lock()] {
    if (alive) OnLingered();
  });
}

void SecondOpinion::OnLingered() {
  const TimePoint now = runtime_->Now();
  std::optional<Side> idle;
  std::optional<TimePoint> again;
  {
    absl::MutexLock lock(mutex_);
    lingering_ = side_.has_value() && askers_ == 0 && !closed_;
    if (!lingering_) return;
    if (now < last_asked_ + kLinger) {
      again = last_asked_ + kLinger;
    } else {
      lingering_ = false;
      idle = std::exchange(side_, std::nullopt);
    }
  }
  if (idle) idle->connection->Retire(now);
  if (!again) return;
  timer_->Arm(*again, [this, owner = owner_] {
    if (const std::shared_ptr<void> alive = owner.lock()) OnLingered();
  });
}

std::optional<SecondOpinion::Side> SecondOpinion::TakeSide(net::ConnectionId id) {
  absl::MutexLock lock(mutex_);
  if (!side_ || side_->connection->id() != id) return std::nullopt;
  return std::exchange(side_, std::nullopt);
}

bool SecondOpinion::Take(net::ConnectionId id) { return TakeSide(id).has_value(); }

void SecondOpinion::Discard(const Side& side) {
  {
    absl::MutexLock lock(mutex_);
    paused_until_[side.endpoint] = runtime_->Now() + kPause;
  }
  SetAside(side);
}

void SecondOpinion::SetAside(const Side& side) {
  if (TakeSide(side.connection->id())) side.connection->Retire(runtime_->Now() + options_.drain_timeout);
}

void SecondOpinion::DropUnlisted() {
  std::optional<Side> gone;
  {
    absl::MutexLock lock(mutex_);
    if (side_ && !core_.Holds(side_->endpoint)) gone = std::exchange(side_, std::nullopt);
  }
  if (gone) gone->connection->Retire(runtime_->Now() + options_.drain_timeout);
}

void SecondOpinion::Close() {
  std::optional<Side> last;
  {
    absl::MutexLock lock(mutex_);
    closed_ = true;
    last = std::exchange(side_, std::nullopt);
  }
  if (last) last->connection->Retire(runtime_->Now());
  changed_.Close();
}

}  // namespace corocket::failover
