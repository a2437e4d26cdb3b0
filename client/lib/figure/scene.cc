#include "client/lib/figure/scene.h"

#include <cmath>
#include <utility>

namespace parallax::client::figure {
namespace {

constexpr int kDiscCorners = 24;
constexpr double kPi = 3.14159265358979323846;

}  // namespace

void Scene::AddRectangle(const std::string& role, Point corner, double w, double h, Colour fill) {
  items.emplace_back(Shape{.role = role,
                           .points = {corner,
                                      {corner.x + w, corner.y},
                                      {corner.x + w, corner.y + h},
                                      {corner.x, corner.y + h}},
                           .fill = fill});
}

void Scene::AddLine(const std::string& role, Point from, Point to, Colour stroke,
                    double stroke_width) {
  items.emplace_back(Shape{.role = role,
                           .points = {from, to},
                           .outline = Shape::Outline::kOpen,
                           .stroke = stroke,
                           .width = stroke_width});
}

void Scene::AddDisc(const std::string& role, Point centre, double radius, Colour fill) {
  Shape disc{.role = role, .fill = fill};
  for (int k = 0; k < kDiscCorners; ++k) {
    const double angle = 2.0 * kPi * k / kDiscCorners;
    disc.points.push_back(
        {centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)});
  }
  items.emplace_back(std::move(disc));
}

void Scene::Append(const Scene& other, Point offset) {
  for (std::variant<Shape, Label> item : other.items) {
    if (auto* const shape = std::get_if<Shape>(&item)) {
      for (Point& point : shape->points) point = {point.x + offset.x, point.y + offset.y};
    } else if (auto* const label = std::get_if<Label>(&item)) {
      label->at = {label->at.x + offset.x, label->at.y + offset.y};
    }
    items.push_back(std::move(item));
  }
}

}  // namespace parallax::client::figure
