#include "sdk/testkit/sim_pipe.h"

#include <algorithm>
#include <utility>

#include "sdk/runtime/random.h"

namespace corocket::testkit {

SimPipe::SimPipe(std::shared_ptr<Runtime> runtime, std::size_t capacity, Events events)
    : runtime_(std::move(runtime)),
      capacity_(capacity),
      events_(std::move(events)),
      timer_(runtime_->NewTimer(runtime_->executor())) {}

std::size_t SimPipe::Push(std::string_view bytes) {
  if (ended_) return bytes.size();  // into the void, as a socket takes bytes for a peer that has gone
  const std::size_t taken = std::min(bytes.size(), room());
  if (taken == 0) return 0;
  in_flight_ += taken;
  Send(Kind::kData, std::string(bytes.substr(0, taken)));
  return taken;
}

void SimPipe::PushFin() {
  if (std::exchange(ended_, true)) return;
  Send(Kind::kFin, {});
}

void SimPipe::PushReset() {
  ended_ = true;
  if (std::exchange(reset_, true)) return;
  Send(Kind::kReset, {});
}

void SimPipe::Send(Kind kind, std::string bytes) {
  const SimPath path = events_.path();
  const TimePoint due = runtime_->Now() + path.latency + UniformBelow(*runtime_, path.jitter);
  packets_.push_back(Packet{.kind = kind, .bytes = std::move(bytes), .due = due});
  if (packets_.size() == 1) ArmForHead();  // the others wait for their turn, whatever the jitter gave them
}

void SimPipe::ArmForHead() {
  const SimPath path = events_.path();
  if (packets_.empty() || path.held) {
    timer_->Disarm();
    return;
  }
  TimePoint at = packets_.front().due;
  // Counted from the byte before, whatever packet that was in: a frame is written in pieces of any size.
  if (path.trickle && last_arrival_) at = std::max(at, *last_arrival_ + *path.trickle);
  timer_->Arm(at, [this] { Arrive(); });
}

void SimPipe::Refresh() {
  if (packets_.empty()) return;
  const SimPath path = events_.path();
  if (!path.held) packets_.front().due = std::max(packets_.front().due, runtime_->Now());
  ArmForHead();
}

void SimPipe::Arrive() {
  const SimPath path = events_.path();
  if (path.held || packets_.empty()) return;
  Packet& head = packets_.front();
  if (head.kind == Kind::kData) {
    ArriveData(head, path);
    return;
  }
  const Kind kind = head.kind;
  packets_.pop_front();
  ArmForHead();
  kind == Kind::kFin ? events_.on_fin() : events_.on_reset();
}

void SimPipe::ArriveData(Packet& head, const SimPath& path) {
  const std::size_t left = head.bytes.size() - head.arrived;
  std::size_t bytes = path.trickle ? 1 : left;
  const std::optional<std::uint64_t> limit = BytesToLimit();
  if (limit) bytes = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, *limit));
  if (taken_ == received_.size()) {
    received_.clear();
    taken_ = 0;
  }
  received_.append(head.bytes, head.arrived, bytes);
  in_flight_ -= bytes;
  arrived_ += bytes;
  const bool cut = limit == bytes;
  last_arrival_ = runtime_->Now();
  head.arrived += bytes;
  if (bytes == left) packets_.pop_front();
  ArmForHead();
  events_.on_data(bytes);
  if (cut) events_.on_limit();
}

std::size_t SimPipe::Take(std::span<char> into, std::size_t limit) {
  const std::size_t bytes = std::min({into.size(), limit, received()});
  std::copy_n(received_.data() + taken_, bytes, into.data());
  taken_ += bytes;
  return bytes;
}

void SimPipe::DropReceived() {
  received_.clear();
  taken_ = 0;
}

void SimPipe::Stop() {
  timer_->Disarm();
  packets_.clear();
  in_flight_ = 0;
  ended_ = true;
  reset_ = true;
}

void SimPipe::SetLimit(const std::string& whose, std::optional<std::size_t> bytes) {
  limits_.erase(whose);
  if (bytes) limits_.emplace(whose, arrived_ + *bytes);
}

std::optional<std::uint64_t> SimPipe::BytesToLimit() const {
  std::optional<std::uint64_t> nearest;
  for (const auto& [whose, at] : limits_) nearest = std::min(nearest.value_or(at - arrived_), at - arrived_);
  return nearest;
}

}  // namespace corocket::testkit
