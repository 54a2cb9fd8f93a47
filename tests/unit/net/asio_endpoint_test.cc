#include "sdk/net/asio_endpoint.h"

#include <net/if.h>

#include <string>
#include <system_error>

#include "asio/io_context.hpp"
#include "asio/ip/address.hpp"
#include "asio/ip/tcp.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"

namespace corocket::net {
namespace {

using ::testing::HasSubstr;

TEST(AsioEndpoint, LiteralsBecomeEndpointsAndBack) {
  for (const char* host : {"10.0.0.1", "::1", "2001:db8::7"}) {
    const HostPort address{host, 9876};
    EXPECT_EQ(ToHostPort(ToEndpoint(address)), address);
  }
}

TEST(AsioEndpoint, AZoneIsTheInterfaceByNameOrByNumber) {
  const unsigned loopback = ::if_nametoindex("lo");
  ASSERT_NE(loopback, 0u);
  EXPECT_EQ(ToEndpoint({"fe80::1%lo", 9876}).address().to_v6().scope_id(), loopback);
  EXPECT_EQ(ToEndpoint({"fe80::1%" + std::to_string(loopback), 9876}).address().to_v6().scope_id(), loopback);
  EXPECT_EQ(ToHostPort(ToEndpoint({"fe80::1%lo", 9876})).ToString(), "[fe80::1%lo]:9876");
}

TEST(AsioEndpoint, AZoneThatIsNoInterfaceIsNotTakenForAnother) {
  for (const char* host : {"fe80::1%nosuchif0", "fe80::1%1foo", "fe80::1%4294967297", "fe80::1%-1", "fe80::1%25eth0",
                           "fe80::1%0", "fe80::1%"}) {
    try {
      const asio::ip::tcp::endpoint endpoint = ToEndpoint({host, 9876});
      ADD_FAILURE() << host << " became interface " << endpoint.address().to_v6().scope_id();
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::no_such_device) << host;
      EXPECT_THAT(error.what(), HasSubstr(HostPort{host, 9876}.ToString()));
    }
  }
}

TEST(AsioEndpoint, AMappedAddressIsAnIPv4One) {
  EXPECT_EQ(ToEndpoint({"::ffff:10.0.0.1", 9876}).address(), asio::ip::make_address("10.0.0.1"));
}

TEST(AsioEndpoint, WhatIsNoLiteralIsRefusedAndQuoted) {
  for (const char* host : {"", "ns1", "10.0.0", "10.0.0.256", "10.0.0.1%lo"}) {
    try {
      (void)ToEndpoint({host, 9876});
      ADD_FAILURE() << host << " was taken";
    } catch (const std::system_error& error) {
      EXPECT_THAT(error.what(), HasSubstr(HostPort{host, 9876}.ToString()));
    }
  }
}

TEST(AsioEndpoint, ASocketThatIsConnectedToItselfIsRecognised) {
  asio::io_context context;
  asio::ip::tcp::socket narcissus(context, asio::ip::tcp::v4());
  EXPECT_FALSE(IsConnectedToItself(narcissus));
  narcissus.bind({asio::ip::make_address("127.0.0.1"), 0});
  narcissus.connect(narcissus.local_endpoint());
  EXPECT_TRUE(IsConnectedToItself(narcissus));

  asio::ip::tcp::acceptor acceptor(context, {asio::ip::make_address("127.0.0.1"), 0});
  asio::ip::tcp::socket ordinary(context);
  ordinary.connect(acceptor.local_endpoint());
  EXPECT_FALSE(IsConnectedToItself(ordinary));
}

}  // namespace
}  // namespace corocket::net
