#include "sdk/testkit/sim_transport.h"

#include <utility>

namespace corocket::testkit {

SimTransport::SimTransport(std::shared_ptr<SimLink> link, SimSide side) : link_(std::move(link)), side_(side) {}

SimTransport::~SimTransport() { Close(); }

asio::awaitable<std::size_t> SimTransport::ReadSome(std::span<char> into) {
  return SimLink::ReadSome(link_, side_, into);
}

asio::awaitable<void> SimTransport::Write(std::span<const std::string_view> pieces) {
  return SimLink::Write(link_, side_, pieces);
}

void SimTransport::Close() noexcept { link_->Close(side_); }

void SimTransport::CloseSend() noexcept { link_->CloseSend(side_); }

void SimTransport::Reset() noexcept { link_->Kill(side_, SimDeath::kReset); }

std::string SimTransport::peer() const {
  const SimLink::Identity& identity = link_->identity();
  if (side_ == SimSide::kClient) return identity.address.ToString();
  return HostPort{identity.client, identity.client_port}.ToString();
}

}  // namespace corocket::testkit
