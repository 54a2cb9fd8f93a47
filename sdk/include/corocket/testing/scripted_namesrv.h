#ifndef COROCKET_TESTING_SCRIPTED_NAMESRV_H_
#define COROCKET_TESTING_SCRIPTED_NAMESRV_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "asio/any_io_executor.hpp"
#include "corocket/route.h"
#include "corocket/testing/request.h"
#include "corocket/testing/server_environment.h"
#include "corocket/testing/test_server.h"

namespace corocket {

namespace testkit {
class ScriptService;
struct ScriptReaction;
}  // namespace testkit

namespace testing {

/// What shall happen to an expected request. Exactly one member that is not `Times` is called; it puts the line into
/// the script. Delays count from the arrival of the request. What is due leaves in order and whole: an answer before
/// the end of its connection, and nothing between the pieces of another answer.
class [[nodiscard]] Expectation {
 public:
  /// The next `count` requests of this kind, one after the other, get the same. Default 1; at least 1.
  Expectation&& Times(std::size_t count) &&;

  void Reply(const TopicRoute& route) &&;
  void ReplyAfter(std::chrono::microseconds delay, const TopicRoute& route) &&;
  void Reply(const ClusterInfo& info) &&;
  void ReplyAfter(std::chrono::microseconds delay, const ClusterInfo& info) &&;
  /// An answer with this response code and no body.
  void ReplyCode(std::int32_t code, std::string remark = "") &&;
  void ReplyCodeAfter(std::chrono::microseconds delay, std::int32_t code, std::string remark = "") &&;
  /// The answer in `pieces` parts, each 1 ms after the one before it was sent, for readers that believe in whole
  /// frames.
  void ReplyInPieces(std::size_t pieces, const TopicRoute& route) &&;
  /// The first `bytes` of the answer, and 1 ms later a reset: in the middle of the frame.
  void ReplyTorn(std::size_t bytes, const TopicRoute& route) &&;
  /// No answer; an orderly end of the connection.
  void CloseAfter(std::chrono::microseconds delay) &&;
  /// No answer; the connection is reset.
  void ResetAfter(std::chrono::microseconds delay) &&;
  /// Nothing at all; the connection stays.
  void Silence() &&;
  /// These bytes instead of an answer, frame or not.
  void Garbage(std::string bytes) &&;

 private:
  friend class ScriptedNamesrv;
  Expectation(testkit::ServerCore* core, testkit::ScriptService* service, Request request);
  void Commit(testkit::ScriptReaction reaction) &&;

  testkit::ServerCore* core_;
  testkit::ScriptService* service_;
  Request request_;
  std::size_t times_ = 1;
};

struct ScriptedNamesrvOptions {
  /// Where to listen, an IP literal and a port; port 0 takes any free one. In a `SimWorld` a name does, too.
  std::string listen = "127.0.0.1:0";
};

/// A server that follows a script: each request meets the next line, and gets what that line says.
///
///     ns.Expect(Request(kGetRouteInfo, "orders")).CloseAfter(2ms);
///     ns.Expect(Request(kGetRouteInfo, "orders")).ReplyAfter(5ms, RouteOf("broker-a"));
///     ...                                              // exercise the client
///     EXPECT_THAT(ns.Unmet(), IsEmpty());
///     EXPECT_THAT(ns.Unexpected(), IsEmpty());
///
/// A request that is not what the next line expects uses up nothing: it is recorded, and answered with code 1. The
/// proof of life that the client asks of a server before it uses it (a read of an absent setting) is answered beside
/// the script, unless the next line is `ExpectProbe`. Answers have the header form of their request; one-way requests
/// are never answered, but use up their line. States, thread safety, faults and counters: see `TestServer`.
class ScriptedNamesrv final : public TestServer {
 public:
  /// Listens on TCP. The server runs on `executor`, whose context outlives it.
  /// Errors: INVALID_ARGUMENT quoting the bad address; UNAVAILABLE: the address is taken.
  [[nodiscard]] static absl::StatusOr<ScriptedNamesrv> Create(asio::any_io_executor executor,
                                                              ScriptedNamesrvOptions options = {});
  /// The same in an environment of the caller's, such as virtual time. Errors: as above.
  [[nodiscard]] static absl::StatusOr<ScriptedNamesrv> Create(ServerEnvironment environment,
                                                              ScriptedNamesrvOptions options = {});

  /// The next line of the script; complete it at once: `ns.Expect(...).Silence()`.
  Expectation Expect(Request request);
  /// The next line is the client's proof of life, which otherwise is answered beside the script.
  Expectation ExpectProbe();

  /// Lines that nothing has met yet, in order.
  [[nodiscard]] std::vector<std::string> Unmet() const;
  /// Requests that met no line, in order, each with the line that was next; the first 1000 of them.
  [[nodiscard]] std::vector<std::string> Unexpected() const;

 private:
  ScriptedNamesrv(std::shared_ptr<testkit::ServerCore> core, std::shared_ptr<testkit::ScriptService> service);
  std::shared_ptr<testkit::ScriptService> service_;
};

}  // namespace testing
}  // namespace corocket

#endif  // COROCKET_TESTING_SCRIPTED_NAMESRV_H_
