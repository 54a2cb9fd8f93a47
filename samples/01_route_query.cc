// Asks for the route of a topic: co_await one call; dead NameServers are somebody else's problem.
//
//   ./bazel/bazelw run //samples:01_route_query -- orders "ns1:9876;ns2:9876;ns3:9876"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

#include "asio/co_spawn.hpp"
#include "asio/io_context.hpp"
#include "asio/this_coro.hpp"
#include "corocket/client.h"

namespace {

asio::awaitable<absl::Status> PrintRoute(std::string topic, std::string namesrv) {
  auto executor = co_await asio::this_coro::executor;
  auto client = corocket::Client::Create(executor, {.namesrv = {namesrv}});
  if (!client.ok()) co_return client.status();  // Quotes the bad address.

  auto route = co_await client->QueryRoute(topic);
  if (!route.ok()) co_return route.status();  // Names each server tried; leaving the scope ends the client.

  for (const auto& queues : route->queues) std::cout << queues << '\n';
  for (const auto& broker : route->brokers) std::cout << broker << '\n';
  co_return co_await client->Shutdown();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: 01_route_query TOPIC \"NAMESRV;NAMESRV\"\n";
    return 2;
  }
  absl::Status status;
  const auto done = [&status](const std::exception_ptr& error, absl::Status result) {
    if (error) std::rethrow_exception(error);
    status = std::move(result);
  };
  asio::io_context io;
  asio::co_spawn(io, PrintRoute(argv[1], argv[2]), done);
  io.run();
  if (status.ok() && !std::cout.flush()) status = absl::DataLossError("cannot write the output");
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << status.message() << '\n';
  return EXIT_FAILURE;
}
