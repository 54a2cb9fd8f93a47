#ifndef COROCKET_SDK_TESTKIT_SERVER_SCRIPT_H_
#define COROCKET_SDK_TESTKIT_SERVER_SCRIPT_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "corocket/testing/request.h"
#include "corocket/testing/test_server.h"
#include "sdk/runtime/time.h"
#include "sdk/testkit/server_connection.h"
#include "sdk/testkit/server_core.h"
#include "sdk/wire/frame.h"

namespace corocket::testkit {

/// Requests that met no line of a script and are remembered.
inline constexpr std::size_t kMaxUnexpected = 1000;

/// An answer to the request, as a frame.
struct ScriptAnswer {
  std::int32_t code = 0;
  std::string remark;
  std::string body;
  /// Sent in this many parts, 1 ms apart.
  std::size_t pieces = 1;
  /// Only the first so many bytes are sent, and 1 ms later a reset.
  std::size_t torn_after = std::numeric_limits<std::size_t>::max();
};

/// What a line of a script does: nothing, an answer, bytes that are none, or an end of the connection.
struct ScriptReaction {
  Duration after = Duration::zero();
  std::variant<std::monostate, ScriptAnswer, std::string, testing::CloseMode> what;
};

/// A script and how far it has come.
/// Thread safety: none; used on the server's strand.
class ScriptService final : public ServerCore::Service {
 public:
  void Add(testing::Request request, std::size_t times, ScriptReaction reaction);
  [[nodiscard]] std::vector<std::string> Unmet() const;
  [[nodiscard]] const std::vector<std::string>& unexpected() const { return unexpected_; }

  void OnRequest(ServerCore& core, ServerConnection& connection, wire::Frame request) override;
  void OnConnectionEnded(ServerConnection::Id) override {}

  /// The proof of life that clients ask for.
  [[nodiscard]] static testing::Request Probe();

 private:
  struct Line {
    testing::Request request;
    std::size_t times;
    ScriptReaction reaction;
  };

  void AnswerUnexpected(ServerCore& core, ServerConnection& connection, const wire::Frame& request);

  std::deque<Line> lines_;
  std::vector<std::string> unexpected_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_SCRIPT_H_
