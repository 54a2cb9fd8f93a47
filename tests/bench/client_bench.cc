// The whole client under load: CPU of one query with 64 outstanding, and how long a switch takes after a refusal.
// The server runs on another thread, and only the client's thread is counted.

#include <time.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "benchmark/benchmark.h"
#include "corocket/client.h"
#include "corocket/testing/embedded_namesrv.h"

namespace corocket::bench {
namespace {

using corocket::testing::EmbeddedNamesrv;

/// NameServers on a thread of their own.
class Servers {
 public:
  explicit Servers(int count) {
    for (int i = 0; i < count; ++i) {
      absl::StatusOr<EmbeddedNamesrv> server = EmbeddedNamesrv::Create(io_.get_executor());
      if (!server.ok()) std::terminate();
      server->AddTopic("orders", "broker-a", 8);
      servers_.push_back(*std::move(server));
    }
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Servers() {
    servers_.clear();
    io_.stop();
    thread_.join();
  }
  std::vector<EmbeddedNamesrv>& all() { return servers_; }
  [[nodiscard]] std::vector<std::string> addresses() const {
    std::vector<std::string> addresses;
    for (const EmbeddedNamesrv& server : servers_) addresses.push_back(server.address());
    return addresses;
  }

 private:
  asio::io_context io_;
  std::vector<EmbeddedNamesrv> servers_;
  std::thread thread_;
};

double ThreadCpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Client MakeClient(asio::io_context& io, const std::vector<std::string>& namesrv) {
  ClientOptions options;
  options.namesrv = namesrv;
  absl::StatusOr<Client> client = Client::Create(io.get_executor(), options);
  if (!client.ok()) std::terminate();
  return *std::move(client);
}

asio::awaitable<void> Ask(Client& client, std::int64_t& left) {
  while (left-- > 0) {
    absl::StatusOr<TopicRoute> route = co_await client.QueryRoute("orders");
    if (!route.ok()) std::terminate();
  }
}

void Rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

/// `state.range(0)` coroutines that ask back to back.
void PipelinedQuery(benchmark::State& state) {
  constexpr std::int64_t kQueries = 20'000;
  Servers servers(1);
  asio::io_context io(1);
  Client client = MakeClient(io, servers.addresses());
  for (auto _ : state) {
    std::int64_t left = kQueries;
    std::int64_t running = state.range(0);
    const double before = ThreadCpuSeconds();
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      asio::co_spawn(io, Ask(client, left), [&running](const std::exception_ptr& error) {
        --running;
        Rethrow(error);
      });
    }
    while (running > 0) io.run_one();
    state.SetIterationTime(ThreadCpuSeconds() - before);
  }
  state.SetItemsProcessed(state.iterations() * kQueries);
  state.counters["cpu_us_per_query"] = benchmark::Counter(static_cast<double>(state.iterations() * kQueries) * 1e-6,
                                                          benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(PipelinedQuery)->Arg(1)->Arg(64)->UseManualTime()->Unit(benchmark::kMillisecond);

/// A call whose server has just died: from the reset of its connection to the answer of the next server.
void SwitchAfterReset(benchmark::State& state) {
  Servers servers(2);
  asio::io_context io(1);
  for (auto _ : state) {
    state.PauseTiming();
    Client client = MakeClient(io, servers.addresses());
    std::int64_t left = 1;
    asio::co_spawn(io, Ask(client, left), Rethrow);
    while (client.Snapshot().chosen.empty() || left >= 0) io.run_one();
    EmbeddedNamesrv& chosen = servers.all()[servers.all()[0].address() == client.Snapshot().chosen ? 0 : 1];
    chosen.Stop();
    left = 1;
    bool done = false;
    state.ResumeTiming();
    asio::co_spawn(io, Ask(client, left), [&done](const std::exception_ptr& error) {
      done = true;
      Rethrow(error);
    });
    while (!done) io.run_one();
    state.PauseTiming();
    if (!chosen.Start().ok()) std::terminate();
    asio::co_spawn(io, client.Shutdown(), [](const std::exception_ptr& error, const absl::Status&) { Rethrow(error); });
    io.run();
    io.restart();
    state.ResumeTiming();
  }
}
BENCHMARK(SwitchAfterReset)->Unit(benchmark::kMicrosecond)->MinTime(0.2);

}  // namespace
}  // namespace corocket::bench
