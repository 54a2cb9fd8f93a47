#ifndef COROCKET_SDK_FAILOVER_VERDICT_H_
#define COROCKET_SDK_FAILOVER_VERDICT_H_

#include <cstdint>
#include <string>
#include <system_error>

#include "absl/functional/function_ref.h"
#include "corocket/endpoint_event.h"
#include "sdk/wire/frame.h"

namespace corocket::failover {

/// What an answer says about the server that gave it.
struct Verdict {
  enum class Kind : std::uint8_t {
    kAnswer,         ///< What was asked for; the call is done.
    kRefusal,        ///< An error that any server would give; the call is done, too.
    kBusy,           ///< The server works and did not execute the request: try again after a pause.
    kBlameEndpoint,  ///< The server is unfit; ask another one.
    kUnbelieved,     ///< True only if a second server says the same.
  };
  Kind kind = Kind::kAnswer;
  SwitchReason reason = SwitchReason::kNone;
  std::error_code cause = {};
  std::string detail = {};
};

/// Tells what an answer means; knows the protocol, which the channel does not.
using Judge = absl::FunctionRef<Verdict(const wire::Frame& reply)>;

}  // namespace corocket::failover

#endif  // COROCKET_SDK_FAILOVER_VERDICT_H_
