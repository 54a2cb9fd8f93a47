#include "sdk/testkit/server_script.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/quoted.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/response_code.h"

namespace corocket::testkit {
namespace {

using ::corocket::testing::CloseMode;
using ::corocket::testing::Request;

constexpr std::chrono::milliseconds kBetweenPieces(1);

bool Matches(const Request& expected, const wire::Frame& request) {
  if (expected.code() != request.header.code) return false;
  return std::all_of(expected.fields().begin(), expected.fields().end(), [&request](const auto& field) {
    const std::string* value = request.header.ext_fields.Find(field.first);
    return value != nullptr && *value == field.second;
  });
}

std::string Describe(const wire::Frame& request) {
  std::string text = absl::StrCat("request ", request.header.code);
  for (const auto& [field, value] : request.header.ext_fields) absl::StrAppend(&text, " ", field, "=", Quoted(value));
  return text;
}

void SendAnswer(ServerConnection& connection, const wire::Frame& request, const ScriptAnswer& answer, TimePoint due) {
  wire::Frame frame = protocol::MakeResponse(request, static_cast<protocol::ResponseCode>(answer.code), answer.remark);
  frame.serialize = request.serialize;
  frame.body = answer.body;
  ServerConnection::Output output{.gap = kBetweenPieces};
  ServerConnection::AppendAnswer(frame, output.bytes);
  if (answer.torn_after < output.bytes.size()) {
    output.bytes.resize(answer.torn_after);
    output.end = CloseMode::kReset;
  }
  output.parts = std::max<std::size_t>(1, std::min(answer.pieces, output.bytes.size()));
  connection.SendAt(due, std::move(output));
}

}  // namespace

Request ScriptService::Probe() { return Request(testing::kGetKvConfig).With("namespace", "CoRocket"); }

void ScriptService::Add(Request request, std::size_t times, ScriptReaction reaction) {
  lines_.push_back({std::move(request), times, std::move(reaction)});
}

std::vector<std::string> ScriptService::Unmet() const {
  std::vector<std::string> unmet;
  for (const Line& line : lines_) {
    std::string text = line.request.ToString();
    if (line.times > 1) absl::StrAppend(&text, ", ", line.times, " times");
    unmet.push_back(std::move(text));
  }
  return unmet;
}

void ScriptService::OnRequest(ServerCore& core, ServerConnection& connection, wire::Frame request) {
  if (lines_.empty() || !Matches(lines_.front().request, request)) {
    AnswerUnexpected(core, connection, request);
    return;
  }
  Line& line = lines_.front();
  const ScriptReaction reaction = line.reaction;
  if (--line.times == 0) lines_.pop_front();
  const TimePoint due = core.AnswerTime() + reaction.after;
  if (const auto* how = std::get_if<CloseMode>(&reaction.what)) {
    connection.SendAt(due, {.end = *how});
  } else if (const auto* bytes = std::get_if<std::string>(&reaction.what)) {
    connection.SendAt(due, {.bytes = *bytes});
  } else if (const auto* answer = std::get_if<ScriptAnswer>(&reaction.what)) {
    if (!request.header.is_oneway()) SendAnswer(connection, request, *answer, due);
  }
}

void ScriptService::AnswerUnexpected(ServerCore& core, ServerConnection& connection, const wire::Frame& request) {
  wire::Frame answer = protocol::MakeResponse(request, protocol::ResponseCode::kQueryNotFound, "no such setting");
  if (!Matches(Probe(), request)) {
    const std::string next = lines_.empty() ? "the script has ended" : "next is " + lines_.front().request.ToString();
    std::string text = absl::StrCat(Describe(request), "; ", next);
    answer = protocol::MakeResponse(request, protocol::ResponseCode::kSystemError, "not in the script: " + text);
    if (unexpected_.size() < kMaxUnexpected) unexpected_.push_back(std::move(text));
  }
  answer.serialize = request.serialize;
  if (!request.header.is_oneway()) core.Answer(connection, answer);
}

}  // namespace corocket::testkit
