#ifndef COROCKET_ENVIRONMENT_H_
#define COROCKET_ENVIRONMENT_H_

#include <memory>

namespace corocket {

class Runtime;
namespace net {
class Connector;
}

/// The world a client runs in: clock, chance and executor, and what makes connections. Made by the test kit
/// (`corocket/testing/sim_world.h`) to run a client in virtual time; programs pass an executor instead.
struct Environment {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<net::Connector> connector = {};
};

}  // namespace corocket

#endif  // COROCKET_ENVIRONMENT_H_
