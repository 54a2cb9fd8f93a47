#include "corocket/endpoint_event.h"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

#include "corocket/snapshot.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace corocket {
namespace {

using std::chrono::microseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::error_code kRefused = std::make_error_code(std::errc::connection_refused);

template <typename Enum>
std::set<std::string_view> NamesUpTo(Enum last, std::string_view (*name)(Enum)) {
  std::set<std::string_view> names;
  for (int value = 0; value <= static_cast<int>(last); ++value) names.insert(name(static_cast<Enum>(value)));
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
  EXPECT_EQ(name(static_cast<Enum>(static_cast<int>(last) + 1)), "unknown") << "a value was added behind the last one";
  return names;
}

TEST(Labels, EveryKindReasonAndStateHasOneOfItsOwn) {
  NamesUpTo(EventKind::kClosed, &EventKindName);
  NamesUpTo(SwitchReason::kShutdown, &SwitchReasonName);
  NamesUpTo(ChannelState::kClosed, &ChannelStateName);
}

TEST(Labels, AreLowerCaseWordsFitForMetrics) {
  for (const std::string_view name : NamesUpTo(EventKind::kClosed, &EventKindName)) {
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << name;
  }
  EXPECT_EQ(EventKindName(EventKind::kStaleInvalidationIgnored), "stale_invalidation_ignored");
  EXPECT_EQ(SwitchReasonName(SwitchReason::kPeerClosed), "peer_closed");
  EXPECT_EQ(ChannelStateName(ChannelState::kBackingOff), "backing_off");
}

TEST(EndpointFailure, PrintsEndpointPhaseAndCause) {
  EXPECT_EQ((EndpointFailure{.endpoint = "ns1:9876", .phase = "connect", .cause = kRefused}.ToString()),
            "ns1:9876: connect: " + kRefused.message());
  EXPECT_EQ(
      (EndpointFailure{.endpoint = "ns1:9876", .phase = "answer", .cause = kRefused, .detail = "busy"}.ToString()),
      "ns1:9876: answer: " + kRefused.message() + " (busy)");
  EXPECT_EQ((EndpointFailure{.endpoint = "ns1:9876", .cause = kRefused}.ToString()), "ns1:9876: " + kRefused.message());
  EXPECT_EQ(EndpointFailure{.endpoint = "ns1:9876"}.ToString(), "ns1:9876: not tried");
}

TEST(EndpointEvent, PrintsWhatItsKindIsAbout) {
  EXPECT_EQ((EndpointEvent{.kind = EventKind::kChosen,
                           .endpoint = "ns2:9876",
                           .previous = "ns1:9876",
                           .generation = 4,
                           .reason = SwitchReason::kSilence,
                           .elapsed = microseconds(1200)}
                 .ToString()),
            "chosen ns2:9876: silence, generation 4, dialled in 1.2 ms, before it ns1:9876");
  EXPECT_EQ((EndpointEvent{.kind = EventKind::kInvalidated,
                           .endpoint = "ns1:9876",
                           .generation = 3,
                           .reason = SwitchReason::kBroken,
                           .cause = kRefused}
                 .ToString()),
            "left ns1:9876: broken, generation 3: " + kRefused.message());
  EXPECT_EQ((EndpointEvent{.kind = EventKind::kListApplied, .list_version = 2, .added = {"c:1", "d:1"}}.ToString()),
            "list 2 in force: added c:1, d:1; removed none");
  EXPECT_EQ(
      (EndpointEvent{
          .kind = EventKind::kPassFailed,
          .failures = {{.endpoint = "a:1", .phase = "connect", .cause = kRefused},
                       {.endpoint = "b:1", .phase = "resolve", .cause = kRefused, .elapsed = microseconds(12'340)}}}
           .ToString()),
      "every endpoint failed: a:1: connect: " + kRefused.message() + "; b:1: resolve: " + kRefused.message() +
          " after 12.3 ms");
  EXPECT_EQ((EndpointEvent{.kind = EventKind::kDrainStarted, .endpoint = "a:1", .count = 1}.ToString()),
            "connection to a:1 takes no new work; 1 request outstanding");
  EXPECT_EQ((EndpointEvent{.kind = EventKind::kBackingOff, .elapsed = microseconds(100'000)}.ToString()),
            "no attempt for 100.0 ms");
  EXPECT_EQ(
      (EndpointEvent{.kind = EventKind::kRecovered, .endpoint = "a:1", .elapsed = microseconds(10'000'000)}.ToString()),
      "recovered after 10.00 s with a:1");
}

TEST(EndpointEvent, EveryKindPrintsOneLineOfItsOwn) {
  std::set<std::string> lines;
  for (int kind = 0; kind <= static_cast<int>(EventKind::kClosed); ++kind) {
    lines.insert(EndpointEvent{.kind = static_cast<EventKind>(kind), .endpoint = "ns1:9876"}.ToString());
  }
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(EventKind::kClosed) + 1);
}

TEST(EndpointEvent, TextsOfServersStayOnTheLineAndAreCut) {
  const std::string nasty = "x\nERROR forged {} %s" + std::string(5000, 'y');
  for (int kind = 0; kind <= static_cast<int>(EventKind::kClosed); ++kind) {
    const EndpointEvent event{.kind = static_cast<EventKind>(kind),
                              .endpoint = nasty,
                              .previous = nasty,
                              .cause = kRefused,
                              .detail = nasty,
                              .added = {nasty},
                              .removed = {nasty},
                              .failures = {{.endpoint = nasty, .phase = nasty, .cause = kRefused, .detail = nasty}}};
    EXPECT_THAT(event.ToString(), Not(HasSubstr("\n")));
    EXPECT_LT(event.ToString().size(), 1500u);
  }
}

}  // namespace
}  // namespace corocket
