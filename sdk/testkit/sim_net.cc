#include "sdk/testkit/sim_net.h"

#include <utility>

#include "absl/log/absl_check.h"

namespace corocket::testkit {
namespace {

class SimConnector final : public net::Connector {
 public:
  SimConnector(std::shared_ptr<SimCore> core, std::string client)
      : core_(std::move(core)), client_(std::move(client)) {}

  asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) override {
    return SimCore::Resolve(core_, std::move(name));
  }
  asio::awaitable<std::unique_ptr<net::Transport>> Connect(asio::any_io_executor, HostPort address) override {
    return SimCore::Dial(core_, client_, std::move(address));
  }

 private:
  const std::shared_ptr<SimCore> core_;
  const std::string client_;
};

class SimBinder final : public net::Binder {
 public:
  explicit SimBinder(std::shared_ptr<SimCore> core) : core_(std::move(core)) {}

  std::unique_ptr<net::Listener> Listen(asio::any_io_executor, HostPort address) override {
    return core_->Listen(std::move(address));
  }

 private:
  const std::shared_ptr<SimCore> core_;
};

}  // namespace

SimRoute::SimRoute(std::shared_ptr<SimCore> core, SimRouteKey key) : core_(std::move(core)), key_(std::move(key)) {}

void SimRoute::Refuse() {
  core_->Change(key_, [](SimFault& fault) { fault.dial = SimFault::Dial::kRefuse; });
}
void SimRoute::Blackhole() {
  core_->Change(key_, [](SimFault& fault) { fault.dial = SimFault::Dial::kBlackhole; });
}
void SimRoute::HalfOpen() {
  core_->Change(key_, [](SimFault& fault) { fault.half_open = true; });
}
void SimRoute::Pause() {
  core_->Change(key_, [](SimFault& fault) { fault.paused = true; });
}
void SimRoute::Slow(Duration latency) {
  core_->Change(key_, [latency](SimFault& fault) { fault.latency = latency; });
}
void SimRoute::Trickle(Duration gap) {
  core_->Change(key_, [gap](SimFault& fault) { fault.trickle = gap; });
}
void SimRoute::Reset() { core_->Reset(key_); }
void SimRoute::ResetAfter(std::size_t bytes, SimSide to) { core_->CutAfter(key_, to, bytes); }
void SimRoute::Flap(Duration period) {
  ABSL_CHECK_GT(period, Duration::zero()) << "a link flaps in some time";
  core_->Flap(key_, period);
}
void SimRoute::Heal() { core_->Heal(key_); }

SimNet::SimNet(SimRuntime& sim, SimNetOptions options) : core_(std::make_shared<SimCore>(sim.runtime(), options)) {}
SimNet::~SimNet() { core_->Shutdown(); }

std::shared_ptr<net::Connector> SimNet::connector(std::string client) {
  ABSL_CHECK(!client.empty()) << "a simulated connector needs a name";
  return std::make_shared<SimConnector>(core_, std::move(client));
}
std::shared_ptr<net::Binder> SimNet::binder() { return std::make_shared<SimBinder>(core_); }

SimRoute SimNet::At(HostPort address) { return SimRoute(core_, {std::move(address), ""}); }
SimRoute SimNet::Between(std::string client, HostPort address) {
  return SimRoute(core_, {std::move(address), std::move(client)});
}
void SimNet::Kill(const HostPort& address, SimDeath death) { core_->Kill(address, death); }

void SimNet::SetName(const std::string& name, std::vector<std::string> hosts) {
  core_->names().Set(name, std::move(hosts));
}
void SimNet::FailName(const std::string& name, std::error_code error) { core_->names().Fail(name, error); }
void SimNet::SlowName(const std::string& name, Duration delay) { core_->names().Slow(name, delay); }

SimStats SimNet::stats(const HostPort& address) const { return core_->StatsOf(address); }
SimStats SimNet::total() const { return core_->Total(); }
std::uint64_t SimNet::lookups() const { return core_->lookups(); }
void SimNet::OnEvent(std::function<void(std::string_view)> trace) { core_->SetTrace(std::move(trace)); }

}  // namespace corocket::testkit
