#include "tests/integration/query_load.h"

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/free_ports.h"

namespace corocket::test {
namespace {

using std::chrono::milliseconds;

TEST(QueryLoad, ReportsCallsThatDoNotReturnInsteadOfWaitingForThem) {
  FreePorts ports;  // holds the port without listening: dials are refused
  const absl::StatusOr<std::uint16_t> port = ports.Pick();
  ASSERT_TRUE(port.ok()) << port.status();
  QueryLoad::Options options;
  options.client.namesrv = {absl::StrCat("127.0.0.1:", *port)};
  options.client.call.timeout = std::chrono::minutes(10);
  options.topic = "orders";
  options.coroutines = 3;
  options.stop_limit = milliseconds(50);
  absl::StatusOr<std::unique_ptr<QueryLoad>> load = QueryLoad::Start(options);
  ASSERT_TRUE(load.ok()) << load.status();
  ASSERT_TRUE(PollUntil(In(std::chrono::seconds(30)), [&] { return (*load)->Snapshot().waiting_callers == 3; }));
  const absl::Status stopped = (*load)->Stop();
  EXPECT_EQ(stopped.code(), absl::StatusCode::kDeadlineExceeded) << stopped;
  EXPECT_TRUE(absl::StrContains(stopped.message(), "3 of 3 calls")) << stopped;
  EXPECT_EQ((*load)->Stop(), stopped);
}

}  // namespace
}  // namespace corocket::test
