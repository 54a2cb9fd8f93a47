#include "sdk/testkit/sim_faults.h"

namespace corocket::testkit {
namespace {

void PutOnTop(SimFault& under, const SimFault& top) {
  if (top.dial != SimFault::Dial::kNormal) under.dial = top.dial;
  under.half_open = under.half_open || top.half_open;
  under.paused = under.paused || top.paused;
  under.flapped_down = under.flapped_down || top.flapped_down;
  if (top.latency) under.latency = top.latency;
  if (top.trickle) under.trickle = top.trickle;
}

}  // namespace

const SimFault* SimFaults::Find(const SimRouteKey& route) const {
  const auto found = faults_.find(route);
  return found == faults_.end() ? nullptr : &found->second;
}

void SimFaults::Heal(const SimRouteKey& route) {
  const auto found = faults_.find(route);
  if (found != faults_.end()) faults_.erase(found);
}

SimFault SimFaults::Effective(const std::string& client, const HostPort& address) const {
  SimFault fault;
  if (const SimFault* everyone = Find({address, ""})) fault = *everyone;
  if (const SimFault* pair = Find({address, client})) PutOnTop(fault, *pair);
  fault.cut_to_client.reset();
  fault.cut_to_server.reset();
  return fault;
}

}  // namespace corocket::testkit
