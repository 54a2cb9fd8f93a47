// Watches which NameServer is used, and why it changes, while a coroutine keeps asking.
//
//   bazel run //samples:02_watch_switches -- orders "ns1:9876;ns2:9876;ns3:9876"
//
// Kill the chosen server meanwhile; Ctrl-C ends the program.

#include <csignal>
#include <iostream>
#include <string>

#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/signal_set.hpp"
#include "asio/steady_timer.hpp"
#include "asio/this_coro.hpp"
#include "asio/use_awaitable.hpp"
#include "corocket/client.h"

namespace {

using namespace std::chrono_literals;

asio::awaitable<void> PrintEvents(corocket::EventStream events) {
  while (auto event = co_await events.Next()) std::cout << event->ToString() << std::endl;
}

asio::awaitable<void> Run(corocket::Client& client, std::string topic, bool& stopping) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (!stopping) {
    auto route = co_await client.QueryRoute(topic);
    if (!route.ok()) std::cout << "query failed: " << route.status().message() << std::endl;
    pause.expires_after(10ms);
    co_await pause.async_wait(asio::use_awaitable);
  }
  auto status = co_await client.Shutdown();  // Ends the event stream, too.
  std::cout << "shut down: " << status << std::endl;
}

void Rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: 02_watch_switches TOPIC \"NAMESRV;NAMESRV\"\n";
    return 2;
  }
  asio::io_context io;
  auto client = corocket::Client::Create(io.get_executor(), {.namesrv = {argv[2]}});
  if (!client.ok()) return std::cerr << client.status().message() << '\n', 1;
  bool stopping = false;
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](const asio::error_code& error, int) { stopping = !error; });
  asio::co_spawn(io, PrintEvents(client->Watch()), Rethrow);
  asio::co_spawn(io, Run(*client, argv[1], stopping), [&](const std::exception_ptr& error) {
    Rethrow(error);
    signals.cancel();
  });
  io.run();
}
