#include "corocket/namesrv_channel.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "asio/error.hpp"
#include "corocket/error.h"
#include "sdk/base/quoted.h"
#include "sdk/failover/attempt_log.h"
#include "sdk/failover/call_status.h"
#include "sdk/failover/channel.h"
#include "sdk/namesrv/address_list.h"
#include "sdk/namesrv/answers.h"
#include "sdk/net/asio_connector.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/response_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/runtime/asio_runtime.h"

namespace corocket {
namespace {

constexpr std::size_t kMaxTopicBytes = 127;
constexpr std::string_view kKind = "namesrv";
/// Nothing waits without a bound.
constexpr std::chrono::milliseconds kLongestDrain = std::chrono::minutes(10);

absl::Status ValidateTopic(std::string_view topic) {
  const auto bad = [&](std::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("topic ", Quoted(topic), " ", why, "; give 1-127 bytes of a-z A-Z 0-9 _ - % |"));
  };
  if (topic.empty()) return bad("is empty");
  if (topic.size() > kMaxTopicBytes) return bad(absl::StrCat("has ", topic.size(), " bytes"));
  for (const char c : topic) {
    const bool allowed =
        absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '%' || c == '|';
    if (!allowed) return bad("holds a character that no topic may have");
  }
  return absl::OkStatus();
}

/// What a call does, put into words only when it fails.
struct Operation {
  std::string_view what;
  std::string topic = {};

  [[nodiscard]] std::string Text() const {
    return topic.empty() ? std::string(what) : absl::StrCat(what, " ", Quoted(topic));
  }
};

/// A server's refusal as the caller sees it.
absl::Status RefusalStatus(std::string_view operation, const failover::Answer& answer, const failover::AttemptLog& log,
                           TimePoint now) {
  const std::int32_t code = answer.reply.header.code;
  const bool unknown_topic = code == static_cast<std::int32_t>(protocol::ResponseCode::kTopicNotExist);
  ErrorDetails details;
  details.hint = RetryHint::kPermanent;
  details.server_code = code;
  details.remark = namesrv::RemarkOf(answer.reply);
  details.attempts = log.failures();
  details.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - log.started());
  details.unconfirmed = answer.unconfirmed;
  std::string text = absl::StrCat("cannot ", operation, ": namesrv[", answer.endpoint, "] answered ",
                                  protocol::ResponseCodeName(code), " (", code, ")");
  if (!details.remark.empty()) absl::StrAppend(&text, ": ", Quoted(details.remark));
  if (answer.unconfirmed) absl::StrAppend(&text, "; no second NameServer could be asked");
  const absl::StatusCode status_code = unknown_topic ? absl::StatusCode::kNotFound : absl::StatusCode::kInternal;
  return WithDetails(absl::Status(status_code, text), details);
}

void Report(const CallOptions& options, const failover::AttemptLog& log, std::string answered_by, Runtime& runtime) {
  if (!options.report) return;
  const TimePoint now = runtime.Now();
  options.report->answered_by = std::move(answered_by);
  options.report->attempts = log.attempts();
  options.report->failures = log.failures();
  options.report->elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - log.started());
}

/// What an exception that is no failure of the call amounts to: the call was cancelled between two steps, or the
/// process is out of memory, or an executor or connector of the caller's has thrown.
absl::Status StatusOf(const std::exception_ptr& error, std::string_view operation) {
  ErrorDetails details;
  details.hint = RetryHint::kSafeToRetry;
  absl::Status status;
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& failed) {
    const bool cancelled = failed.code() == asio::error::operation_aborted;
    status = absl::Status(cancelled ? absl::StatusCode::kCancelled : absl::StatusCode::kInternal,
                          absl::StrCat("cannot ", operation, ": ", failed.code().message()));
  } catch (const std::bad_alloc&) {
    status = absl::ResourceExhaustedError(absl::StrCat("cannot ", operation, ": out of memory"));
  } catch (const std::exception& failed) {
    status = absl::InternalError(absl::StrCat("cannot ", operation, ": ", failed.what()));
  } catch (...) {
    status = absl::InternalError(absl::StrCat("cannot ", operation, ": an unknown exception"));
  }
  return WithDetails(status, details);
}

/// A call that cannot begin.
template <class Result>
asio::awaitable<absl::StatusOr<Result>> Refuse(absl::Status why) {
  co_return why;
}

}  // namespace

class NamesrvChannel::Impl {
 public:
  Impl(std::shared_ptr<failover::FailoverChannel> channel, const ClientOptions& options)
      : channel_(std::move(channel)), call_(options.call), failover_(options.failover) {}
  ~Impl() {
    try {
      channel_->Abandon();
    } catch (...) {  // Out of memory: what runs ends with its deadlines.
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// One read request, decoded by `decode` when the server says success. Everything by value: the caller may be gone
  /// before the coroutine is.
  template <class Result>
  static asio::awaitable<absl::StatusOr<Result>> Query(std::shared_ptr<Impl> self, Operation operation,
                                                       wire::Frame request, CallOptions options,
                                                       absl::StatusOr<Result> (*decode)(const wire::Frame&)) {
    const absl::Status valid = options.Validate();
    if (!valid.ok()) co_return valid;
    const std::shared_ptr<failover::FailoverChannel> channel = self->channel_;
    Runtime& runtime = channel->runtime();
    failover::AttemptLog log(options, self->failover_, /*idempotent=*/true, runtime.Now());
    // Destroying the handle must be able to end the channel while calls of it still run.
    self.reset();
    absl::StatusOr<Result> result = absl::UnknownError("no answer");
    const auto judge = [&result, decode](const wire::Frame& reply) {
      if (reply.header.code != static_cast<std::int32_t>(protocol::ResponseCode::kSuccess)) {
        return namesrv::JudgeCode(reply);
      }
      result = decode(reply);
      return result.ok() ? failover::Verdict{} : namesrv::Unreadable(result.status());
    };
    failover::Answer answer;
    std::exception_ptr escaped;
    try {
      co_await channel->Execute(request, judge, log, answer);
      if (answer.reply.header.code != static_cast<std::int32_t>(protocol::ResponseCode::kSuccess)) {
        result = RefusalStatus(operation.Text(), answer, log, runtime.Now());
      }
      Report(options, log, std::move(answer.endpoint), runtime);
    } catch (const failover::CallFailed& failed) {
      result = failover::ToStatus(failed, operation.Text(), kKind);
      Report(options, log, {}, runtime);
    } catch (...) {
      escaped = std::current_exception();
    }
    if (escaped) {
      result = StatusOf(escaped, operation.Text());
      Report(options, log, {}, runtime);
    }
    co_return result;
  }

  static asio::awaitable<absl::StatusOr<TopicRoute>> QueryRoute(std::shared_ptr<Impl> self, std::string topic,
                                                                CallOptions options) {
    absl::Status valid = ValidateTopic(topic);
    if (!valid.ok()) return Refuse<TopicRoute>(std::move(valid));
    wire::Frame request = protocol::EncodeRouteRequest({.topic = topic});
    Operation operation{.what = "query route of topic", .topic = std::move(topic)};
    return Query<TopicRoute>(std::move(self), std::move(operation), std::move(request), std::move(options),
                             &protocol::DecodeRouteResponse);
  }

  static asio::awaitable<absl::Status> Shutdown(std::shared_ptr<Impl> self, std::chrono::milliseconds drain) {
    const std::shared_ptr<failover::FailoverChannel> channel = self->channel_;
    self.reset();
    std::exception_ptr escaped;
    try {
      co_await channel->Shutdown(std::clamp(drain, std::chrono::milliseconds(0), kLongestDrain));
    } catch (...) {
      escaped = std::current_exception();
    }
    co_return escaped ? StatusOf(escaped, "shut down") : absl::OkStatus();
  }

  const std::shared_ptr<failover::FailoverChannel>& channel() const { return channel_; }
  const CallOptions& call_defaults() const { return call_; }

 private:
  std::shared_ptr<failover::FailoverChannel> channel_;
  CallOptions call_;
  FailoverOptions failover_;
};

absl::StatusOr<NamesrvChannel> NamesrvChannel::Create(asio::any_io_executor executor, ClientOptions options) {
  Environment environment{.runtime = MakeAsioRuntime(std::move(executor)), .connector = net::MakeAsioConnector()};
  return Create(std::move(environment), std::move(options));
}

absl::StatusOr<NamesrvChannel> NamesrvChannel::Create(Environment environment, ClientOptions options) {
  const absl::Status valid = options.Validate();
  if (!valid.ok()) return valid;
  if (environment.runtime == nullptr || environment.connector == nullptr) {
    return absl::InvalidArgumentError("Environment: runtime and connector must not be null");
  }
  absl::StatusOr<std::vector<HostPort>> endpoints =
      options.namesrv.empty() ? namesrv::NamesrvFromEnvironment() : namesrv::ParseNamesrvList(options.namesrv);
  if (!endpoints.ok()) return endpoints.status();
  failover::ChannelConfig config{.runtime = std::move(environment.runtime),
                                 .connector = std::move(environment.connector),
                                 .options = options.failover,
                                 .endpoints = *std::move(endpoints),
                                 // An absent key is answered by every version, at no cost to the server.
                                 .probe = protocol::EncodeKvGetRequest({.ns = "CoRocket", .key = "probe"}),
                                 .observers = std::move(options.observers)};
  return NamesrvChannel(std::make_shared<Impl>(failover::FailoverChannel::Start(std::move(config)), options));
}

NamesrvChannel::NamesrvChannel(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
NamesrvChannel::NamesrvChannel(NamesrvChannel&&) noexcept = default;
NamesrvChannel& NamesrvChannel::operator=(NamesrvChannel&&) noexcept = default;
NamesrvChannel::~NamesrvChannel() = default;

asio::awaitable<absl::StatusOr<TopicRoute>> NamesrvChannel::QueryRoute(std::string topic) {
  return Impl::QueryRoute(impl_, std::move(topic), impl_->call_defaults());
}

asio::awaitable<absl::StatusOr<TopicRoute>> NamesrvChannel::QueryRoute(std::string topic, CallOptions options) {
  return Impl::QueryRoute(impl_, std::move(topic), std::move(options));
}

asio::awaitable<absl::StatusOr<ClusterInfo>> NamesrvChannel::QueryClusterInfo() {
  return QueryClusterInfo(impl_->call_defaults());
}

asio::awaitable<absl::StatusOr<ClusterInfo>> NamesrvChannel::QueryClusterInfo(CallOptions options) {
  return Impl::Query<ClusterInfo>(impl_, {.what = "query cluster info"}, protocol::EncodeClusterInfoRequest(),
                                  std::move(options), &protocol::DecodeClusterInfoResponse);
}

absl::Status NamesrvChannel::UpdateEndpoints(const std::vector<std::string>& namesrv) {
  absl::StatusOr<std::vector<HostPort>> endpoints = namesrv::ParseNamesrvList(namesrv);
  if (!endpoints.ok()) {
    impl_->channel()->RejectEndpoints(std::string(endpoints.status().message()));
    return endpoints.status();
  }
  return impl_->channel()->UpdateEndpoints(*std::move(endpoints));
}

EventStream NamesrvChannel::Watch() { return impl_->channel()->Watch(); }

ChannelSnapshot NamesrvChannel::Snapshot() const { return impl_->channel()->Snapshot(); }

asio::awaitable<absl::Status> NamesrvChannel::Shutdown(std::chrono::milliseconds drain) {
  return Impl::Shutdown(impl_, drain);
}

}  // namespace corocket
