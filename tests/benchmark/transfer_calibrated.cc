// Calibrated arms of transfer_study.cc.
#include "tests/benchmark/transfer_calibrated.h"

#include <algorithm>
#include <cmath>

#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"
#include "core/pipeline/analysis.h"
#include "core/pipeline/learn.h"
#include "core/pipeline/residual_fit.h"
#include "core/pipeline/run_features.h"
#include "core/pipeline/run_outcomes.h"

namespace parallax::pipeline::testing {
namespace {

constexpr double kLeastHeight = 1e-9;  // [m]: below nothing has no logarithm

/// The set that the runs give, or what is assumed.
calibration::ParameterSet SetOf(const StudyCampaign& campaign,
                                const std::vector<Eigen::Index>& train, int* calibrated) {
  std::vector<signal::RunRecord> runs;
  for (const Eigen::Index r : train) runs.push_back(campaign.records[static_cast<size_t>(r)]);
  const absl::StatusOr<AnalysisResult> result = Analyze({.rig = campaign.rig,
                                                         .twin = Nanotubes(),
                                                         .base = campaign.set,
                                                         .calibrate_runs = runs,
                                                         .validate_runs = {},
                                                         .seed = 1},
                                                        GoOn);
  if (!result.ok() || !result->parameter_set) return campaign.set;
  ++*calibrated;
  return *result->parameter_set;
}

double ValueOf(const OutcomeGaps& gaps, Eigen::Index run, Eigen::Index outcome) {
  const double nominal = gaps.nominal(run, outcome), gap = gaps.real(run, outcome);
  return gaps.forest ? nominal * std::exp(gap) : nominal + gap;
}

/// As stated with the measurements of some runs.
double MedianSd(const StudyCampaign& campaign, const std::vector<Eigen::Index>& runs,
                const std::string& outcome) {
  std::vector<double> sds;
  for (const Eigen::Index r : runs) {
    for (const MeasuredValue& one : MeasuredOutcomes(
             Nanotubes().description(), *campaign.records[static_cast<size_t>(r)].outcome)) {
      if (one.outcome == outcome) sds.push_back(one.sd);
    }
  }
  return base::Quantile(std::move(sds), 0.5);
}

/// What the product's model over recipe features foretells of one outcome: runs. Zero where it
/// cannot be made or is refused, as the twin alone is served then.
absl::StatusOr<Eigen::VectorXd> OverFeatures(const StudyCampaign& campaign, const OutcomeGaps& gaps,
                                             const std::vector<Eigen::Index>& train,
                                             Eigen::Index outcome, CalibratedErrors* errors) {
  const std::string& name = gaps.outcomes[static_cast<size_t>(outcome)];
  std::vector<const signal::Run*> runs;
  surrogate::Dataset data{.outcome_name = name, .outcomes = Eigen::VectorXd(std::ssize(train))};
  for (size_t i = 0; i < train.size(); ++i) {
    runs.push_back(&campaign.records[static_cast<size_t>(train[i])].run);
    data.outcomes(static_cast<Eigen::Index>(i)) =
        ValueOf(gaps, train[i], outcome) - gaps.nominal(train[i], outcome);
  }
  PARALLAX_ASSIGN_OR_RETURN(const FeatureTable table, FeaturesOfRuns(campaign.rig, runs));
  data.feature_names = table.names;
  data.features = table.values;
  PARALLAX_ASSIGN_OR_RETURN(const ResidualFit fit,
                            FitResidual(data, MedianSd(campaign, train, name), 1));
  Eigen::VectorXd foretold = Eigen::VectorXd::Zero(gaps.real.rows());
  if (!Objections(fit, {}).empty()) {
    ++errors->refused;
    return foretold;
  }
  ++errors->served;
  for (Eigen::Index r = 0; r < foretold.size(); ++r) {
    PARALLAX_ASSIGN_OR_RETURN(
        const std::vector<RunFeature> all,
        FeaturesOf(campaign.rig, campaign.records[static_cast<size_t>(r)].run));
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd at, SelectFeatures(all, table.names));
    PARALLAX_ASSIGN_OR_RETURN(
        const std::vector<surrogate::Prediction> row,
        std::get<surrogate::GaussianProcess>(fit.model).Predict(at.transpose()));
    const double nominal = gaps.nominal(r, outcome);
    const double value = nominal + row.front().mean;
    foretold(r) =
        GapBetween(gaps.forest, gaps.forest ? std::max(value, kLeastHeight) : value, nominal);
  }
  return foretold;
}

Eigen::MatrixXd OverFeatures(const StudyCampaign& campaign, const OutcomeGaps& gaps,
                             const std::vector<Eigen::Index>& train, CalibratedErrors* errors) {
  Eigen::MatrixXd foretold = Eigen::MatrixXd::Zero(gaps.real.rows(), gaps.real.cols());
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    const std::vector<Eigen::Index> measured = Measured(gaps, train, k);
    if (std::ssize(measured) < kLeastLearnRuns) {
      ++errors->not_learnt;
      continue;
    }
    const absl::StatusOr<Eigen::VectorXd> column =
        OverFeatures(campaign, gaps, measured, k, errors);
    if (column.ok()) {
      foretold.col(k) = *column;
    } else {
      ++errors->not_learnt;
    }
  }
  return foretold;
}

/// What one split gives.
struct SplitScores {
  SquareSum of[kCalibratedArms];
  CalibratedErrors counts;
};

SplitScores ScoreSplit(const StudyCampaign& campaign, const OutcomeGaps& assumed, size_t n,
                       uint64_t split) {
  const int real = kCalibratedOn[n];
  const std::vector<Eigen::Index> order = Permuted(assumed.real.rows(), split);
  const std::vector<Eigen::Index> train(order.begin(), order.begin() + real);
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(assumed.real.rows(), assumed.real.cols());
  SplitScores scores;
  const calibration::ParameterSet set = SetOf(campaign, train, &scores.counts.calibrated[n]);
  const OutcomeGaps gaps = OutcomeGapsOf(campaign, set);
  Score(assumed, none, order, real, &scores.of[kAssumed]);
  Score(assumed, Conditioned(assumed, order, real), order, 0, &scores.of[kAssumedCovariance]);
  Score(gaps, none, order, 0, &scores.of[kAlone]);
  Score(gaps, none, order, real, &scores.of[kOffset]);
  Score(gaps, Conditioned(gaps, order, real), order, 0, &scores.of[kCovariance]);
  Score(gaps, ConditionedByLikelihood(gaps, order, real), order, 0, &scores.of[kLikely]);
  Score(gaps, OverFeatures(campaign, gaps, train, &scores.counts), order, 0, &scores.of[kFeatures]);
  return scores;
}

}  // namespace

CalibratedErrors CalibratedErrorsOf(const StudyCampaign& campaign) {
  const OutcomeGaps assumed = OutcomeGapsOf(campaign, campaign.set);
  constexpr size_t kCounts = std::size(kCalibratedOn);
  std::vector<SplitScores> splits(kCounts * kCalibratedSplits);
  base::ParallelFor(splits.size(), [&](size_t i) {
    splits[i] = ScoreSplit(campaign, assumed, i % kCounts, i / kCounts);
  });
  CalibratedErrors errors{.forest = assumed.forest};
  SquareSum sums[kCounts][kCalibratedArms];
  for (size_t i = 0; i < splits.size(); ++i) {
    const size_t n = i % kCounts;
    for (int arm = 0; arm < kCalibratedArms; ++arm) {
      sums[n][arm].sum += splits[i].of[arm].sum;
      sums[n][arm].count += splits[i].of[arm].count;
    }
    errors.calibrated[n] += splits[i].counts.calibrated[n];
    errors.served += splits[i].counts.served;
    errors.refused += splits[i].counts.refused;
    errors.not_learnt += splits[i].counts.not_learnt;
  }
  for (size_t n = 0; n < kCounts; ++n) {
    for (int arm = 0; arm < kCalibratedArms; ++arm) {
      errors.rmse[arm][n] = std::sqrt(sums[n][arm].sum / sums[n][arm].count);
    }
  }
  return errors;
}

}  // namespace parallax::pipeline::testing
