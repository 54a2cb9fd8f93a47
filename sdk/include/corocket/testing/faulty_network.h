#ifndef COROCKET_TESTING_FAULTY_NETWORK_H_
#define COROCKET_TESTING_FAULTY_NETWORK_H_

#include <memory>
#include <string>

#include "asio/any_io_executor.hpp"
#include "corocket/environment.h"

namespace corocket::testing {

/// Real TCP with the network faults that a program cannot cause by itself: packets of one server that vanish, as they
/// do when its machine loses power or a firewall rule goes wrong.
///
///     FaultyNetwork network(io.get_executor());
///     auto client = corocket::Client::Create(network.environment(), {.namesrv = {"127.0.0.1:9876"}});
///     network.Drop("127.0.0.1:9876");     // no refusal, no reset, only silence
///     network.Heal("127.0.0.1:9876");     // new connections work again; those that lost packets are reset
///
/// Dials wait while their address is dropped, and go on once it is healed. One thing does get through: that the client
/// itself closes a connection.
/// Errors: an address that is none, or a name, ends the program with its text; it is a mistake in the test.
/// Thread safety: all members may be called from any thread; it outlives the clients that use it or not, as you like.
class FaultyNetwork {
 public:
  explicit FaultyNetwork(asio::any_io_executor executor);
  ~FaultyNetwork();

  /// What a client of this network is made with.
  [[nodiscard]] Environment environment() const;

  /// From now on nothing reaches `address` (numeric `host:port`, in any spelling) and nothing comes from it.
  void Drop(const std::string& address);
  /// Packets go through again. Where nothing was lost, the connection goes on; where something was, it is reset.
  void Heal(const std::string& address);

 private:
  class Faults;
  class Path;
  class FaultyTransport;
  class FaultyConnector;
  asio::any_io_executor executor_;
  std::shared_ptr<Faults> faults_;
};

}  // namespace corocket::testing

#endif  // COROCKET_TESTING_FAULTY_NETWORK_H_
