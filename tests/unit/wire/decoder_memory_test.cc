// What hostile peers can make the decoders allocate and do. Counts every allocation of the process.

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/limits.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"
#include "sdk/wire/limits.h"
#include "tests/support/json_text.h"

namespace {

std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;
std::size_t allocations = 0;

void* Allocate(std::size_t bytes) {
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  ++allocations;
  live_bytes += malloc_usable_size(memory);
  peak_bytes = std::max(peak_bytes, live_bytes);
  return memory;
}

void Release(void* memory) noexcept {
  if (memory != nullptr) live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t bytes) { return Allocate(bytes); }
void* operator new[](std::size_t bytes) { return Allocate(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes); }
void operator delete(void* memory) noexcept { Release(memory); }
void operator delete[](void* memory) noexcept { Release(memory); }
void operator delete(void* memory, std::size_t) noexcept { Release(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { Release(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { Release(memory); }

namespace corocket::wire {
namespace {

// The longest body that a frame has room for, some header fields beside it.
constexpr std::size_t kBodyBytes = kMaxFrameBytes - 4096;
// What is passed over takes no memory, however long it is.
constexpr std::size_t kSkippedBytes = kMaxFrameBytes / 16;
// Vectors that grow hold their old and their new memory for a moment.
constexpr std::size_t kPeakLimit = 8 * kMaxFrameBytes;

std::size_t PeakOf(const std::function<void()>& work) {
  const std::size_t before = live_bytes;
  peak_bytes = live_bytes;
  work();
  return peak_bytes - before;
}

std::size_t AllocationsOf(const std::function<void()>& work) {
  const std::size_t before = allocations;
  work();
  return allocations - before;
}

// As many items as fit the largest frame.
std::string Full(std::string_view open, std::string_view item, std::string_view close) {
  return test::Filled(open, item, kBodyBytes, close);
}

Frame Answer(std::string body) {
  Frame frame = protocol::MakeResponse(protocol::MakeRequest(protocol::RequestCode::kGetRouteInfoByTopic));
  frame.body = std::move(body);
  return frame;
}

Frame Registration(std::string body) {
  Frame frame = protocol::EncodeRegisterBrokerRequest({.cluster = "c", .broker_name = "b", .broker_address = "a:1"});
  frame.header.ext_fields.Set("bodyCrc32", "0");
  frame.body = std::move(body);
  return frame;
}

TEST(DecoderMemory, OfRoutesStaysBounded) {
  const std::string full_broker =
      test::Repeated(R"({"brokerName":"a","brokerAddrs":{)", R"(#:"")", protocol::kMaxReplicas, "}}");
  const std::string bodies[] = {
      Full(R"({"brokerDatas":[)", "{}", "]}"),
      Full(R"({"queueDatas":[)", "{}", "]}"),
      Full(R"({"brokerDatas":[)", R"({"brokerName":"a"})", "]}"),
      Full(R"({"queueDatas":[)", R"({"brokerName":"a"})", "]}"),
      Full(R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{)", R"(#:"")", "}}]}"),
      Full(R"({"brokerDatas":[)", full_broker, "]}"),
      Full(R"({"topicQueueMappingByBroker":{"a":{"currIdMap":{)", "#:0", "}}}}"),
      Full(R"({"topicQueueMappingByBroker":{)", R"("a":{})", "}}"),
      test::Filled(R"({"unknown":[)", "[]", kSkippedBytes, "]}"),
      test::Filled(R"({"unknown":{)", R"("\n":"\n")", kSkippedBytes, "}}"),
      std::string(kSkippedBytes, '['),
      std::string(kSkippedBytes, '"'),
  };
  for (const std::string& body : bodies) {
    EXPECT_LT(PeakOf([&body] { (void)protocol::DecodeRouteBody(body); }), kPeakLimit) << body.substr(0, 60);
  }
}

TEST(DecoderMemory, OfListsStaysBounded) {
  const Frame topics = Answer(Full(R"({"topicList":[)", R"("")", "]}"));
  EXPECT_LT(PeakOf([&topics] { (void)protocol::DecodeTopicListResponse(topics); }), kPeakLimit);
  const std::string full_cluster =
      test::Repeated(R"("clusterAddrTable":{"c":[)", R"("#")", protocol::kMaxBrokers - 1, "]}");
  const std::string bodies[] = {
      Full(R"({"brokerAddrTable":{)", R"("a":{})", "}}"),
      Full(R"({"clusterAddrTable":{)", R"("":[])", "}}"),
      Full(R"({"clusterAddrTable":{"c":[)", R"("")", "]}}"),
      Full("{", full_cluster, "}"),
  };
  for (const std::string& body : bodies) {
    const Frame answer = Answer(body);
    EXPECT_LT(PeakOf([&answer] { (void)protocol::DecodeClusterInfoResponse(answer); }), kPeakLimit)
        << body.substr(0, 60);
  }
}

TEST(DecoderMemory, OfRegistrationsStaysBounded) {
  const std::string bodies[] = {
      Full(R"({"topicConfigSerializeWrapper":{"topicConfigTable":{)", R"("a":{})", "}}}"),
      Full(R"({"topicConfigSerializeWrapper":{"topicConfigTable":{)", R"("sixteen letters!":{})", "}}}"),
      Full(R"({"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{)", R"("":{})", "}}}"),
  };
  for (const std::string& body : bodies) {
    const Frame frame = Registration(body);
    EXPECT_LT(PeakOf([&frame] { (void)protocol::DecodeRegisterBrokerRequest(frame); }), kPeakLimit)
        << body.substr(0, 80);
  }
}

TEST(DecoderMemory, OfSkippedStringsIsNone) {
  const std::string body = absl::StrCat(R"({"unknown":")", test::Repeated("", R"(\u00e9\n)", 80'000, ""), R"("})");
  EXPECT_LT(PeakOf([&body] { ASSERT_TRUE(protocol::DecodeRouteBody(body).ok()); }), 1024u);
}

// --- Work ----------------------------------------------------------------------------------------------------------

// A table is sorted when all of it has been read. If each of its pieces were, the work would be their number times its
// size: hours for one frame. Sorting allocates, so what is counted here are allocations.
TEST(DecoderWork, OfATableInManyPiecesIsNotDoneForEachPiece) {
  constexpr std::size_t kPieces = 2'000;
  // Rooms that lists and strings grow through.
  constexpr std::size_t kFew = 100;
  const auto pieces = [](std::string_view open, std::string_view piece, std::string_view close) {
    return test::Repeated(open, piece, kPieces, close);
  };

  const Frame topics = Registration(pieces(R"({"topicConfigSerializeWrapper":{"topicConfigTable":{"b":{},"a":{}},)",
                                           R"("topicConfigTable":{"a":{}})", "}}"));
  EXPECT_LT(AllocationsOf([&topics] { ASSERT_TRUE(protocol::DecodeRegisterBrokerRequest(topics).ok()); }), kFew);

  const Frame wrappers =
      Registration(pieces(R"({)", R"("topicConfigSerializeWrapper":{"topicConfigTable":{"b":{},"a":{}}})", "}"));
  EXPECT_LT(AllocationsOf([&wrappers] { ASSERT_TRUE(protocol::DecodeRegisterBrokerRequest(wrappers).ok()); }), kFew);

  const Frame mappings =
      Registration(pieces(R"({"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{"b":{},"a":{}},)",
                          R"("topicQueueMappingInfoMap":{"a":{}})", "}}"));
  EXPECT_LT(AllocationsOf([&mappings] { ASSERT_TRUE(protocol::DecodeRegisterBrokerRequest(mappings).ok()); }), kFew);

  const std::string addresses =
      pieces(R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{1:"",0:""},)", R"("brokerAddrs":{0:""})", "}]}");
  EXPECT_LT(AllocationsOf([&addresses] { ASSERT_TRUE(protocol::DecodeRouteBody(addresses).ok()); }), kFew);

  const std::string ids =
      pieces(R"({"topicQueueMappingByBroker":{"a":{"currIdMap":{1:0,0:0},)", R"("currIdMap":{0:0})", "}}}");
  EXPECT_LT(AllocationsOf([&ids] { ASSERT_TRUE(protocol::DecodeRouteBody(ids).ok()); }), kFew);

  const std::string by_broker =
      pieces(R"({"topicQueueMappingByBroker":{"b":{},"a":{}},)", R"("topicQueueMappingByBroker":{"a":{}})", "}");
  EXPECT_LT(AllocationsOf([&by_broker] { ASSERT_TRUE(protocol::DecodeRouteBody(by_broker).ok()); }), kFew);

  const Frame brokers = Answer(pieces(R"({"brokerAddrTable":{"b":{},"a":{}},)", R"("brokerAddrTable":{"a":{}})", "}"));
  EXPECT_LT(AllocationsOf([&brokers] { ASSERT_TRUE(protocol::DecodeClusterInfoResponse(brokers).ok()); }), kFew);

  const Frame clusters =
      Answer(pieces(R"({"clusterAddrTable":{"b":[],"a":[]},)", R"("clusterAddrTable":{"a":[]})", "}"));
  EXPECT_LT(AllocationsOf([&clusters] { ASSERT_TRUE(protocol::DecodeClusterInfoResponse(clusters).ok()); }), kFew);
}

TEST(DecoderMemory, OfFramesStaysBounded) {
  Frame large;
  large.body.assign(kMaxFrameBytes - 4096, 'x');
  std::string bytes;
  ASSERT_TRUE(AppendFrame(large, bytes).ok());
  EXPECT_LT(PeakOf([&bytes] { (void)DecodeFrame(bytes); }), 2 * kMaxFrameBytes);
}

TEST(DecoderMemory, IsNotTakenForALengthThatIsOnlyAnnounced) {
  const std::string_view head("\0\xFF\xFF\xFC\0\0\x10\0", 8);
  EXPECT_LT(PeakOf([head] { ASSERT_TRUE(PeekFrame(head).ok()); }), 4096u);
}

TEST(DecoderMemory, OfErrorsStaysSmall) {
  const std::string garbage(kBodyBytes, '?');
  EXPECT_LT(PeakOf([&garbage] { (void)protocol::DecodeRouteBody(garbage); }), 16'384u);
}

}  // namespace
}  // namespace corocket::wire
