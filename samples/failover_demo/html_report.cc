#include "samples/failover_demo/html_report.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "samples/failover_demo/latency_chart.h"
#include "samples/failover_demo/markup.h"

namespace failover_demo {
namespace {

constexpr const char* kHead = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>CoRocket failover report</title>
<style>
:root { color-scheme: light dark; --fg: #1c2430; --dim: #556070; --line: #d5dae1; --band: #f4f6f9; --bg: #fff;
  --slow: #7fb0e0; --mean: #0b4f94; --fault: #f6b26b; --bad: #c62828; --good: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --fg: #e4e8ee; --dim: #a4aebb; --line: #3a424e; --band: #1a2028; --bg: #12161c;
  --slow: #3f78ab; --mean: #a8d3fb; --fault: #a9702f; --bad: #ff7b72; --good: #7ee787; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--dim); font-size: 13px; } svg .phase { fill: var(--fg); font-weight: 600; }
.grid { stroke: var(--line); } .band { fill: var(--band); } .edge { stroke: var(--line); stroke-dasharray: 2 3; }
.fault { fill: var(--fault); opacity: .28; } .instant { fill: var(--fault); }
.slow, .mean { fill: none; stroke: var(--slow); stroke-width: 1.3; stroke-linejoin: round; stroke-linecap: round; } .mean { stroke: var(--mean); }
.failed { stroke: var(--bad); stroke-width: 3; }
.lost { stroke: var(--bad); stroke-dasharray: 5 3; stroke-width: 1.3; } .chosen { stroke: var(--good); stroke-width: 1.6; }
.trouble { stroke: var(--bad); stroke-width: 1.3; } .news { stroke: var(--good); stroke-width: 1.3; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.zero { color: var(--good); font-weight: 600; } td.some { color: var(--bad); font-weight: 600; }
tfoot td { font-weight: 600; border-bottom: 0; }
ol { font: 13px/1.6 ui-monospace, monospace; list-style: none; padding: 0; overflow-wrap: anywhere; } ol .lost, ol .trouble { color: var(--bad); } ol .chosen, ol .news { color: var(--good); }
ol span { color: var(--dim); display: inline-block; width: 5.5rem; text-align: right; margin-right: 1rem; }
.note { color: var(--dim); } .key { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; padding: 0; margin: .5rem 0 0; list-style: none; } .key svg { display: inline-block; width: 28px; height: 14px; vertical-align: -2px; margin-right: .4rem; }
</style></head><body>
)html";

constexpr const char* kLegend = R"html(<ul class="key note">
<li><svg viewBox="0 0 28 14"><path class="slow" d="M0 10L9 4L18 9L28 3"/></svg>slowest call of a moment
<li><svg viewBox="0 0 28 14"><path class="mean" d="M0 10L9 7L18 9L28 6"/></svg>mean of its calls
<li><svg viewBox="0 0 28 14"><rect class="fault" width="28" height="14"/></svg>a fault lasts
<li><svg viewBox="0 0 28 14"><path class="instant" d="M8 0H20L14 12Z"/></svg>a fault of one moment
<li><svg viewBox="0 0 28 14"><line class="lost" x1="14" x2="14" y1="0" y2="14"/></svg>the server in use was left
<li><svg viewBox="0 0 28 14"><line class="chosen" x1="14" x2="14" y1="0" y2="14"/></svg>another one came into use
<li><svg viewBox="0 0 28 14"><line class="trouble" x1="8" x2="8" y1="0" y2="8"/><line class="news" x1="20" x2="20" y1="0" y2="8"/></svg>other events
<li><svg viewBox="0 0 28 14"><line class="failed" x1="14" x2="14" y1="2" y2="14"/></svg>failed calls
</ul>
)html";

std::string Table(const Observation& seen, std::uint64_t calls, std::uint64_t failed) {
  std::string html =
      "<table><thead><tr><th>fault<th>what happened<th class='n'>calls<th class='n'>failed<th class='n'>longest gap<th "
      "class='n'>switch<th class='n'>connects</tr></thead>\n<tbody>\n";
  const auto style = [](std::uint64_t failures) { return failures == 0 ? "zero" : "some"; };
  for (const PhaseResult& result : seen.results) {
    absl::StrAppendFormat(&html,
                          "<tr><td>%s<td>%s<td class='n'>%d<td class='n %s'>%d<td class='n'>%.1f ms<td class='n'>%s<td "
                          "class='n'>%d</tr>\n",
                          Escape(result.name), Escape(result.what), result.calls, style(result.failed), result.failed,
                          result.longest_gap_ms,
                          result.switch_ms ? absl::StrFormat("%.2f ms", *result.switch_ms) : "none", result.connects);
  }
  absl::StrAppendFormat(&html,
                        "</tbody>\n<tfoot><tr><td>in all<td><td class='n'>%d<td class='n "
                        "%s'>%d<td><td><td></tr></tfoot></table>\n",
                        calls, style(failed), failed);
  return html;
}

std::string Events(const Observation& seen) {
  std::string html = "<ol>\n";
  for (const Mark& mark : seen.marks()) {
    absl::StrAppendFormat(&html, "<li class='%s'><span>%.3f s</span>%s</li>\n", ClassOf(mark.kind), mark.seconds,
                          Escape(mark.text));
  }
  absl::StrAppend(&html, "</ol>\n");
  if (seen.marks_left_out() > 0) {
    absl::StrAppend(&html, "<p class='note'>", seen.marks_left_out(), " later events were left out.</p>\n");
  }
  return html;
}

}  // namespace

std::string RenderReport(const std::vector<Moment>& timeline, const Observation& seen) {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;
  double seconds = 0;
  for (const PhaseResult& result : seen.results) {
    calls += result.calls;
    failed += result.failed;
    seconds = std::max(seconds, result.span.end);
  }
  std::string html = kHead;
  absl::StrAppend(
      &html, "<h1>CoRocket failover report</h1>\n<p>", calls, " calls, <b>", failed, "</b> failed, in ",
      absl::StrFormat("%.1f", seconds), " seconds.</p>\n", LatencyChart(timeline, seen, seconds), kLegend,
      "<p class='note'>A gap in the curve: no call succeeded for a while. Point at a mark for its event.</p>\n",
      "<h2>Faults</h2>\n", Table(seen, calls, failed),
      "<p class='note'>Longest gap: longest time without a successful call, of all coroutines together. "
      "Switch: from the failure being known to the next server being in use. Connects: connections that "
      "were made.</p>\n<h2>Events</h2>\n",
      Events(seen), "</body></html>\n");
  return html;
}

}  // namespace failover_demo
