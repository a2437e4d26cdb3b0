#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// Figures of a report. A figure is first a scene, a list of shapes and texts; writers turn it into
/// the bytes of a file.
namespace parallax::client::figure {

struct Colour {
  uint8_t red = 0, green = 0, blue = 0;

  friend bool operator==(const Colour& a, const Colour& b) {
    return a.red == b.red && a.green == b.green && a.blue == b.blue;
  }
};

/// CSS pixels; y grows downwards.
struct Point {
  double x = 0.0, y = 0.0;
};

/// An open line or a closed area through its points.
struct Shape {
  enum class Outline { kOpen, kClosed };

  std::string role;  ///< what it stands for, "bar"; class of the SVG element
  std::vector<Point> points;
  Outline outline = Outline::kClosed;
  std::optional<Colour> fill;    ///< closed shapes only
  std::optional<Colour> stroke;  ///< of `width`
  double width = 1.0;
};

/// One line of text.
struct Label {
  enum class Anchor { kStart, kMiddle, kEnd };
  enum class Weight { kNormal, kBold };

  Point at;  ///< its anchor, on the base line
  std::string text;
  double size = 12.0;  ///< of the font
  Colour colour;
  Anchor anchor = Anchor::kStart;
  Weight weight = Weight::kNormal;
};

/// What is drawn, in this order, on white.
struct Scene {
  double width = 0.0, height = 0.0;
  std::string title;  ///< for those who cannot see it
  std::vector<std::variant<Shape, Label>> items;

  void AddRectangle(const std::string& role, Point corner, double w, double h, Colour fill);
  void AddLine(const std::string& role, Point from, Point to, Colour stroke, double stroke_width);
  void AddDisc(const std::string& role, Point centre, double radius, Colour fill);
  /// All of another scene, moved.
  void Append(const Scene& other, Point offset);
};

}  // namespace parallax::client::figure
