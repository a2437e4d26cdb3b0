#include "core/pipeline/observable_shapes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "core/pipeline/chirality.h"

namespace parallax::pipeline {
namespace {

/// Places whose sd is less than this share of them are one: tubes (6,5) and (9,1) are equally wide.
constexpr double kOnePlace = 1e-9;
/// A second column that differs less than this from multiples of the first says nothing new: two
/// shares have a mean diameter, but no spread beside it.
constexpr double kLeastAcross = 1e-6;

SignalKind KindOf(const EvidenceBlock& block) {
  if (block.observable == "share") return SignalKind::kShares;
  if (block.observable == "rbm") return SignalKind::kRaman;
  return block.source.front().output >= 0 ? SignalKind::kChannel : SignalKind::kOutcome;
}

/// Mean diameter of the tubes that a row holds; none where its outcomes are of no species.
std::optional<double> DiameterOf(const RowSource& source, const twin::Description& description) {
  double sum = 0.0;
  for (const int outcome : source.outcomes) {
    const std::string& id = description.outcomes[static_cast<size_t>(outcome)].channel_id;
    std::optional<Chirality> species = SpeciesOf(id);
    if (!species) species = SpeciesOfLine(id);
    if (!species) return std::nullopt;
    sum += DiameterNm(*species);
  }
  if (source.outcomes.empty()) return std::nullopt;
  return sum / static_cast<double>(source.outcomes.size());
}

/// Places by their distance from the mean in sds, both weighted; zero where all are one place.
Eigen::VectorXd Standardized(const Eigen::VectorXd& place, const Eigen::VectorXd& weight) {
  const double total = weight.sum();
  const Eigen::VectorXd off = place.array() - weight.dot(place) / total;
  const double sd = std::sqrt(weight.dot(off.cwiseAbs2()) / total);
  if (sd <= kOnePlace * place.cwiseAbs().maxCoeff()) return Eigen::VectorXd::Zero(place.size());
  return off / sd;
}

/// What a larger mean and a larger spread of the diameters add and take.
/// @param share  of each row, ≥ 0, not all zero.
Eigen::MatrixXd ShapesOfSpecies(const Eigen::VectorXd& share, const Eigen::VectorXd& diameter) {
  const Eigen::VectorXd off = Standardized(diameter, share);
  Eigen::MatrixXd shapes = Eigen::MatrixXd::Zero(share.size(), 2);
  if (off.isZero(0.0)) {
    shapes.col(0) = share;
  } else {
    shapes << share.cwiseProduct(off), share.cwiseProduct((off.array().square() - 1.0).matrix());
  }
  return shapes;
}

/// As ObservableCourse::shapes, both columns; the second may depend on the first.
Eigen::MatrixXd ShapesOf(const EvidenceBlock& block, const twin::Description& description) {
  const Eigen::Index n = block.rows();
  Eigen::VectorXd diameter(n);
  bool of_species = true;
  for (Eigen::Index i = 0; i < n && of_species; ++i) {
    const std::optional<double> found =
        DiameterOf(block.source[static_cast<size_t>(i)], description);
    of_species = found.has_value();
    if (found) diameter(i) = *found;
  }
  const Eigen::VectorXd share = block.level.cwiseMax(0.0);
  if (of_species && share.sum() > 0.0) return ShapesOfSpecies(share, diameter);
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(n);
  Eigen::MatrixXd shapes(n, 2);
  shapes << ones, Standardized(block.time_s, ones);
  return shapes;
}

/// How many of the two columns are linearly independent, at least 1.
int IndependentColumns(const Eigen::MatrixXd& shapes) {
  const Eigen::VectorXd along = shapes.col(0).normalized();
  const Eigen::VectorXd across = shapes.col(1) - along * along.dot(shapes.col(1));
  return across.norm() > kLeastAcross * shapes.col(0).norm() ? 2 : 1;
}

}  // namespace

std::vector<ObservableCourse> CoursesOf(const CampaignModel& model) {
  std::map<std::string, ObservableCourse> by_name;
  for (size_t b = 0; b < model.blocks().size(); ++b) {
    const EvidenceBlock& block = model.blocks()[b];
    ObservableCourse& course = by_name[block.observable];
    course.observable = block.observable;
    course.channel = block.channel;
    course.kind = KindOf(block);
    course.blocks.push_back(b);
  }
  std::vector<ObservableCourse> courses;
  for (auto& [name, course] : by_name) {
    course.dimensions = 2;
    for (const size_t b : course.blocks) {
      course.shapes.push_back(ShapesOf(model.blocks()[b], model.description()));
      course.dimensions = std::min(course.dimensions, IndependentColumns(course.shapes.back()));
    }
    for (Eigen::MatrixXd& shapes : course.shapes) {
      shapes.conservativeResize(Eigen::NoChange, course.dimensions);
    }
    courses.push_back(std::move(course));
  }
  return courses;
}

}  // namespace parallax::pipeline
