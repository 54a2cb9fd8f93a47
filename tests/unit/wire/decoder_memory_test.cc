// What hostile peers can make the decoders allocate. Counts every allocation of the process.

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sdk/protocol/cluster_info.h"
#include "sdk/protocol/message.h"
#include "sdk/protocol/register_broker.h"
#include "sdk/protocol/request_code.h"
#include "sdk/protocol/route_query.h"
#include "sdk/protocol/topic_list.h"
#include "sdk/wire/codec.h"
#include "sdk/wire/frame.h"

namespace {

std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;

void* Allocate(std::size_t bytes) {
  void* const memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
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

// Enough to reach every limit by number, so that longer bodies would take no more.
constexpr std::size_t kBodyBytes = kMaxFrameBytes / 4;
// Vectors that grow hold their old and their new memory for a moment.
constexpr std::size_t kPeakLimit = 8 * kMaxFrameBytes;

std::size_t PeakOf(const std::function<void()>& work) {
  const std::size_t before = live_bytes;
  peak_bytes = live_bytes;
  work();
  return peak_bytes - before;
}

// `open`, then `item` as often as fits the largest frame, then `close`.
std::string Filled(std::string_view open, std::string_view item, std::string_view close) {
  std::string text(open);
  text.reserve(kBodyBytes + item.size());
  while (text.size() + item.size() + close.size() < kBodyBytes) text.append(item);
  text.pop_back();  // The last comma.
  return text.append(close);
}

// The same with a number in each item, so that no two keys are equal.
std::string Numbered(std::string_view open, std::string_view item_rest, std::string_view close) {
  std::string text(open);
  text.reserve(kBodyBytes + 64);
  for (std::size_t i = 0; text.size() + item_rest.size() + close.size() + 16 < kBodyBytes; ++i) {
    absl::StrAppend(&text, i, item_rest);
  }
  text.pop_back();
  return text.append(close);
}

Frame Answer(std::string body) {
  Frame frame = protocol::MakeResponse(protocol::MakeRequest(protocol::RequestCode::kGetRouteInfoByTopic));
  frame.body = std::move(body);
  return frame;
}

TEST(DecoderMemory, OfRoutesStaysBounded) {
  const std::string bodies[] = {
      Filled(R"({"brokerDatas":[)", "{},", "]}"),
      Filled(R"({"queueDatas":[)", "{},", "]}"),
      Filled(R"({"brokerDatas":[)", R"({"brokerName":"a"},)", "]}"),
      Filled(R"({"queueDatas":[)", R"({"brokerName":"a"},)", "]}"),
      Numbered(R"({"brokerDatas":[{"brokerName":"a","brokerAddrs":{)", R"(:"",)", "}}]}"),
      Numbered(R"({"topicQueueMappingByBroker":{"a":{"currIdMap":{)", ":0,", "}}}}"),
      Filled(R"({"topicQueueMappingByBroker":{)", R"("a":{},)", "}}"),
      Filled(R"({"unknown":[)", "[],", "]}"),
      Filled(R"({"unknown":{)", R"("\n":"\n",)", "}}"),
      std::string(kBodyBytes, '['),
      std::string(kBodyBytes, '"'),
  };
  for (const std::string& body : bodies) {
    EXPECT_LT(PeakOf([&body] { (void)protocol::DecodeRouteBody(body); }), kPeakLimit) << body.substr(0, 60);
  }
}

TEST(DecoderMemory, OfListsStaysBounded) {
  const Frame topics = Answer(Filled(R"({"topicList":[)", R"("",)", "]}"));
  EXPECT_LT(PeakOf([&topics] { (void)protocol::DecodeTopicListResponse(topics); }), kPeakLimit);
  const Frame brokers = Answer(Filled(R"({"brokerAddrTable":{)", R"("a":{},)", "}}"));
  EXPECT_LT(PeakOf([&brokers] { (void)protocol::DecodeClusterInfoResponse(brokers); }), kPeakLimit);
  const Frame clusters = Answer(Filled(R"({"clusterAddrTable":{)", R"("":[],)", "}}"));
  EXPECT_LT(PeakOf([&clusters] { (void)protocol::DecodeClusterInfoResponse(clusters); }), kPeakLimit);
  const Frame names = Answer(Filled(R"({"clusterAddrTable":{"c":[)", R"("",)", "]}}"));
  EXPECT_LT(PeakOf([&names] { (void)protocol::DecodeClusterInfoResponse(names); }), kPeakLimit);
}

TEST(DecoderMemory, OfRegistrationsStaysBounded) {
  Frame frame = protocol::EncodeRegisterBrokerRequest({.cluster = "c", .broker_name = "b", .broker_address = "a:1"});
  frame.header.ext_fields.Set("bodyCrc32", "0");
  frame.body = Filled(R"({"topicConfigSerializeWrapper":{"topicConfigTable":{)", R"("a":{},)", "}}}");
  EXPECT_LT(PeakOf([&frame] { (void)protocol::DecodeRegisterBrokerRequest(frame); }), kPeakLimit);
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
