#ifndef COROCKET_SDK_NET_ASIO_LISTENER_H_
#define COROCKET_SDK_NET_ASIO_LISTENER_H_

#include <memory>

#include "sdk/net/transport.h"

namespace corocket::net {

/// Listens on TCP.
[[nodiscard]] std::shared_ptr<Binder> MakeAsioBinder();

}  // namespace corocket::net

#endif  // COROCKET_SDK_NET_ASIO_LISTENER_H_
