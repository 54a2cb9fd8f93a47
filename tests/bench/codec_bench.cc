// The wire alone: one route query as it is written, its answer's header as it is read, and the body of the answer.
// The bytes are those of a real NameServer.

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "sdk/protocol/route_query.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "tests/golden/golden_frames.h"

namespace corocket::bench {
namespace {

/// The frame recorded under this name from a NameServer, in this header form.
wire::Frame Recorded(std::string_view name, std::string_view serialize) {
  for (const test::GoldenFrame& golden : test::GoldenFrames()) {
    if (golden.name != name || golden.serialize != serialize || golden.server != "namesrv") continue;
    absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(golden.bytes);
    if (frame.ok()) return *std::move(frame);
  }
  std::cerr << "no recorded frame " << name << " in form " << serialize << "\n";
  std::abort();
}

std::string Encoded(const wire::Frame& frame) {
  std::string bytes;
  if (!wire::AppendFrame(frame, bytes).ok()) std::abort();
  return bytes;
}

constexpr std::string_view kRequest = "GET_ROUTEINFO_BY_TOPIC/REQUEST";
constexpr std::string_view kResponse = "GET_ROUTEINFO_BY_TOPIC/RESPONSE/0";

/// From topic to bytes: the message and its frame.
void EncodeRouteRequest(benchmark::State& state) {
  const protocol::RouteRequest request{.topic = "orders"};
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    benchmark::DoNotOptimize(wire::AppendFrame(protocol::EncodeRouteRequest(request), bytes));
    benchmark::DoNotOptimize(bytes.data());
  }
}
BENCHMARK(EncodeRouteRequest);

/// The frame alone, as a connection's writer does it.
void EncodeRequestFrame(benchmark::State& state, std::string_view serialize) {
  const wire::Frame frame = Recorded(kRequest, serialize);
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    benchmark::DoNotOptimize(wire::AppendFrame(frame, bytes));
    benchmark::DoNotOptimize(bytes.data());
  }
}
BENCHMARK_CAPTURE(EncodeRequestFrame, json, "JSON");
BENCHMARK_CAPTURE(EncodeRequestFrame, binary, "ROCKETMQ");

void DecodeResponseHeader(benchmark::State& state, std::string_view serialize) {
  wire::Frame frame = Recorded(kResponse, serialize);
  frame.body.clear();
  const std::string bytes = Encoded(frame);
  for (auto _ : state) benchmark::DoNotOptimize(wire::DecodeFrame(bytes));
}
BENCHMARK_CAPTURE(DecodeResponseHeader, json, "JSON");
BENCHMARK_CAPTURE(DecodeResponseHeader, binary, "ROCKETMQ");

void DecodeOneBrokerBody(benchmark::State& state) {
  const std::string body = Recorded(kResponse, "JSON").body;
  for (auto _ : state) benchmark::DoNotOptimize(protocol::DecodeRouteBody(body));
}
BENCHMARK(DecodeOneBrokerBody);

}  // namespace
}  // namespace corocket::bench
