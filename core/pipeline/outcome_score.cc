#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"
#include "core/design/nested_monte_carlo.h"
#include "core/design/noise.h"
#include "core/pipeline/aim_score.h"

namespace parallax::pipeline {
namespace {

/// Combinations of the state that make up this share of what is open about an outcome, and no more
/// than so many.
constexpr double kShareTold = 0.98;
constexpr Eigen::Index kMostCombinations = 3;

class OutcomeScore final : public AimScore {
 public:
  OutcomeScore(const DesignBench& bench, design::Belief belief, design::Target target,
               Eigen::MatrixXd rows)
      : bench_(bench),
        belief_(std::move(belief)),
        target_(std::move(target)),
        rows_(std::move(rows)) {}

  absl::StatusOr<AimedRun> Read(const DesignCandidate& candidate) const override {
    PARALLAX_ASSIGN_OR_RETURN(const design::Noise noise,
                              design::Noise::Full(candidate.own_covariance));
    AimedRun out;
    PARALLAX_ASSIGN_OR_RETURN(
        out.information, design::FisherInformation(
                             candidate.foreseen[MostProbable(bench_.belief)].sensitivity, noise));
    return out;
  }

  double Joint(const std::vector<const AimedRun*>& runs) const override {
    Eigen::MatrixXd sum = runs.front()->information;
    for (size_t i = 1; i < runs.size(); ++i) sum += runs[i]->information;
    return target_.Gain(sum);
  }

  bool AsGood(double nats, double best) const override { return nats >= 0.97 * best; }

  absl::StatusOr<design::Estimate> Check(const DesignCandidate& candidate,
                                         uint64_t seed) const override {
    const size_t h = MostProbable(bench_.belief);
    const Eigen::VectorXd& mean = bench_.belief.hypotheses()[h].mean;
    const Eigen::MatrixXd& sensitivity = candidate.foreseen[h].sensitivity;
    const Eigen::MatrixXd covariance = rows_ * belief_.covariance() * rows_.transpose();
    // How the state goes with what is asked, and what is left of it.
    const Eigen::MatrixXd carried =
        covariance.llt().solve(rows_ * belief_.covariance()).transpose();
    const Eigen::MatrixXd left = belief_.covariance() - carried * covariance * carried.transpose();
    const Eigen::MatrixXd errors =
        sensitivity * left * sensitivity.transpose() + candidate.own_covariance;
    PARALLAX_ASSIGN_OR_RETURN(const design::Noise noise,
                              design::Noise::Full(0.5 * (errors + errors.transpose())));
    PARALLAX_ASSIGN_OR_RETURN(const design::Belief asked, design::Belief::Make(covariance));
    const Eigen::VectorXd centre = rows_ * mean;
    const auto predict = [&](const Eigen::VectorXd& told) -> absl::StatusOr<Eigen::VectorXd> {
      return Rows(candidate, h, mean + carried * (told - centre));
    };
    design::NestedOptions options;
    options.seed = seed;
    PARALLAX_ASSIGN_OR_RETURN(
        const design::NestedGain gain,
        design::NestedMonteCarlo(centre, asked, predict, sensitivity * carried, noise, options));
    return design::Estimate{
        .value = gain.value, .standard_error = gain.standard_error, .draws = gain.predictions};
  }

 private:
  absl::StatusOr<Eigen::VectorXd> Rows(const DesignCandidate& candidate, size_t h,
                                       const Eigen::VectorXd& state) const {
    const CampaignModel& coordinates = bench_.belief.coordinates();
    const Eigen::Index parameters = bench_.belief.parameters();
    Eigen::VectorXd z = state.head(parameters);
    for (Eigen::Index p = 0; p < parameters; ++p) {
      const int k = static_cast<int>(p);
      z(p) = std::clamp(z(p), coordinates.lower(k), coordinates.upper(k));
    }
    PARALLAX_ASSIGN_OR_RETURN(
        const PlannedPrediction prediction,
        PredictPlanned(bench_.twin, coordinates, candidate.planned, z, Derivatives::kNone));
    const Eigen::Index errors = state.size() - parameters;
    return Eigen::VectorXd(prediction.rows + candidate.foreseen[h].sensitivity.rightCols(errors) *
                                                 state.tail(errors));
  }

  const DesignBench bench_;
  const design::Belief belief_;
  const design::Target target_;
  const Eigen::MatrixXd rows_;  ///< combinations of the state that are asked for
};

}  // namespace

absl::StatusOr<std::unique_ptr<AimScore>> AboutOutcome(
    const DesignBench& bench, Eigen::Index outcome, const std::vector<const DesignCandidate*>& at) {
  const size_t h = MostProbable(bench.belief);
  const Eigen::MatrixXd& covariance = bench.belief.hypotheses()[h].wide_covariance;
  PARALLAX_ASSIGN_OR_RETURN(design::Belief belief, design::Belief::Make(covariance));
  Eigen::MatrixXd slopes = Eigen::MatrixXd::Zero(std::ssize(at), bench.belief.state_size());
  for (size_t i = 0; i < at.size(); ++i) {
    slopes.row(static_cast<Eigen::Index>(i)).head(bench.belief.parameters()) =
        at[i]->foreseen[h].outcome_slope.row(outcome);
  }
  // Principal combinations of the outcome over these runs, in the belief's own measure.
  const Eigen::MatrixXd open = slopes * belief.root();
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(open * open.transpose());
  const double total = eigen.values.sum();
  if (!(total > 0.0)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "outcome \"%s\": its open variance is 0 in all %d recipes looked at, must be > 0",
        bench.twin.description().outcomes[static_cast<size_t>(outcome)].channel_id, at.size()));
  }
  const Eigen::Index n = eigen.values.size();
  Eigen::Index kept = 1;
  double told = eigen.values(n - 1);
  while (kept < std::min(kMostCombinations, n) && told < kShareTold * total) {
    told += eigen.values(n - 1 - kept++);
  }
  Eigen::MatrixXd rows = eigen.vectors.rightCols(kept).transpose() * slopes;
  for (Eigen::Index t = 0; t < kept; ++t) {
    rows.row(t) /= std::sqrt(eigen.values(n - kept + t));
  }
  PARALLAX_ASSIGN_OR_RETURN(design::Target target, design::Target::Make(belief, rows));
  return std::make_unique<OutcomeScore>(bench, std::move(belief), std::move(target),
                                        std::move(rows));
}

}  // namespace parallax::pipeline
