#ifndef COROCKET_SDK_PROTOCOL_ROUTE_JSON_H_
#define COROCKET_SDK_PROTOCOL_ROUTE_JSON_H_

#include <cstddef>
#include <string_view>

#include "corocket/route.h"
#include "sdk/wire/json_reader.h"
#include "sdk/wire/json_writer.h"

namespace corocket::protocol {

// The parts that several bodies share. Readers report what is wrong to `json`, whose error the caller looks at.

/// What has been read of all brokers of one body together.
struct BrokerTotals {
  std::size_t addresses = 0;
};

/// A broker with its addresses, sorted by id. One that does not name itself is called `default_name`; without that
/// either, it is an error. `totals` belongs to the body and is counted on.
void ReadBrokerGroup(wire::JsonReader& json, std::string_view default_name, BrokerTotals& totals, BrokerGroup& broker);
void WriteBrokerGroup(wire::JsonWriter& json, const BrokerGroup& broker, wire::JsonWriter::NumericKeys keys);

/// Logical queues of a static topic on one broker, sorted by logical id.
void ReadQueueMapping(wire::JsonReader& json, std::string_view default_broker, QueueMapping& mapping);
void WriteQueueMapping(wire::JsonWriter& json, const QueueMapping& mapping, std::string_view topic,
                       wire::JsonWriter::NumericKeys keys);

}  // namespace corocket::protocol

#endif  // COROCKET_SDK_PROTOCOL_ROUTE_JSON_H_
