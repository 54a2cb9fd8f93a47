#ifndef COROCKET_SDK_BASE_REMOTING_ERROR_H_
#define COROCKET_SDK_BASE_REMOTING_ERROR_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace corocket {

/// Failures that no operating system reports. Values are stable; the texts are for people.
enum class RemotingErrc {
  kConnectTimeout = 1,  ///< No connection, or no proof of life on it, within the dial limit.
  kAttemptTimeout,      ///< This call had no answer in time, or was not written in time; the connection may be well.
  kSilence,             ///< A request was outstanding and no byte came for the silence limit.
  kPeerClosed,          ///< The peer closed the connection in an orderly way (FIN).
  kRetired,             ///< The connection was given up by its owner: takes no new work, or was closed in the end.
  kMalformedFrame,      ///< Bytes that are no frame.
  kWrongProtocol,       ///< Bytes that belong to another protocol (HTTP, HTTP/2, TLS).
  kNotReady,            ///< The server says that it does not serve yet.
  kQueueFull,           ///< Too many requests wait on one connection.
  kTooLarge,            ///< The request does not fit into a frame.
  kCancelled,           ///< The caller cancelled.
  kShutDown,            ///< The channel was shut down.
  kBusy,                ///< The server says that it has too much to do; it did not execute the request.
};

const std::error_category& RemotingCategory() noexcept;
std::error_code make_error_code(RemotingErrc code) noexcept;

/// How far an exchange had come when it failed.
enum class Phase : std::uint8_t { kSelect, kResolve, kConnect, kProbe, kWrite, kRead, kAnswer };
[[nodiscard]] std::string_view PhaseName(Phase phase);

/// One failed exchange with one endpoint. Thrown inside the SDK; callers of the public API get a `Status` made from it.
/// Thread safety: distinct objects: safe. Shared object: safe to read.
class RemotingError : public std::system_error {
 public:
  /// `endpoint` as `host:port`; `detail` is added to the text when it is not empty (untrusted text: capped by the
  /// caller). `may_have_been_sent`: the request reached the writer, so the server may have executed it.
  RemotingError(std::error_code code, Phase phase, std::string endpoint, bool may_have_been_sent,
                std::string detail = {});

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  [[nodiscard]] bool may_have_been_sent() const { return may_have_been_sent_; }
  [[nodiscard]] const std::string& detail() const { return detail_; }

 private:
  Phase phase_;
  bool may_have_been_sent_;
  std::string endpoint_;
  std::string detail_;
};

}  // namespace corocket

template <>
struct std::is_error_code_enum<corocket::RemotingErrc> : std::true_type {};

#endif  // COROCKET_SDK_BASE_REMOTING_ERROR_H_
