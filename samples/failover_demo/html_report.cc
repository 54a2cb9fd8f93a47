#include "samples/failover_demo/html_report.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace failover_demo {
namespace {

// The drawing, in the SVG's own units.
constexpr double kLeft = 70;
constexpr double kRight = 1180;
constexpr double kTop = 54;
constexpr double kBottom = 400;
/// Latency axis: logarithmic, 10 us at the bottom, 10 s at the top.
constexpr double kLowMicros = 10;
constexpr double kHighMicros = 10'000'000;

constexpr const char* kHead = R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>CoRocket failover report</title>
<style>
:root { color-scheme: light dark; --fg: #1c2430; --dim: #667; --line: #d5dae1; --ok: #1f77b4; --bad: #c62828; --good: #2e7d32; --band: #eef2f7; --bg: #fff; }
@media (prefers-color-scheme: dark) { :root { --fg: #e4e8ee; --dim: #9aa4b2; --line: #3a424e; --ok: #6db3f2; --bad: #ff7b72; --good: #7ee787; --band: #1d242d; --bg: #12161c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); margin: 2rem auto; max-width: 1200px; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
svg { width: 100%; height: auto; } svg text { fill: var(--dim); font-size: 12px; }
.axis { stroke: var(--line); } .band { fill: var(--band); } .phase { font-weight: 600; }
.slow { fill: none; stroke: var(--ok); stroke-width: 1; } .mean { fill: none; stroke: var(--ok); stroke-width: 1.5; opacity: .45; }
.fail { stroke: var(--bad); stroke-width: 2; } .mark-bad { stroke: var(--bad); stroke-dasharray: 3 3; } .mark-good { stroke: var(--good); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.zero { color: var(--good); font-weight: 600; } td.some { color: var(--bad); font-weight: 600; }
ol { font: 13px/1.6 ui-monospace, monospace; list-style: none; padding: 0; } .bad { color: var(--bad); } .good { color: var(--good); }
p.note { color: var(--dim); }
</style></head><body>
)html";

std::string Escape(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

/// Where things of one run are drawn.
struct Scale {
  double seconds = 1;
  [[nodiscard]] double X(double at) const { return kLeft + (kRight - kLeft) * std::clamp(at / seconds, 0.0, 1.0); }
  [[nodiscard]] static double Y(double micros) {
    const double clamped = std::clamp(micros, kLowMicros, kHighMicros);
    return kBottom - (kBottom - kTop) * std::log(clamped / kLowMicros) / std::log(kHighMicros / kLowMicros);
  }
};

std::string PhaseBands(const Scale& scale, const Observation& seen) {
  std::string svg;
  bool shaded = false;
  for (std::size_t i = 0; i < seen.results.size(); ++i) {
    const PhaseResult& phase = seen.results[i];
    const double x = scale.X(phase.begin_seconds);
    const double width = scale.X(phase.end_seconds) - x;
    shaded = !shaded;
    if (shaded) {
      absl::StrAppendFormat(&svg, "<rect class='band' x='%.1f' y='%.0f' width='%.1f' height='%.0f'/>", x, kTop - 34,
                            width, kBottom - kTop + 34);
    }
    // Neighbours write on two lines, so that short phases do not run into each other.
    absl::StrAppendFormat(&svg, "<text class='phase' x='%.1f' y='%.0f'>%s</text>", x + 4,
                          i % 2 == 0 ? kTop - 20 : kTop - 5, Escape(phase.name));
  }
  return svg;
}

std::string Axes(const Scale& scale) {
  static constexpr std::array<std::pair<double, const char*>, 7> kTicks = {{{10, "10 us"},
                                                                            {100, "100 us"},
                                                                            {1'000, "1 ms"},
                                                                            {10'000, "10 ms"},
                                                                            {100'000, "100 ms"},
                                                                            {1'000'000, "1 s"},
                                                                            {10'000'000, "10 s"}}};
  std::string svg;
  for (const auto& [micros, label] : kTicks) {
    const double y = Scale::Y(micros);
    absl::StrAppendFormat(&svg, "<line class='axis' x1='%.0f' x2='%.0f' y1='%.1f' y2='%.1f'/>", kLeft, kRight, y, y);
    absl::StrAppendFormat(&svg, "<text x='%.0f' y='%.1f' text-anchor='end'>%s</text>", kLeft - 8, y + 4, label);
  }
  const double step = scale.seconds > 60 ? 10 : scale.seconds > 20 ? 5 : 1;
  for (double at = 0; at <= scale.seconds; at += step) {
    absl::StrAppendFormat(&svg, "<text x='%.1f' y='%.0f' text-anchor='middle'>%.0f s</text>", scale.X(at), kBottom + 18,
                          at);
  }
  return svg;
}

/// One curve over the moments that have a success; gaps stay gaps.
template <typename Value>
std::string Curve(const Scale& scale, const std::vector<Moment>& timeline, const char* style, Value value) {
  std::string path;
  bool pen_down = false;
  for (std::size_t i = 0; i < timeline.size(); ++i) {
    if (timeline[i].ok == 0) {
      pen_down = false;
      continue;
    }
    const double at = std::chrono::duration<double>(kStep).count() * (static_cast<double>(i) + 0.5);
    absl::StrAppendFormat(&path, "%s%.1f %.1f", pen_down ? "L" : "M", scale.X(at), Scale::Y(value(timeline[i])));
    // A point alone would be invisible.
    if (!pen_down) absl::StrAppend(&path, "h1");
    pen_down = true;
  }
  return absl::StrCat("<path class='", style, "' d='", path, "'/>");
}

std::string Failures(const Scale& scale, const std::vector<Moment>& timeline) {
  std::string svg;
  for (std::size_t i = 0; i < timeline.size(); ++i) {
    if (timeline[i].failed == 0) continue;
    const double x = scale.X(std::chrono::duration<double>(kStep).count() * static_cast<double>(i));
    absl::StrAppendFormat(&svg,
                          "<line class='fail' x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'><title>%d failed</title></line>",
                          x, x, kBottom - 8, kBottom, timeline[i].failed);
  }
  return svg;
}

std::string Marks(const Scale& scale, const Observation& seen) {
  std::string svg;
  for (const Mark& mark : seen.marks()) {
    const double x = scale.X(mark.seconds);
    absl::StrAppendFormat(
        &svg,
        "<g><line class='%s' x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'/><rect x='%.1f' y='%.0f' width='8' "
        "height='%.0f' fill='transparent'><title>%.3f s: %s</title></rect></g>",
        mark.bad ? "mark-bad" : "mark-good", x, x, kTop, kBottom, x - 4, kTop, kBottom - kTop, mark.seconds,
        Escape(mark.text));
  }
  return svg;
}

std::string Table(const Observation& seen) {
  std::string html =
      "<table><tr><th>fault<th>what happened<th class='n'>calls<th class='n'>failed<th class='n'>longest gap<th "
      "class='n'>switch<th class='n'>connects</tr>\n";
  for (const PhaseResult& result : seen.results) {
    absl::StrAppendFormat(&html,
                          "<tr><td>%s<td>%s<td class='n'>%d<td class='n %s'>%d<td class='n'>%.1f ms<td class='n'>%s<td "
                          "class='n'>%d</tr>\n",
                          Escape(result.name), Escape(result.what), result.calls, result.failed == 0 ? "zero" : "some",
                          result.failed, result.longest_gap_ms,
                          result.switch_ms ? absl::StrFormat("%.2f ms", *result.switch_ms) : "none", result.connects);
  }
  return html + "</table>\n";
}

}  // namespace

std::string RenderReport(const Load& load, const Observation& seen) {
  const std::vector<Moment>& timeline = load.timeline();
  const Scale scale{
      .seconds = std::max(1.0, std::chrono::duration<double>(kStep).count() * static_cast<double>(timeline.size()))};
  std::string html = kHead;
  absl::StrAppend(&html, "<h1>CoRocket failover report</h1>\n<p>", load.total().calls(), " calls, <b>",
                  load.total().failed(), "</b> failed, in ", absl::StrFormat("%.1f", scale.seconds), " seconds.</p>\n");
  absl::StrAppend(&html, "<svg viewBox='0 0 1200 430' role='img' aria-label='latency of calls over time'>",
                  PhaseBands(scale, seen), Axes(scale), Marks(scale, seen));
  absl::StrAppend(&html, Curve(scale, timeline, "mean", [](const Moment& moment) {
    return static_cast<double>(moment.sum_micros) / moment.ok;
  }));
  absl::StrAppend(&html, Curve(scale, timeline, "slow",
                               [](const Moment& moment) { return static_cast<double>(moment.max_micros); }));
  absl::StrAppend(&html, Failures(scale, timeline), "</svg>\n");
  absl::StrAppend(&html, "<p class='note'>Thin line: the slowest call of each ", kStep.count(),
                  " ms; pale line: the mean. Red, dashed: a choice was lost or an endpoint failed; green: a server "
                  "came into use; red "
                  "ticks at the bottom: failed calls. Point at a line for its event.</p>\n<h2>Faults</h2>\n",
                  Table(seen));
  absl::StrAppend(
      &html,
      "<p class='note'>Longest gap: longest time without a successful call, of all coroutines together. Switch: "
      "from the failure being known to the next server being in use.</p>\n<h2>Events</h2>\n<ol>\n");
  for (const Mark& mark : seen.marks()) {
    absl::StrAppendFormat(&html, "<li class='%s'>%9.3f s  %s</li>\n", mark.bad ? "bad" : "good", mark.seconds,
                          Escape(mark.text));
  }
  absl::StrAppend(&html, "</ol></body></html>\n");
  return html;
}

absl::Status WriteReport(const std::string& path, const std::string& html) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << html;
  file.close();
  if (file) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot write the report to \"", path, "\": ", std::strerror(errno), "; give another --report"));
}

}  // namespace failover_demo
