#include "samples/rocketctl/route_command.h"

#include <iostream>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "samples/rocketctl/json_output.h"

namespace rocketctl {
namespace {

void PrintMapping(const corocket::QueueMapping& mapping) {
  std::cout << "  static  " << absl::CHexEscape(mapping.broker_name) << ": scope " << absl::CHexEscape(mapping.scope)
            << ", epoch " << mapping.epoch << ", " << mapping.total_queues << " queues, logical>physical";
  for (const auto& [logical, physical] : mapping.ids) std::cout << ' ' << logical << '>' << physical;
  std::cout << '\n';
}

void PrintText(const std::string& topic, const corocket::TopicRoute& route, const corocket::CallReport& report) {
  std::cout << "topic " << topic << '\n';
  for (const auto& queues : route.queues) std::cout << "  queues  " << queues << '\n';
  for (const auto& broker : route.brokers) std::cout << "  broker  " << broker << '\n';
  for (const auto& mapping : route.mappings) PrintMapping(mapping);
  // Everything that a server says is escaped: it is printed to a terminal.
  if (!route.order_topic_conf.empty()) std::cout << "  order   " << absl::CHexEscape(route.order_topic_conf) << '\n';
  std::cout << "answered by " << report.answered_by << " after " << report.attempts
            << (report.attempts == 1 ? " attempt" : " attempts") << ", " << report.elapsed.count() << " us\n";
  for (const auto& failure : report.failures) std::cout << "  before that  " << failure.ToString() << '\n';
}

}  // namespace

asio::awaitable<absl::Status> RunRoute(corocket::Client client, std::string topic, CommonFlags flags) {
  corocket::CallOptions options = flags.client.call;
  options.report = std::make_shared<corocket::CallReport>();
  absl::StatusOr<corocket::TopicRoute> route = co_await client.QueryRoute(topic, options);
  absl::Status shut_down = co_await client.Shutdown();
  if (!route.ok()) co_return route.status();
  if (flags.format == Format::kText) {
    PrintText(topic, *route, *options.report);
  } else {
    std::cout << RouteJson(topic, *route, *options.report) << '\n';
  }
  co_return shut_down;
}

}  // namespace rocketctl
