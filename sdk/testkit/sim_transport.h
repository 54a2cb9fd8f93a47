#ifndef COROCKET_SDK_TESTKIT_SIM_TRANSPORT_H_
#define COROCKET_SDK_TESTKIT_SIM_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "asio/awaitable.hpp"
#include "sdk/net/transport.h"
#include "sdk/testkit/sim_link.h"

namespace corocket::testkit {

/// One end of a simulated connection, in the form that the code under test knows.
class SimTransport final : public net::Transport {
 public:
  SimTransport(std::shared_ptr<SimLink> link, SimSide side);
  ~SimTransport() override;
  SimTransport(const SimTransport&) = delete;
  SimTransport& operator=(const SimTransport&) = delete;

  [[nodiscard]] asio::awaitable<std::size_t> ReadSome(std::span<char> into) override;
  [[nodiscard]] asio::awaitable<void> Write(std::span<const std::string_view> pieces) override;
  void Close() noexcept override;
  void CloseSend() noexcept override;
  void Reset() noexcept override;
  [[nodiscard]] std::string peer() const override;

 private:
  const std::shared_ptr<SimLink> link_;
  const SimSide side_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_TRANSPORT_H_
