#include "core/pipeline/design_candidates.h"

#include <algorithm>
#include <utility>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/design/candidates.h"

namespace parallax::pipeline {
namespace {

/// What a knob may be set to beside its usual value.
std::vector<double> EndsOf(const design::Knob& knob) {
  if (!knob.choices.empty()) return knob.choices;
  if (knob.low >= knob.high) return {};
  return {knob.low, knob.high};
}

/// Adds settings that can be run and are not there yet.
void AddPoint(const RecipeBox& box, Eigen::VectorXd point, std::vector<Eigen::VectorXd>* points) {
  if (!box.Build(point).ok()) return;
  const auto same = [&](const Eigen::VectorXd& other) { return other == point; };
  if (std::none_of(points->begin(), points->end(), same)) points->push_back(std::move(point));
}

}  // namespace

absl::StatusOr<DesignCandidate> Foresee(const DesignBench& bench, const Eigen::VectorXd& point) {
  const CampaignModel& coordinates = bench.belief.coordinates();
  const Eigen::Index parameters = bench.belief.parameters();
  DesignCandidate out{.point = point};
  PARALLAX_ASSIGN_OR_RETURN(const signal::Run run, bench.box.Build(point));
  PARALLAX_ASSIGN_OR_RETURN(out.planned,
                            PlanRun(bench.rig, bench.twin, bench.instruments, run,
                                    coordinates.Natural(bench.belief.MeanCoordinates()),
                                    coordinates.Natural(coordinates.base())));
  out.own_covariance = bench.belief.OwnCovariance(out.planned);
  for (const CampaignHypothesis& hypothesis : bench.belief.hypotheses()) {
    PARALLAX_ASSIGN_OR_RETURN(
        PlannedPrediction prediction,
        PredictPlanned(bench.twin, coordinates, out.planned, hypothesis.mean.head(parameters),
                       Derivatives::kByParameters));
    ForeseenRun foreseen{
        .rows = std::move(prediction.rows),
        .sensitivity = bench.belief.Sensitivities(out.planned.blocks, prediction.slope),
        .outcome = std::move(prediction.outcome),
        .outcome_slope = std::move(prediction.outcome_slope)};
    const Eigen::Index errors = bench.belief.state_size() - parameters;
    foreseen.rows += foreseen.sensitivity.rightCols(errors) * hypothesis.mean.tail(errors);
    out.foreseen.push_back(std::move(foreseen));
  }
  return out;
}

absl::StatusOr<DesignPoints> DesignPointsOf(const RecipeBox& box, int random, uint64_t seed) {
  const design::Feasible feasible = [&box](const Eigen::VectorXd& point) {
    return box.Build(point).status();
  };
  design::CandidateOptions options;
  options.count = random;
  options.seed = seed;
  PARALLAX_ASSIGN_OR_RETURN(const design::Candidates drawn,
                            design::DrawCandidates(box.box(), feasible, options));
  DesignPoints out;
  for (Eigen::Index i = 0; i < drawn.points.rows(); ++i) {
    out.points.emplace_back(drawn.points.row(i).transpose());
  }
  out.random = out.points.size();
  std::vector<Eigen::VectorXd> informed = {box.usual()};
  for (Eigen::Index k = 0; k < box.box().size(); ++k) {
    for (const double end : EndsOf(box.box().knobs()[static_cast<size_t>(k)])) {
      informed.push_back(box.usual());
      informed.back()(k) = end;
    }
  }
  for (const Eigen::VectorXd& point : informed) AddPoint(box, point, &out.points);
  const Eigen::Index thickness = box.Find("thickness");
  if (thickness < 0) return out;
  for (const double other : EndsOf(box.box().knobs()[static_cast<size_t>(thickness)])) {
    for (Eigen::VectorXd point : informed) {
      point(thickness) = other;
      AddPoint(box, std::move(point), &out.points);
    }
  }
  return out;
}

absl::StatusOr<std::vector<DesignCandidate>> ForeseeAll(const DesignBench& bench,
                                                        DesignPoints* points) {
  std::vector<absl::StatusOr<DesignCandidate>> slots(points->points.size(),
                                                     absl::UnknownError("not foreseen"));
  base::ParallelFor(slots.size(), [&](size_t i) { slots[i] = Foresee(bench, points->points[i]); });
  DesignPoints kept;
  std::vector<DesignCandidate> candidates;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].ok()) continue;
    kept.points.push_back(points->points[i]);
    kept.random += i < points->random ? 1 : 0;
    candidates.push_back(*std::move(slots[i]));
  }
  if (candidates.empty()) return slots.front().status();
  *points = std::move(kept);
  return candidates;
}

}  // namespace parallax::pipeline
