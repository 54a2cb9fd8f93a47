#include "sdk/testkit/server_core.h"

#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "asio/error.hpp"
#include "sdk/testkit/server_task.h"

namespace corocket::testkit {
namespace {

using ::corocket::testing::CloseMode;
using ::corocket::testing::ServerEnvironment;
using ::corocket::testing::ServerStats;

/// After an accept that failed for want of something, such as file descriptors.
constexpr std::chrono::milliseconds kAcceptPause(10);

struct Accepted {
  std::unique_ptr<net::Transport> transport;
  bool listener_closed = false;
};

asio::awaitable<Accepted> AcceptOne(std::shared_ptr<net::Listener> listener, asio::any_io_executor on) {
  Accepted accepted;
  try {
    accepted.transport = co_await listener->Accept(on);
  } catch (const std::system_error& error) {
    accepted.listener_closed = error.code() == asio::error::operation_aborted;
  }
  co_return accepted;
}

}  // namespace

absl::StatusOr<HostPort> ParseListenAddress(std::string_view text) {
  // Nobody can dial port 0, so addresses are read without it.
  std::string_view host = text;
  if (!absl::ConsumeSuffix(&host, ":0")) return ParseHostPort(text);
  absl::StatusOr<HostPort> address = ParseHostPort(absl::StrCat(host, ":1"));
  if (address.ok()) address->port = 0;
  return address;
}

ServerCore::ServerCore(ServerEnvironment environment, ServerCoreOptions options, std::shared_ptr<Service> service)
    : environment_(std::move(environment)),
      strand_(environment_.runtime->executor()),
      executor_(strand_.executor()),
      options_(std::move(options)),
      service_(std::move(service)) {}

absl::StatusOr<std::shared_ptr<ServerCore>> ServerCore::Create(ServerEnvironment environment, ServerCoreOptions options,
                                                               std::shared_ptr<Service> service) {
  std::shared_ptr<ServerCore> core(
      new ServerCore(std::move(environment), std::move(options), std::move(service)));  // NOLINT: private constructor
  absl::Status listening = core->Start();
  if (!listening.ok()) return listening;
  return core;
}

absl::Status ServerCore::Start() {
  const ServerStrand::Entry entry(strand_);
  if (listener_) return absl::OkStatus();
  try {
    listener_ = environment_.binder->Listen(executor_, options_.listen);
  } catch (const std::system_error& error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options_.listen.ToString(), ": ",
                                               error.code().message(), "; give another port, or 0 for any free one"));
  }
  // A port that was given once is kept over stops: clients know it.
  options_.listen.port = listener_->address().port;
  if (address_.empty()) address_ = options_.listen.ToString();
  SpawnServerTask(executor_, AcceptLoop(shared_from_this(), listener_));
  return absl::OkStatus();
}

asio::awaitable<void> ServerCore::AcceptLoop(std::shared_ptr<ServerCore> self,
                                             std::shared_ptr<net::Listener> listener) {
  while (self->listener_ == listener) {
    Accepted accepted = co_await AcceptOne(listener, self->executor_);
    if (accepted.listener_closed) co_return;
    if (!accepted.transport) {
      co_await SleepUntil(*self->environment_.runtime, self->environment_.runtime->Now() + kAcceptPause);
    } else if (self->listener_ == listener) {
      self->Welcome(std::move(accepted.transport));
    } else {
      accepted.transport->Reset();
    }
  }
}

void ServerCore::Welcome(std::unique_ptr<net::Transport> transport) {
  ++stats_.connections_accepted;
  const bool full = stats_.connections_open >= options_.max_connections ||
                    connections_.size() >= options_.max_connections + kMaxLingering;
  if (refuse_reset_ || full) {
    transport->Reset();
    return;
  }
  ++stats_.connections_open;
  const ServerConnection::Id id = next_id_++;
  auto connection =
      std::make_shared<ServerConnection>(id, environment_.runtime, executor_, std::move(transport), shared_from_this());
  connection->SetStalled(stalled_);
  connections_.emplace(id, connection);
  SpawnServerTask(executor_, ServerConnection::Serve(std::move(connection)));
}

void ServerCore::Stop() {
  const ServerStrand::Entry entry(strand_);
  if (listener_) std::exchange(listener_, nullptr)->Close();
  CloseAll(CloseMode::kReset);
}

void ServerCore::CloseAll(CloseMode how) {
  const ServerStrand::Entry entry(strand_);
  const auto all = connections_;  // closing takes them out of the table
  for (const auto& [id, connection] : all) connection->Close(how);
}

void ServerCore::Stall(bool stalled) {
  const ServerStrand::Entry entry(strand_);
  stalled_ = stalled;
  for (const auto& [id, connection] : connections_) connection->SetStalled(stalled);
}

void ServerCore::DelayAnswers(Duration delay) {
  const ServerStrand::Entry entry(strand_);
  answer_delay_ = delay;
}

void ServerCore::RefuseReset(bool refuse) {
  const ServerStrand::Entry entry(strand_);
  refuse_reset_ = refuse;
}

ServerStats ServerCore::stats() const {
  const ServerStrand::Entry entry(strand_);
  return stats_;
}

bool ServerCore::listening() const {
  const ServerStrand::Entry entry(strand_);
  return listener_ != nullptr;
}

void ServerCore::Answer(ServerConnection& connection, const wire::Frame& answer) {
  if (answer_delay_ <= Duration::zero()) {
    connection.Send(answer);
    return;
  }
  ServerConnection::Output output;
  ServerConnection::AppendAnswer(answer, output.bytes);
  connection.SendAt(AnswerTime(), std::move(output));
}

void ServerCore::OnRequest(ServerConnection& connection, wire::Frame request) {
  ++stats_.requests;
  const auto counted = stats_.requests_by_code.find(request.header.code);
  if (counted != stats_.requests_by_code.end()) {
    ++counted->second;
  } else if (stats_.requests_by_code.size() < testing::kMaxCountedCodes) {
    stats_.requests_by_code.emplace(request.header.code, 1);
  }
  service_->OnRequest(*this, connection, std::move(request));
}

void ServerCore::OnMalformed(std::string_view reason) {
  ++stats_.malformed;
  stats_.last_malformed = reason;
}

void ServerCore::OnEnded(ServerConnection::Id id) {
  --stats_.connections_open;
  service_->OnConnectionEnded(id);
}

void ServerCore::OnClosed(ServerConnection::Id id) { connections_.erase(id); }

}  // namespace corocket::testkit
