#include "tests/integration/noting_connector.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "asio/error.hpp"
#include "sdk/base/host_port.h"
#include "sdk/net/asio_connector.h"

namespace corocket::test {
namespace {

class NotingTransport final : public net::Transport {
 public:
  NotingTransport(std::unique_ptr<net::Transport> real, OnPeerEnd on_end, std::string address)
      : real_(std::move(real)), on_end_(std::move(on_end)), address_(std::move(address)) {}

  asio::awaitable<std::size_t> ReadSome(std::span<char> into) override {
    try {
      co_return co_await real_->ReadSome(into);
    } catch (const std::system_error& error) {
      Note(error.code());
      throw;
    }
  }

  asio::awaitable<void> Write(std::span<const std::string_view> pieces) override {
    try {
      co_await real_->Write(pieces);
    } catch (const std::system_error& error) {
      Note(error.code());
      throw;
    }
  }

  void Close() noexcept override { real_->Close(); }
  void CloseSend() noexcept override { real_->CloseSend(); }
  void Reset() noexcept override { real_->Reset(); }
  std::string peer() const override { return real_->peer(); }

 private:
  void Note(std::error_code cause) const {
    if (cause != asio::error::operation_aborted) on_end_(address_);
  }

  const std::unique_ptr<net::Transport> real_;
  const OnPeerEnd on_end_;
  const std::string address_;
};

/// All by value: a dial that was abandoned may outlive the connector.
asio::awaitable<std::unique_ptr<net::Transport>> ConnectThrough(std::shared_ptr<net::Connector> real, OnPeerEnd on_end,
                                                                asio::any_io_executor on, HostPort address) {
  std::string text = address.ToString();
  std::unique_ptr<net::Transport> transport = co_await real->Connect(std::move(on), std::move(address));
  co_return std::make_unique<NotingTransport>(std::move(transport), std::move(on_end), std::move(text));
}

class NotingConnector final : public net::Connector {
 public:
  explicit NotingConnector(OnPeerEnd on_end) : real_(net::MakeAsioConnector()), on_end_(std::move(on_end)) {}

  asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) override { return real_->Resolve(std::move(name)); }

  asio::awaitable<std::unique_ptr<net::Transport>> Connect(asio::any_io_executor on, HostPort address) override {
    return ConnectThrough(real_, on_end_, std::move(on), std::move(address));
  }

 private:
  const std::shared_ptr<net::Connector> real_;
  const OnPeerEnd on_end_;
};

}  // namespace

std::shared_ptr<net::Connector> MakeNotingConnector(OnPeerEnd on_end) {
  return std::make_shared<NotingConnector>(std::move(on_end));
}

}  // namespace corocket::test
