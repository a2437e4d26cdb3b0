#pragma once

#include <string>
#include <vector>

namespace parallax::figures {

/// One named curve.
struct Line {
  std::string name;
  std::vector<double> x, y;
};

enum class Scale { kLinear, kLog };

/// A chart of lines as an SVG that reads on white and on dark paper.
struct LineChart {
  std::string title;
  std::string x_label, y_label;
  Scale y_scale = Scale::kLinear;
  std::vector<Line> lines;
};

/// The chart as SVG text, 720 × 420. REQUIRES: lines with at least two points; y > 0 under kLog.
std::string ToSvg(const LineChart& chart);

}  // namespace parallax::figures
