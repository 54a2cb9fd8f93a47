#include "sdk/testkit/sim_core.h"

#include <array>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "asio/error.hpp"
#include "sdk/runtime/random.h"
#include "sdk/testkit/sim_transport.h"

namespace corocket::testkit {
namespace {

using std::chrono::seconds;

// When Linux sends an unanswered SYN again, counted from the first, and at last gives up.
constexpr std::array<Duration, 7> kSynAgainAt = {seconds(1),  seconds(3),  seconds(7),  seconds(15),
                                                 seconds(31), seconds(63), seconds(127)};

[[noreturn]] void Throw(asio::error::basic_errors error, const std::string& about) {
  throw std::system_error(asio::error::make_error_code(error), about);
}

}  // namespace

// A socket that is being connected, for the census: also when the dial is cancelled.
class SimCore::Dialling {
 public:
  Dialling(std::shared_ptr<SimCore> core, HostPort address) : core_(std::move(core)), address_(std::move(address)) {
    ++core_->stats_[address_].dials;
    ++core_->stats_[address_].dialling;
  }
  ~Dialling() { --core_->stats_[address_].dialling; }
  Dialling(const Dialling&) = delete;
  Dialling& operator=(const Dialling&) = delete;

 private:
  const std::shared_ptr<SimCore> core_;
  const HostPort address_;
};

SimCore::SimCore(std::shared_ptr<Runtime> runtime, SimNetOptions options)
    : runtime_(std::move(runtime)), options_(options), start_(runtime_->Now()) {}

asio::awaitable<std::vector<HostPort>> SimCore::Resolve(std::shared_ptr<SimCore> core, HostPort name) {
  core->CheckUp();
  if (IsIpLiteral(name.host)) co_return std::vector<HostPort>{name};
  ++core->lookups_;
  co_await SleepUntil(*core->runtime_, core->runtime_->Now() + core->names_.DelayOf(name.host));
  core->CheckUp();
  co_return core->names_.Find(name);
}

asio::awaitable<std::unique_ptr<net::Transport>> SimCore::Dial(std::shared_ptr<SimCore> core, std::string client,
                                                               HostPort address) {
  core->CheckUp();
  if (!IsIpLiteral(address.host)) Throw(asio::error::invalid_argument, address.ToString() + ": not a numeric address");
  const Dialling dialling(core, address);
  core->Tell(client, address, "dial");
  Runtime& runtime = *core->runtime_;
  const TimePoint began = runtime.Now();
  for (const Duration again : kSynAgainAt) {
    const SynAnswer answer = co_await SendSyn(core, client, address);
    switch (answer) {
      case SynAnswer::kAccepted:
        co_return core->Establish(client, address);
      case SynAnswer::kRefused:
        ++core->stats_[address].refused;
        core->Tell(client, address, "refused");
        Throw(asio::error::connection_refused, address.ToString());
      case SynAnswer::kNone:
        break;
    }
    co_await SleepUntil(runtime, began + again);
  }
  Throw(asio::error::timed_out, address.ToString());
}

// The world may change while a packet is under way, so it is looked at again where each one arrives.
asio::awaitable<SimCore::SynAnswer> SimCore::SendSyn(std::shared_ptr<SimCore> core, std::string client,
                                                     HostPort address) {
  if (core->SwallowsDial(client, address)) co_return SynAnswer::kNone;
  Runtime& runtime = *core->runtime_;
  const Duration latency = core->DrawLatency(client, address);
  co_await SleepUntil(runtime, runtime.Now() + latency);
  const SynAnswer answer = core->AnswerSyn(client, address);
  if (answer == SynAnswer::kNone) co_return answer;
  co_await SleepUntil(runtime, runtime.Now() + latency);
  if (answer == SynAnswer::kAccepted) co_return core->AnswerSyn(client, address);
  co_return core->SwallowsDial(client, address) ? SynAnswer::kNone : answer;
}

bool SimCore::SwallowsDial(const std::string& client, const HostPort& address) const {
  return faults_.Effective(client, address).swallows_dials();
}

SimCore::SynAnswer SimCore::AnswerSyn(const std::string& client, const HostPort& address) const {
  const SimFault fault = faults_.Effective(client, address);
  if (fault.swallows_dials()) return SynAnswer::kNone;
  const auto listener = listening_.find(address);
  if (listener == listening_.end() || fault.refuses()) return SynAnswer::kRefused;
  return listener->second->full() ? SynAnswer::kNone : SynAnswer::kAccepted;
}

Duration SimCore::DrawLatency(const std::string& client, const HostPort& address) {
  const SimFault fault = faults_.Effective(client, address);
  return fault.latency.value_or(options_.latency) + UniformBelow(*runtime_, options_.jitter);
}

std::unique_ptr<net::Transport> SimCore::Establish(const std::string& client, const HostPort& address) {
  CheckUp();
  const std::uint64_t id = next_link_++;
  SimLink::Identity identity{
      .id = id, .client = client, .client_port = static_cast<std::uint16_t>(30'000 + id % 30'000), .address = address};
  auto link = std::make_shared<SimLink>(
      runtime_, std::move(identity),
      SimLink::Options{.buffer_bytes = options_.buffer_bytes, .slice_reads = options_.slice_reads}, LinkEvents());
  links_.emplace(id, link);
  SimStats& stats = stats_[address];
  ++stats.connected;
  ++stats.client_sockets;
  ++stats.server_sockets;
  SetCuts(*link, {address, ""});
  SetCuts(*link, {address, client});
  Tell(*link, "connected");
  listening_.at(address)->Add(link);
  return std::make_unique<SimTransport>(std::move(link), SimSide::kClient);
}

// As one route has them; those of another one stand beside them.
void SimCore::SetCuts(SimLink& link, const SimRouteKey& route) const {
  const SimFault* found = faults_.Find(route);
  const SimFault fault = found == nullptr ? SimFault{} : *found;
  link.ResetAfter(SimSide::kClient, route.client, fault.cut_to_client);
  link.ResetAfter(SimSide::kServer, route.client, fault.cut_to_server);
}

SimLink::Events SimCore::LinkEvents() {
  return {.path = [core = shared_from_this()](const SimLink& link, SimSide) { return core->PathOf(link); },
          .on_data =
              [this](const SimLink& link, SimSide to, std::size_t bytes) {
                SimStats& stats = stats_[link.identity().address];
                (to == SimSide::kServer ? stats.bytes_to_server : stats.bytes_to_client) += bytes;
                if (trace_) Tell(link, absl::StrCat(bytes, to == SimSide::kServer ? " B to server" : " B to client"));
              },
          .on_event = [this](const SimLink& link, std::string_view what) { Tell(link, what); },
          .on_cut =
              [this](const SimLink& link) {
                ++stats_[link.identity().address].resets;
                Tell(link, "reset");
              },
          .on_close =
              [this](const SimLink& link, SimSide side) {
                SimStats& stats = stats_[link.identity().address];
                --(side == SimSide::kClient ? stats.client_sockets : stats.server_sockets);
                Tell(link, side == SimSide::kClient ? "client closes" : "server closes");
                Forget(link);
              }};
}

void SimCore::Forget(const SimLink& link) {
  if (link.open(SimSide::kClient) || link.open(SimSide::kServer)) return;
  const auto found = links_.find(link.identity().id);
  if (found != links_.end()) links_.erase(found);
}

SimPath SimCore::PathOf(const SimLink& link) const {
  const SimFault fault = faults_.Effective(link.identity().client, link.identity().address);
  return {.latency = fault.latency.value_or(options_.latency),
          .jitter = options_.jitter,
          .held = fault.holds_packets(),
          .trickle = fault.trickle};
}

std::unique_ptr<net::Listener> SimCore::Listen(HostPort address) {
  CheckUp();
  if (!IsIpLiteral(address.host)) Throw(asio::error::invalid_argument, address.ToString() + ": not a numeric address");
  if (address.port == 0) {
    do {
      address.port = next_port_++;
    } while (listening_.contains(address));
  }
  if (listening_.contains(address)) Throw(asio::error::address_in_use, address.ToString());
  auto backlog = std::make_shared<SimBacklog>(address, options_.backlog, [this](const SimLink& link) {
    return faults_.Effective(link.identity().client, link.identity().address).holds_packets();
  });
  listening_.emplace(address, backlog);
  const auto forget = [weak = weak_from_this(), backlog = backlog.get()] {
    const auto core = weak.lock();
    if (!core) return;
    const auto found = core->listening_.find(backlog->address());
    // Another listener may have taken the address since this one was killed.
    if (found != core->listening_.end() && found->second.get() == backlog) core->listening_.erase(found);
  };
  return std::make_unique<SimListener>(std::move(backlog), forget);
}

std::vector<std::shared_ptr<SimLink>> SimCore::LinksOf(const SimRouteKey& route) const {
  std::vector<std::shared_ptr<SimLink>> links;
  for (const auto& [id, weak] : links_) {
    auto link = weak.lock();
    if (link && route.Covers(link->identity().client, link->identity().address)) links.push_back(std::move(link));
  }
  return links;
}

void SimCore::Refresh(const SimRouteKey& route) {
  for (const auto& link : LinksOf(route)) link->Refresh();
  const auto listener = listening_.find(route.address);
  if (listener != listening_.end()) listener->second->Refresh();
}

void SimCore::Change(const SimRouteKey& route, const std::function<void(SimFault&)>& change) {
  change(faults_.At(route));
  Tell(route.client, route.address, "fault changed");
  Refresh(route);
}

void SimCore::Heal(const SimRouteKey& route) {
  const auto flapper = flappers_.find(route);
  if (flapper != flappers_.end()) flappers_.erase(flapper);
  faults_.Heal(route);
  for (const auto& link : LinksOf(route)) SetCuts(*link, route);
  Tell(route.client, route.address, "healed");
  Refresh(route);
}

void SimCore::Reset(const SimRouteKey& route) {
  for (const auto& link : LinksOf(route)) link->Reset();
}

void SimCore::CutAfter(const SimRouteKey& route, SimSide to, std::size_t bytes) {
  faults_.At(route).cut_to(to) = bytes;
  for (const auto& link : LinksOf(route)) link->ResetAfter(to, route.client, bytes);
}

void SimCore::Flap(const SimRouteKey& route, Duration period) {
  SimFault& fault = faults_.At(route);
  fault.flap = period;
  fault.flapped_down = false;  // so that a route that flaps already goes down first, too
  flappers_[route] = runtime_->NewTimer(runtime_->executor());
  FlapAgain(route);
}

void SimCore::FlapAgain(const SimRouteKey& route) {
  SimFault& fault = faults_.At(route);
  fault.flapped_down = !fault.flapped_down;
  const Duration period = fault.flap.value_or(Duration::zero());
  Tell(route.client, route.address, fault.flapped_down ? "flaps down" : "flaps up");
  if (fault.flapped_down) Reset(route);
  flappers_.at(route)->Arm(runtime_->Now() + period, [this, route] { FlapAgain(route); });
}

void SimCore::Kill(const HostPort& address, SimDeath death) {
  Tell("", address, "killed");
  const auto listener = listening_.find(address);
  if (listener != listening_.end()) {
    const auto backlog = std::move(listener->second);
    listening_.erase(listener);
    backlog->Close(death);
  }
  for (const auto& link : LinksOf({address, ""})) link->Kill(SimSide::kServer, death);
}

SimStats SimCore::StatsOf(const HostPort& address) const {
  const auto found = stats_.find(address);
  return found == stats_.end() ? SimStats{} : found->second;
}

SimStats SimCore::Total() const {
  SimStats total;
  for (const auto& [address, stats] : stats_) total += stats;
  return total;
}

void SimCore::Shutdown() {
  up_ = false;
  trace_ = nullptr;
  flappers_.clear();
  for (const auto& [address, backlog] : std::exchange(listening_, {})) backlog->Drop();
  for (const auto& [id, weak] : std::exchange(links_, {})) {
    if (const auto link = weak.lock()) link->Drop();
  }
}

void SimCore::CheckUp() const {
  if (!up_) Throw(asio::error::network_down, "the simulated network has been destroyed");
}

void SimCore::Tell(const SimLink& link, std::string_view what) const {
  if (!trace_) return;
  const SimLink::Identity& of = link.identity();
  Tell(of.client, of.address, absl::StrCat("#", of.id, " ", what));
}

void SimCore::Tell(const std::string& client, const HostPort& address, std::string_view what) const {
  if (!trace_) return;
  const std::chrono::duration<double, std::milli> elapsed = runtime_->Now() - start_;
  trace_(
      absl::StrFormat("%.6f ms %s -> %s %s", elapsed.count(), client.empty() ? "*" : client, address.ToString(), what));
}

}  // namespace corocket::testkit
