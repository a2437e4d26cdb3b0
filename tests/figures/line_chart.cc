#include "tests/figures/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"

namespace parallax::figures {
namespace {

constexpr double kWidth = 720, kHeight = 420;
constexpr double kLeft = 70, kRight = 560, kTop = 40, kBottom = 365;
/// Told apart by the colour-blind too (Okabe and Ito).
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73",
                                    "#cc79a7", "#e69f00", "#56b4e9"};

/// Maps values of one axis to the page.
struct Axis {
  double low, high, begin, end;
  Scale scale;

  double Coordinate(double value) const {
    const double v = scale == Scale::kLog ? std::log10(value) : value;
    return begin + (v - low) / (high - low) * (end - begin);
  }
};

Axis AxisOf(const std::vector<Line>& lines, std::vector<double> Line::*values, Scale scale,
            double begin, double end) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Line& line : lines) {
    for (const double value : line.*values) {
      const double v = scale == Scale::kLog ? std::log10(value) : value;
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  if (scale == Scale::kLog) return {std::floor(low), std::ceil(high), begin, end, scale};
  return {low, high, begin, end, scale};
}

/// Round numbers of an axis, four to ten of them.
std::vector<double> Ticks(const Axis& axis) {
  std::vector<double> ticks;
  if (axis.scale == Scale::kLog) {
    const auto last = static_cast<int>(axis.high);
    for (auto e = static_cast<int>(axis.low); e <= last; ++e) ticks.push_back(std::pow(10.0, e));
    return ticks;
  }
  const double raw = (axis.high - axis.low) / 6.0;
  const double decade = std::pow(10.0, std::floor(std::log10(raw)));
  const double step = decade * (raw / decade < 1.5 ? 1.0 : raw / decade < 3.5 ? 2.0 : 5.0);
  const auto last = static_cast<int>(std::floor(axis.high / step + 1e-9));
  for (auto k = static_cast<int>(std::ceil(axis.low / step)); k <= last; ++k) {
    ticks.push_back(step * k);
  }
  return ticks;
}

std::string Text(double x, double y, const std::string& anchor, const std::string& text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
                         text);
}

std::string Grid(const Axis& x, const Axis& y) {
  std::string svg;
  for (const double t : Ticks(x)) {
    const double at = x.Coordinate(t);
    svg += absl::StrFormat("<path d=\"M%.1f %.1fV%.1f\" class=\"grid\"/>\n", at, kTop, kBottom) +
           Text(at, kBottom + 18, "middle", absl::StrFormat("%g", t));
  }
  for (const double t : Ticks(y)) {
    const double at = y.Coordinate(t);
    svg += absl::StrFormat("<path d=\"M%.1f %.1fH%.1f\" class=\"grid\"/>\n", kLeft, at, kRight) +
           Text(kLeft - 8, at + 4, "end", absl::StrFormat("%g", t));
  }
  return svg;
}

}  // namespace

std::string ToSvg(const LineChart& chart) {
  const Axis x = AxisOf(chart.lines, &Line::x, Scale::kLinear, kLeft, kRight);
  const Axis y = AxisOf(chart.lines, &Line::y, chart.y_scale, kBottom, kTop);
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" font-family=\"sans-serif\" "
      "font-size=\"13\">\n<style>.grid{stroke:#ddd;fill:none}</style>\n"
      "<rect width=\"%g\" height=\"%g\" fill=\"#fff\"/>\n",
      kWidth, kHeight, kWidth, kHeight);
  svg += Grid(x, y) + Text(kLeft, 22, "start", chart.title) +
         Text(0.5 * (kLeft + kRight), kBottom + 42, "middle", chart.x_label) +
         absl::StrFormat(
             "<text transform=\"translate(18 %.1f) rotate(-90)\" "
             "text-anchor=\"middle\">%s</text>\n",
             0.5 * (kTop + kBottom), chart.y_label);
  for (size_t i = 0; i < chart.lines.size(); ++i) {
    const Line& line = chart.lines[i];
    const char* const colour = kColours[i % std::size(kColours)];
    std::string path;
    for (size_t k = 0; k < line.x.size(); ++k) {
      path += absl::StrFormat("%c%.1f %.1f", k == 0 ? 'M' : 'L', x.Coordinate(line.x[k]),
                              y.Coordinate(line.y[k]));
    }
    svg += absl::StrFormat("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n",
                           path, colour);
    const double legend = kTop + 14 + 20.0 * static_cast<double>(i);
    svg += absl::StrFormat("<path d=\"M%.1f %.1fh18\" stroke=\"%s\" stroke-width=\"3\"/>\n",
                           kRight + 14, legend - 4, colour) +
           Text(kRight + 38, legend, "start", line.name);
  }
  return svg + "</svg>\n";
}

}  // namespace parallax::figures
