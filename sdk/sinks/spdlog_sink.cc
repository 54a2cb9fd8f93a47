#include "corocket/spdlog_sink.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/log/absl_check.h"
#include "absl/strings/str_cat.h"
#include "corocket/endpoint_event.h"
#include "corocket/observer.h"
#include "sdk/base/printable.h"
#include "sdk/observe/printable.h"
#include "spdlog/logger.h"

namespace corocket {
namespace {

/// Whether a choice ended because its server failed, and not because somebody wished so.
bool IsFailure(SwitchReason reason) {
  switch (reason) {
    case SwitchReason::kPeerClosed:
    case SwitchReason::kBroken:
    case SwitchReason::kSilence:
    case SwitchReason::kCallTimeouts:
    case SwitchReason::kProtocolError:
    case SwitchReason::kNotReady:
      return true;
    case SwitchReason::kNone:
    case SwitchReason::kFirstChoice:
    case SwitchReason::kListChanged:
    case SwitchReason::kSecondOpinion:
    case SwitchReason::kShutdown:
      return false;
  }
  return false;
}

spdlog::level::level_enum LevelOf(const EndpointEvent& event) {
  switch (event.kind) {
    case EventKind::kPassFailed:
    case EventKind::kAllDown:
      return spdlog::level::err;
    case EventKind::kInvalidated:
      return IsFailure(event.reason) ? spdlog::level::warn : spdlog::level::info;
    case EventKind::kListUpdateRejected:
      return spdlog::level::warn;
    case EventKind::kChosen:
    case EventKind::kListApplied:
    case EventKind::kSuspect:
    case EventKind::kCleared:
    case EventKind::kBackingOff:
    case EventKind::kRecovered:
    case EventKind::kNegativeUnconfirmed:
    case EventKind::kClosed:
      return spdlog::level::info;
    case EventKind::kStaleInvalidationIgnored:
    case EventKind::kAttemptStarted:
    case EventKind::kAttemptFailed:
    case EventKind::kAttemptWon:
    case EventKind::kAttemptLost:
    case EventKind::kCandidateDiscarded:
    case EventKind::kDrainStarted:
    case EventKind::kDrainFinished:
      return spdlog::level::debug;
  }
  return spdlog::level::info;
}

/// Stateless, so that clients may share it: the core tells the end of a generation once.
class SpdlogSink final : public Observer {
 public:
  SpdlogSink(std::shared_ptr<spdlog::logger> logger, std::string subject)
      : logger_(std::move(logger)), subject_(std::move(subject)) {}

  void OnEvent(const EndpointEvent& event) override {
    const spdlog::level::level_enum level = LevelOf(event);
    if (!logger_->should_log(level)) return;
    const std::string text = TextOf(event);
    // This overload takes the text as it is; a format would be a type of its own.
    logger_->log(level, spdlog::string_view_t(text));
  }

 private:
  std::string TextOf(const EndpointEvent& event) const {
    if (event.kind == EventKind::kInvalidated && IsFailure(event.reason)) {
      return absl::StrCat("Communicate with ", subject_, "[", Printable(event.endpoint),
                          "] failed: ", PrintableCause(event.cause, event.detail));
    }
    return absl::StrCat(subject_, ": ", event.ToString());
  }

  const std::shared_ptr<spdlog::logger> logger_;
  const std::string subject_;
};

}  // namespace

std::shared_ptr<Observer> MakeSpdlogSink(std::shared_ptr<spdlog::logger> logger, std::string subject) {
  ABSL_CHECK(logger != nullptr) << "MakeSpdlogSink needs a logger";
  return std::make_shared<SpdlogSink>(std::move(logger), std::move(subject));
}

}  // namespace corocket
