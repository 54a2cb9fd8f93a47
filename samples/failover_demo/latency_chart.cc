#include "samples/failover_demo/latency_chart.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "samples/failover_demo/markup.h"

namespace failover_demo {
namespace {

// The drawing, in the SVG's own units; about one pixel each.
constexpr double kWidth = 1200;
constexpr double kHeight = 470;
constexpr double kLeft = 84;
constexpr double kRight = 1185;
constexpr double kTop = 62;
constexpr double kBottom = 420;
/// Events that are no switch are ticks of this length at the top.
constexpr double kTick = 12;
/// Latency axis: logarithmic, 10 us at the bottom, 10 s at the top.
constexpr double kLowMicros = 10;
constexpr double kHighMicros = 10'000'000;
/// Two points per unit of the drawing.
constexpr std::size_t kMaxPoints = static_cast<std::size_t>(2 * (kRight - kLeft));

/// Where things of one run are drawn.
struct Scale {
  double seconds = 1;
  [[nodiscard]] double X(double at) const { return kLeft + (kRight - kLeft) * std::clamp(at / seconds, 0.0, 1.0); }
  [[nodiscard]] static double Y(double micros) {
    const double clamped = std::clamp(micros, kLowMicros, kHighMicros);
    return kBottom - (kBottom - kTop) * std::log(clamped / kLowMicros) / std::log(kHighMicros / kLowMicros);
  }
};

/// Some moments put together, so that a long run has no more points than a short one.
struct Point {
  double seconds = 0;
  Moment sum;
};

std::vector<Point> Points(const std::vector<Moment>& timeline) {
  const std::size_t width = std::max<std::size_t>(1, (timeline.size() + kMaxPoints - 1) / kMaxPoints);
  std::vector<Point> points;
  for (std::size_t begin = 0; begin < timeline.size(); begin += width) {
    const std::size_t end = std::min(begin + width, timeline.size());
    Point point;
    point.seconds = std::chrono::duration<double>(kStep).count() * static_cast<double>(begin + end) / 2;
    for (std::size_t i = begin; i < end; ++i) {
      point.sum.ok += timeline[i].ok;
      point.sum.failed += timeline[i].failed;
      point.sum.sum_micros += timeline[i].sum_micros;
      point.sum.max_micros = std::max(point.sum.max_micros, timeline[i].max_micros);
    }
    points.push_back(point);
  }
  return points;
}

std::string Phases(const Scale& scale, const Observation& seen) {
  std::string bands;
  std::string names;  // In front of the bands: a name may reach into its neighbour's.
  for (std::size_t i = 0; i < seen.results.size(); ++i) {
    const PhaseResult& phase = seen.results[i];
    const bool odd = i % 2 == 1;
    const double x = scale.X(phase.span.begin);
    const double width = scale.X(phase.span.end) - x;
    if (odd) {
      absl::StrAppendFormat(&bands, "<rect class='band' x='%.1f' y='0' width='%.1f' height='%.0f'/>", x, width,
                            kBottom);
    }
    absl::StrAppendFormat(&bands, "<line class='edge' x1='%.1f' x2='%.1f' y1='0' y2='%.0f'/>", x, x, kBottom);
    // Neighbours write on two lines, so that short phases do not run into each other.
    absl::StrAppendFormat(&names, "<text class='phase' x='%.1f' y='%d'>%s</text>", x + 5, odd ? 38 : 18,
                          Escape(phase.name));
  }
  return bands + names;
}

std::string Faults(const Scale& scale, const Observation& seen) {
  std::string svg;
  for (const PhaseResult& phase : seen.results) {
    if (!phase.fault) continue;
    const double x = scale.X(phase.fault->begin);
    const double width = scale.X(phase.fault->end) - x;
    const std::string title = absl::StrFormat("<title>%s: %s (%.1f s to %.1f s)</title>", Escape(phase.name),
                                              Escape(phase.what), phase.fault->begin, phase.fault->end);
    if (width > 0) {
      absl::StrAppendFormat(&svg, "<rect class='fault' x='%.1f' y='%.0f' width='%.1f' height='%.0f'>%s</rect>", x, kTop,
                            width, kBottom - kTop, title);
    } else {
      absl::StrAppendFormat(&svg, "<path class='instant' d='M%.1f %.0fh12l-6 12z'>%s</path>", x - 6, kTop - 13, title);
    }
  }
  return svg;
}

/// Time of day would not help; minutes do when there are some.
std::string TimeLabel(double at, double step) {
  if (step < 60) return absl::StrFormat("%.0f s", at);
  return absl::StrFormat("%.0f min", at / 60);
}

std::string Axes(const Scale& scale) {
  static constexpr std::array<std::pair<double, const char*>, 7> kLatencies = {{{10, "10 us"},
                                                                                {100, "100 us"},
                                                                                {1'000, "1 ms"},
                                                                                {10'000, "10 ms"},
                                                                                {100'000, "100 ms"},
                                                                                {1'000'000, "1 s"},
                                                                                {10'000'000, "10 s"}}};
  static constexpr std::array<double, 12> kSteps = {1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600};
  constexpr double kMostLabels = 16;
  std::string svg;
  for (const auto& [micros, label] : kLatencies) {
    const double y = Scale::Y(micros);
    absl::StrAppendFormat(&svg, "<line class='grid' x1='%.0f' x2='%.0f' y1='%.1f' y2='%.1f'/>", kLeft, kRight, y, y);
    absl::StrAppendFormat(&svg, "<text x='%.0f' y='%.1f' text-anchor='end'>%s</text>", kLeft - 8, y + 4, label);
  }
  const auto* const step =
      std::find_if(kSteps.begin(), kSteps.end() - 1, [&](double one) { return scale.seconds / one <= kMostLabels; });
  for (double at = 0; at <= scale.seconds; at += *step) {
    const double x = scale.X(at);
    absl::StrAppendFormat(&svg, "<line class='grid' x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'/>", x, x, kBottom,
                          kBottom + 5);
    absl::StrAppendFormat(&svg, "<text class='time' x='%.1f' y='%.0f' text-anchor='middle'>%s</text>", x, kBottom + 20,
                          TimeLabel(at, *step));
  }
  absl::StrAppendFormat(&svg, "<text x='%.0f' y='%.0f' text-anchor='middle'>time since the start</text>",
                        (kLeft + kRight) / 2, kBottom + 42);
  absl::StrAppendFormat(
      &svg, "<text transform='translate(16 %.0f) rotate(-90)' text-anchor='middle'>latency of a call</text>",
      (kTop + kBottom) / 2);
  return svg;
}

/// The longest time without a success that is not drawn as a gap: a few times what lies between two points that have
/// one. Else a light load would be a cloud of dots.
double BridgedSeconds(const std::vector<Point>& points, double seconds) {
  constexpr double kSpacings = 5;
  const auto with_success =
      std::count_if(points.begin(), points.end(), [](const Point& one) { return one.sum.ok > 0; });
  return kSpacings * seconds / static_cast<double>(std::max<std::ptrdiff_t>(1, with_success));
}

/// One curve over the points that have a success; longer times without one are gaps.
template <typename Value>
std::string Curve(const Scale& scale, const std::vector<Point>& points, const char* style, Value value) {
  const double bridged = BridgedSeconds(points, scale.seconds);
  std::string path;
  const Point* before = nullptr;
  for (const Point& point : points) {
    if (point.sum.ok == 0) continue;
    const bool joined = before != nullptr && point.seconds - before->seconds <= bridged;
    absl::StrAppendFormat(&path, "%s%.1f %.1f", joined ? "L" : "M", scale.X(point.seconds), Scale::Y(value(point.sum)));
    // A point alone would be invisible.
    if (!joined) absl::StrAppend(&path, "h1");
    before = &point;
  }
  return absl::StrCat("<path class='", style, "' d='", path, "'/>");
}

std::string Failures(const Scale& scale, const std::vector<Point>& points) {
  std::string svg;
  for (const Point& point : points) {
    if (point.sum.failed == 0) continue;
    const double x = scale.X(point.seconds);
    absl::StrAppendFormat(
        &svg, "<line class='failed' x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'><title>%.1f s: %d failed</title></line>", x,
        x, kBottom - 14, kBottom, point.seconds, point.sum.failed);
  }
  return svg;
}

std::string Marks(const Scale& scale, const Observation& seen) {
  std::string svg;
  for (const Mark& mark : seen.marks()) {
    const double x = scale.X(mark.seconds);
    const bool whole = mark.kind == MarkKind::kLost || mark.kind == MarkKind::kChosen;
    const double bottom = whole ? kBottom : kTop + kTick;
    // A line is too thin to be pointed at.
    absl::StrAppendFormat(
        &svg,
        "<g><line class='%s' x1='%.1f' x2='%.1f' y1='%.0f' y2='%.0f'/><rect x='%.1f' y='%.0f' width='8' "
        "height='%.0f' fill='transparent'><title>%.3f s: %s</title></rect></g>",
        ClassOf(mark.kind), x, x, kTop, bottom, x - 4, kTop, bottom - kTop, mark.seconds, Escape(mark.text));
  }
  return svg;
}

}  // namespace

std::string LatencyChart(const std::vector<Moment>& timeline, const Observation& seen, double seconds) {
  const Scale scale{.seconds = std::max(1.0, seconds)};
  const std::vector<Point> points = Points(timeline);
  std::string svg = absl::StrFormat("<svg viewBox='0 0 %.0f %.0f' role='img' aria-label='latency of calls over time'>",
                                    kWidth, kHeight);
  absl::StrAppend(&svg, Phases(scale, seen), Faults(scale, seen), Axes(scale), Marks(scale, seen));
  const auto slowest = [](const Moment& moment) { return static_cast<double>(moment.max_micros); };
  const auto mean = [](const Moment& moment) { return static_cast<double>(moment.sum_micros) / moment.ok; };
  absl::StrAppend(&svg, Curve(scale, points, "slow", slowest), Curve(scale, points, "mean", mean));
  absl::StrAppend(&svg, Failures(scale, points), "</svg>\n");
  return svg;
}

}  // namespace failover_demo
