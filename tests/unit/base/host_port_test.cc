#include "sdk/base/host_port.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Accepted {
  std::string_view text;
  std::string_view host;
  std::uint16_t port;
  std::string_view printed;
};

TEST(HostPort, ReadsEveryFormAndPrintsItsOneSpelling) {
  const std::vector<Accepted> cases = {
      {"ns1:9876", "ns1", 9876, "ns1:9876"},
      {"NS1.Example.COM:1", "ns1.example.com", 1, "ns1.example.com:1"},
      {"ns1.example.:65535", "ns1.example.", 65535, "ns1.example.:65535"},
      {"MQ_INST_12_Ab.ons.example:80", "mq_inst_12_ab.ons.example", 80, "mq_inst_12_ab.ons.example:80"},
      {"my_app-1:09876", "my_app-1", 9876, "my_app-1:9876"},
      {"10.0.0.1:9876", "10.0.0.1", 9876, "10.0.0.1:9876"},
      {"1a.2b:3", "1a.2b", 3, "1a.2b:3"},
      {"[2001:db8::1]:9876", "2001:db8::1", 9876, "[2001:db8::1]:9876"},
      {"[2001:0DB8:0:0:0:0:0:1]:9876", "2001:db8::1", 9876, "[2001:db8::1]:9876"},
      {"[::]:9876", "::", 9876, "[::]:9876"},
      {"[::ffff:10.0.0.1]:9876", "10.0.0.1", 9876, "10.0.0.1:9876"},
      {"[::FFFF:a00:1]:9876", "10.0.0.1", 9876, "10.0.0.1:9876"},
      {"[::fffe:a00:1]:9876", "::fffe:a00:1", 9876, "[::fffe:a00:1]:9876"},
      {"[fe80::1%lo]:9876", "fe80::1%lo", 9876, "[fe80::1%lo]:9876"},
      {"[FEBF::1%Eth0.7]:9876", "febf::1%Eth0.7", 9876, "[febf::1%Eth0.7]:9876"},
      {"fe80::1%eth0:9876", "fe80::1%eth0", 9876, "[fe80::1%eth0]:9876"},
      {"2001:db8::1:10911", "2001:db8::1", 10911, "[2001:db8::1]:10911"},
      {"1:2:3:4:5:6:7:8:9876", "1:2:3:4:5:6:7:8", 9876, "[1:2:3:4:5:6:7:8]:9876"},
  };
  for (const Accepted& c : cases) {
    const absl::StatusOr<HostPort> read = ParseHostPort(c.text);
    ASSERT_TRUE(read.ok()) << c.text << ": " << read.status();
    EXPECT_EQ(read->host, c.host) << c.text;
    EXPECT_EQ(read->port, c.port) << c.text;
    EXPECT_EQ(read->ToString(), c.printed) << c.text;
  }
}

struct RefusedText {
  std::string_view text;
  std::string_view why;
};

TEST(HostPort, RefusesTheRestQuotingItAndSayingWhy) {
  const std::string long_name = std::string(254, 'a') + ":1";
  const std::string long_label = std::string(64, 'a') + ".b:1";
  const std::vector<RefusedText> cases = {
      {"", "expected host:port"},
      {":9876", "the host is missing"},
      {"ns1", "the port is missing; write ns1:9876"},
      {"ns1:", "port \"\" is not a number from 1 to 65535"},
      {"ns1:0", "port \"0\""},
      {"ns1:65536", "port \"65536\""},
      {"ns1:099999", "port \"099999\""},
      {"ns1:+80", "port \"+80\""},
      {"ns1:80 ", "port \"80 \""},
      {"ns1:9876/path", "port \"9876/path\""},
      {" ns1:80", "' ' is not allowed"},
      {"ns1;ns2:80", "';' is not allowed"},
      {"a..b:80", "empty part"},
      {".b:80", "empty part"},
      {".:80", "empty part"},
      {"-a:80", "neither begins nor ends with '-'"},
      {"a-.b:80", "neither begins nor ends with '-'"},
      {"b\xc3\xbc"
       "cher.example:80",
       "xn-- form"},
      {"1.2.3:80", "not an IPv4 address"},
      {"256.1.1.1:80", "not an IPv4 address"},
      {"010.0.0.1:80", "not an IPv4 address"},
      {"1.2.3.4.5:80", "not an IPv4 address"},
      {"1.2.3.4.:80", "not an IPv4 address"},
      {"0x7f000001:80", "not an IPv4 address"},
      {"2130706433:80", "not an IPv4 address"},
      {"host.0x7f:80", "not an IPv4 address"},
      {"[::1", "'[' without ']'"},
      {"[::1]", "the port is missing; write [::1]:9876"},
      {"[::1]9876", "only :port may follow ']'"},
      {"[]:80", "\"\" is not an IPv6 address"},
      {"[ns1]:80", "\"ns1\" is not an IPv6 address"},
      {"[10.0.0.1]:80", "\"10.0.0.1\" is not an IPv6 address"},
      {"[::1%lo]:80", "zone id \"%lo\" has a meaning for link-local addresses (fe80::/10) only; leave it out"},
      {"[fec0::1%lo]:80", "link-local addresses"},
      {"[fe80::1%]:80", "\"\" is not a zone id"},
      {"[fe80::1%a b]:80", "\"a b\" is not a zone id"},
      {"2001:db8::1:9876",
       "ambiguous: write [2001:db8::1]:9876 if 9876 is the port, [2001:db8::1:9876]:port if it belongs to the address"},
      {"::1", "the port is missing; write [::1]:9876"},
      {"::ffff:10.0.0.1", "the port is missing; write [::ffff:10.0.0.1]:9876"},
      {"::", "the port is missing; write [::]:9876"},
      {"fe80::1%eth0", "the port is missing"},
      {"2001:db8::1:70000", "port \"70000\""},
      {"::1%lo:9876", "link-local addresses"},
      {"a:b:80", "more than one ':' but no IPv6 address"},
      {"http://ns1:80", "more than one ':'"},
      {long_name, "at most 253"},
      {long_label, "at most 63"},
  };
  for (const RefusedText& c : cases) {
    const absl::StatusOr<HostPort> read = ParseHostPort(c.text);
    ASSERT_FALSE(read.ok()) << c.text << " was read as " << read->ToString();
    EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    const std::string quoted = absl::StrCat("\"", absl::CHexEscape(c.text.substr(0, 120)));
    EXPECT_THAT(std::string(read.status().message()), AllOf(HasSubstr(quoted), HasSubstr(std::string(c.why))));
  }
}

TEST(HostPort, ABadTextIsQuotedWithoutItsControlBytesAndNotWhole) {
  const absl::StatusOr<HostPort> control = ParseHostPort(std::string_view("a\r\n\x1b[31m\0:80", 12));
  EXPECT_THAT(std::string(control.status().message()), HasSubstr("\"a\\r\\n\\x1b[31m"));
  const absl::StatusOr<HostPort> huge = ParseHostPort(std::string(1'000'000, '#'));
  EXPECT_THAT(std::string(huge.status().message()), HasSubstr("(1000000 bytes)"));
  EXPECT_LT(huge.status().message().size(), 400u);
}

TEST(HostPort, NulBytesDoNotHideWhatFollowsThem) {
  using std::string_view_literals::operator""sv;
  EXPECT_FALSE(ParseHostPort("[::1\0x]:80"sv).ok());
  EXPECT_FALSE(ParseHostPort("10.0.0.1\0:80"sv).ok());
  EXPECT_FALSE(IsIpLiteral("::1\0"sv));
  EXPECT_FALSE(IsIpLiteral("10.0.0.1\0"sv));
}

TEST(HostPort, ADefaultPortStandsInForAMissingOneOnly) {
  EXPECT_EQ(ParseHostPort("ns1", 9876)->ToString(), "ns1:9876");
  EXPECT_EQ(ParseHostPort("[::1]", 9876)->ToString(), "[::1]:9876");
  EXPECT_EQ(ParseHostPort("ns1:1", 9876)->ToString(), "ns1:1");
  EXPECT_FALSE(ParseHostPort("ns1:", 9876).ok());
}

TEST(HostPort, OneTextInsideAnotherIsAnotherEndpoint) {
  const std::set<HostPort> distinct = {*ParseHostPort("10.0.0.1:9876"), *ParseHostPort("110.0.0.1:9876"),
                                       *ParseHostPort("10.0.0.1:98"), *ParseHostPort("h:1"), *ParseHostPort("h:2")};
  EXPECT_EQ(distinct.size(), 5u);
}

TEST(HostPort, LiteralsAreToldFromNames) {
  for (const char* literal : {"10.0.0.1", "::1", "2001:db8::1", "fe80::1%eth0", "::ffff:1.2.3.4"}) {
    EXPECT_TRUE(IsIpLiteral(literal)) << literal;
  }
  for (const char* name : {"ns1", "1a.2b", "", "10.0.0", "[::1]", "fe80::1%", "a%b", "1.2.3.4%lo"}) {
    EXPECT_FALSE(IsIpLiteral(name)) << name;
  }
}

std::string Pick(std::mt19937_64& random, std::string_view alphabet, std::size_t length) {
  std::string text;
  while (text.size() < length) text += alphabet[random() % alphabet.size()];
  return text;
}

std::string RandomHost(std::mt19937_64& random) {
  switch (random() % 5) {
    case 0: {
      std::string name = Pick(random, "abcXYZ", 1) + Pick(random, "abcXYZ019-_", random() % 20) + "z";
      for (std::size_t labels = random() % 4; labels > 0; --labels) {
        name += "." + Pick(random, "abcd", 1 + random() % 8);
      }
      return name;
    }
    case 1:
      return absl::StrCat(random() % 256, ".", random() % 256, ".", random() % 256, ".", random() % 256);
    case 2: {
      std::string address = absl::StrCat(absl::Hex(random() % 65536));
      for (int group = 1; group < 8; ++group) absl::StrAppend(&address, ":", absl::Hex(random() % 65536));
      return "[" + address + "]";
    }
    case 3:
      return absl::StrCat("[", absl::Hex(1 + random() % 65535), "::", absl::Hex(random() % 65536), "]");
    default:
      return absl::StrCat("[fe80::", absl::Hex(random() % 65536), "%", Pick(random, "abcETH019.-_", 1 + random() % 15),
                          "]");
  }
}

TEST(HostPort, WhatIsPrintedReadsBackAsTheSame) {
  std::mt19937_64 random(20240817);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = absl::StrCat(RandomHost(random), ":", 1 + random() % 65535);
    const absl::StatusOr<HostPort> first = ParseHostPort(text);
    ASSERT_TRUE(first.ok()) << first.status();
    const absl::StatusOr<HostPort> second = ParseHostPort(first->ToString());
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ(*first, *second) << text;
    EXPECT_EQ(first->ToString(), second->ToString()) << text;
    EXPECT_EQ(IsIpLiteral(first->host), text.front() == '[' || text.find_first_not_of("0123456789.:") == text.npos)
        << text;
  }
}

TEST(HostPort, AnyBytesGiveAnAddressThatReadsBackOrAnError) {
  std::mt19937_64 random(7);
  using std::string_view_literals::operator""sv;
  constexpr std::string_view alphabet = "[]:%.-_/;, \t\r\n\0a0fFxX19z\xff"sv;
  std::size_t accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::string text = Pick(random, alphabet, random() % 24);
    const absl::StatusOr<HostPort> read = ParseHostPort(text, round % 2 == 0 ? 0 : 9876);
    if (!read.ok()) {
      EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
      continue;
    }
    ++accepted;
    ASSERT_NE(read->port, 0);
    const absl::StatusOr<HostPort> again = ParseHostPort(read->ToString());
    ASSERT_TRUE(again.ok()) << absl::CHexEscape(text) << " -> " << read->ToString() << ": " << again.status();
    EXPECT_EQ(*read, *again);
  }
  EXPECT_GT(accepted, 100u) << "the generator no longer reaches the accepting paths";
}

}  // namespace
}  // namespace corocket
