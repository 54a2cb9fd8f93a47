#include "samples/rocketctl/flags.h"

#include <memory>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "corocket/spdlog_sink.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

ABSL_FLAG(std::string, namesrv, "",
          "NameServers, host:port separated by ';', ',' or blanks. Without it: the environment variable NAMESRV_ADDR.");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(3), "Limit of one whole call, retries included; 1ms to 10m.");
ABSL_FLAG(absl::Duration, attempt_timeout, absl::Seconds(1), "Limit of the wait for one server's answer; 1ms to 10m.");
ABSL_FLAG(std::string, log_level, "off", "What goes to stderr as log lines: off, error, warn, info or debug.");
ABSL_FLAG(std::string, format, "text",
          "text: for people; json: one document, complete when the command ends; jsonl: one object a line, each as it "
          "happens.");
ABSL_FLAG(std::string, topic, "", "Topic to ask for.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(10), "How long to watch, at most a week; Ctrl-C ends it earlier.");
ABSL_FLAG(std::int32_t, concurrency, 8, "Coroutines that ask at the same time; 1 to 10000.");
ABSL_FLAG(absl::Duration, interval, absl::Milliseconds(1), "Pause of each coroutine between two calls; 0 to 1h.");

namespace rocketctl {
namespace {

constexpr std::int32_t kMaxConcurrency = 10'000;

absl::Status BadFlag(std::string_view name, std::string_view value, std::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("--", name, "=", value, ": ", expected));
}

/// Milliseconds of a flag; the SDK's own check of the range follows.
absl::StatusOr<std::chrono::milliseconds> Millis(std::string_view name, absl::Duration value) {
  if (value < absl::Milliseconds(1) || value > absl::Minutes(10)) {
    return BadFlag(name, absl::FormatDuration(value), "give a duration from 1ms to 10m, such as 500ms or 3s");
  }
  return absl::ToChronoMilliseconds(value);
}

absl::StatusOr<std::shared_ptr<corocket::Observer>> LogSink(const std::string& level) {
  spdlog::level::level_enum severity = spdlog::level::off;
  if (level == "off") return nullptr;
  if (level == "error") severity = spdlog::level::err;
  if (level == "warn") severity = spdlog::level::warn;
  if (level == "info") severity = spdlog::level::info;
  if (level == "debug") severity = spdlog::level::debug;
  if (severity == spdlog::level::off) return BadFlag("log_level", level, "give off, error, warn, info or debug");
  auto logger = std::make_shared<spdlog::logger>("rocketctl", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(severity);
  return corocket::MakeSpdlogSink(std::move(logger));
}

}  // namespace

absl::StatusOr<CommonFlags> ReadCommonFlags() {
  CommonFlags flags;
  const std::string namesrv = absl::GetFlag(FLAGS_namesrv);
  if (!namesrv.empty()) flags.client.namesrv = {namesrv};
  absl::StatusOr<std::chrono::milliseconds> timeout = Millis("timeout", absl::GetFlag(FLAGS_timeout));
  if (!timeout.ok()) return timeout.status();
  absl::StatusOr<std::chrono::milliseconds> attempt = Millis("attempt_timeout", absl::GetFlag(FLAGS_attempt_timeout));
  if (!attempt.ok()) return attempt.status();
  flags.client.call.timeout = *timeout;
  flags.client.call.attempt_timeout = *attempt;
  const std::string format = absl::GetFlag(FLAGS_format);
  if (format == "json") {
    flags.format = Format::kJson;
  } else if (format == "jsonl") {
    flags.format = Format::kJsonl;
  } else if (format != "text") {
    return BadFlag("format", format, "give text, json or jsonl");
  }
  absl::StatusOr<std::shared_ptr<corocket::Observer>> sink = LogSink(absl::GetFlag(FLAGS_log_level));
  if (!sink.ok()) return sink.status();
  if (*sink) flags.client.observers.push_back(*std::move(sink));
  return flags;
}

absl::StatusOr<WatchFlags> ReadWatchFlags() {
  WatchFlags flags;
  flags.topic = absl::GetFlag(FLAGS_topic);
  if (flags.topic.empty()) return absl::InvalidArgumentError("--topic is missing: give the topic to ask for");
  const absl::Duration duration = absl::GetFlag(FLAGS_duration);
  if (duration <= absl::ZeroDuration() || duration > absl::Hours(24 * 7)) {
    return BadFlag("duration", absl::FormatDuration(duration), "give a positive duration of at most a week");
  }
  const absl::Duration interval = absl::GetFlag(FLAGS_interval);
  if (interval < absl::ZeroDuration() || interval > absl::Hours(1)) {
    return BadFlag("interval", absl::FormatDuration(interval), "give a duration from 0 to 1h");
  }
  flags.concurrency = absl::GetFlag(FLAGS_concurrency);
  if (flags.concurrency < 1 || flags.concurrency > kMaxConcurrency) {
    return BadFlag("concurrency", absl::StrCat(flags.concurrency), absl::StrCat("give 1 to ", kMaxConcurrency));
  }
  flags.duration = absl::ToChronoNanoseconds(duration);
  flags.interval = absl::ToChronoNanoseconds(interval);
  return flags;
}

}  // namespace rocketctl
