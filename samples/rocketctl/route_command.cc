#include "samples/rocketctl/route_command.h"

#include <iostream>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "samples/rocketctl/json_object.h"

namespace rocketctl {
namespace {

std::string QueuesJson(const corocket::QueueGroup& queues) {
  return JsonObject()
      .Add("broker", queues.broker_name)
      .Add("read_queues", queues.read_queues)
      .Add("write_queues", queues.write_queues)
      .Add("perm", queues.perm)
      .Add("readable", queues.readable())
      .Add("writable", queues.writable())
      .ToString();
}

std::string BrokerJson(const corocket::BrokerGroup& broker) {
  JsonObject addresses;
  for (const auto& [id, address] : broker.addresses) addresses.Add(absl::StrCat(id), address);
  return JsonObject()
      .Add("name", broker.name)
      .Add("cluster", broker.cluster)
      .AddRaw("addresses", addresses.ToString())
      .ToString();
}

template <typename Items, typename ToJson>
std::string ArrayJson(const Items& items, ToJson to_json) {
  return absl::StrCat(
      "[", absl::StrJoin(items, ",", [&](std::string* out, const auto& item) { out->append(to_json(item)); }), "]");
}

void PrintText(const std::string& topic, const corocket::TopicRoute& route, const corocket::CallReport& report) {
  std::cout << "topic " << topic << '\n';
  for (const auto& queues : route.queues) std::cout << "  queues  " << queues << '\n';
  for (const auto& broker : route.brokers) std::cout << "  broker  " << broker << '\n';
  if (!route.order_topic_conf.empty()) std::cout << "  order   " << route.order_topic_conf << '\n';
  std::cout << "answered by " << report.answered_by << " after " << report.attempts
            << (report.attempts == 1 ? " attempt" : " attempts") << ", " << report.elapsed.count() << " us\n";
  for (const auto& failure : report.failures) std::cout << "  before that  " << failure.ToString() << '\n';
}

void PrintJson(const std::string& topic, const corocket::TopicRoute& route, const corocket::CallReport& report) {
  JsonObject object;
  object.Add("type", "route")
      .Add("topic", topic)
      .AddRaw("queues", ArrayJson(route.queues, QueuesJson))
      .AddRaw("brokers", ArrayJson(route.brokers, BrokerJson))
      .Add("order_topic_conf", route.order_topic_conf)
      .Add("answered_by", report.answered_by)
      .Add("attempts", report.attempts)
      .Add("elapsed_us", report.elapsed.count());
  std::cout << object.ToString() << '\n';
}

}  // namespace

asio::awaitable<absl::Status> RunRoute(corocket::Client& client, std::string topic, CommonFlags flags) {
  corocket::CallOptions options = flags.client.call;
  options.report = std::make_shared<corocket::CallReport>();
  absl::StatusOr<corocket::TopicRoute> route = co_await client.QueryRoute(topic, options);
  if (!route.ok()) co_return route.status();
  if (flags.format == Format::kText) {
    PrintText(topic, *route, *options.report);
  } else {
    PrintJson(topic, *route, *options.report);
  }
  std::cout.flush();
  co_return absl::OkStatus();
}

}  // namespace rocketctl
