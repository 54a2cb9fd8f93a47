#ifndef COROCKET_SDK_PROTOCOL_BROKER_FIELDS_H_
#define COROCKET_SDK_PROTOCOL_BROKER_FIELDS_H_

#include <string_view>

namespace corocket::protocol {

// Header fields by which a broker names itself, when it registers (103) and when it leaves (104).
inline constexpr std::string_view kBrokerAddr = "brokerAddr";
inline constexpr std::string_view kBrokerId = "brokerId";
inline constexpr std::string_view kBrokerName = "brokerName";
inline constexpr std::string_view kClusterName = "clusterName";

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_BROKER_FIELDS_H_
