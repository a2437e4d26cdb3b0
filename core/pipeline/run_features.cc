#include "core/pipeline/run_features.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/pipeline/run_error.h"

namespace parallax::pipeline {
namespace {

/// Two features whose correlation is this near to one say the same.
constexpr double kSameFeature = 1.0 - 1e-9;

bool Grows(const signal::Recipe& recipe) {
  return std::any_of(recipe.segments.begin(), recipe.segments.end(),
                     [](const signal::Segment& segment) { return segment.name == "grow"; });
}

double LengthOf(const signal::Recipe& recipe, std::string_view name) {
  double length_s = 0.0;
  for (const signal::Segment& segment : recipe.segments) {
    if (segment.name == name) length_s += segment.end_s - segment.start_s;
  }
  return length_s;
}

/// From the end of reduction to the first growth; 0 without one of them.
double AnnealOf(const signal::Recipe& recipe) {
  std::optional<double> reduced_s;
  for (const signal::Segment& segment : recipe.segments) {
    if (segment.name == "reduce") reduced_s = segment.end_s;
    if (segment.name == "grow") return reduced_s ? segment.start_s - *reduced_s : 0.0;
  }
  return 0.0;
}

/// Mean of a set-point over segments [its unit], ramps linear; nullopt where none names it by then.
std::optional<double> MeanSetpoint(const signal::Recipe& recipe, const std::string& channel,
                                   bool growth_only) {
  double sum = 0.0, length_s = 0.0;
  for (const signal::Segment& segment : recipe.segments) {
    if (growth_only && segment.name != "grow") continue;
    // A quarter and three quarters in: exact for a ramp, and clear of steps at the ends.
    const double span_s = segment.end_s - segment.start_s;
    for (const double share : {0.25, 0.75}) {
      const std::optional<double> value =
          signal::SetpointAt(recipe, channel, segment.start_s + share * span_s);
      if (!value) continue;
      sum += 0.5 * span_s * *value;
      length_s += 0.5 * span_s;
    }
  }
  if (length_s <= 0.0) return std::nullopt;
  return sum / length_s;
}

/// Why a column says nothing beside those kept before it; empty where it does.
std::string WhyDropped(const Eigen::MatrixXd& values, Eigen::Index column,
                       const std::vector<std::string>& names, const std::string& unit,
                       const std::vector<Eigen::Index>& kept) {
  const Eigen::VectorXd centered = values.col(column).array() - values.col(column).mean();
  const double size = values.col(column).cwiseAbs().maxCoeff();
  if (centered.cwiseAbs().maxCoeff() <= 1e-9 * size) {
    return absl::StrFormat("never varied: %g %s in all runs", values(0, column), unit);
  }
  if (values.rows() < 3) return {};  // two runs lie on a line in any features
  for (const Eigen::Index other : kept) {
    const Eigen::VectorXd reference = values.col(other).array() - values.col(other).mean();
    if (std::abs(centered.normalized().dot(reference.normalized())) >= kSameFeature) {
      return "moves with " + names[static_cast<size_t>(other)];
    }
  }
  return {};
}

/// Keeps the columns that say something of a table that holds all.
absl::StatusOr<FeatureTable> Keep(const FeatureTable& all) {
  FeatureTable table{.dropped = all.dropped};
  std::vector<Eigen::Index> kept;
  for (Eigen::Index j = 0; j < all.values.cols(); ++j) {
    const auto at = static_cast<size_t>(j);
    std::string why = WhyDropped(all.values, j, all.names, all.units[at], kept);
    if (!why.empty()) {
      table.dropped.push_back({.name = all.names[at], .because = std::move(why)});
      continue;
    }
    kept.push_back(j);
    table.names.push_back(all.names[at]);
    table.units.push_back(all.units[at]);
  }
  if (kept.empty()) {
    std::string reasons;
    for (const DroppedFeature& dropped : table.dropped) {
      reasons +=
          absl::StrFormat("%s%s (%s)", reasons.empty() ? "" : ", ", dropped.name, dropped.because);
    }
    return absl::FailedPreconditionError(
        absl::StrFormat("features of %d runs: none to learn from; %s", all.values.rows(), reasons));
  }
  table.values = all.values(Eigen::all, kept);
  return table;
}

}  // namespace

absl::StatusOr<std::vector<RunFeature>> FeaturesOf(const signal::Rig& rig, const signal::Run& run) {
  const bool grows = Grows(run.recipe);
  std::vector<RunFeature> features;
  for (const signal::ChannelRef& ref : signal::ListChannels(rig)) {
    if (ref.channel->role != signal::Role::kSetpoint) continue;
    const std::optional<double> mean = MeanSetpoint(run.recipe, ref.channel->id, grows);
    if (!mean) continue;
    PARALLAX_ASSIGN_OR_RETURN(const base::Unit unit, base::FindUnit(ref.channel->unit));
    features.push_back({.name = ref.channel->id,
                        .unit = std::string(base::SiCode(unit.dimension)),
                        .value = base::ToSi(unit, *mean)});
  }
  if (features.empty()) {
    return OfRun(run.id, base::InvalidField({.field = "run.recipe",
                                             .value = "no set-point",
                                             .bound = "held for some time in some segment",
                                             .next_step = "record what was set"}));
  }
  if (grows) {
    features.push_back({"reduce_s", "s", LengthOf(run.recipe, "reduce")});
    features.push_back({"anneal_s", "s", AnnealOf(run.recipe)});
    features.push_back({"grow_s", "s", LengthOf(run.recipe, "grow")});
  }
  if (run.substrate) {
    features.push_back({"substrate_thickness", "m", run.substrate->thickness_m});
  }
  return features;
}

absl::StatusOr<FeatureTable> FeaturesOfRuns(const signal::Rig& rig,
                                            const std::vector<const signal::Run*>& runs) {
  std::vector<std::vector<RunFeature>> rows;
  std::map<std::string, size_t> count;
  for (const signal::Run* run : runs) {
    PARALLAX_ASSIGN_OR_RETURN(std::vector<RunFeature> features, FeaturesOf(rig, *run));
    for (const RunFeature& feature : features) ++count[feature.name];
    rows.push_back(std::move(features));
  }
  FeatureTable all;
  std::set<std::string> seen;
  for (const std::vector<RunFeature>& row : rows) {
    for (const RunFeature& feature : row) {
      if (!seen.insert(feature.name).second) continue;
      if (count[feature.name] < runs.size()) {
        all.dropped.push_back(
            {.name = feature.name,
             .because = absl::StrFormat("set in %d of %d runs", count[feature.name], runs.size())});
        continue;
      }
      all.names.push_back(feature.name);
      all.units.push_back(feature.unit);
    }
  }
  all.values.resize(static_cast<Eigen::Index>(rows.size()),
                    static_cast<Eigen::Index>(all.names.size()));
  for (size_t i = 0; i < rows.size(); ++i) {
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd values, SelectFeatures(rows[i], all.names));
    all.values.row(static_cast<Eigen::Index>(i)) = values.transpose();
  }
  return Keep(all);
}

absl::StatusOr<Eigen::VectorXd> SelectFeatures(const std::vector<RunFeature>& features,
                                               const std::vector<std::string>& names) {
  Eigen::VectorXd values(static_cast<Eigen::Index>(names.size()));
  for (size_t j = 0; j < names.size(); ++j) {
    const auto found =
        std::find_if(features.begin(), features.end(),
                     [&](const RunFeature& feature) { return feature.name == names[j]; });
    if (found == features.end()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "feature %s: the run does not set it, but the model has learnt from it", names[j]));
    }
    values(static_cast<Eigen::Index>(j)) = found->value;
  }
  return values;
}

}  // namespace parallax::pipeline
