#include "sdk/base/remoting_error.h"

#include <utility>

namespace corocket {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "corocket"; }
  std::string message(int value) const override {
    switch (static_cast<RemotingErrc>(value)) {
      case RemotingErrc::kConnectTimeout:
        return "no connection and proof of life in time";
      case RemotingErrc::kAttemptTimeout:
        return "no answer in time";
      case RemotingErrc::kSilence:
        return "connection is silent";
      case RemotingErrc::kPeerClosed:
        return "closed by peer";
      case RemotingErrc::kRetired:
        return "connection retired";
      case RemotingErrc::kMalformedFrame:
        return "malformed frame";
      case RemotingErrc::kWrongProtocol:
        return "peer speaks another protocol";
      case RemotingErrc::kNotReady:
        return "server is not ready";
      case RemotingErrc::kQueueFull:
        return "too many requests wait on the connection";
      case RemotingErrc::kTooLarge:
        return "request does not fit into a frame";
      case RemotingErrc::kCancelled:
        return "cancelled by the caller";
      case RemotingErrc::kShutDown:
        return "client is shut down";
      case RemotingErrc::kBusy:
        return "server is busy";
    }
    return "unknown remoting error";
  }
};

std::string Text(Phase phase, const std::string& endpoint, const std::string& detail) {
  std::string text = endpoint;
  text += ": ";
  text += PhaseName(phase);
  if (!detail.empty()) {
    text += " (";
    text += detail;
    text += ")";
  }
  return text;
}

}  // namespace

const std::error_category& RemotingCategory() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(RemotingErrc code) noexcept { return {static_cast<int>(code), RemotingCategory()}; }

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kSelect:
      return "select";
    case Phase::kResolve:
      return "resolve";
    case Phase::kConnect:
      return "connect";
    case Phase::kProbe:
      return "probe";
    case Phase::kWrite:
      return "write";
    case Phase::kRead:
      return "read";
    case Phase::kAnswer:
      return "answer";
  }
  return "unknown";
}

RemotingError::RemotingError(std::error_code code, Phase phase, std::string endpoint, bool may_have_been_sent,
                             std::string detail)
    : std::system_error(code, Text(phase, endpoint, detail)),
      phase_(phase),
      may_have_been_sent_(may_have_been_sent),
      endpoint_(std::move(endpoint)),
      detail_(std::move(detail)) {}

}  // namespace corocket
