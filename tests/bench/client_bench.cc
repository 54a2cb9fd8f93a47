// The whole client: CPU of one query with 64 outstanding, and how long a switch takes.

#include <time.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "benchmark/benchmark.h"
#include "corocket/client.h"
#include "corocket/endpoint_event.h"
#include "corocket/observer.h"
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

asio::awaitable<void> AskOnce(Client& client) {
  std::int64_t left = 1;
  co_await Ask(client, left);
  const absl::Status shut_down = co_await client.Shutdown();
  if (!shut_down.ok()) std::terminate();
}

void Rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

/// `state.range(0)` coroutines that ask back to back. The server runs on another thread, and only the client's is
/// counted.
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

/// When the dial to a dead server ended, and when another one was chosen.
class SwitchClock final : public Observer {
 public:
  void OnEvent(const EndpointEvent& event) override {
    if (event.kind == EventKind::kAttemptFailed && !refused) refused = event.at;
    if (event.kind == EventKind::kChosen && refused && !chosen) chosen = event.at;
  }
  std::optional<std::chrono::steady_clock::time_point> refused;
  std::optional<std::chrono::steady_clock::time_point> chosen;
};

double SecondsBetween(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

/// From "connection refused" to the choice of the next server, which has then been connected to and has proved that it
/// lives. That server runs on the client's thread: a thread that has to be woken costs 50 us.
void SwitchAfterRefusal(benchmark::State& state) {
  asio::io_context io(1);
  absl::StatusOr<EmbeddedNamesrv> dead = EmbeddedNamesrv::Create(io.get_executor());
  absl::StatusOr<EmbeddedNamesrv> alive = EmbeddedNamesrv::Create(io.get_executor());
  if (!dead.ok() || !alive.ok()) std::terminate();
  alive->AddTopic("orders", "broker-a", 8);
  dead->Stop();
  for (auto _ : state) {
    const auto clock = std::make_shared<SwitchClock>();
    // Which server is dialled first is a matter of chance.
    while (!clock->chosen) {
      ClientOptions options;
      options.namesrv = {dead->address(), alive->address()};
      options.observers = {clock};
      absl::StatusOr<Client> client = Client::Create(io.get_executor(), options);
      if (!client.ok()) std::terminate();
      bool done = false;
      asio::co_spawn(io, AskOnce(*client), [&done](const std::exception_ptr& error) {
        done = true;
        Rethrow(error);
      });
      while (!done) io.run_one();
    }
    state.SetIterationTime(SecondsBetween(*clock->refused, *clock->chosen));
  }
}
BENCHMARK(SwitchAfterRefusal)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(500);

/// A call whose server has died: from the call to the answer of the next server, threads woken included.
void CallAcrossReset(benchmark::State& state) {
  Servers servers(2);
  asio::io_context io(1);
  for (auto _ : state) {
    Client client = MakeClient(io, servers.addresses());
    bool done = false;
    const auto end = [&done](const std::exception_ptr& error, auto&&...) {
      done = true;
      Rethrow(error);
    };
    asio::co_spawn(io, client.QueryRoute("orders"), end);
    while (!std::exchange(done, false)) io.run_one();
    EmbeddedNamesrv& chosen = servers.all()[servers.all()[0].address() == client.Snapshot().chosen ? 0 : 1];
    chosen.Stop();
    const auto start = std::chrono::steady_clock::now();
    asio::co_spawn(io, client.QueryRoute("orders"), end);
    while (!std::exchange(done, false)) io.run_one();
    state.SetIterationTime(SecondsBetween(start, std::chrono::steady_clock::now()));
    if (!chosen.Start().ok()) std::terminate();
    asio::co_spawn(io, client.Shutdown(), end);
    while (!std::exchange(done, false)) io.run_one();
  }
}
BENCHMARK(CallAcrossReset)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(500);

}  // namespace
}  // namespace corocket::bench
