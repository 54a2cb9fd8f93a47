// The largest frame, counted as the real NameServer counts it: 16 MiB with the length field.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "sdk/wire/big_endian.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/limits.h"
#include "tests/support/poll_until.h"
#include "tests/support/real_servers/real_cluster.h"
#include "tests/support/real_servers/remoting_socket.h"
#include "tests/support/real_servers/skip_if_missing.h"

namespace corocket::test {
namespace {

constexpr std::chrono::seconds kLimit(20);
constexpr std::int32_t kTopicNotExist = 17;

class FrameLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    COROCKET_SKIP_IF_MISSING(MissingPieces());
    absl::StatusOr<std::unique_ptr<RealCluster>> cluster = RealCluster::Start({.namesrvs = 1, .broker = false});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
  }

  RemotingSocket Connect() const {
    absl::StatusOr<RemotingSocket> socket = RemotingSocket::Connect(cluster_->Address(0), In(kLimit));
    EXPECT_TRUE(socket.ok()) << socket.status();
    return *std::move(socket);
  }

  /// A route query whose body, which a server does not look at, makes it a frame of exactly the limit.
  static wire::Frame LargestRequest() {
    wire::Frame request = RouteRequest("orders");
    request.serialize = wire::SerializeType::kRocketMq;  // The size does not depend on the opaque.
    std::string bytes;
    EXPECT_TRUE(wire::AppendFrame(request, bytes).ok());
    request.body.assign(wire::kMaxFrameBytes - bytes.size(), 'x');
    return request;
  }

  std::unique_ptr<RealCluster> cluster_;
};

TEST_F(FrameLimitTest, AFrameOfExactlySixteenMebibytesIsAnsweredAndOneByteMoreEndsTheConnection) {
  const wire::Frame largest = LargestRequest();
  std::string bytes;
  ASSERT_TRUE(wire::AppendFrame(largest, bytes).ok());
  ASSERT_EQ(bytes.size(), std::size_t{16'777'216});
  RemotingSocket socket = Connect();
  const absl::StatusOr<wire::Frame> answer = socket.Call(largest, In(kLimit));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->header.code, kTopicNotExist);

  bytes.push_back('x');
  wire::StoreBigEndian32(bytes.data(), static_cast<std::uint32_t>(bytes.size() - 4));
  absl::Status end = socket.SendBytes(bytes, In(kLimit));
  if (end.ok()) end = socket.Receive(In(kLimit)).status();
  EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;

  RemotingSocket next = Connect();
  const absl::StatusOr<wire::Frame> after = next.Call(RouteRequest("orders"), In(kLimit));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->header.code, kTopicNotExist);
}

}  // namespace
}  // namespace corocket::test
