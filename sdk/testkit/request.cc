#include "corocket/testing/request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/quoted.h"
#include "sdk/protocol/request_code.h"

namespace corocket::testing {
namespace {

constexpr bool Same(std::int32_t code, protocol::RequestCode name) { return code == static_cast<std::int32_t>(name); }
static_assert(Same(kPutKvConfig, protocol::RequestCode::kPutKvConfig));
static_assert(Same(kGetKvConfig, protocol::RequestCode::kGetKvConfig));
static_assert(Same(kDeleteKvConfig, protocol::RequestCode::kDeleteKvConfig));
static_assert(Same(kRegisterBroker, protocol::RequestCode::kRegisterBroker));
static_assert(Same(kUnregisterBroker, protocol::RequestCode::kUnregisterBroker));
static_assert(Same(kGetRouteInfo, protocol::RequestCode::kGetRouteInfoByTopic));
static_assert(Same(kGetClusterInfo, protocol::RequestCode::kGetBrokerClusterInfo));
static_assert(Same(kGetTopicList, protocol::RequestCode::kGetAllTopicListFromNameserver));

}  // namespace

Request::Request(std::int32_t code, std::string topic) : code_(code) { fields_.emplace("topic", std::move(topic)); }

Request Request::With(std::string field, std::string value) const {
  Request request = *this;
  request.fields_.insert_or_assign(std::move(field), std::move(value));
  return request;
}

std::string Request::ToString() const {
  std::string text = absl::StrCat("request ", code_);
  for (const auto& [field, value] : fields_) absl::StrAppend(&text, " ", field, "=", Quoted(value));
  return text;
}

}  // namespace corocket::testing
