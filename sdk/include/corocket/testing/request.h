#ifndef COROCKET_TESTING_REQUEST_H_
#define COROCKET_TESTING_REQUEST_H_

#include <cstdint>
#include <map>
#include <string>

namespace corocket::testing {

/// Codes of the requests that NameServers get.
inline constexpr std::int32_t kPutKvConfig = 100;
inline constexpr std::int32_t kGetKvConfig = 101;
inline constexpr std::int32_t kDeleteKvConfig = 102;
inline constexpr std::int32_t kRegisterBroker = 103;
inline constexpr std::int32_t kUnregisterBroker = 104;
inline constexpr std::int32_t kGetRouteInfo = 105;
inline constexpr std::int32_t kGetClusterInfo = 106;
inline constexpr std::int32_t kGetTopicList = 206;

/// Which requests a script means: those of a code that carry certain header fields, whatever else they carry.
///
///     Request(kGetRouteInfo, "orders")
///     Request(kGetKvConfig).With("namespace", "ORDER_TOPIC_CONFIG")
class Request {
 public:
  explicit Request(std::int32_t code) : code_(code) {}
  /// Header field `topic` is `topic`.
  Request(std::int32_t code, std::string topic);
  /// Header field `field` is `value`, too.
  [[nodiscard]] Request With(std::string field, std::string value) const;

  [[nodiscard]] std::int32_t code() const { return code_; }
  [[nodiscard]] const std::map<std::string, std::string>& fields() const { return fields_; }
  /// `request 105 topic="orders"`.
  [[nodiscard]] std::string ToString() const;

 private:
  std::int32_t code_;
  std::map<std::string, std::string> fields_;
};

}  // namespace corocket::testing

#endif  // COROCKET_TESTING_REQUEST_H_
