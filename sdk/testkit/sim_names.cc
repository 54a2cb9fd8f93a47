#include "sdk/testkit/sim_names.h"

#include <utility>

#include "asio/error.hpp"

namespace corocket::testkit {

void SimNames::Set(const std::string& name, std::vector<std::string> hosts) {
  Entry& entry = entries_[name];
  entry.hosts = std::move(hosts);
  entry.error.clear();
}

void SimNames::Fail(const std::string& name, std::error_code error) { entries_[name].error = error; }

void SimNames::Slow(const std::string& name, Duration delay) { entries_[name].delay = delay; }

Duration SimNames::DelayOf(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? Duration::zero() : found->second.delay;
}

std::vector<HostPort> SimNames::Find(const HostPort& name) const {
  const auto found = entries_.find(name.host);
  if (found != entries_.end() && found->second.error) throw std::system_error(found->second.error, name.host);
  if (found == entries_.end() || found->second.hosts.empty()) {
    throw std::system_error(asio::error::make_error_code(asio::error::host_not_found), name.host);
  }
  std::vector<HostPort> addresses;
  for (const std::string& host : found->second.hosts) addresses.push_back({host, name.port});
  return addresses;
}

}  // namespace corocket::testkit
