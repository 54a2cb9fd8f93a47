#ifndef COROCKET_SDK_TESTKIT_SIM_PIPE_H_
#define COROCKET_SDK_TESTKIT_SIM_PIPE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "sdk/runtime/runtime.h"

namespace corocket::testkit {

/// What the network does to packets of one direction at this moment.
struct SimPath {
  Duration latency = Duration::zero();
  Duration jitter = Duration::zero();
  /// Packets wait before the receiver until this is lifted.
  bool held = false;
  /// Bytes arrive one by one, this far apart.
  std::optional<Duration> trickle;
};

/// One direction of a simulated connection: bytes in order, each after the latency of its time, bounded in flight.
/// Thread safety: none.
class SimPipe {
 public:
  /// What the pipe tells its link. Called from the pipe's timer, never from inside a member.
  struct Events {
    std::function<SimPath()> path;
    /// Bytes have arrived; they are received already.
    std::function<void(std::size_t bytes)> on_data;
    std::function<void()> on_fin;
    std::function<void()> on_reset;
    /// The byte that a limit named has arrived.
    std::function<void()> on_limit;
  };

  SimPipe(std::shared_ptr<Runtime> runtime, std::size_t capacity, Events events);

  /// Sends as much of `bytes` as there is room for; returns how much.
  std::size_t Push(std::string_view bytes);
  /// Ends the stream behind what is on its way. Nothing can be pushed after it.
  void PushFin();
  /// Tells the other end, behind what is on its way, that the connection is no more.
  void PushReset();

  /// Takes received bytes, up to `limit` of them.
  std::size_t Take(std::span<char> into, std::size_t limit);
  void DropReceived();
  /// Drops what is on its way, for good: nothing arrives any more. What has arrived can still be taken.
  void Stop();

  /// Tells when `bytes` more have arrived; none: no more. Each of those who set one has a limit of its own; the one
  /// that is reached first counts.
  void SetLimit(const std::string& whose, std::optional<std::size_t> bytes);
  /// The path has changed: what was held may go on.
  void Refresh();

  [[nodiscard]] std::size_t received() const { return received_.size() - taken_; }
  [[nodiscard]] std::size_t room() const { return capacity_ - in_flight_ - received(); }

 private:
  enum class Kind { kData, kFin, kReset };
  struct Packet {
    Kind kind;
    std::string bytes;
    std::size_t arrived = 0;  // of `bytes`
    TimePoint due;
  };

  void Send(Kind kind, std::string bytes);
  void ArmForHead();
  void Arrive();
  void ArriveData(Packet& head, const SimPath& path);
  [[nodiscard]] std::optional<std::uint64_t> BytesToLimit() const;

  const std::shared_ptr<Runtime> runtime_;
  const std::size_t capacity_;
  const Events events_;
  const std::unique_ptr<Timer> timer_;
  std::deque<Packet> packets_;
  std::size_t in_flight_ = 0;
  std::string received_;
  std::size_t taken_ = 0;
  std::optional<TimePoint> last_arrival_;
  std::uint64_t arrived_ = 0;
  /// Values of `arrived_`, by who set them.
  absl::btree_map<std::string, std::uint64_t> limits_;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SIM_PIPE_H_
