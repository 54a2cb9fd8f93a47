#ifndef COROCKET_SDK_TESTKIT_SERVER_TASK_H_
#define COROCKET_SDK_TESTKIT_SERVER_TASK_H_

#include "asio/any_io_executor.hpp"
#include "asio/awaitable.hpp"

namespace corocket::testkit {

/// Starts `task` of a server on `on`. It deals with everything that clients do, so an exception that escapes from it is
/// a bug of the server, and is thrown out of whatever runs the executor: a server that ended in silence would look like
/// one that hangs, and the test would blame its client.
void SpawnServerTask(const asio::any_io_executor& on, asio::awaitable<void> task);

}  // namespace corocket::testkit

#endif  // COROCKET_SDK_TESTKIT_SERVER_TASK_H_
