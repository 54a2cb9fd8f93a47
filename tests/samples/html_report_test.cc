#include "samples/failover_demo/html_report.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "corocket/endpoint_event.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "samples/failover_demo/observation.h"
#include "samples/failover_demo/timeline.h"

namespace failover_demo {
namespace {

using corocket::EndpointEvent;
using corocket::EventKind;
using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::steady_clock::time_point kStart{};

std::size_t Count(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

EndpointEvent Event(EventKind kind, int at_ms, const std::string& endpoint = "127.0.0.1:1") {
  EndpointEvent event;
  event.kind = kind;
  event.at = kStart + milliseconds(at_ms);
  event.endpoint = endpoint;
  return event;
}

PhaseResult Row(const std::string& name, double begin, double end) {
  PhaseResult row;
  row.name = name;
  row.what = "what " + name + " means";
  row.span = {.begin = begin, .end = end};
  row.calls = 100;
  return row;
}

std::vector<Moment> Steady(double seconds) {
  const auto moments = static_cast<std::size_t>(seconds / std::chrono::duration<double>(kStep).count());
  return std::vector<Moment>(moments, {.ok = 10, .failed = 0, .max_micros = 900, .sum_micros = 5000});
}

/// A server is in use, is lost, and another one comes: two switches' worth of marks.
Observation OneSwitch() {
  Observation seen(kStart);
  seen.OnEvent(Event(EventKind::kAttemptWon, 5));
  seen.OnEvent(Event(EventKind::kChosen, 5));
  seen.OnEvent(Event(EventKind::kInvalidated, 4000));
  seen.OnEvent(Event(EventKind::kAttemptWon, 4003));
  seen.OnEvent(Event(EventKind::kChosen, 4003, "127.0.0.1:2"));
  seen.results = {Row("all well", 0, 3), Row("killed", 3, 6)};
  seen.results[1].fault = Span{.begin = 3, .end = 5};
  return seen;
}

TEST(HtmlReport, NeedsNothingFromElsewhere) {
  const std::string html = RenderReport(Steady(6), OneSwitch());
  EXPECT_THAT(html, AllOf(HasSubstr("<!doctype html>"), HasSubstr("</html>")));
  for (const char* reference : {"http:", "https:", "src=", "href=", "url(", "@import", "<script"}) {
    EXPECT_THAT(html, Not(HasSubstr(reference)));
  }
}

TEST(HtmlReport, DrawsACurveAndOneMarkForEachLossAndEachChoice) {
  const std::string html = RenderReport(Steady(6), OneSwitch());
  EXPECT_THAT(html, HasSubstr("<path class='slow' d='M"));
  EXPECT_THAT(html, HasSubstr("<path class='mean' d='M"));
  EXPECT_EQ(Count(html, "<line class='chosen'"), 2U);
  EXPECT_EQ(Count(html, "<line class='lost'"), 1U);
  EXPECT_EQ(Count(html, "<li class='chosen'"), 2U);
}

TEST(HtmlReport, DrawsHowLongAFaultLasted) {
  Observation seen = OneSwitch();
  EXPECT_EQ(Count(RenderReport(Steady(6), seen), "<rect class='fault' x="), 1U);
  seen.results[1].fault = Span{.begin = 3, .end = 3};
  const std::string html = RenderReport(Steady(6), seen);
  EXPECT_EQ(Count(html, "<rect class='fault' x="), 0U);
  EXPECT_EQ(Count(html, "<path class='instant' d='M6"), 1U);
}

TEST(HtmlReport, ItsHeadlineIsTheSumOfItsTable) {
  Observation seen = OneSwitch();
  seen.results[0].failed = 2;
  seen.results[1].failed = 3;
  EXPECT_THAT(RenderReport(Steady(6), seen), AllOf(HasSubstr("<p>200 calls, <b>5</b> failed, in 6.0 seconds.</p>"),
                                                   HasSubstr("<td>in all<td><td class='n'>200<td class='n some'>5")));
}

TEST(HtmlReport, EscapesWhatItIsTold) {
  Observation seen(kStart);
  seen.OnEvent(Event(EventKind::kChosen, 1, "<b>\"x\"&'y'"));
  seen.results = {Row("<i>name</i>", 0, 3)};
  const std::string html = RenderReport(Steady(3), seen);
  EXPECT_THAT(html, AllOf(HasSubstr("&lt;b&gt;&quot;x&quot;&amp;&#39;y&#39;"), HasSubstr("&lt;i&gt;name&lt;/i&gt;")));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("<i>name")), Not(HasSubstr("<b>\"x"))));
}

TEST(HtmlReport, AGapInTheCallsIsAGapInTheCurve) {
  std::vector<Moment> timeline = Steady(6);
  for (std::size_t i = 100; i < 200; ++i) timeline[i] = {.ok = 0, .failed = i == 150 ? 7U : 0U};
  const std::string html = RenderReport(timeline, OneSwitch());
  const std::size_t begin = html.find("<path class='slow' d='M");
  const std::string curve = html.substr(begin, html.find('>', begin) - begin);
  EXPECT_EQ(Count(curve, "M"), 2U);
  EXPECT_THAT(html, HasSubstr("7 failed</title>"));
}

TEST(HtmlReport, ALightLoadIsACurveAsWell) {
  std::vector<Moment> timeline(300);
  for (std::size_t i = 0; i < timeline.size(); i += 12) timeline[i] = Steady(1).front();
  const std::string html = RenderReport(timeline, OneSwitch());
  const std::size_t begin = html.find("<path class='slow' d='M");
  const std::string curve = html.substr(begin, html.find('>', begin) - begin);
  EXPECT_EQ(Count(curve, "M"), 1U);
  EXPECT_EQ(Count(curve, "L"), 24U);
}

TEST(HtmlReport, ALongRunHasNoMoreLabelsAndPointsThanCanBeRead) {
  Observation seen(kStart);
  seen.results = {Row("watching", 0, 5400)};
  const std::string html = RenderReport(Steady(5400), seen);
  EXPECT_LE(Count(html, "<text class='time'"), 17U);
  EXPECT_THAT(html, HasSubstr(">90 min</text>"));
  EXPECT_LT(html.size(), 200'000U);
}

TEST(HtmlReport, SaysHowManyEventsItLeavesOut) {
  Observation seen(kStart);
  for (std::size_t i = 0; i < Observation::kMaxMarks + 5; ++i) seen.OnEvent(Event(EventKind::kChosen, 1));
  seen.results = {Row("watching", 0, 3)};
  EXPECT_THAT(RenderReport(Steady(3), seen), HasSubstr("5 later events were left out."));
  EXPECT_EQ(seen.recent().size(), Observation::kRecentLines);
  EXPECT_EQ(seen.lines(), Observation::kMaxMarks + 5);
}

TEST(Observation, ARowHasTheSwitchesAndConnectsOfItsOwnTime) {
  const Observation seen = OneSwitch();
  EXPECT_EQ(seen.LongestSwitchMs({.begin = 0, .end = 3}), std::nullopt);
  EXPECT_NEAR(seen.LongestSwitchMs({.begin = 3, .end = 6}).value_or(0), 3.0, 1e-6);
  EXPECT_EQ(seen.ConnectsIn({.begin = 0, .end = 3}), 1U);
  EXPECT_EQ(seen.ConnectsIn({.begin = 3, .end = 6}), 1U);
}

TEST(Observation, TheEndOfTheRunIsNoLoss) {
  Observation seen(kStart);
  EndpointEvent ended = Event(EventKind::kInvalidated, 10);
  ended.reason = corocket::SwitchReason::kShutdown;
  seen.OnEvent(ended);
  EXPECT_TRUE(seen.marks().empty());
}

TEST(Observation, AMoveToASecondOpinionIsAConnectAndADialThatFailsIsNone) {
  Observation seen(kStart);
  EndpointEvent moved = Event(EventKind::kChosen, 10);
  moved.reason = corocket::SwitchReason::kSecondOpinion;
  seen.OnEvent(moved);
  seen.OnEvent(Event(EventKind::kAttemptStarted, 20));
  seen.OnEvent(Event(EventKind::kAttemptFailed, 30));
  EXPECT_EQ(seen.ConnectsIn({.begin = 0, .end = 1}), 1U);
}

}  // namespace
}  // namespace failover_demo
