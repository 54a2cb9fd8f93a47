#include <memory>
#include <string>

#include "absl/status/status.h"
#include "corocket/observer.h"
#include "corocket/options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Deaf final : public Observer {
 public:
  void OnEvent(const EndpointEvent&) override {}
};

ClientOptions Good() {
  ClientOptions options;
  options.namesrv = {"ns1:9876;ns2:9876"};
  options.observers = {std::make_shared<Deaf>()};
  return options;
}

std::string MessageOf(const ClientOptions& options) {
  const absl::Status status = options.Validate();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(ClientOptions, GoodOptionsAreValid) { EXPECT_EQ(Good().Validate(), absl::OkStatus()); }

TEST(ClientOptions, ABadAddressIsQuotedUnderTheNameOfItsOption) {
  ClientOptions options = Good();
  options.namesrv = {"ns1:9876", "ns2:port"};
  EXPECT_THAT(MessageOf(options), AllOf(HasSubstr("ClientOptions::namesrv"), HasSubstr("\"ns2:port\"")));
}

TEST(ClientOptions, TheLimitsOfItsPartsAreChecked) {
  ClientOptions options = Good();
  options.call.timeout = {};
  EXPECT_THAT(MessageOf(options), HasSubstr("CallOptions::timeout"));
  options = Good();
  options.failover.max_parallel_dials = 0;
  EXPECT_THAT(MessageOf(options), HasSubstr("FailoverOptions::max_parallel_dials"));
}

TEST(ClientOptions, AnObserverThatIsNullIsNamedByItsPlace) {
  ClientOptions options = Good();
  options.observers.push_back(nullptr);
  EXPECT_THAT(MessageOf(options), HasSubstr("ClientOptions::observers[1] is null"));
}

}  // namespace
}  // namespace corocket
