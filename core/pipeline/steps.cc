#include "core/pipeline/steps.h"

#include <algorithm>
#include <cmath>

#include "core/attribution/verdict_thresholds.h"
#include "core/base/parallel.h"
#include "core/base/qr.h"
#include "core/base/status_macros.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {
namespace {

/// Most steps of one analysis: a set-up that moves more often than this has no coupling to speak
/// of.
constexpr size_t kMostSteps = 6;
/// Moments tried in each run, and again around the best of them.
constexpr Eigen::Index kCandidates = 48;
constexpr Eigen::Index kRefinements = 16;
/// Half width of the difference that a candidate's effect is read off with, in prior sd.
constexpr double kJumpDifference = 0.05;

bool CanStep(const twin::Description& description) {
  return std::any_of(description.parameters.begin(), description.parameters.end(),
                     [](const twin::Parameter& p) { return !p.step_input.empty(); });
}

/// A fit with some steps, judged by its own noise.
struct SteppedFit {
  std::vector<Step> steps;
  NoiseModel noise;
  calibration::FitResult fit;
};

/// The search of one analysis: what stays the same from trial to trial.
class StepSearch {
 public:
  StepSearch(const twin::Twin& twin, const std::vector<RunObservations>& runs,
             const Eigen::VectorXd& assumed, const std::vector<std::string>& run_ids,
             std::optional<int> only_run)
      : twin_(twin), runs_(runs), assumed_(assumed), run_ids_(run_ids), only_run_(only_run) {}

  /// Fits from `start`, coordinates of new steps at 0.
  absl::StatusOr<SteppedFit> Fit(std::vector<Step> steps, const Eigen::VectorXd& start) const {
    const ParameterSpace space(twin_.description(), assumed_, run_ids_, steps);
    const Model model(twin_, runs_, space);
    SteppedFit out{.steps = std::move(steps), .noise = SensorNoise(model)};
    PARALLAX_ASSIGN_OR_RETURN(out.fit, Refit(model, out.noise, Padded(start, space.size())));
    Eigen::VectorXd residuals;
    PARALLAX_RETURN_IF_ERROR(model.Residuals(out.fit.x, &residuals, nullptr));
    out.noise = EstimateNoise(model, residuals);
    PARALLAX_ASSIGN_OR_RETURN(out.fit, Refit(model, out.noise, out.fit.x));
    return out;
  }

  /// Nats that `with` gains over `without` when both are judged by the noise of `with`.
  absl::StatusOr<double> Gain(const SteppedFit& with, const SteppedFit& without) const {
    const ParameterSpace space(twin_.description(), assumed_, run_ids_, without.steps);
    const Model model(twin_, runs_, space);
    PARALLAX_ASSIGN_OR_RETURN(const calibration::FitResult refitted,
                              Refit(model, with.noise, without.fit.x));
    return refitted.cost - with.fit.cost;
  }

  /// The moment whose step promises most by linear extrapolation from `current`.
  absl::StatusOr<Step> MostPromising(const SteppedFit& current) const {
    PARALLAX_ASSIGN_OR_RETURN(const Step coarse, Best(current, CoarseCandidates()));
    return Best(current, CandidatesAround(coarse));
  }

 private:
  static Eigen::VectorXd Padded(const Eigen::VectorXd& z, int size) {
    Eigen::VectorXd padded = Eigen::VectorXd::Zero(size);
    padded.head(z.size()) = z;
    return padded;
  }

  const Eigen::VectorXd& BinTimes(int run) const {
    return runs_[static_cast<size_t>(run)].channels.front().bin_time_s;
  }

  std::vector<Step> CoarseCandidates() const {
    std::vector<Step> candidates;
    for (int run = 0; run < static_cast<int>(runs_.size()); ++run) {
      const Eigen::VectorXd& t = BinTimes(run);
      if (t.size() < 2 * kCandidates || run != only_run_.value_or(run)) continue;
      for (Eigen::Index k = 1; k < kCandidates; ++k) {
        candidates.push_back({run, t(t.size() * k / kCandidates)});
      }
    }
    return candidates;
  }

  std::vector<Step> CandidatesAround(const Step& coarse) const {
    const Eigen::VectorXd& t = BinTimes(coarse.run);
    const Eigen::Index spacing = t.size() / kCandidates;
    const double* begin = t.data();
    const Eigen::Index centre = std::lower_bound(begin, begin + t.size(), coarse.time_s) - begin;
    std::vector<Step> candidates = {coarse};
    for (Eigen::Index k = -kRefinements; k <= kRefinements; ++k) {
      const Eigen::Index bin = centre + spacing * k / kRefinements;
      if (bin > 0 && bin < t.size()) candidates.push_back({coarse.run, t(bin)});
    }
    return candidates;
  }

  absl::StatusOr<Step> Best(const SteppedFit& current, const std::vector<Step>& candidates) const {
    if (candidates.empty()) return absl::NotFoundError("no run is long enough for a step");
    const ParameterSpace space(twin_.description(), assumed_, run_ids_, current.steps);
    const Model model(twin_, runs_, space);
    const Eigen::VectorXd weight = RowWeights(model, current.noise);
    Eigen::VectorXd residuals;
    Eigen::MatrixXd jacobian;
    PARALLAX_RETURN_IF_ERROR(model.Residuals(current.fit.x, &residuals, &jacobian));
    const Eigen::Index n = space.size();
    Eigen::MatrixXd physics(model.rows() + n, n);
    physics << weight.asDiagonal() * jacobian, Eigen::MatrixXd::Identity(n, n);
    const base::HouseholderQr qr(physics);
    std::vector<double> gains(candidates.size(), 0.0);
    base::ParallelFor(candidates.size(), [&](size_t i) {
      const Eigen::VectorXd effect = EffectOf(candidates[i], current, model.rows());
      Eigen::VectorXd own = Padded(weight.cwiseProduct(effect), static_cast<int>(physics.rows()));
      own -= physics * qr.Solve(own);
      const double norm = own.squaredNorm() + 1.0;  // the step's own prior
      const double projection = own.head(model.rows()).dot(weight.cwiseProduct(residuals));
      gains[i] = 0.5 * projection * projection / norm;
    });
    return candidates[static_cast<size_t>(std::max_element(gains.begin(), gains.end()) -
                                          gains.begin())];
  }

  /// d residual / d coordinate of a step that is not in the fit yet; 0 where it cannot be
  /// evaluated.
  Eigen::VectorXd EffectOf(const Step& step, const SteppedFit& current, Eigen::Index rows) const {
    std::vector<Step> steps = current.steps;
    steps.push_back(step);
    const ParameterSpace space(twin_.description(), assumed_, run_ids_, steps);
    const Model model(twin_, runs_, space);
    Eigen::VectorXd z = Padded(current.fit.x, space.size());
    Eigen::VectorXd above;
    Eigen::VectorXd below;
    z(space.size() - 1) = kJumpDifference;
    if (!model.Residuals(z, &above, nullptr).ok()) return Eigen::VectorXd::Zero(rows);
    z(space.size() - 1) = -kJumpDifference;
    if (!model.Residuals(z, &below, nullptr).ok()) return Eigen::VectorXd::Zero(rows);
    return (above - below) / (2.0 * kJumpDifference);
  }

  const twin::Twin& twin_;
  const std::vector<RunObservations>& runs_;
  const Eigen::VectorXd& assumed_;
  const std::vector<std::string>& run_ids_;
  const std::optional<int> only_run_;
};

}  // namespace

absl::StatusOr<std::vector<Step>> FindSteps(const twin::Twin& twin,
                                            const std::vector<RunObservations>& runs,
                                            const Eigen::VectorXd& assumed,
                                            const std::vector<std::string>& run_ids,
                                            const StepSearchOptions& options) {
  if (!CanStep(twin.description())) return std::vector<Step>();
  const StepSearch search(twin, runs, assumed, run_ids, options.only_run);
  PARALLAX_ASSIGN_OR_RETURN(SteppedFit current, search.Fit(options.known, Eigen::VectorXd()));
  while (current.steps.size() < kMostSteps) {
    const absl::StatusOr<Step> step = search.MostPromising(current);
    if (absl::IsNotFound(step.status())) break;
    PARALLAX_RETURN_IF_ERROR(step.status());
    std::vector<Step> steps = current.steps;
    steps.push_back(*step);
    PARALLAX_ASSIGN_OR_RETURN(SteppedFit with, search.Fit(std::move(steps), current.fit.x));
    PARALLAX_ASSIGN_OR_RETURN(const double gain_nats, search.Gain(with, current));
    const double moved = std::abs(with.fit.x(with.fit.x.size() - 1));
    if (gain_nats < attribution::kDriftRules.step_price_nats ||
        moved < attribution::kDriftRules.least_step)
      break;
    current = std::move(with);
  }
  return current.steps;
}

}  // namespace parallax::pipeline
