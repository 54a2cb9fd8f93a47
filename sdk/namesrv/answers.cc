#include "sdk/namesrv/answers.h"

#include <string>

#include "absl/strings/match.h"
#include "sdk/base/remoting_error.h"
#include "sdk/protocol/response_code.h"

namespace corocket::namesrv {

using failover::Verdict;

std::string RemarkOf(const wire::Frame& reply) { return reply.header.remark.substr(0, kMaxRemarkBytes); }

failover::Verdict JudgeCode(const wire::Frame& reply) {
  switch (static_cast<protocol::ResponseCode>(reply.header.code)) {
    case protocol::ResponseCode::kTopicNotExist:
      // Servers share no state: one that lost its brokers, or was told of none yet, denies every topic.
      return {
          .kind = Verdict::Kind::kUnbelieved, .reason = SwitchReason::kNone, .cause = {}, .detail = RemarkOf(reply)};
    case protocol::ResponseCode::kRequestCodeNotSupported:
      // Every NameServer knows these requests; this is another kind of server on that port.
      return {.kind = Verdict::Kind::kBlameEndpoint,
              .reason = SwitchReason::kProtocolError,
              .cause = RemotingErrc::kWrongProtocol,
              .detail = "not a NameServer: " + RemarkOf(reply)};
    case protocol::ResponseCode::kSystemError:
      // The code is shared with every other internal error; only the text tells.
      if (absl::StrContainsIgnoreCase(reply.header.remark, "not ready")) {
        return {.kind = Verdict::Kind::kBlameEndpoint,
                .reason = SwitchReason::kNotReady,
                .cause = RemotingErrc::kNotReady,
                .detail = RemarkOf(reply)};
      }
      return {.kind = Verdict::Kind::kRefusal};
    case protocol::ResponseCode::kSystemBusy:
      // Said before the request was executed, whatever the remark.
      return {.kind = Verdict::Kind::kBusy,
              .reason = SwitchReason::kNone,
              .cause = RemotingErrc::kBusy,
              .detail = RemarkOf(reply)};
    case protocol::ResponseCode::kSuccess:
      return {};
    default:  // The protocol has fifty codes, and a server may send any number.
      return {.kind = Verdict::Kind::kRefusal};
  }
}

failover::Verdict Unreadable(const absl::Status& why) {
  return {.kind = Verdict::Kind::kBlameEndpoint,
          .reason = SwitchReason::kProtocolError,
          .cause = RemotingErrc::kMalformedFrame,
          .detail = std::string(why.message())};
}

}  // namespace corocket::namesrv
