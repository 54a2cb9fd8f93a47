// Memory of one call that waits for its answer: what the heap grows by, less what the calling coroutine itself takes.
// The server answers the proof of life and then nothing; it reads into one fixed buffer.

#include <malloc.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "asio/any_completion_handler.hpp"
#include "asio/async_result.hpp"
#include "asio/awaitable.hpp"
#include "asio/buffer.hpp"
#include "asio/co_spawn.hpp"
#include "asio/deferred.hpp"
#include "asio/detached.hpp"
#include "asio/io_context.hpp"
#include "asio/ip/address_v4.hpp"
#include "asio/ip/tcp.hpp"
#include "asio/use_awaitable.hpp"
#include "asio/write.hpp"
#include "benchmark/benchmark.h"
#include "corocket/client.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"

namespace corocket::bench {
namespace {

using asio::ip::tcp;

/// Answers the first request of its one connection and swallows the others.
asio::awaitable<void> AnswerOnce(tcp::acceptor& acceptor, std::int64_t& bytes_read) {
  tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
  static std::array<char, 65536> buffer;
  std::size_t bytes = co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
  absl::StatusOr<wire::Frame> frame = wire::DecodeFrame(std::string_view(buffer.data(), bytes));
  if (!frame.ok()) std::abort();
  frame->header.flag = wire::kFlagResponse;
  frame->header.code = 0;
  std::string answer;
  if (!wire::AppendFrame(*frame, answer).ok()) std::abort();
  co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
  for (;;) {
    bytes = co_await socket.async_read_some(asio::buffer(buffer), asio::use_awaitable);
    bytes_read += static_cast<std::int64_t>(bytes);
  }
}

asio::awaitable<void> Ask(Client& client) {
  const absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders");
  if (route.ok()) std::abort();
}

/// A caller without a client: its frame holds the same, and waits for nothing.
asio::awaitable<void> WaitForNothing(std::vector<asio::any_completion_handler<void()>>& parked) {
  auto park = [&parked](auto handler) { parked.push_back(std::move(handler)); };
  auto never = asio::async_initiate<const asio::deferred_t, void()>(park, asio::deferred);
  co_await std::move(never);
  const absl::StatusOr<TopicRoute> route = absl::UnknownError("");
  if (route.ok()) std::abort();
}

double BytesOfCaller(std::int64_t callers) {
  asio::io_context io(1);
  std::vector<asio::any_completion_handler<void()>> parked;
  parked.reserve(static_cast<std::size_t>(callers));
  const std::size_t before = mallinfo2().uordblks;
  for (std::int64_t i = 0; i < callers; ++i) asio::co_spawn(io, WaitForNothing(parked), asio::detached);
  io.poll();
  return static_cast<double>(mallinfo2().uordblks - before) / static_cast<double>(callers);
}

ClientOptions PatientOptions(std::uint16_t port) {
  ClientOptions options;
  options.namesrv = {absl::StrCat("127.0.0.1:", port)};
  options.call.timeout = std::chrono::minutes(1);
  options.call.attempt_timeout = std::chrono::minutes(1);
  options.failover.silence_limit = std::chrono::minutes(1);
  return options;
}

/// `state.range(0)` calls wait at the same time.
void OutstandingRequest(benchmark::State& state) {
  const std::int64_t more = state.range(0) - 1;
  double bytes_per_call = 0;
  for (auto _ : state) {
    asio::io_context io(1);
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    std::int64_t bytes_read = 0;
    asio::co_spawn(io, AnswerOnce(acceptor, bytes_read), asio::detached);
    absl::StatusOr<Client> client = Client::Create(io.get_executor(), PatientOptions(acceptor.local_endpoint().port()));
    if (!client.ok()) std::abort();
    // The first call brings the connection, and says how long a request is.
    asio::co_spawn(io, Ask(*client), asio::detached);
    while (bytes_read == 0) io.run_one();
    const std::int64_t request_bytes = bytes_read;

    const std::size_t before = mallinfo2().uordblks;
    for (std::int64_t i = 0; i < more; ++i) asio::co_spawn(io, Ask(*client), asio::detached);
    while (bytes_read < request_bytes * (more + 1)) io.run_one();
    const std::size_t after = mallinfo2().uordblks;
    bytes_per_call = static_cast<double>(after - before) / static_cast<double>(more);
    // The calls that wait end with their context.
  }
  const double bytes_of_caller = BytesOfCaller(more);
  state.counters["caller"] = bytes_of_caller;
  state.counters["sdk"] = bytes_per_call - bytes_of_caller;
}
BENCHMARK(OutstandingRequest)->Arg(64)->Arg(1000)->Arg(8000)->Iterations(1);

}  // namespace
}  // namespace corocket::bench
