#ifndef COROCKET_SDK_NET_ASIO_CONNECTOR_H_
#define COROCKET_SDK_NET_ASIO_CONNECTOR_H_

#include <memory>

#include "sdk/net/resolver.h"
#include "sdk/net/transport.h"

namespace corocket::net {

/// Dials TCP; names are looked up by the system, or by `lookup` if it is given.
[[nodiscard]] std::shared_ptr<Connector> MakeAsioConnector(Lookup lookup = nullptr);

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_ASIO_CONNECTOR_H_
