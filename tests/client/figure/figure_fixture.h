#pragma once

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "client/lib/figure/scene.h"
#include "client/lib/figure/text_fit.h"
#include "client/lib/message_json.h"
#include "core/base/file.h"

namespace parallax::client::figure {

/// The report of an induction furnace whose coupling is to blame.
inline Json FurnaceReport() {
  const absl::StatusOr<std::string> text =
      base::ReadFile(std::string(PARALLAX_TEST_CLIENT) + "/report.json");
  EXPECT_TRUE(text.ok()) << text.status();
  return Json::parse(*text);
}

/// A held-out run "r40" that grew (7,5) where (7,6) was assumed, and one, "r41", that calibration
/// leaves nearly alone.
inline Json ChiralityReport() {
  Json report = FurnaceReport();
  report["counterfactuals"] = Json::parse(R"json([
    {"run": "r41", "measured": "(7,6)", "as_assumed": "(7,6)", "as_calibrated": "(7,6)",
     "imagined": "(7,6)", "sentence": "-",
     "shares": [{"species": [7, 6], "measured": 0.5, "as_assumed": 0.5, "as_calibrated": 0.49}]},
    {"run": "r40", "measured": "(7,5)", "as_assumed": "(7,6)", "as_calibrated": "(7,5)",
     "imagined": "(7,6)", "sentence": "-",
     "shares": [{"species": [7, 5], "measured": 0.4, "as_assumed": 0.1, "as_calibrated": 0.38},
                {"species": [7, 6], "measured": 0.2, "as_assumed": 0.45, "as_calibrated": 0.22},
                {"species": [8, 3], "measured": null, "as_assumed": 0.05, "as_calibrated": 0.06}]}
  ])json");
  report["validation"]["chirality"] = Json::parse(R"([{"run": "r41"}, {"run": "r40"}])");
  report["validation"]["chirality_success_before"] = 0.5;
  report["validation"]["chirality_success_after"] = 1.0;
  return report;
}

/// Shapes of a role, in the order in which they are drawn.
inline std::vector<Shape> ShapesOf(const Scene& scene, const std::string& role) {
  std::vector<Shape> shapes;
  for (const auto& item : scene.items) {
    const auto* const shape = std::get_if<Shape>(&item);
    if (shape != nullptr && shape->role == role) shapes.push_back(*shape);
  }
  return shapes;
}

inline std::vector<std::string> TextsOf(const Scene& scene) {
  std::vector<std::string> texts;
  for (const auto& item : scene.items) {
    if (const auto* const label = std::get_if<Label>(&item)) texts.push_back(label->text);
  }
  return texts;
}

/// Width of a shape that is a rectangle.
inline double WidthOf(const Shape& shape) { return shape.points[1].x - shape.points[0].x; }

/// Everything drawn lies on the page; texts by their estimated widths.
inline void ExpectInside(const Scene& scene) {
  constexpr double kSlack = 1.0;
  for (const auto& item : scene.items) {
    if (const auto* const label = std::get_if<Label>(&item)) {
      const double width = EstimatedWidth(label->text, label->size, label->weight);
      const double left = label->anchor == Label::Anchor::kStart    ? label->at.x
                          : label->anchor == Label::Anchor::kMiddle ? label->at.x - 0.5 * width
                                                                    : label->at.x - width;
      EXPECT_GE(left, -kSlack) << label->text;
      EXPECT_LE(left + width, scene.width + kSlack) << label->text;
      EXPECT_GE(label->at.y, 0.0) << label->text;
      EXPECT_LE(label->at.y, scene.height) << label->text;
    } else {
      for (const Point& point : std::get<Shape>(item).points) {
        EXPECT_GE(point.x, -kSlack);
        EXPECT_LE(point.x, scene.width + kSlack);
        EXPECT_GE(point.y, -kSlack);
        EXPECT_LE(point.y, scene.height + kSlack);
      }
    }
  }
}

}  // namespace parallax::client::figure
