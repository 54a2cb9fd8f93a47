#include "corocket/testing/scripted_namesrv.h"

#include <utility>

#include "absl/log/absl_check.h"
#include "sdk/base/host_port.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/route_query.h"
#include "sdk/testkit/server_core.h"
#include "sdk/testkit/server_port.h"
#include "sdk/testkit/server_script.h"
#include "sdk/testkit/server_strand.h"

namespace corocket::testing {
namespace {

using testkit::ScriptAnswer;
using testkit::ScriptReaction;
using testkit::ServerStrand;

std::string BodyOf(const TopicRoute& route, const Request& request) {
  const auto topic = request.fields().find("topic");
  return protocol::EncodeRouteBody(route, topic == request.fields().end() ? "" : topic->second,
                                   wire::JsonWriter::NumericKeys::kQuoted);
}

ScriptAnswer AnswerWith(std::string body) { return {.code = 0, .remark = {}, .body = std::move(body)}; }

}  // namespace

Expectation::Expectation(testkit::ServerCore* core, testkit::ScriptService* service, Request request)
    : core_(core), service_(service), request_(std::move(request)) {}

Expectation&& Expectation::Times(std::size_t count) && {
  ABSL_CHECK_GE(count, 1u) << request_.ToString() << ": Times(0) expects nothing; leave the line out";
  times_ = count;
  return std::move(*this);
}

void Expectation::Commit(ScriptReaction reaction) && {
  const ServerStrand::Entry entry(core_->strand());
  service_->Add(std::move(request_), times_, std::move(reaction));
}

void Expectation::Reply(const TopicRoute& route) && {
  std::move(*this).ReplyAfter(std::chrono::microseconds(0), route);
}

void Expectation::ReplyAfter(std::chrono::microseconds delay, const TopicRoute& route) && {
  std::string body = BodyOf(route, request_);
  std::move(*this).Commit({.after = delay, .what = AnswerWith(std::move(body))});
}

void Expectation::Reply(const ClusterInfo& info) && { std::move(*this).ReplyAfter(std::chrono::microseconds(0), info); }

void Expectation::ReplyAfter(std::chrono::microseconds delay, const ClusterInfo& info) && {
  std::string body = protocol::EncodeClusterInfoResponse(protocol::EncodeClusterInfoRequest(), info).body;
  std::move(*this).Commit({.after = delay, .what = AnswerWith(std::move(body))});
}

void Expectation::ReplyCode(std::int32_t code, std::string remark) && {
  std::move(*this).ReplyCodeAfter(std::chrono::microseconds(0), code, std::move(remark));
}

void Expectation::ReplyCodeAfter(std::chrono::microseconds delay, std::int32_t code, std::string remark) && {
  std::move(*this).Commit(
      {.after = delay, .what = ScriptAnswer{.code = code, .remark = std::move(remark), .body = {}}});
}

void Expectation::ReplyInPieces(std::size_t pieces, const TopicRoute& route) && {
  ScriptAnswer answer = AnswerWith(BodyOf(route, request_));
  answer.pieces = pieces;
  std::move(*this).Commit({.what = std::move(answer)});
}

void Expectation::ReplyTorn(std::size_t bytes, const TopicRoute& route) && {
  ScriptAnswer answer = AnswerWith(BodyOf(route, request_));
  answer.torn_after = bytes;
  std::move(*this).Commit({.what = std::move(answer)});
}

void Expectation::CloseAfter(std::chrono::microseconds delay) && {
  std::move(*this).Commit({.after = delay, .what = CloseMode::kFin});
}

void Expectation::ResetAfter(std::chrono::microseconds delay) && {
  std::move(*this).Commit({.after = delay, .what = CloseMode::kReset});
}

void Expectation::Silence() && { std::move(*this).Commit({}); }

void Expectation::Garbage(std::string bytes) && { std::move(*this).Commit({.what = std::move(bytes)}); }

ScriptedNamesrv::ScriptedNamesrv(std::shared_ptr<testkit::ServerCore> core,
                                 std::shared_ptr<testkit::ScriptService> service)
    : TestServer(std::move(core)), service_(std::move(service)) {}

absl::StatusOr<ScriptedNamesrv> ScriptedNamesrv::Create(asio::any_io_executor executor,
                                                        ScriptedNamesrvOptions options) {
  return Create(testkit::TcpServerEnvironment(std::move(executor)), std::move(options));
}

absl::StatusOr<ScriptedNamesrv> ScriptedNamesrv::Create(ServerEnvironment environment, ScriptedNamesrvOptions options) {
  absl::StatusOr<HostPort> listen = testkit::ParseListenAddress(options.listen);
  if (!listen.ok()) return listen.status();
  auto service = std::make_shared<testkit::ScriptService>();
  auto core = testkit::ServerCore::Create(std::move(environment), {.listen = *std::move(listen)}, service);
  if (!core.ok()) return core.status();
  return ScriptedNamesrv(*std::move(core), std::move(service));
}

Expectation ScriptedNamesrv::Expect(Request request) { return {&core(), service_.get(), std::move(request)}; }

Expectation ScriptedNamesrv::ExpectProbe() { return Expect(testkit::ScriptService::Probe()); }

std::vector<std::string> ScriptedNamesrv::Unmet() const {
  const ServerStrand::Entry entry(core().strand());
  return service_->Unmet();
}

std::vector<std::string> ScriptedNamesrv::Unexpected() const {
  const ServerStrand::Entry entry(core().strand());
  return service_->unexpected();
}

}  // namespace corocket::testing
