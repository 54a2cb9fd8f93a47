#include "tests/support/wire_tap.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "absl/log/absl_check.h"
#include "absl/status/status.h"
#include "sdk/net/frame_reader.h"

namespace corocket::test {

struct WireTap::State {
  std::function<void(const std::string&, const wire::Frame&)> on_request;
  std::map<HostPort, std::string> names;  // Numeric address -> what it was looked up as.
  Census census;
};

class WireTap::Transport final : public net::Transport {
 public:
  Transport(std::unique_ptr<net::Transport> real, std::shared_ptr<State> state, std::string server)
      : real_(std::move(real)), state_(std::move(state)), server_(std::move(server)) {
    ++state_->census.open;
  }
  ~Transport() override { CountClosed(); }

  asio::awaitable<std::size_t> ReadSome(std::span<char> into) override { return real_->ReadSome(into); }
  asio::awaitable<void> Write(std::span<const std::string_view> pieces) override {
    Listen(pieces);
    return real_->Write(pieces);
  }
  void Close() noexcept override {
    CountClosed();
    real_->Close();
  }
  void CloseSend() noexcept override { real_->CloseSend(); }
  void Reset() noexcept override {
    CountClosed();
    real_->Reset();
  }
  std::string peer() const override { return real_->peer(); }

 private:
  void CountClosed() noexcept {
    if (!std::exchange(closed_, true)) --state_->census.open;
  }

  void Listen(std::span<const std::string_view> pieces) {
    for (std::string_view piece : pieces) {
      while (!piece.empty()) {
        const std::span<char> space = written_.Space();
        const std::size_t bytes = std::min(space.size(), piece.size());
        std::memcpy(space.data(), piece.data(), bytes);
        written_.Commit(bytes);
        piece.remove_prefix(bytes);
        std::vector<wire::Frame> frames;
        const absl::Status status = written_.TakeFrames(frames);
        ABSL_CHECK(status.ok()) << "the client wrote what is no frame: " << status;
        for (const wire::Frame& frame : frames) {
          if (!frame.header.is_response() && state_->on_request) state_->on_request(server_, frame);
        }
      }
    }
  }

  const std::unique_ptr<net::Transport> real_;
  const std::shared_ptr<State> state_;
  const std::string server_;
  net::FrameReader written_;
  bool closed_ = false;
};

class WireTap::Connector final : public net::Connector {
 public:
  Connector(std::shared_ptr<net::Connector> real, std::shared_ptr<State> state)
      : real_(std::move(real)), state_(std::move(state)) {}

  asio::awaitable<std::vector<HostPort>> Resolve(HostPort name) override {
    return LookUp(real_, state_, std::move(name));
  }
  asio::awaitable<std::unique_ptr<net::Transport>> Connect(asio::any_io_executor on, HostPort address) override {
    return Dial(real_, state_, std::move(on), std::move(address));
  }

 private:
  /// Counts one dial for as long as it has no result.
  class Dialling {
   public:
    explicit Dialling(std::shared_ptr<State> state) : state_(std::move(state)) {
      Census& census = state_->census;
      census.most_dialling = std::max(census.most_dialling, ++census.dialling);
    }
    ~Dialling() { --state_->census.dialling; }
    Dialling(const Dialling&) = delete;
    Dialling& operator=(const Dialling&) = delete;

   private:
    const std::shared_ptr<State> state_;
  };

  static asio::awaitable<std::vector<HostPort>> LookUp(std::shared_ptr<net::Connector> real,
                                                       std::shared_ptr<State> state, HostPort name) {
    std::vector<HostPort> found = co_await real->Resolve(name);
    for (const HostPort& address : found) state->names[address] = name.ToString();
    co_return found;
  }

  static asio::awaitable<std::unique_ptr<net::Transport>> Dial(std::shared_ptr<net::Connector> real,
                                                               std::shared_ptr<State> state, asio::any_io_executor on,
                                                               HostPort address) {
    const Dialling counted(state);
    std::unique_ptr<net::Transport> transport = co_await real->Connect(std::move(on), address);
    const auto name = state->names.find(address);
    std::string server = name == state->names.end() ? address.ToString() : name->second;
    co_return std::make_unique<Transport>(std::move(transport), state, std::move(server));
  }

  const std::shared_ptr<net::Connector> real_;
  const std::shared_ptr<State> state_;
};

WireTap::WireTap(const Environment& tapped) : tapped_(tapped), state_(std::make_shared<State>()) {}

Environment WireTap::environment() const {
  return {.runtime = tapped_.runtime, .connector = std::make_shared<Connector>(tapped_.connector, state_)};
}

void WireTap::OnRequest(std::function<void(const std::string&, const wire::Frame&)> callback) {
  state_->on_request = std::move(callback);
}

const WireTap::Census& WireTap::census() const { return state_->census; }

}  // namespace corocket::test
