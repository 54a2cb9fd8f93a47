#ifndef COROCKET_TESTING_SERVER_ENVIRONMENT_H_
#define COROCKET_TESTING_SERVER_ENVIRONMENT_H_

#include <memory>

namespace corocket {

class Runtime;
namespace net {
class Binder;
}

namespace testing {

/// The world a test server runs in: clock and executor, and what makes listeners. `SimWorld::server_environment()`
/// gives the simulated one; for TCP, servers take an executor instead.
struct ServerEnvironment {
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<net::Binder> binder;
};

}  // namespace testing
}  // namespace corocket

#endif  // COROCKET_TESTING_SERVER_ENVIRONMENT_H_
