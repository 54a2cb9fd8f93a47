#include "samples/rocketctl/json_output.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "corocket/error.h"
#include "nlohmann/json.hpp"

namespace rocketctl {
namespace {

using Json = nlohmann::ordered_json;

std::string Line(const Json& json) { return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace); }

std::string CauseText(const std::error_code& cause) { return cause ? cause.message() : std::string(); }

std::int64_t Millis(double seconds) { return std::llround(seconds * 1000); }

Json ToJson(const corocket::EndpointFailure& failure) {
  return {{"endpoint", failure.endpoint},          {"phase", failure.phase},
          {"cause", CauseText(failure.cause)},     {"detail", failure.detail},
          {"elapsed_us", failure.elapsed.count()}, {"text", failure.ToString()}};
}

Json ToJson(const corocket::QueueGroup& queues) {
  return {{"broker", queues.broker_name},           {"read_queues", queues.read_queues},
          {"write_queues", queues.write_queues},    {"perm", queues.perm},
          {"readable", queues.readable()},          {"writable", queues.writable()},
          {"topic_sys_flag", queues.topic_sys_flag}};
}

Json ToJson(const corocket::BrokerGroup& broker) {
  Json addresses = Json::object();
  for (const auto& [id, address] : broker.addresses) addresses[std::to_string(id)] = address;
  return {{"name", broker.name},
          {"cluster", broker.cluster},
          {"zone", broker.zone},
          {"enable_acting_master", broker.enable_acting_master},
          {"addresses", addresses}};
}

Json ToJson(const corocket::QueueMapping& mapping) {
  Json ids = Json::object();
  for (const auto& [logical, physical] : mapping.ids) ids[std::to_string(logical)] = physical;
  return {{"broker", mapping.broker_name},
          {"scope", mapping.scope},
          {"epoch", mapping.epoch},
          {"total_queues", mapping.total_queues},
          {"physical_by_logical", ids}};
}

template <typename Item>
Json ToJson(const std::vector<Item>& items) {
  Json array = Json::array();
  for (const Item& item : items) array.push_back(ToJson(item));
  return array;
}

}  // namespace

std::string RouteJson(const std::string& topic, const corocket::TopicRoute& route, const corocket::CallReport& report) {
  return Line({{"type", "route"},
               {"topic", topic},
               {"queues", ToJson(route.queues)},
               {"brokers", ToJson(route.brokers)},
               {"mappings", ToJson(route.mappings)},
               {"order_topic_conf", route.order_topic_conf},
               {"answered_by", report.answered_by},
               {"attempts", report.attempts},
               {"elapsed_us", report.elapsed.count()},
               {"failures", ToJson(report.failures)}});
}

std::string EventJson(const corocket::EndpointEvent& event, double seconds) {
  return Line({{"type", "event"},
               {"kind", corocket::EventKindName(event.kind)},
               {"at_ms", Millis(seconds)},
               {"sequence", event.sequence},
               {"endpoint", event.endpoint},
               {"previous", event.previous},
               {"generation", event.generation},
               {"list_version", event.list_version},
               {"reason", corocket::SwitchReasonName(event.reason)},
               {"cause", CauseText(event.cause)},
               {"detail", event.detail},
               {"elapsed_us", event.elapsed.count()},
               {"count", event.count},
               {"added", event.added},
               {"removed", event.removed},
               {"failures", ToJson(event.failures)},
               {"text", event.ToString()}});
}

std::string FailureJson(const absl::Status& failure, double seconds) {
  Json json = {{"type", "failure"},
               {"at_ms", Millis(seconds)},
               {"code", absl::StatusCodeToString(failure.code())},
               {"server_code", nullptr},
               {"text", failure.message()}};
  const std::optional<corocket::ErrorDetails> details = corocket::DetailsOf(failure);
  if (details && details->server_code) json["server_code"] = *details->server_code;
  return Line(json);
}

std::string SummaryJson(const WatchSummary& summary) {
  Json json = {{"type", "summary"},
               {"calls", summary.ok + summary.failed},
               {"ok", summary.ok},
               {"failed", summary.failed},
               {"switches", summary.switches},
               {"longest_gap_ms", std::round(summary.longest_gap_ms * 1000) / 1000},
               {"p50_us", summary.p50_us},
               {"p99_us", summary.p99_us},
               {"max_us", summary.max_us},
               {"connects", summary.connects}};
  if (!summary.last_failure.ok()) json["last_failure"] = summary.last_failure.message();
  return Line(json);
}

}  // namespace rocketctl
