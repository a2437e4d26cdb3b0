#include "core/pipeline/drift.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "core/attribution/verdict_thresholds.h"
#include "core/base/parallel.h"
#include "core/base/qr.h"
#include "core/base/status_macros.h"
#include "core/pipeline/steps.h"

namespace parallax::pipeline {
namespace {

/// Moments at which a drift may begin, as parts of the run.
constexpr int kOnsets = 48;
/// Fewer bins do not show a drift.
constexpr Eigen::Index kLeastBins = 24;

/// Times of a block's rows: bins, then censored bins.
Eigen::VectorXd RowTimes(const Model& model, const RowBlock& block) {
  const ChannelObservations& channel = model.Channel(block);
  const Eigen::VectorXd& grid_s = model.runs()[static_cast<size_t>(block.run)].drive.time_s;
  Eigen::VectorXd time_s(block.bins + block.censored);
  time_s.head(block.bins) = channel.bin_time_s;
  for (Eigen::Index i = 0; i < block.censored; ++i) {
    time_s(block.bins + i) = channel.censored_points[static_cast<size_t>(i)].Interpolate(grid_s);
  }
  return time_s;
}

/// A drift of one prior sd, row by row of a block: 0 until `onset_s`, a line from there.
Eigen::VectorXd Ramp(const Model& model, const RowBlock& block, double onset_s) {
  const double lasts_s = std::max(1.0, model.Channel(block).bin_time_s(block.bins - 1) - onset_s);
  const double sd =
      std::max(attribution::kDriftRules.prior_sd, attribution::kDriftRules.prior_rate * lasts_s);
  return (sd / lasts_s * (RowTimes(model, block).array() - onset_s).max(0.0)).matrix();
}

/// Takes a drift out of a block's residuals, all in one unit. A reading at the floor that the drift
/// explains contradicts nothing; where none contradicted before, none does.
void TakeOut(const RowBlock& block, const Eigen::VectorXd& off, Eigen::VectorXd* residuals) {
  residuals->segment(block.begin, block.bins) -= off.head(block.bins);
  for (Eigen::Index i = block.bins; i < off.size(); ++i) {
    double& row = (*residuals)(block.begin + i);
    if (row < 0.0) row = std::min(0.0, row - off(i));
  }
}

/// A space with its model, which points into it.
struct Physics {
  Physics(const twin::Twin& twin, const std::vector<RunObservations>& runs,
          const ParameterSpace& like, std::vector<Step> steps)
      : space(twin.description(), like.assumed(), Ids(runs), std::move(steps)),
        model(twin, runs, space) {}
  Physics(const Physics&) = delete;
  Physics& operator=(const Physics&) = delete;

  static std::vector<std::string> Ids(const std::vector<RunObservations>& runs) {
    std::vector<std::string> ids;
    for (const RunObservations& run : runs) ids.push_back(run.run);
    return ids;
  }

  const ParameterSpace space;
  const Model model;
};

/// Coordinates of `to` that `from` has too, the others as assumed.
Eigen::VectorXd CarryOver(const ParameterSpace& from, const Eigen::VectorXd& z,
                          const ParameterSpace& to) {
  Eigen::VectorXd carried = Eigen::VectorXd::Zero(to.size());
  for (int k = 0; k < to.size(); ++k) {
    for (int i = 0; i < from.size(); ++i) {
      const bool same = from.coordinates()[static_cast<size_t>(i)].label ==
                        to.coordinates()[static_cast<size_t>(k)].label;
      if (same) carried(k) = z(i);
    }
  }
  return carried;
}

Eigen::VectorXd WithLast(const Eigen::VectorXd& v, double last) {
  Eigen::VectorXd extended(v.size() + 1);
  extended << v, last;
  return extended;
}

/// The fit's problem with one more coordinate: what a channel is off by at the end of a run, in
/// prior sd. Prior rows included.
calibration::LeastSquaresProblem DriftProblem(const Model& model, const NoiseModel& noise,
                                              const RowBlock& block, const Eigen::VectorXd& ramp) {
  calibration::LeastSquaresProblem problem = MapProblem(model, noise);
  const ChannelNoise& channel = noise[static_cast<size_t>(model.Channel(block).output)];
  const Eigen::VectorXd weighted = ramp / (channel.scale * std::sqrt(channel.inflation));
  const int n = problem.parameters;
  auto evaluate = std::move(problem.evaluate);
  problem.evaluate = [evaluate, weighted, block, n](const Eigen::VectorXd& x,
                                                    Eigen::VectorXd* residuals,
                                                    Eigen::MatrixXd* jacobian) {
    Eigen::VectorXd rows;
    Eigen::MatrixXd derivative;
    if (!evaluate(x.head(n), &rows, jacobian != nullptr ? &derivative : nullptr)) return false;
    *residuals = WithLast(rows, x(n));
    TakeOut(block, x(n) * weighted, residuals);
    if (jacobian == nullptr) return true;
    jacobian->setZero(rows.size() + 1, n + 1);
    jacobian->topLeftCorner(rows.size(), n) = derivative;
    jacobian->col(n).segment(block.begin, weighted.size()) = -weighted;
    (*jacobian)(rows.size(), n) = 1.0;
    for (Eigen::Index i = block.begin + block.bins; i < block.begin + weighted.size(); ++i) {
      if ((*residuals)(i) == 0.0) jacobian->row(i).setZero();
    }
    return true;
  };
  problem.parameters = n + 1;
  problem.lower = WithLast(problem.lower, -kFurthestCoordinate);
  problem.upper = WithLast(problem.upper, kFurthestCoordinate);
  problem.robust_scale = WithLast(problem.robust_scale, std::numeric_limits<double>::infinity());
  return problem;
}

/// Physics with a drift, fitted.
struct DriftFit {
  std::shared_ptr<const Physics> physics;
  double onset_s = 0.0;
  Eigen::VectorXd x;  ///< coordinates of the space, then of the drift
  double cost = std::numeric_limits<double>::infinity();
};

class DriftSearch {
 public:
  DriftSearch(const twin::Twin& twin, const Model& model, const MapFit& fit, const RowBlock& block)
      : twin_(twin),
        model_(model),
        fit_(fit),
        block_(block),
        channel_(model.Channel(block)),
        sensors_(SensorNoise(model)) {}

  absl::StatusOr<Drift> Find() const {
    PARALLAX_ASSIGN_OR_RETURN(DriftFit beside, FitBeside(model_.space().steps(), fit_.z));
    PARALLAX_ASSIGN_OR_RETURN(Drift best, Judge(beside));
    if (!model_.space().HasSteps(block_.run)) return best;
    const std::vector<Step> others = StepsOfOtherRuns();
    PARALLAX_ASSIGN_OR_RETURN(DriftFit alone, FitBeside(others, fit_.z));
    PARALLAX_RETURN_IF_ERROR(Keep(alone, &best));
    // What the drift leaves over may still hold steps of its own.
    const std::vector<RunObservations> corrected = Corrected(alone);
    PARALLAX_ASSIGN_OR_RETURN(
        const std::vector<Step> steps,
        FindSteps(twin_, corrected, model_.space().assumed(), Physics::Ids(corrected),
                  {.known = others, .only_run = block_.run}));
    if (steps.size() == others.size()) return best;
    PARALLAX_ASSIGN_OR_RETURN(
        const DriftFit both,
        FitBeside(steps, CarryOver(alone.physics->space, alone.x.head(alone.physics->space.size()),
                                   model_.space())));
    PARALLAX_RETURN_IF_ERROR(Keep(both, &best));
    return best;
  }

 private:
  std::vector<Step> StepsOfOtherRuns() const {
    std::vector<Step> others;
    for (const Step& step : model_.space().steps()) {
      if (step.run != block_.run) others.push_back(step);
    }
    return others;
  }

  /// Physics with these steps and the drift that suits it best.
  absl::StatusOr<DriftFit> FitBeside(const std::vector<Step>& steps,
                                     const Eigen::VectorXd& z) const {
    auto physics = std::make_shared<const Physics>(twin_, model_.runs(), model_.space(), steps);
    // A fit without a drift is contorted by the drift that is sought, and extrapolating from it can
    // mislead: the assumed values are a second point to start and to extrapolate from.
    const Eigen::VectorXd assumed = Eigen::VectorXd::Zero(physics->space.size());
    PARALLAX_ASSIGN_OR_RETURN(
        const calibration::FitResult fitted,
        Refit(physics->model, sensors_, CarryOver(model_.space(), z, physics->space)));
    DriftFit best{.physics = physics};
    for (const Eigen::VectorXd& at : {fitted.x, assumed}) {
      PARALLAX_ASSIGN_OR_RETURN(const double onset_s,
                                BestOnset(physics->model, WithLast(at, 0.0), 0.0));
      PARALLAX_RETURN_IF_ERROR(FitAt(onset_s, {fitted.x, assumed}, &best));
    }
    // With a drift in the fit, the onset can be read off better.
    const Eigen::VectorXd x = best.x;
    PARALLAX_ASSIGN_OR_RETURN(const double onset_s, BestOnset(physics->model, x, best.onset_s));
    PARALLAX_RETURN_IF_ERROR(FitAt(onset_s, {x.head(x.size() - 1), assumed}, &best));
    return best;
  }

  /// The onset from which a fit linearised at x, its own drift taken out, would gain most.
  absl::StatusOr<double> BestOnset(const Model& model, const Eigen::VectorXd& x,
                                   double onset_s) const {
    const Eigen::Index n = x.size() - 1;
    const Eigen::VectorXd weight = RowWeights(model, sensors_);
    Eigen::VectorXd residuals;
    Eigen::MatrixXd jacobian;
    PARALLAX_RETURN_IF_ERROR(model.Residuals(x.head(n), &residuals, &jacobian));
    Eigen::MatrixXd physics(model.rows() + n, n);
    physics << weight.asDiagonal() * jacobian, Eigen::MatrixXd::Identity(n, n);
    Eigen::VectorXd misfit(model.rows() + n);
    misfit << weight.cwiseProduct(residuals), x.head(n);
    const base::HouseholderQr qr(physics);
    misfit -= physics * qr.Solve(misfit);
    double best_gain = -1.0;
    double best_s = onset_s;
    for (int k = 0; k < kOnsets; ++k) {
      const double candidate_s = OnsetAt(k);
      Eigen::VectorXd own = Eigen::VectorXd::Zero(misfit.size());
      const Eigen::VectorXd ramp = Ramp(model, block_, candidate_s);
      own.segment(block_.begin, ramp.size()) =
          weight.segment(block_.begin, ramp.size()).cwiseProduct(ramp);
      own.head(model.rows()) = (residuals.array() == 0.0).select(0.0, own.head(model.rows()));
      own -= physics * qr.Solve(own);
      const double projection = own.dot(misfit);
      const double gain = projection * projection / (own.squaredNorm() + 1.0);
      if (gain > best_gain) best_gain = gain, best_s = candidate_s;
    }
    return best_s;
  }

  double OnsetAt(int k) const {
    const Eigen::VectorXd& t = channel_.bin_time_s;
    return t(0) + (t(t.size() - 1) - t(0)) * static_cast<double>(k) / kOnsets;
  }

  /// Replaces `best` where a fit with a drift from `onset_s` on, from one of the starts, costs
  /// less.
  absl::Status FitAt(double onset_s, const std::array<Eigen::VectorXd, 2>& starts,
                     DriftFit* best) const {
    const Model& model = best->physics->model;
    const Eigen::VectorXd ramp = Ramp(model, block_, onset_s);
    std::array<absl::StatusOr<calibration::FitResult>, 2> trials = {
        absl::UnknownError("not tried"), absl::UnknownError("not tried")};
    base::ParallelFor(starts.size(), [&](size_t i) {
      trials[i] = calibration::MinimizeLeastSquares(DriftProblem(model, sensors_, block_, ramp),
                                                    WithLast(starts[i], 0.0), FitSolverOptions());
    });
    for (const absl::StatusOr<calibration::FitResult>& trial : trials) {
      PARALLAX_RETURN_IF_ERROR(trial.status());
      if (trial->cost >= best->cost) continue;
      best->onset_s = onset_s;
      best->x = trial->x;
      best->cost = trial->cost;
    }
    return absl::OkStatus();
  }

  Eigen::VectorXd OffBy(const DriftFit& drift) const {
    return drift.x(drift.x.size() - 1) * Ramp(model_, block_, drift.onset_s);
  }

  /// The runs with the drift taken out of the channel's bins; at the floor, nothing is known of
  /// what a drifting channel would have shown.
  std::vector<RunObservations> Corrected(const DriftFit& drift) const {
    std::vector<RunObservations> runs = model_.runs();
    RunObservations& run = runs[static_cast<size_t>(block_.run)];
    ChannelObservations& channel = run.channels[static_cast<size_t>(block_.channel)];
    channel.bin_value -= OffBy(drift).head(block_.bins);
    auto drifting = [&](const GridPoint& point) {
      return point.Interpolate(run.drive.time_s) > drift.onset_s;
    };
    std::vector<GridPoint>& censored = channel.censored_points;
    censored.erase(std::remove_if(censored.begin(), censored.end(), drifting), censored.end());
    return runs;
  }

  absl::Status Keep(const DriftFit& drift, Drift* best) const {
    PARALLAX_ASSIGN_OR_RETURN(const Drift judged, Judge(drift));
    if (judged.gain_nats > best->gain_nats) *best = judged;
    return absl::OkStatus();
  }

  /// Weighs physics with the drift against physics with its own steps, both by the noise of the fit
  /// that leaves less: a fit that a drift contorts overrates the noise.
  absl::StatusOr<Drift> Judge(const DriftFit& drift) const {
    const Model& model = drift.physics->model;
    const Eigen::Index n = drift.x.size() - 1;
    Eigen::VectorXd residuals;
    PARALLAX_RETURN_IF_ERROR(model.Residuals(drift.x.head(n), &residuals, nullptr));
    TakeOut(block_, OffBy(drift), &residuals);
    const auto output = static_cast<size_t>(channel_.output);
    NoiseModel noise = EstimateNoise(model, residuals);
    if (fit_.noise[output].scale < noise[output].scale) noise = fit_.noise;
    PARALLAX_ASSIGN_OR_RETURN(
        const calibration::FitResult with,
        calibration::MinimizeLeastSquares(
            DriftProblem(model, noise, block_, Ramp(model, block_, drift.onset_s)), drift.x,
            FitSolverOptions()));
    PARALLAX_ASSIGN_OR_RETURN(const calibration::FitResult without, Refit(model_, noise, fit_.z));
    const Eigen::VectorXd& t = channel_.bin_time_s;
    Drift judged{.onset_s = drift.onset_s,
                 .off = OffBy({.onset_s = drift.onset_s, .x = with.x})(block_.bins - 1),
                 .scale = noise[output].scale};
    judged.rate = judged.off / std::max(1.0, t(t.size() - 1) - drift.onset_s);
    judged.physics_nats = without.cost + Price(model_.space().steps());
    judged.gain_nats = judged.physics_nats - with.cost - Price(model.space().steps());
    return judged;
  }

  static double Price(const std::vector<Step>& steps) {
    return attribution::kDriftRules.step_price_nats * static_cast<double>(steps.size());
  }

  const twin::Twin& twin_;
  const Model& model_;
  const MapFit& fit_;
  const RowBlock& block_;
  const ChannelObservations& channel_;
  const NoiseModel sensors_;
};

}  // namespace

absl::StatusOr<std::optional<Drift>> FindDrift(const twin::Twin& twin, const Model& model,
                                               const MapFit& fit, const RowBlock& block) {
  if (block.bins < kLeastBins) return std::optional<Drift>();
  PARALLAX_ASSIGN_OR_RETURN(const Drift drift, DriftSearch(twin, model, fit, block).Find());
  return std::optional<Drift>(drift);
}

}  // namespace parallax::pipeline
