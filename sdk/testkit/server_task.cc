#include "sdk/testkit/server_task.h"

#include <exception>
#include <utility>

#include "asio/co_spawn.hpp"

namespace corocket::testkit {

void SpawnServerTask(const asio::any_io_executor& on, asio::awaitable<void> task) {
  asio::co_spawn(on, std::move(task), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(std::move(error));
  });
}

}  // namespace corocket::testkit
