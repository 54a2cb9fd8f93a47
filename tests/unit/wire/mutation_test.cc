// Recorded frames, damaged at random: every decoder gives a value or an error.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/kv_config.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/protocol/unregister_broker.h"
#include "sdk/wire/big_endian.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "tests/golden/golden_frames.h"

namespace corocket::wire {
namespace {

constexpr std::uint64_t kSeed = 97;
constexpr int kMutants = 20'000;

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::size_t Below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  const std::string& AnyFrame() { return test::GoldenFrames()[Below(test::GoldenFrames().size())].bytes; }

  std::string Mutant() {
    std::string bytes = AnyFrame();
    for (std::size_t changes = 1 + Below(4); changes > 0 && !bytes.empty(); --changes) Change(bytes);
    // Half of them with a length that fits, so that the damage is found further inside.
    if (bytes.size() >= 8 && Below(2) == 0)
      StoreBigEndian32(bytes.data(), static_cast<std::uint32_t>(bytes.size() - 4));
    return bytes;
  }

 private:
  void Change(std::string& bytes) {
    const std::size_t at = Below(bytes.size());
    switch (Below(6)) {
      case 0:
        bytes[at] = static_cast<char>(Below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1U << Below(8)));
        break;
      case 2:
        bytes.insert(at, 1 + Below(8), static_cast<char>(Below(256)));
        break;
      case 3:
        bytes.erase(at, 1 + Below(16));
        break;
      case 4:
        bytes.resize(at);
        break;
      default: {
        const std::string& other = AnyFrame();
        const std::size_t from = Below(other.size());
        bytes.replace(at, Below(32), other, from, Below(32));
        break;
      }
    }
  }

  std::mt19937_64 random_;
};

void DecodeAsEverything(Frame frame) {
  frame.header.flag = kFlagResponse;
  frame.header.code = 0;
  (void)protocol::DecodeRouteResponse(frame);
  (void)protocol::DecodeClusterInfoResponse(frame);
  (void)protocol::DecodeTopicListResponse(frame);
  (void)protocol::DecodeKvGetResponse(frame);
  (void)protocol::DecodeRegisterBrokerResponse(frame);
  frame.header.flag = 0;
  frame.header.code = 103;
  (void)protocol::DecodeRegisterBrokerRequest(frame);
  frame.header.code = 104;
  (void)protocol::DecodeUnregisterBrokerRequest(frame);
  frame.header.code = 105;
  (void)protocol::DecodeRouteRequest(frame);
}

TEST(Mutation, OfRecordedFramesGivesAValueOrAnError) {
  Mutator mutator(kSeed);
  int values = 0;
  for (int i = 0; i < kMutants; ++i) {
    const std::string bytes = mutator.Mutant();
    // A copy of its own size on the heap, so that a sanitizer sees a read past the end.
    const std::vector<char> exact(bytes.begin(), bytes.end());
    const std::string_view view(exact.data(), exact.size());
    absl::StatusOr<Frame> frame = DecodeFrame(view);
    if (!frame.ok()) {
      ASSERT_FALSE(frame.status().message().empty());
      ASSERT_LT(frame.status().message().size(), 1'000u) << "seed " << kSeed << " mutant " << i;
      continue;
    }
    ++values;
    std::string again;
    ASSERT_TRUE(AppendFrame(*frame, again).ok()) << "seed " << kSeed << " mutant " << i;
    const absl::StatusOr<Frame> decoded_again = DecodeFrame(again);
    ASSERT_TRUE(decoded_again.ok()) << decoded_again.status() << " seed " << kSeed << " mutant " << i;
    ASSERT_TRUE(*decoded_again == *frame) << "seed " << kSeed << " mutant " << i;
    DecodeAsEverything(*std::move(frame));
  }
  EXPECT_GT(values, kMutants / 20);
  EXPECT_LT(values, kMutants * 19 / 20);
}

TEST(Mutation, OfRouteBodiesGivesARouteOrAnError) {
  const std::string body =
      R"({"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"broker-a","cluster":"C"}],)"
      R"("filterServerTable":{},"orderTopicConf":"broker-a:8;broker-b:8","queueDatas":[{"brokerName":"broker-a","perm":6,)"
      R"("readQueueNums":8,"topicSysFlag":0,"writeQueueNums":8}],"topicQueueMappingByBroker":{"broker-a":{"bname":)"
      R"("broker-a","currIdMap":{0:0,1:1},"dirty":false,"epoch":1690000000000,"scope":"__global__","totalQueues":8}}})";
  ASSERT_TRUE(protocol::DecodeRouteBody(body).ok());
  std::mt19937_64 random(kSeed);
  const auto below = [&random](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  int values = 0;
  for (int i = 0; i < kMutants; ++i) {
    std::vector<char> mutant(body.begin(), body.end());
    mutant[below(mutant.size())] = static_cast<char>(below(256));
    if (below(4) == 0) mutant.resize(below(mutant.size()));
    const absl::StatusOr<TopicRoute> route = protocol::DecodeRouteBody({mutant.data(), mutant.size()});
    if (route.ok()) ++values;
  }
  EXPECT_GT(values, kMutants / 20);
  EXPECT_LT(values, kMutants * 19 / 20);
}

}  // namespace
}  // namespace corocket::wire
