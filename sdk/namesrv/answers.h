#ifndef COROCKET_SDK_NAMESRV_ANSWERS_H_
#define COROCKET_SDK_NAMESRV_ANSWERS_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "sdk/failover/verdict.h"
#include "sdk/wire/frame.h"

namespace corocket::namesrv {

/// A server may send a mebibyte of text with each refusal, and events and failures are kept by the thousand.
inline constexpr std::size_t kMaxRemarkBytes = 512;

/// The text that came with an answer, cut to `kMaxRemarkBytes`.
[[nodiscard]] std::string RemarkOf(const wire::Frame& reply);

/// What a NameServer's response code says about the server, before its body is looked at.
/// Success is `kAnswer`, and every refusal that another server would repeat is `kRefusal`.
[[nodiscard]] failover::Verdict JudgeCode(const wire::Frame& reply);

/// The server said success and sent something that cannot be read: it is left.
[[nodiscard]] failover::Verdict Unreadable(const absl::Status& why);

}  // namespace corocket::namesrv

#endif  // COROCKET_SDK_NAMESRV_ANSWERS_H_
