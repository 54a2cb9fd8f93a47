#include "sdk/failover/second_opinion.h"

#include <algorithm>
#include <system_error>

namespace corocket::failover {

/// Counts one asker; the last one to leave closes the side connection.
class SecondOpinion::Asker {
 public:
  explicit Asker(SecondOpinion& owner) : owner_(owner) {
    absl::MutexLock lock(owner_.mutex_);
    ++owner_.askers_;
  }
  ~Asker() {
    std::optional<Side> idle;
    {
      absl::MutexLock lock(owner_.mutex_);
      if (--owner_.askers_ == 0) idle = std::exchange(owner_.side_, std::nullopt);
    }
    if (idle) idle->connection->Retire(owner_.runtime_->Now());
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

namespace {

/// No listed endpoint has this id: asking for all "other" ones gives the whole list.
constexpr EndpointId kNoEndpoint{0xFFFFFFFF};

}  // namespace

SecondOpinion::SecondOpinion(std::shared_ptr<Runtime> runtime, asio::any_io_executor strand,
                             const FailoverOptions& options, FailoverCore& core, TaskGroup& tasks,
                             std::shared_ptr<Dialler> dialler, std::weak_ptr<void> owner)
    : runtime_(std::move(runtime)),
      options_(options),
      core_(core),
      tasks_(tasks),
      dialler_(std::move(dialler)),
      owner_(std::move(owner)),
      changed_(runtime_, strand) {}

asio::awaitable<std::optional<SecondOpinion::Opinion>> SecondOpinion::Ask(EndpointId asked, wire::Frame request,
                                                                          TimePoint deadline) {
  const TimePoint limit = std::min(deadline, runtime_->Now() + options_.dial_timeout);
  std::shared_ptr<Asker> asker = std::make_shared<Asker>(*this);
  std::vector<net::ConnectionId> failed;
  std::uint64_t waited_round = 0;
  while (runtime_->Now() < limit) {
    const ParkingLot::Ticket ticket = changed_.Prepare();
    Side side;
    bool from_choice = false;
    const std::optional<Lease> current = core_.Current();
    if (current && current->choice.endpoint != asked &&
        std::find(failed.begin(), failed.end(), current->choice.connection) == failed.end()) {
      side = {current->choice.endpoint, current->connection};
      from_choice = true;
    } else {
      Step step = NextStep(asked, failed, waited_round);
      if (step.hopeless) co_return std::nullopt;
      if (!step.side) {
        const WakeReason reason = co_await changed_.Wait(ticket, limit);
        static_cast<void>(reason);
        continue;
      }
      side = std::move(*step.side);
    }
    try {
      net::SendOptions options{.deadline = limit, .idempotent = true};
      wire::Frame reply = co_await side.connection->Send(request, options);
      co_return Opinion{
          .reply = std::move(reply), .side = std::move(side), .from_choice = from_choice, .hold = std::move(asker)};
    } catch (const RemotingError& error) {
      if (error.code() == RemotingErrc::kCancelled) throw;
    }
    failed.push_back(side.connection->id());
    Discard(side.connection->id());
  }
  co_return std::nullopt;
}

SecondOpinion::Step SecondOpinion::NextStep(EndpointId asked, const std::vector<net::ConnectionId>& failed,
                                            std::uint64_t& waited_round) {
  std::shared_ptr<Round> round;
  std::shared_ptr<net::Connection> useless;
  {
    absl::MutexLock lock(mutex_);
    if (closed_) return {.side = std::nullopt, .hopeless = true};
    if (side_) {
      const bool usable = side_->endpoint != asked && Listed(side_->endpoint) &&
                          std::find(failed.begin(), failed.end(), side_->connection->id()) == failed.end();
      if (usable) return {.side = side_, .hopeless = false};
      useless = std::move(side_->connection);
      side_.reset();
    }
    if (!dialling_) {
      // A round that this caller waited for has brought nothing: the others cannot be reached.
      if (waited_round == round_ && waited_round != 0) return {.side = std::nullopt, .hopeless = true};
      round = std::make_shared<Round>();
      round->candidates = core_.Others(asked);
      if (round->candidates.empty()) return {.side = std::nullopt, .hopeless = true};
      round->deadline = runtime_->Now() + options_.dial_timeout;
      dialling_ = true;
      ++round_;
    }
    waited_round = round_;
  }
  if (useless) useless->Retire(runtime_->Now());
  if (round) tasks_.Spawn(RunRound(std::move(round), owner_.lock()));
  return {};
}

asio::awaitable<void> SecondOpinion::RunRound(std::shared_ptr<Round> round, std::shared_ptr<void> alive) {
  for (std::size_t i = 0; i < round->candidates.size() && !round->won; ++i) {
    ++round->running;
    round->tasks.push_back(
        tasks_.Spawn(TryCandidate(round, alive, round->candidates[i].first, round->candidates[i].second)));
    // The next one starts after the delay, or at once when none is running any more.
    const TimePoint next = std::min(round->deadline, runtime_->Now() + options_.attempt_delay);
    while (!round->won && round->running > 0 && runtime_->Now() < next) {
      const ParkingLot::Ticket ticket = changed_.Prepare();
      const WakeReason reason = co_await changed_.Wait(ticket, next);
      static_cast<void>(reason);
    }
  }
  while (!round->won && round->running > 0 && runtime_->Now() < round->deadline) {
    const ParkingLot::Ticket ticket = changed_.Prepare();
    const WakeReason reason = co_await changed_.Wait(ticket, round->deadline);
    static_cast<void>(reason);
  }
  EndRound(*round);
}

asio::awaitable<void> SecondOpinion::TryCandidate(std::shared_ptr<Round> round,
                                                  [[maybe_unused]] std::shared_ptr<void> alive, EndpointId endpoint,
                                                  HostPort authority) {
  std::shared_ptr<net::Connection> opened;
  try {
    const std::vector<HostPort> addresses = co_await dialler_->Resolve(authority, round->deadline);
    opened = co_await dialler_->OpenAny(authority, addresses, round->deadline);
  } catch (const std::system_error&) {
    // One candidate less; the asker learns that none could be reached from the end of the round.
  }
  if (opened && (round->won || round->over)) {
    opened->Abort(RemotingErrc::kRetired);
  } else if (opened) {
    round->won = Side{.endpoint = endpoint, .connection = std::move(opened)};
  }
  --round->running;
  changed_.WakeAll();
}

void SecondOpinion::EndRound(Round& round) {
  round.over = true;
  for (const TaskId task : round.tasks) tasks_.Cancel(task);
  std::shared_ptr<net::Connection> unwanted;
  {
    absl::MutexLock lock(mutex_);
    dialling_ = false;
    if (round.won && (closed_ || askers_ == 0 || !Listed(round.won->endpoint))) {
      unwanted = std::move(round.won->connection);
    } else if (round.won) {
      side_ = std::move(round.won);
    }
  }
  if (unwanted) unwanted->Abort(RemotingErrc::kRetired);
  changed_.WakeAll();
}

bool SecondOpinion::Listed(EndpointId endpoint) const {
  for (const auto& [listed, authority] : core_.Others(kNoEndpoint)) {
    if (listed == endpoint) return true;
  }
  return false;
}

std::optional<SecondOpinion::Side> SecondOpinion::TakeSide(net::ConnectionId id) {
  absl::MutexLock lock(mutex_);
  if (!side_ || side_->connection->id() != id) return std::nullopt;
  return std::exchange(side_, std::nullopt);
}

void SecondOpinion::Release(net::ConnectionId id) { static_cast<void>(TakeSide(id)); }

void SecondOpinion::Discard(net::ConnectionId id) {
  const std::optional<Side> side = TakeSide(id);
  if (side) side->connection->Retire(runtime_->Now() + options_.drain_timeout);
}

void SecondOpinion::DropUnlisted() {
  std::optional<Side> gone;
  {
    absl::MutexLock lock(mutex_);
    if (side_ && !Listed(side_->endpoint)) gone = std::exchange(side_, std::nullopt);
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
