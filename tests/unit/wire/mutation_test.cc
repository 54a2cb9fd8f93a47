// Recorded frames, damaged at random: every decoder gives a value or an error.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/route_query.h"
#include "sdk/wire/big_endian.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "tests/fuzz/decoders.h"
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
    test::DecodeAsEveryMessage(*std::move(frame));
  }
  EXPECT_GT(values, kMutants / 20);
  EXPECT_LT(values, kMutants * 19 / 20);
}

// `decodes` tells whether a body is one; of its mutants some have to be and some not.
void ExpectValuesAndErrors(std::string_view body, const std::function<bool(std::string_view)>& decodes) {
  ASSERT_TRUE(decodes(body)) << body;
  std::mt19937_64 random(kSeed);
  const auto below = [&random](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  int values = 0;
  for (int i = 0; i < kMutants; ++i) {
    std::vector<char> mutant(body.begin(), body.end());
    mutant[below(mutant.size())] = static_cast<char>(below(256));
    if (below(4) == 0) mutant.resize(below(mutant.size()));
    if (decodes({mutant.data(), mutant.size()})) ++values;
  }
  EXPECT_GT(values, kMutants / 20);
  EXPECT_LT(values, kMutants * 19 / 20);
}

TEST(Mutation, OfRouteBodiesGivesARouteOrAnError) {
  ExpectValuesAndErrors(
      R"({"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"broker-a","cluster":"C"}],)"
      R"("filterServerTable":{},"orderTopicConf":"broker-a:8;broker-b:8","queueDatas":[{"brokerName":"broker-a","perm":6,)"
      R"("readQueueNums":8,"topicSysFlag":0,"writeQueueNums":8}],"topicQueueMappingByBroker":{"broker-a":{"bname":)"
      R"("broker-a","currIdMap":{0:0,1:1},"dirty":false,"epoch":1690000000000,"scope":"__global__","totalQueues":8}}})",
      [](std::string_view body) { return protocol::DecodeRouteBody(body).ok(); });
}

TEST(Mutation, OfRegistrationBodiesGivesARegistrationOrAnError) {
  Frame frame = protocol::EncodeRegisterBrokerRequest(
      {.cluster = "c",
       .broker_name = "b",
       .broker_address = "10.0.0.1:10911",
       .topics = {{.name = "T1"}, {.name = "T2"}},
       .mappings = {{"T1", {.broker_name = "b", .scope = "__global__", .epoch = 1, .ids = {{0, 0}, {1, 1}}}}}});
  frame.header.ext_fields.Set("bodyCrc32", "0");
  const std::string whole = frame.body;
  ExpectValuesAndErrors(whole, [&frame](std::string_view body) {
    frame.body = body;
    return protocol::DecodeRegisterBrokerRequest(frame).ok();
  });
}

}  // namespace
}  // namespace corocket::wire
