#include "sdk/failover/dialler.h"

#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "asio/error.hpp"
#include "sdk/runtime/with_deadline.h"

namespace corocket::failover {
namespace {

/// A name with more addresses than this would keep every other server of the list waiting.
constexpr std::size_t kMaxAddressesPerName = 8;

/// A dial that ran out of time says so in our own words: the operating system never reports a dropped packet.
std::error_code DialCause(const std::error_code& code) {
  return code == asio::error::timed_out ? make_error_code(RemotingErrc::kConnectTimeout) : code;
}

/// Ends a connection that does not come to be used, whatever the reason: a cancellation may be thrown at any await.
class Unproven {
 public:
  explicit Unproven(std::shared_ptr<net::Connection> connection) : connection_(std::move(connection)) {}
  ~Unproven() {
    if (connection_) connection_->Abort(cause_);
  }
  Unproven(const Unproven&) = delete;
  Unproven& operator=(const Unproven&) = delete;

  void Refuse(std::error_code cause) { cause_ = cause; }
  [[nodiscard]] std::shared_ptr<net::Connection> Proven() { return std::move(connection_); }

 private:
  std::shared_ptr<net::Connection> connection_;
  std::error_code cause_ = RemotingErrc::kCancelled;
};

}  // namespace

asio::awaitable<std::vector<HostPort>> Dialler::Resolve(HostPort authority, TimePoint deadline) const {
  if (IsIpLiteral(authority.host)) {
    std::vector<HostPort> literal;
    literal.push_back(std::move(authority));
    co_return literal;
  }
  try {
    std::vector<HostPort> found =
        co_await WithDeadline(*config_.runtime, deadline, config_.connector->Resolve(authority));
    if (found.size() > kMaxAddressesPerName) found.resize(kMaxAddressesPerName);
    if (!found.empty()) co_return found;
  } catch (const std::system_error& error) {
    throw RemotingError(DialCause(error.code()), Phase::kResolve, authority.ToString(), false);
  }
  throw RemotingError(asio::error::host_not_found, Phase::kResolve, authority.ToString(), false);
}

asio::awaitable<std::shared_ptr<net::Connection>> Dialler::Open(HostPort authority, HostPort address,
                                                                TimePoint deadline) {
  const std::string name = authority.ToString();
  std::unique_ptr<net::Transport> transport;
  try {
    transport = co_await WithDeadline(*config_.runtime, deadline, config_.connector->Connect(config_.strand, address));
  } catch (const std::system_error& error) {
    throw RemotingError(DialCause(error.code()), Phase::kConnect, name, false,
                        address == authority ? std::string() : address.ToString());
  }
  const net::ConnectionId id{next_connection_.fetch_add(1, std::memory_order_relaxed)};
  const std::shared_ptr<net::Connection> connection =
      net::Connection::Start(config_.runtime, config_.strand, std::move(transport), id, name, config_.connection,
                             {.on_silent = config_.on_silent, .on_ended = config_.on_ended, .on_request = nullptr});
  Unproven unproven(connection);
  config_.on_started(connection);
  std::optional<RemotingError> failure;
  try {
    net::SendOptions options{.deadline = deadline, .idempotent = true};
    wire::Frame answer = co_await connection->Send(config_.probe, options);
    static_cast<void>(answer);
  } catch (const RemotingError& error) {
    const std::error_code cause =
        error.code() == RemotingErrc::kAttemptTimeout ? make_error_code(RemotingErrc::kConnectTimeout) : error.code();
    failure.emplace(cause, Phase::kProbe, name, false, error.detail());
  }
  if (failure) {
    unproven.Refuse(failure->code());
    throw *failure;
  }
  co_return unproven.Proven();
}

asio::awaitable<std::shared_ptr<net::Connection>> Dialler::OpenAny(HostPort authority, std::vector<HostPort> addresses,
                                                                   TimePoint deadline) {
  for (std::size_t i = 0; i + 1 < addresses.size(); ++i) {
    // Each takes its share of the time, so that one dead address leaves some for the next.
    const TimePoint now = config_.runtime->Now();
    const TimePoint share = now + (deadline - now) / static_cast<int>(addresses.size() - i);
    try {
      co_return co_await Open(authority, addresses[i], share);
    } catch (const RemotingError&) {
      if (config_.runtime->Now() >= deadline) throw;
    }
  }
  co_return co_await Open(authority, addresses.back(), deadline);
}

DialFailure DialFailureOf(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const RemotingError& failed) {
    return {.phase = failed.phase(), .cause = failed.code(), .detail = failed.detail()};
  } catch (const std::system_error& failed) {
    return {.phase = Phase::kConnect, .cause = failed.code(), .detail = {}};
  } catch (const std::bad_alloc&) {
    return {.phase = Phase::kConnect, .cause = std::make_error_code(std::errc::not_enough_memory), .detail = {}};
  } catch (const std::exception& failed) {
    return {.phase = Phase::kConnect, .cause = std::make_error_code(std::errc::io_error), .detail = failed.what()};
  } catch (...) {
    return {.phase = Phase::kConnect, .cause = std::make_error_code(std::errc::io_error), .detail = {}};
  }
}

}  // namespace corocket::failover
