#ifndef COROCKET_TESTING_SIM_WORLD_H_
#define COROCKET_TESTING_SIM_WORLD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"
#include "corocket/environment.h"
#include "corocket/testing/embedded_namesrv.h"
#include "corocket/testing/scripted_namesrv.h"
#include "corocket/testing/server_environment.h"

namespace corocket::testing {

/// Servers, a network and a clock in memory, to run an application's code against in virtual time: ten seconds pass in
/// an instant, faults hit at the microsecond, and the same seed gives the same run.
///
///     SimWorld world(/*seed=*/7);
///     auto& ns1 = world.AddNamesrv("ns1:9876");
///     world.AddNamesrv("ns2:9876").AddTopic("orders", "broker-a");
///     ns1.AddTopic("orders", "broker-a");
///     auto client = Client::Create(world.environment(), {.namesrv = {"ns1:9876", "ns2:9876"}});
///     auto route = world.Run(client->QueryRoute("orders"));
///     world.HalfOpen("ns1:9876");                                // its host lost the network
///     world.Advance(10s);
///     route = world.Run(client->QueryRoute("orders"));           // answered by ns2
///
/// Endpoints are `host:port`; a host that is no IP literal becomes a name that clients can look up, from the moment it
/// is first used here. Faults stay until `Heal`, add up, and concern connections made before and after alike.
/// Errors: a wrong endpoint ends the program with its text; it is a mistake in the test.
/// Lifetime: outlives the clients made in it. Thread safety: none; everything runs on the thread that calls `Run`,
///   `Advance`.
class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed = 1);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  /// What a client in this world is created with. `name` tells clients apart in error texts.
  [[nodiscard]] Environment environment(const std::string& name = "client");
  /// What a server in this world is created with, if `AddNamesrv` does not do.
  [[nodiscard]] ServerEnvironment server_environment();
  [[nodiscard]] asio::any_io_executor executor();

  /// A server at `endpoint`, owned by the world. @return Valid as long as the world.
  EmbeddedNamesrv& AddNamesrv(const std::string& endpoint, EmbeddedNamesrvOptions options = {});
  ScriptedNamesrv& AddScriptedNamesrv(const std::string& endpoint);

  /// Runs `task` and everything beside it until it is done; gives its value or throws its exception.
  /// Throws `std::runtime_error` naming virtual time and seed when the task waits for what can never happen.
  template <typename T>
  T Run(asio::awaitable<T> task) {
    auto value = std::make_shared<std::optional<T>>();
    Run(Keep<T>(value, std::move(task)));
    return std::move(**value);
  }
  void Run(asio::awaitable<void> task);
  /// Starts `task` beside what runs; an exception that escapes from it is thrown by the `Run` or `Advance` it happens
  /// in.
  void Spawn(asio::awaitable<void> task);
  /// Lets this much virtual time pass. Zero: whatever can happen without time passing.
  void Advance(std::chrono::nanoseconds duration);
  /// Called after each step of whatever runs: the place to check what must always hold. An exception that it throws
  /// ends the `Run` or `Advance` it happens in. Empty: nothing is called any more.
  void OnStep(std::function<void()> check);
  /// Virtual time since the world began.
  [[nodiscard]] std::chrono::nanoseconds Elapsed() const;
  [[nodiscard]] std::uint64_t seed() const;

  /// Dials are refused; connections that stand are not touched.
  void Refuse(std::string_view endpoint);
  /// Dials get no answer.
  void Blackhole(std::string_view endpoint);
  /// No packet gets through any more, neither way, and nobody is told.
  void HalfOpen(std::string_view endpoint);
  /// The process is stopped, its kernel is not: dials succeed, bytes are taken, nothing comes back.
  void Pause(std::string_view endpoint);
  /// One-way latency of what is sent from now on.
  void Slow(std::string_view endpoint, std::chrono::nanoseconds latency);
  /// Bytes arrive one by one, `gap` apart.
  void Trickle(std::string_view endpoint, std::chrono::nanoseconds gap = std::chrono::milliseconds(1));
  /// Every connection is reset, now; later ones are well.
  void Reset(std::string_view endpoint);
  /// Each connection is reset when its client has got `bytes` more, in the middle of a frame if that is where it is.
  void ResetAfter(std::string_view endpoint, std::size_t bytes);
  /// Down (connections reset, dials refused) for `period`, up for `period`, and so on; down first.
  void Flap(std::string_view endpoint, std::chrono::nanoseconds period);
  /// None of these faults any more; what was held back arrives.
  void Heal(std::string_view endpoint);
  /// The server's process dies: nobody listens, every connection is reset.
  void Kill(std::string_view endpoint);
  /// It runs again, with the brokers and topics that it knew (`EmbeddedNamesrv::Clear` makes it forget).
  void Restart(std::string_view endpoint);

  /// From now on look-ups of `name` find `hosts`, in this order: hosts of this world or IP literals. A name of its own,
  /// not that of a server.
  void SetName(const std::string& name, const std::vector<std::string>& hosts);
  /// Look-ups of `name` fail until `SetName`.
  void FailName(const std::string& name);
  /// Look-ups of `name` take this long, whatever comes of them: a resolver that hangs.
  void SlowName(const std::string& name, std::chrono::nanoseconds delay);

 private:
  class Impl;

  template <typename T>
  static asio::awaitable<void> Keep(std::shared_ptr<std::optional<T>> value, asio::awaitable<T> task) {
    T result = co_await std::move(task);
    value->emplace(std::move(result));
  }

  const std::unique_ptr<Impl> impl_;
};

}  // namespace corocket::testing

#endif  // COROCKET_TESTING_SIM_WORLD_H_
