#ifndef COROCKET_OPTIONS_H_
#define COROCKET_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "corocket/endpoint_event.h"

namespace corocket {

class Observer;

/// How a call went. Written once, before the call completes; read it afterwards only.
struct CallReport {
  /// `host:port` of the server whose answer was returned; empty when there was none.
  std::string answered_by = {};
  /// Requests handed to a connection, the successful one included.
  std::uint32_t attempts = 0;
  /// Those that failed, oldest first; the last 16.
  std::vector<EndpointFailure> failures = {};
  /// From the begin of the call to its end, pauses included.
  std::chrono::microseconds elapsed{0};
};

/// Time limits of one call.
struct CallOptions {
  /// Whole call, retries included. Default 3 s; range [1 ms, 10 min]. Does not cover `Shutdown`.
  std::chrono::milliseconds timeout = std::chrono::seconds(3);
  /// Wait for one server's answer, counted from the moment a connection is there; capped by what is left of `timeout`.
  /// Default 1 s; range [1 ms, 10 min].
  std::chrono::milliseconds attempt_timeout = std::chrono::seconds(1);
  /// True: waits for a server until `timeout`. False: UNAVAILABLE with each server's cause as soon as every one has
  /// failed since the call began; during the pause after that, at once.
  bool wait_for_ready = true;
  /// Filled when the call has ended, well or not; left alone by a call that could not begin (INVALID_ARGUMENT). May be
  /// null.
  std::shared_ptr<CallReport> report = {};

  [[nodiscard]] absl::Status Validate() const;
};

/// How servers are chosen, watched and left. The defaults fit NameServers in one region.
struct FailoverOptions {
  /// While a dial has no result, the next server is tried after this. Default 250 ms; range [100 ms, 2 s].
  std::chrono::milliseconds attempt_delay{250};
  /// Look-up, connect and proof of life of one server. Default 1.5 s; range [100 ms, 1 min].
  std::chrono::milliseconds dial_timeout{1500};
  /// Dials at one time. Default 8; range [1, 64].
  std::size_t max_parallel_dials = 8;
  /// A request is outstanding and no byte comes: the server is left. Default 500 ms; range [50 ms, 1 min].
  std::chrono::milliseconds silence_limit{500};
  /// How long requests already written to a replaced connection may still be answered. Default 3 s; range [0, 1 min].
  std::chrono::milliseconds drain_timeout{3000};
  /// First pause after every server failed; grows by 1.6 per pass, jittered. Default 100 ms; range [1 ms, 1 min].
  std::chrono::milliseconds backoff_base{100};
  /// Longest pause while callers wait. Default 1 s; range [`backoff_base`, 10 min].
  std::chrono::milliseconds backoff_cap_waiting{1000};
  /// Longest pause while nobody waits. Default 5 s; range [`backoff_cap_waiting`, 10 min].
  std::chrono::milliseconds backoff_cap_idle{5000};
  /// A request is not written when less than this is left of its deadline. Default 20 ms; range [0, 1 s].
  std::chrono::milliseconds min_attempt{20};

  [[nodiscard]] absl::Status Validate() const;
};

/// What a client is made of.
struct ClientOptions {
  /// NameServers: each item is `host:port` or a list of them separated by `;`, `,` or blanks; `http://host:port`
  /// without a path is an address too. The host is a name, of whose addresses the first eight are tried, or a literal:
  /// `10.0.0.1`,
  /// `[2001:db8::1]`, `[fe80::1%eth0]`. `http://host/path`, `file:` and `dns:` are refused by their name.
  /// Empty: the environment variable NAMESRV_ADDR.
  std::vector<std::string> namesrv = {};
  /// Limits of calls that do not bring their own. Without a report, which belongs to one call.
  CallOptions call = {};
  FailoverOptions failover = {};
  /// Told of every endpoint event, in order. See `corocket/spdlog_sink.h` for the one that writes log lines.
  std::vector<std::shared_ptr<Observer>> observers = {};

  /// Checks everything that can be checked without asking a server.
  /// Errors: INVALID_ARGUMENT naming the option, its value and the allowed range, or quoting the bad address.
  [[nodiscard]] absl::Status Validate() const;
};

}  // namespace corocket

#endif  // COROCKET_OPTIONS_H_
