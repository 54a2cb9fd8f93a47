// Watches which NameServer is used, and why it changes, while a coroutine keeps asking. Kill the chosen server
// meanwhile; Ctrl-C ends the program when the call under way has ended, within three seconds.
//
//   ./bazel/bazelw run //samples:02_watch_switches -- orders "ns1:9876;ns2:9876;ns3:9876"

#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <string>

#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/signal_set.hpp"
#include "asio/steady_timer.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "asio/use_future.hpp"
#include "corocket/client.h"

namespace {

void Rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

asio::awaitable<void> PrintEvents(corocket::EventStream events) {
  while (auto event = co_await events.Next()) std::cout << event->ToString() << std::endl;
}

asio::awaitable<absl::Status> KeepAsking(std::string topic, std::string namesrv) {
  auto executor = co_await asio::this_coro::executor;
  auto client = corocket::Client::Create(executor, {.namesrv = {namesrv}});
  if (!client.ok()) co_return client.status();
  asio::co_spawn(executor, PrintEvents(client->Watch()), Rethrow);
  auto stop = std::make_shared<bool>(false);
  asio::signal_set signals(executor, SIGINT, SIGTERM);
  signals.async_wait([stop](const asio::error_code&, int) { *stop = true; });
  for (bool well = true; !*stop;) {
    auto route = co_await client->QueryRoute(topic);
    if (well && !route.ok()) std::cout << "query failed: " << route.status().message() << std::endl;
    well = route.ok();  // An outage is told once, and not a hundred times a second.
    asio::steady_timer pause(executor, std::chrono::milliseconds(10));
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return co_await client->Shutdown();  // Ends the event stream, too.
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: 02_watch_switches TOPIC \"NAMESRV;NAMESRV\"\n", 2;
  asio::io_context io;
  auto ended = asio::co_spawn(io, KeepAsking(argv[1], argv[2]), asio::use_future);
  io.run();
  const absl::Status status = ended.get();
  if (!status.ok()) return std::cerr << status.message() << '\n', 1;
  std::cout << "shut down: " << status << std::endl;
}
