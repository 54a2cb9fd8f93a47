#ifndef COROCKET_SDK_FAILOVER_STATE_H_
#define COROCKET_SDK_FAILOVER_STATE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "corocket/endpoint_event.h"
#include "corocket/options.h"
#include "corocket/snapshot.h"
#include "sdk/failover/types.h"

namespace corocket::failover {

/// The state machine behind `FailoverCore`: the same operations, described there, without lock or thread. Copyable, so
/// that a test can explore every order of events.
///
/// A pass is one try of every endpoint. It stays open until a choice of it has given a real answer; a choice that dies
/// before that is one more failed candidate. A pass in which all failed is followed by a pause.
/// Thread safety: none.
class FailoverState {
 public:
  using Emit = std::function<void(EndpointEvent)>;

  FailoverState(FailoverOptions options, std::vector<HostPort> list, std::uint64_t seed, TimePoint now, Emit emit);

  [[nodiscard]] const std::optional<Lease>& Current() const { return current_; }
  [[nodiscard]] Demanded Demand(const Want& want, TimePoint now);
  void DropDemand(TimePoint now);
  void DialResolved(AttemptId attempt, std::vector<HostPort> addresses, TimePoint now);
  void DialFailed(AttemptId attempt, DialFailure failure, TimePoint now);
  [[nodiscard]] bool Commit(AttemptId attempt, ConnectionId id, std::shared_ptr<net::Connection> connection,
                            TimePoint now);
  bool Invalidate(const Choice& failed, SwitchReason reason, std::error_code cause, TimePoint now,
                  std::string detail = {});
  Strike CallTimedOut(const Choice& choice, TimePoint started, TimePoint now);
  void Confirm(const Choice& choice, TimePoint now);
  [[nodiscard]] bool WantsConfirmation() const { return current_ && (!confirmed_ || suspect_); }
  [[nodiscard]] bool Adopt(const Choice& instead_of, EndpointId endpoint, ConnectionId id,
                           std::shared_ptr<net::Connection> connection, TimePoint now);
  [[nodiscard]] absl::StatusOr<Applied> Apply(std::vector<HostPort> proposal, TimePoint now);
  void SideDialStarted(EndpointId id, TimePoint now);
  void SideDialEnded(EndpointId id, TimePoint started, DialEnd end, const DialFailure& failure, TimePoint now);
  void RejectList(std::string why, TimePoint now);
  void Note(EndpointEvent event, TimePoint now);
  void OnTimer(std::uint64_t token, TimePoint now);
  std::shared_ptr<net::Connection> Close(TimePoint now);
  [[nodiscard]] std::vector<Action> TakeActions() { return std::exchange(actions_, {}); }
  [[nodiscard]] bool HasActions() const { return !actions_.empty(); }
  [[nodiscard]] std::vector<std::pair<EndpointId, HostPort>> Others(EndpointId than) const;
  [[nodiscard]] ListReport FailuresSince(TimePoint since, TimePoint now) const;
  [[nodiscard]] std::size_t EndpointCount() const { return list_.size(); }
  [[nodiscard]] bool Holds(EndpointId id) const { return Find(id) != nullptr; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] std::uint64_t list_version() const { return list_version_; }
  [[nodiscard]] std::uint64_t failed_passes() const { return failed_pass_count_; }
  [[nodiscard]] ChannelSnapshot Snapshot(TimePoint now) const;
  /// Everything that decides what happens next, without absolute numbers and times (but not the age of the choice): two
  /// states with the same text, and choices of the same age, behave alike. For tests that explore states.
  [[nodiscard]] std::string Fingerprint() const;

 private:
  struct Endpoint {
    EndpointId id{};
    HostPort authority;
    std::uint64_t consecutive_failures = 0;
    TimePoint failed_at;
    std::optional<EndpointFailure> last_failure;
  };
  struct Candidate {
    EndpointId endpoint{};
    std::optional<HostPort> address;
  };
  struct Dial {
    AttemptId id{};
    Candidate candidate;
    TimePoint started;
  };

  void Add(std::vector<Endpoint>& to, HostPort authority);
  void Pump(TimePoint now);
  bool PauseIsOver(TimePoint now);
  void BeginPass(TimePoint now);
  void StartDial(TimePoint now);
  TimePoint DialDeadline(TimePoint now) const;
  void FailPass(TimePoint now);
  void AbortDials(TimePoint now, bool keep_as_candidates);
  void Lose(const Dial& dial, TimePoint now);
  /// Whether the end of the choice leaves its pass behind: what comes then is a pass of its own. Else it is one more
  /// failed candidate.
  bool EndsPass(SwitchReason reason, TimePoint now) const;
  void ClearChoice(SwitchReason reason, std::error_code cause, std::string detail, TimePoint now);
  void Publish(Endpoint& endpoint, ConnectionId id, std::shared_ptr<net::Connection> connection,
               std::chrono::microseconds dialled, TimePoint now);
  void RecordFailure(Endpoint& endpoint, EndpointFailure failure, TimePoint now);
  void ArmTimer(std::optional<TimePoint> at);
  bool IsCurrent(const Choice& choice) const;
  Endpoint* Find(EndpointId id);
  const Endpoint* Find(EndpointId id) const;
  std::vector<Dial>::iterator FindDial(AttemptId attempt);
  void Emitted(EndpointEvent event, TimePoint now);
  EndpointEvent Event(EventKind kind, const Endpoint* endpoint) const;
  std::uint64_t Random();
  template <typename T>
  void Shuffle(std::vector<T>& items);

  FailoverOptions options_;
  Emit emit_;
  std::uint64_t random_;
  std::vector<Action> actions_;

  std::vector<Endpoint> list_;
  std::uint64_t list_version_ = 1;
  std::uint32_t next_endpoint_ = 1;

  std::optional<Lease> current_;
  std::uint64_t generation_ = 1;
  bool confirmed_ = false;
  bool suspect_ = false;
  TimePoint suspect_since_;
  TimePoint chosen_since_;
  SwitchReason reason_ = SwitchReason::kFirstChoice;
  std::string previous_;
  std::optional<EndpointId> last_lost_;

  std::size_t demand_ = 0;
  TimePoint longest_wait_;  ///< The latest deadline that anybody brought since the first of those who wait came.
  bool pass_open_ = false;
  TimePoint pass_began_;
  unsigned failed_passes_in_a_row_ = 0;
  std::vector<Candidate> queue_;
  std::vector<Dial> dials_;
  std::uint64_t next_attempt_ = 1;
  TimePoint next_start_;
  std::optional<TimePoint> paused_until_;
  /// A pause that servers which are new in the list do not have to wait for; the others still do.
  std::optional<TimePoint> kept_pause_;

  std::optional<TimePoint> down_since_;
  TimePoint down_told_;
  bool closed_ = false;
  std::uint64_t timer_token_ = 0;
  std::optional<TimePoint> timer_at_;

  std::uint64_t switches_ = 0;
  std::uint64_t dial_count_ = 0;
  std::uint64_t stale_ignored_ = 0;
  std::uint64_t stale_told_ = 0;  ///< The last generation whose late failures were told.
  std::uint64_t failed_pass_count_ = 0;
};

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_STATE_H_
