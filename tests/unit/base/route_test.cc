#include "corocket/route.h"

#include <cstdint>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace corocket {
namespace {

template <typename Value>
std::string Printed(const Value& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

QueueGroup Queues(std::int32_t perm) {
  return {.broker_name = "broker-a", .read_queues = 8, .write_queues = 4, .perm = perm, .topic_sys_flag = 0};
}

TEST(QueueGroup, PrintsCountsAndPermissions) {
  EXPECT_EQ(Printed(Queues(kPermRead | kPermWrite)), "broker-a: 8 read, 4 write, RW-");
  EXPECT_EQ(Printed(Queues(kPermRead)), "broker-a: 8 read, 4 write, R--");
  EXPECT_EQ(Printed(Queues(kPermWrite | kPermInherit)), "broker-a: 8 read, 4 write, -WX");
  EXPECT_EQ(Printed(Queues(kPermPriority)), "broker-a: 8 read, 4 write, ---, priority");
}

TEST(QueueGroup, PermissionBitsDecideReadingAndWriting) {
  EXPECT_TRUE(Queues(kPermRead).readable());
  EXPECT_FALSE(Queues(kPermRead).writable());
  EXPECT_TRUE(Queues(kPermWrite).writable());
  EXPECT_FALSE(Queues(kPermWrite).readable());
}

TEST(BrokerGroup, PrintsItsAddressesById) {
  BrokerGroup broker;
  broker.name = "broker-a";
  broker.cluster = "DefaultCluster";
  EXPECT_EQ(Printed(broker), "broker-a (DefaultCluster):");
  broker.addresses = {{0, "10.0.0.1:10911"}, {1, "[::1]:10911"}};
  EXPECT_EQ(Printed(broker), "broker-a (DefaultCluster): 0=10.0.0.1:10911, 1=[::1]:10911");
}

TEST(PrintedRoute, HoldsNoCommandThatAServerSendsToTheTerminal) {
  QueueGroup queues = Queues(kPermRead);
  queues.broker_name = "a\x1b]0;mine\x07";
  EXPECT_EQ(Printed(queues), "a\\x1b]0;mine\\x07: 8 read, 4 write, R--");
  BrokerGroup broker;
  broker.name = "a\nanswered by me";
  broker.cluster = "\x1b[31m";
  broker.addresses = {{0, "\x1b[2J:1"}};
  EXPECT_EQ(Printed(broker), "a\\x0aanswered by me (\\x1b[31m): 0=\\x1b[2J:1");
}

}  // namespace
}  // namespace corocket
