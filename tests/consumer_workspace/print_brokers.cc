// The whole client in a program of somebody else's: print_brokers NAMESRV

#include <exception>
#include <iostream>
#include <string>

#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/this_coro.hpp"
#include "corocket/client.h"

namespace {

asio::awaitable<void> PrintBrokers(std::string namesrv) {
  auto executor = co_await asio::this_coro::executor;
  auto client = corocket::Client::Create(executor, {.namesrv = {namesrv}});
  if (!client.ok()) {
    std::cerr << client.status() << '\n';
    co_return;
  }
  auto info = co_await client->QueryClusterInfo();
  if (!info.ok()) std::cerr << info.status() << '\n';
  if (info.ok()) {
    for (const auto& broker : info->brokers) std::cout << broker << '\n';
  }
  auto stopped = co_await client->Shutdown();
  if (!stopped.ok()) std::cerr << stopped << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  asio::io_context io;
  const auto done = [](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  };
  asio::co_spawn(io, PrintBrokers(argc > 1 ? argv[1] : "127.0.0.1:9876"), done);
  io.run();
}
