#ifndef COROCKET_TESTS_INTEGRATION_NOTING_CONNECTOR_H_
#define COROCKET_TESTS_INTEGRATION_NOTING_CONNECTOR_H_

#include <functional>
#include <memory>
#include <string>

#include "sdk/net/transport.h"

namespace corocket::test {

/// Told the numeric `host:port` whose FIN or reset the client has just met, on the client's strand, before the client
/// itself learns of it. What the client closes by itself is not told.
using OnPeerEnd = std::function<void(const std::string& address)>;

/// Dials TCP as a client does by itself, and tells when a connection is ended by its peer: the moment from which a
/// switch is to be measured, which no event of the client's can be, as the client has worked by then.
[[nodiscard]] std::shared_ptr<net::Connector> MakeNotingConnector(OnPeerEnd on_end);

}  // namespace corocket::test

#endif  // COROCKET_TESTS_INTEGRATION_NOTING_CONNECTOR_H_
