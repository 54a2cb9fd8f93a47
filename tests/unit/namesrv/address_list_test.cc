#include "sdk/namesrv/address_list.h"

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/host_port.h"

namespace corocket::namesrv {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Read(const std::vector<std::string>& items) {
  const absl::StatusOr<std::vector<HostPort>> endpoints = ParseNamesrvList(items);
  if (!endpoints.ok()) return {absl::StrCat("error: ", endpoints.status().message())};
  std::vector<std::string> texts;
  for (const HostPort& endpoint : *endpoints) texts.push_back(endpoint.ToString());
  return texts;
}

std::string ErrorOf(std::string_view text) {
  const absl::StatusOr<std::vector<HostPort>> endpoints = ParseNamesrvList({std::string(text)});
  if (endpoints.ok()) return absl::StrCat("read ", endpoints->size(), " addresses");
  EXPECT_EQ(endpoints.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(endpoints.status().message());
}

TEST(AddressList, EverySeparatorSeparatesAndEmptyPlacesAreSkipped) {
  EXPECT_THAT(Read({"a:1;b:2,c:3 d:4\te:5\nf:6"}), ElementsAre("a:1", "b:2", "c:3", "d:4", "e:5", "f:6"));
  EXPECT_THAT(Read({";;a:1,; ,b:2;", "", "  ", "c:3"}), ElementsAre("a:1", "b:2", "c:3"));
}

TEST(AddressList, TracesOfFilesFromOtherSystemsAreTrimmed) {
  EXPECT_THAT(Read({"\xef\xbb\xbf"
                    "a:1\r\nb:2\r\n"}),
              ElementsAre("a:1", "b:2"));
  EXPECT_THAT(Read({"a:1;\xef\xbb\xbf"
                    "b:2\xef\xbb\xbf;c:3\r"}),
              ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_THAT(Read({"\t a:1 \v\f"}), ElementsAre("a:1"));
}

TEST(AddressList, HostAndPortTogetherAreTheIdentityAndOrderIsKept) {
  EXPECT_THAT(Read({"h:1;h:2;g:1;g:2"}), ElementsAre("h:1", "h:2", "g:1", "g:2"));
  EXPECT_THAT(Read({"a.example:1;10.0.0.1:2;[::1]:3;10.0.0.2:4"}),
              ElementsAre("a.example:1", "10.0.0.1:2", "[::1]:3", "10.0.0.2:4"));
  EXPECT_THAT(Read({"10.0.0.1:9876;110.0.0.1:9876"}), ElementsAre("10.0.0.1:9876", "110.0.0.1:9876"));
}

TEST(AddressList, AnAddressInAnotherSpellingIsTheSame) {
  EXPECT_THAT(Read({"NS1:9876; ns1:9876,http://ns1:9876/ ns1:09876"}), ElementsAre("ns1:9876"));
  EXPECT_THAT(Read({"[2001:DB8:0:0::1]:9876;[2001:db8::1]:9876"}), ElementsAre("[2001:db8::1]:9876"));
}

TEST(AddressList, AUrlWithoutAPathIsAnAddress) {
  EXPECT_THAT(Read({"http://ns1:9876;HTTP://10.0.0.1:9876/;https://ns2:9876"}),
              ElementsAre("ns1:9876", "10.0.0.1:9876", "ns2:9876"));
  EXPECT_THAT(Read({"http://MQ_INST_123_abc.mq.example:80"}), ElementsAre("mq_inst_123_abc.mq.example:80"));
  EXPECT_THAT(Read({"http://[fe80::1%25Lo]:9876"}), ElementsAre("[fe80::1%Lo]:9876"));
}

TEST(AddressList, ZoneIdsAreKeptForLinkLocalAddressesOnly) {
  EXPECT_THAT(Read({"[fe80::1%lo]:9876"}), ElementsAre("[fe80::1%lo]:9876"));
  EXPECT_THAT(ErrorOf("[2001:db8::1%lo]:9876"), HasSubstr("link-local"));
}

TEST(AddressList, OtherSourcesAreRefusedByName) {
  for (const char* source :
       {"http://jmenv.example:8080/rocketmq/nsaddr", "https://a.example/x", "http://a.example?x", "http://a:1/#f"}) {
    EXPECT_THAT(ErrorOf(source), AllOf(HasSubstr(absl::StrCat("\"", source, "\"")),
                                       HasSubstr("an address server (http://host/path) is not supported yet"),
                                       HasSubstr("give the NameServers themselves as host:port")));
  }
  EXPECT_THAT(ErrorOf("file:/etc/namesrv"), HasSubstr("\"file:/etc/namesrv\": a list in a file is not supported yet"));
  EXPECT_THAT(ErrorOf("FILE:///etc/namesrv"), HasSubstr("a list in a file is not supported yet"));
  EXPECT_THAT(ErrorOf("dns:ns.example:9876"), HasSubstr("a list in DNS is not supported yet"));
  EXPECT_THAT(ErrorOf("grpc://ns1:9876"), HasSubstr("\"grpc\" is no scheme for a NameServer; write host:port"));
}

TEST(AddressList, AServerMayBeCalledLikeASource) {
  EXPECT_THAT(Read({"dns:9876;file:9876"}), ElementsAre("dns:9876", "file:9876"));
}

TEST(AddressList, ABadAddressIsQuotedAloneWithWhatToDo) {
  EXPECT_THAT(ErrorOf("a:1;ns2;c:3"), AllOf(HasSubstr("\"ns2\": the port is missing"), Not(HasSubstr("c:3"))));
  EXPECT_THAT(ErrorOf("a:1|b:2"), HasSubstr("\"a:1|b:2\""));
  EXPECT_THAT(ErrorOf("http://ns1"), HasSubstr("the port is missing; write ns1:9876"));
  EXPECT_THAT(ErrorOf("2001:db8::1:9876"), HasSubstr("ambiguous: write [2001:db8::1]:9876"));
}

TEST(AddressList, CredentialsAreRefusedAndNotRepeated) {
  for (const char* text : {"http://admin:hunter2@ns1:9876", "admin:hunter2@ns1:9876"}) {
    EXPECT_THAT(ErrorOf(text), AllOf(HasSubstr("\"@ns1:9876\": credentials"), Not(HasSubstr("hunter2"))));
  }
}

TEST(AddressList, AListWithoutAnAddressIsRefused) {
  for (const std::vector<std::string>& nothing :
       {std::vector<std::string>{}, {""}, {" ; ,\r\n"}, {"\xef\xbb\xbf"}, {"", ""}}) {
    const absl::StatusOr<std::vector<HostPort>> endpoints = ParseNamesrvList(nothing);
    ASSERT_FALSE(endpoints.ok());
    EXPECT_EQ(endpoints.status().message(), "no NameServer address in the list; give host:port");
  }
}

TEST(AddressList, TheListIsBoundedAfterDuplicatesAreDropped) {
  std::vector<std::string> items;
  for (std::size_t i = 0; i < kMaxNamesrvEndpoints; ++i) items.push_back(absl::StrCat("ns", i, ":9876"));
  items.push_back("ns0:9876");
  EXPECT_EQ(Read(items).size(), kMaxNamesrvEndpoints);
  items.push_back("straw:1");
  EXPECT_THAT(Read(items), ElementsAre(AllOf(HasSubstr("more than 256"), HasSubstr("\"straw:1\""))));
}

/// Sets NAMESRV_ADDR for one test.
class ScopedVariable {
 public:
  explicit ScopedVariable(const char* value) {
    if (const char* before = std::getenv("NAMESRV_ADDR"); before != nullptr) before_ = before;
    Set(value);
  }
  ~ScopedVariable() { Set(before_.has_value() ? before_->c_str() : nullptr); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  static void Set(const char* value) {
    if (value != nullptr) {
      setenv("NAMESRV_ADDR", value, 1);
    } else {
      unsetenv("NAMESRV_ADDR");
    }
  }
  std::optional<std::string> before_;
};

TEST(AddressList, TheEnvironmentIsReadLikeAnItemAndNamedInErrors) {
  {
    const ScopedVariable variable("a:1;b:2");
    EXPECT_EQ(NamesrvFromEnvironment()->size(), 2u);
  }
  {
    const ScopedVariable variable("a:1;b");
    EXPECT_THAT(std::string(NamesrvFromEnvironment().status().message()),
                AllOf(HasSubstr("environment variable NAMESRV_ADDR"), HasSubstr("\"b\": the port is missing")));
  }
  for (const char* blank : {static_cast<const char*>(nullptr), "", " ; "}) {
    const ScopedVariable variable(blank);
    EXPECT_THAT(std::string(NamesrvFromEnvironment().status().message()),
                AllOf(HasSubstr("ClientOptions::namesrv"), HasSubstr("NAMESRV_ADDR")));
  }
}

// Words that are right, words that are wrong and bytes without sense, joined by every separator.
std::string RandomItem(std::mt19937_64& random) {
  static const std::vector<std::string> words = {"ns1:9876",
                                                 "NS1:9876",
                                                 "10.0.0.1:1",
                                                 "[::1]:2",
                                                 "[fe80::1%lo]:3",
                                                 "http://h:4",
                                                 "https://h:5/",
                                                 "2001:db8::1:10911",
                                                 "",
                                                 "ns1",
                                                 "http://h/p",
                                                 "file:x",
                                                 "dns:a:1",
                                                 "a@b:1",
                                                 "::1:2",
                                                 "h:0",
                                                 "h:65536",
                                                 "x://y:1",
                                                 "[fe80::1%25lo]:6"};
  static const std::vector<std::string> joints = {";", ",", " ", "\t", "\r\n", "\n", "\xef\xbb\xbf", ";;", " , "};
  std::string item;
  const std::uint64_t good_only = random() % 2;
  for (std::uint64_t left = random() % 6; left > 0; --left) {
    std::string word = words[random() % (good_only == 1 ? 9 : words.size())];
    if (good_only == 0 && random() % 4 == 0) {
      const std::size_t at = random() % (word.size() + 1);
      word.insert(at, 1, static_cast<char>(random() % 256));
    }
    absl::StrAppend(&item, word, joints[random() % joints.size()]);
  }
  return item;
}

TEST(AddressList, AnyTextGivesDistinctAddressesThatReadBackOrOneNamedError) {
  std::mt19937_64 random(11);
  std::size_t read = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::vector<std::string> items = {RandomItem(random), RandomItem(random)};
    const absl::StatusOr<std::vector<HostPort>> endpoints = ParseNamesrvList(items);
    if (!endpoints.ok()) {
      ++refused;
      EXPECT_EQ(endpoints.status().code(), absl::StatusCode::kInvalidArgument);
      EXPECT_LT(endpoints.status().message().size(), 1000u);
      continue;
    }
    ++read;
    ASSERT_FALSE(endpoints->empty());
    EXPECT_EQ(std::set<HostPort>(endpoints->begin(), endpoints->end()).size(), endpoints->size());
    const std::string printed = absl::StrJoin(
        *endpoints, ";", [](std::string* out, const HostPort& endpoint) { absl::StrAppend(out, endpoint.ToString()); });
    const absl::StatusOr<std::vector<HostPort>> again = ParseNamesrvList({printed});
    ASSERT_TRUE(again.ok()) << printed << ": " << again.status();
    EXPECT_EQ(*again, *endpoints) << absl::CHexEscape(absl::StrJoin(items, "|"));
  }
  EXPECT_GT(read, 2000u) << "the generator no longer reaches the accepting paths";
  EXPECT_GT(refused, 2000u) << "the generator no longer reaches the refusing paths";
}

}  // namespace
}  // namespace corocket::namesrv
