#ifndef COROCKET_TESTING_TEST_SERVER_H_
#define COROCKET_TESTING_TEST_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"

namespace corocket {

namespace testkit {
class ServerCore;
}

namespace testing {

/// How a server lets go of a connection.
enum class CloseMode : std::uint8_t {
  kFin,    ///< Orderly: the client reads an end of stream.
  kReset,  ///< The client reads what has reached it already, then gets "connection reset".
};

inline constexpr std::size_t kMaxCountedCodes = 1024;

/// What a test server has seen since it was created, over all its stops and starts.
struct ServerStats {
  std::uint64_t connections_accepted = 0;
  /// Now, those that were closed by either side left out.
  std::size_t connections_open = 0;
  /// Requests read, one-way ones included.
  std::uint64_t requests = 0;
  /// The same by request code, for the first `kMaxCountedCodes` codes that came.
  std::map<std::int32_t, std::uint64_t> requests_by_code = {};
  /// Connections that were dropped because they sent what is no request.
  std::uint64_t malformed = 0;
  /// What the last of them sent, such as "an HTTP request"; empty: none did.
  std::string last_malformed = {};

  /// Requests of one code.
  [[nodiscard]] std::uint64_t requests_of(std::int32_t code) const {
    const auto found = requests_by_code.find(code);
    return found == requests_by_code.end() ? 0 : found->second;
  }
};

/// What every server of the test kit has: an address, faults that can be switched while it runs, and counters.
///
/// States: listening -> stopped -> listening ... Every member takes effect before it returns, from whatever thread, and
/// whether or not anything runs the server's executor at the moment.
/// Thread safety: Distinct objects: safe. Shared object: all members but move and destruction may be called from any
///   thread. Handle: move-only; the destructor ends the server like `Stop` and waits for nothing. The executor's
///   context outlives it. A listening server counts as work: `io_context::run()` returns after `Stop` only.
class TestServer {
 public:
  TestServer(TestServer&&) noexcept;
  TestServer& operator=(TestServer&&) noexcept;

  /// `host:port` with the real port, as a client is configured with it. Does not change.
  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] ServerStats stats() const;
  [[nodiscard]] bool listening() const;

  /// The process dies: nobody listens, every connection is reset. What the server was told by its members stays; what
  /// brokers registered goes with their connections. Idempotent.
  void Stop();
  /// Listens again on the same address; a listening server is left alone. Faults stay as they were set.
  /// Errors: UNAVAILABLE: somebody else listens there now.
  [[nodiscard]] absl::Status Start();

  /// true: connections are accepted and requests read, and no byte is sent any more. false: the answers of the meantime
  /// leave at once, and all goes on, like a process that was stopped and continued.
  void Stall(bool stalled);
  /// Answers leave this long after their request, the requests that come from now on. Zero: at once.
  void DelayAnswers(std::chrono::milliseconds delay);
  /// true: connections are accepted and reset at once; those that stand are not touched.
  void RefuseReset(bool refuse);
  /// Ends every connection in this way; the server goes on listening.
  void CloseAll(CloseMode how);

 protected:
  explicit TestServer(std::shared_ptr<testkit::ServerCore> core);
  ~TestServer();
  [[nodiscard]] testkit::ServerCore& core() const { return *core_; }

 private:
  std::shared_ptr<testkit::ServerCore> core_;
};

}  // namespace testing
}  // namespace corocket

#endif  // COROCKET_TESTING_TEST_SERVER_H_
