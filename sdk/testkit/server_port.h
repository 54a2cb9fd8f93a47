#ifndef COROCKET_SDK_TESTKIT_SERVER_PORT_H_
#define COROCKET_SDK_TESTKIT_SERVER_PORT_H_

#include "asio/any_io_executor.hpp"
#include "corocket/testing/server_environment.h"

namespace corocket::testkit {

/// TCP on `executor`, for one server. The port that it was given stays its own while it is stopped, and connections to
/// it are refused then: otherwise the system hands the port to whoever dials next, which may be a client that dials
/// this very port and so meets itself.
[[nodiscard]] testing::ServerEnvironment TcpServerEnvironment(asio::any_io_executor executor);

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_PORT_H_
