#ifndef COROCKET_SPDLOG_SINK_H_
#define COROCKET_SPDLOG_SINK_H_

#include <memory>
#include <string>

#include "corocket/observer.h"

namespace spdlog {
class logger;
}

namespace corocket {

/// An observer that writes endpoint events as log lines.
///
///     auto log = corocket::MakeSpdlogSink(spdlog::stdout_color_mt("failover"));
///     auto client = corocket::Client::Create(executor, {.namesrv = {"ns1:9876;ns2:9876"}, .observers = {log}});
///
/// Levels: error when every server failed, with each one's cause; one warning per choice that a failure clears
/// (`Communicate with namesrv[ns1:9876] failed: closed by peer`) and per refused list; info for other changes of state;
/// debug for single tries. Texts of servers are escaped, cut, and never used as a format.
/// @param logger  Not null; its level and sinks are the caller's. Its sinks must not block.
/// @param subject  What the servers are, in the text of each line.
/// Thread safety: one sink may serve several clients.
[[nodiscard]] std::shared_ptr<Observer> MakeSpdlogSink(std::shared_ptr<spdlog::logger> logger,
                                                       std::string subject = "namesrv");

}  // namespace corocket

#endif  // COROCKET_SPDLOG_SINK_H_
