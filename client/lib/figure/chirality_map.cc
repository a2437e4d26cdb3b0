#include "client/lib/figure/chirality_map.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "client/lib/explain_text.h"
#include "client/lib/figure/panel.h"
#include "client/lib/figure/style.h"

namespace parallax::client::figure {
namespace {

using Share = double SpeciesShare::*;

constexpr double kHalf = 0.86602540378443865;  ///< √3/2
constexpr double kGap = 18.0;                  ///< between maps
constexpr double kLargestCell = 56.0;          ///< between centres of neighbours
constexpr double kOutline = 3.0;
constexpr double kDark = 0.85;  ///< shade from which on white reads better than ink

std::vector<SpeciesShare> ReadSpecies(const Json& call) {
  std::vector<SpeciesShare> species;
  for (const Json& one : At(call, "shares")) {
    const Json& indices = At(one, "species");
    if (!indices.is_array() || indices.size() != 2 || !indices[0].is_number_integer() ||
        !indices[1].is_number_integer()) {
      continue;
    }
    const SpeciesShare share{.n = indices[0].get<int>(),
                             .m = indices[1].get<int>(),
                             .measured = NumberOf(At(one, "measured")),
                             .as_assumed = NumberOf(At(one, "as_assumed")),
                             .as_calibrated = NumberOf(At(one, "as_calibrated"))};
    // Tubes wider than 10 nm are not single-walled ones, and would make cells of no size.
    const bool tube = share.m >= 0 && share.n >= share.m && share.n > 0 && share.n < 100;
    if (tube && std::isfinite(share.as_assumed) && std::isfinite(share.as_calibrated)) {
      species.push_back(share);
    }
  }
  return species;
}

double Moved(const std::vector<SpeciesShare>& species) {
  double moved = 0.0;
  for (const SpeciesShare& one : species) moved += std::abs(one.as_calibrated - one.as_assumed);
  return moved;
}

std::string Calls(const Json& validation) {
  const size_t runs = At(validation, "chirality").size();
  const Json& before = At(validation, "chirality_success_before");
  if (runs == 0 || !before.is_number()) return "";
  std::string text = absl::StrFormat(
      "Of %d held-out runs the dominant species is predicted right in %s as assumed", runs,
      Percent(before));
  const Json& after = At(validation, "chirality_success_after");
  if (after.is_number()) text += ", in " + Percent(after) + " calibrated";
  return text + ".";
}

}  // namespace

absl::StatusOr<ChiralityMap> ReadChiralityMap(const Json& report, const std::string& run) {
  ChiralityMap map{.calls = Calls(At(report, "validation"))};
  double most = -1.0;
  for (const Json& call : At(report, "counterfactuals")) {
    const std::string name = Text(At(call, "run"));
    if (!run.empty() && name != run) continue;
    std::vector<SpeciesShare> species = ReadSpecies(call);
    const double moved = Moved(species);
    if (species.empty() || moved <= most) continue;
    most = moved;
    map.run = name;
    map.species = std::move(species);
  }
  if (!map.species.empty()) return map;
  return absl::NotFoundError(run.empty() ? "no held-out run has chirality shares"
                                         : "no held-out run " + run + " with chirality shares");
}

namespace {

/// Where cells stand: neighbours on the graphene lattice are `cell` apart, (n,0) in a row.
struct Lattice {
  double cell = 1.0;
  Point origin;

  Point Centre(const SpeciesShare& s) const {
    return {origin.x + cell * (s.n + 0.5 * s.m), origin.y + cell * kHalf * s.m};
  }
};

/// Extent of all species in units of a cell, half a cell around each centre.
struct Extent {
  double left = 1e9, right = -1e9, top = 1e9, bottom = -1e9;
};

Extent ExtentOf(const std::vector<SpeciesShare>& species) {
  const Lattice unit;
  const double above = 1.0 / std::sqrt(3.0);
  Extent extent;
  for (const SpeciesShare& one : species) {
    const Point at = unit.Centre(one);
    extent.left = std::min(extent.left, at.x - 0.5);
    extent.right = std::max(extent.right, at.x + 0.5);
    extent.top = std::min(extent.top, at.y - above);
    extent.bottom = std::max(extent.bottom, at.y + above);
  }
  return extent;
}

Shape Hexagon(const std::string& role, Point centre, double cell) {
  Shape shape{.role = role};
  const double h = cell / std::sqrt(3.0);
  const double w = 0.5 * cell;
  for (const Point& corner :
       {Point{0.0, -h}, {w, -0.5 * h}, {w, 0.5 * h}, {0.0, h}, {-w, 0.5 * h}, {-w, -0.5 * h}}) {
    shape.points.push_back({centre.x + corner.x, centre.y + corner.y});
  }
  return shape;
}

/// From kLowest at 0 to kAfter at 1.
Colour Shade(double part) {
  const auto mix = [part](uint8_t low, uint8_t high) {
    return static_cast<uint8_t>(std::lround(low + part * (high - low)));
  };
  return {mix(kLowest.red, kAfter.red), mix(kLowest.green, kAfter.green),
          mix(kLowest.blue, kAfter.blue)};
}

double LargestShare(const std::vector<SpeciesShare>& species) {
  double largest = 1e-9;
  for (const SpeciesShare& one : species) {
    for (const double share : {one.measured, one.as_assumed, one.as_calibrated}) {
      if (std::isfinite(share)) largest = std::max(largest, share);
    }
  }
  return largest;
}

void DrawCell(const SpeciesShare& one, double share, double largest, const Lattice& lattice,
              Scene* scene) {
  const Point centre = lattice.Centre(one);
  const double part = std::isfinite(share) ? std::clamp(share / largest, 0.0, 1.0) : 0.0;
  Shape cell = Hexagon("cell", centre, lattice.cell);
  cell.fill = std::isfinite(share) ? Shade(part) : kPaper;
  cell.stroke = kPale;
  scene->items.emplace_back(std::move(cell));
  const Colour ink = part > kDark ? kPaper : kInk;
  const double size = 0.25 * lattice.cell;
  AddText(scene, {centre.x, centre.y - 0.04 * lattice.cell}, absl::StrFormat("%d,%d", one.n, one.m),
          size, ink, Label::Anchor::kMiddle, Label::Weight::kBold);
  if (!std::isfinite(share)) return;
  AddText(scene, {centre.x, centre.y + 0.24 * lattice.cell}, PercentNumber(Json(share)) + " %",
          0.9 * size, ink, Label::Anchor::kMiddle);
}

void DrawMap(const ChiralityMap& map, Share share, double largest, const Lattice& lattice,
             Scene* scene) {
  const SpeciesShare* dominant = nullptr;
  for (const SpeciesShare& one : map.species) {
    DrawCell(one, one.*share, largest, lattice, scene);
    if (std::isfinite(one.*share) && (dominant == nullptr || one.*share > dominant->*share)) {
      dominant = &one;
    }
  }
  if (dominant == nullptr) return;
  Shape outline = Hexagon("dominant", lattice.Centre(*dominant), lattice.cell - kOutline);
  outline.stroke = kBefore;
  outline.width = kOutline;
  scene->items.emplace_back(std::move(outline));
}

}  // namespace

Scene DrawChiralityMap(const ChiralityMap& map, double width) {
  Scene scene{.width = width};
  const double top = AddHeading(
      &scene, "Chirality of held-out run " + map.run,
      "Shares of species (n,m), the dominant one outlined; those below 1 % everywhere are left "
      "out, and a cell without a figure was not measured. " +
          map.calls);
  const std::pair<const char*, Share> maps[] = {
      {"measured", &SpeciesShare::measured},
      {"predicted as assumed", &SpeciesShare::as_assumed},
      {"predicted calibrated", &SpeciesShare::as_calibrated}};
  const double each = (width - 2.0 * kGap) / 3.0;
  const Extent extent = ExtentOf(map.species);
  const double cell = std::min(kLargestCell, each / (extent.right - extent.left));
  const double largest = LargestShare(map.species);
  for (size_t k = 0; k < std::size(maps); ++k) {
    const double left = static_cast<double>(k) * (each + kGap);
    AddText(&scene, {left, top + kTextSize}, maps[k].first, kTextSize, kInk);
    const Lattice lattice{.cell = cell,
                          .origin = {left - cell * extent.left, top + 24.0 - cell * extent.top}};
    DrawMap(map, maps[k].second, largest, lattice, &scene);
  }
  scene.height = top + 24.0 + cell * (extent.bottom - extent.top) + 4.0;
  return scene;
}

}  // namespace parallax::client::figure
