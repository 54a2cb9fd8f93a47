#ifndef COROCKET_SDK_TESTKIT_SIM_LINK_H_
#define COROCKET_SDK_TESTKIT_SIM_LINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "asio/awaitable.hpp"
#include "sdk/base/host_port.h"
#include "sdk/runtime/runtime.h"
#include "sdk/testkit/sim_pipe.h"
#include "sdk/testkit/wake_signal.h"

namespace corocket::testkit {

/// The two ends of a connection: who dialled, and who listens.
enum class SimSide : std::uint8_t { kClient, kServer };
[[nodiscard]] constexpr SimSide Other(SimSide side) {
  return side == SimSide::kClient ? SimSide::kServer : SimSide::kClient;
}

/// How the sockets of a host end that is killed.
enum class SimDeath : std::uint8_t { kFin, kReset };

/// One simulated TCP connection: two pipes and what their ends know about them.
/// Thread safety: none.
class SimLink {
 public:
  struct Identity {
    std::uint64_t id = 0;
    /// The connector that dialled, and the port it dialled from.
    std::string client;
    std::uint16_t client_port = 0;
    HostPort address;
  };
  struct Options {
    std::size_t buffer_bytes = 0;
    bool slice_reads = false;
  };
  struct Events {
    std::function<SimPath(const SimLink&, SimSide to)> path;
    std::function<void(const SimLink&, SimSide to, std::size_t bytes)> on_data;
    /// For traces: "fin to client", "reset to server", ...
    std::function<void(const SimLink&, std::string_view what)> on_event;
    /// The network has cut it: `Reset`, or `ResetAfter` at its byte. Once at most.
    std::function<void(const SimLink&)> on_cut;
    /// The application at this end has let go of its socket. Once per end.
    std::function<void(const SimLink&, SimSide side)> on_close;
  };

  SimLink(std::shared_ptr<Runtime> runtime, Identity identity, Options options, Events events);

  /// As `Transport` has them, for one end.
  [[nodiscard]] static asio::awaitable<std::size_t> ReadSome(std::shared_ptr<SimLink> link, SimSide side,
                                                             std::span<char> into);
  [[nodiscard]] static asio::awaitable<void> Write(std::shared_ptr<SimLink> link, SimSide side,
                                                   std::span<const std::string_view> pieces);
  void Close(SimSide side);
  void CloseSend(SimSide side);

  /// The network cuts it: both ends see a reset, now, behind what has arrived there. What is on its way is lost.
  void Reset();
  /// The process at `side` dies: its socket is closed in this way, whatever it was doing.
  void Kill(SimSide side, SimDeath death);
  /// Reset when `bytes` more have arrived at `to`; none: no more. `whose` as in `SimPipe::SetLimit`.
  void ResetAfter(SimSide to, const std::string& whose, std::optional<std::size_t> bytes);
  /// The path has changed.
  void Refresh();
  /// The simulation ends: destroys the coroutines that wait here.
  void Drop();

  [[nodiscard]] const Identity& identity() const { return identity_; }
  [[nodiscard]] bool open(SimSide side) const { return !end(side).closed; }

 private:
  struct End {
    SimPipe* in = nullptr;
    SimPipe* out = nullptr;
    std::shared_ptr<WakeSignal> readable = std::make_shared<WakeSignal>();
    std::shared_ptr<WakeSignal> writable = std::make_shared<WakeSignal>();
    bool closed = false;
    bool fin = false;   // the peer sends no more
    bool done = false;  // this end sends no more
    std::error_code error;
  };

  End& end(SimSide side) { return side == SimSide::kClient ? client_ : server_; }
  const End& end(SimSide side) const { return side == SimSide::kClient ? client_ : server_; }
  SimPipe::Events PipeEvents(SimSide to);
  void OnData(SimSide to, std::size_t bytes);
  void OnFin(SimSide to);
  void OnReset(SimSide to);
  void LetGo(SimSide side);
  [[nodiscard]] bool Readable(SimSide side) const;
  [[nodiscard]] std::error_code WriteError(SimSide side) const;
  [[nodiscard]] std::size_t TakeReceived(SimSide side, std::span<char> into);

  const std::shared_ptr<Runtime> runtime_;
  const Identity identity_;
  const Options options_;
  const Events events_;
  /// Nothing is on its way any more, and nothing ever will be.
  bool dead_ = false;
  SimPipe to_server_;
  SimPipe to_client_;
  End client_;
  End server_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_LINK_H_
