#ifndef COROCKET_TESTS_UNIT_TESTKIT_SIM_FIXTURE_H_
#define COROCKET_TESTS_UNIT_TESTKIT_SIM_FIXTURE_H_

#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "asio/awaitable.hpp"
#include "corocket/testing/sim_world.h"
#include "gtest/gtest.h"
#include "sdk/wire/frame.h"
#include "tests/unit/testkit/raw_client.h"

namespace corocket::testkit {

/// A simulated world and plain calls on sockets in it.
class SimFixture : public ::testing::Test {
 protected:
  static constexpr char kNs1[] = "ns1:9876";

  /// Dials, and lets the server accept.
  RawClient Dial(const std::string& endpoint = kNs1) {
    RawClient client = world_.Run(RawClient::Connect(world_.environment(), endpoint));
    world_.Advance(std::chrono::milliseconds(1));
    return client;
  }
  /// Why a dial does not succeed.
  std::error_code DialError(const std::string& endpoint = kNs1) {
    try {
      Dial(endpoint);
    } catch (const std::system_error& error) {
      return error.code();
    }
    return {};
  }
  wire::Frame Call(RawClient& client, wire::Frame request) { return world_.Run(client.Call(std::move(request))); }
  void Send(RawClient& client, wire::Frame request) { world_.Run(client.Send(std::move(request))); }
  wire::Frame Receive(RawClient& client) { return world_.Run(client.Receive()); }
  std::error_code End(RawClient& client) { return world_.Run(client.End()); }

  corocket::testing::SimWorld world_;
};

}  // namespace corocket::testkit

#endif  // COROCKET_TESTS_UNIT_TESTKIT_SIM_FIXTURE_H_
