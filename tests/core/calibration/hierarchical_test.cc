#include "core/calibration/hierarchical.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

/// One reading of each run's quantity.
HierarchicalProblem Readings(const Eigen::VectorXd& y, const Eigen::VectorXd& sd) {
  HierarchicalProblem problem;
  for (Eigen::Index r = 0; r < y.size(); ++r) {
    problem.runs.emplace_back([y = y(r), sd = sd(r)](const Eigen::VectorXd&, double quantity,
                                                     Eigen::VectorXd* residuals,
                                                     Eigen::MatrixXd* jacobian) {
      *residuals = Eigen::VectorXd::Constant(1, (quantity - y) / sd);
      if (jacobian != nullptr) *jacobian = Eigen::MatrixXd::Constant(1, 1, 1.0 / sd);
      return true;
    });
  }
  return problem;
}

/// Effects of coaching and their standard errors in eight schools.
/// Source: Rubin, Journal of Educational Statistics 6 (1981) 377.
const Eigen::VectorXd kEffect = (Eigen::VectorXd(8) << 28, 8, -3, 7, -1, 1, 18, 12).finished();
const Eigen::VectorXd kError = (Eigen::VectorXd(8) << 15, 10, 16, 11, 9, 11, 10, 18).finished();

/// Closed form given τ with flat μ (Bayesian Data Analysis, eqs. 5.17 to 5.21).
struct ClosedForm {
  double log_density, mu, mu_variance;
  Eigen::ArrayXd mean, variance;
  ClosedForm(double tau, double scale) {
    const Eigen::ArrayXd y = kEffect, s2 = kError.array().square();
    const Eigen::ArrayXd weight = 1.0 / (s2 + tau * tau);
    mu_variance = 1.0 / weight.sum();
    mu = (weight * y).sum() * mu_variance;
    log_density = 0.5 * std::log(mu_variance) + 0.5 * weight.log().sum() -
                  0.5 * (weight * (y - mu).square()).sum() - 0.5 * std::pow(tau / scale, 2);
    const Eigen::ArrayXd own = tau * tau * weight;  // weight of a run's own reading
    mean = own * y + (1.0 - own) * mu;
    variance = own * s2 + (1.0 - own).square() * mu_variance;
  }
};

TEST(FitHierarchy, EightSchoolsAreTheirClosedForm) {
  const double scale = 10.0;
  double total = 0.0, tau_mean = 0.0, mu = 0.0, mu_square = 0.0;
  Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(8), square = Eigen::ArrayXd::Zero(8);
  for (int k = 0; k < 200000; ++k) {  // midpoint rule to 6 scales
    const double tau = (k + 0.5) * 3e-4;
    const ClosedForm at(tau, scale);
    const double weight = std::exp(at.log_density + 40.0);
    total += weight;
    tau_mean += weight * tau;
    mu += weight * at.mu;
    mu_square += weight * (at.mu_variance + at.mu * at.mu);
    mean += weight * at.mean;
    square += weight * (at.variance + at.mean.square());
  }
  mean /= total;
  const Eigen::ArrayXd sd = (square / total - mean.square()).sqrt();
  const Hierarchy result = *FitHierarchy(Readings(kEffect, kError), {.scale = scale});
  EXPECT_NEAR(result.spread_mean, tau_mean / total, 1e-3);
  EXPECT_NEAR(result.rig_mean, mu / total, 1e-3);
  EXPECT_NEAR(result.rig_sd, std::sqrt(mu_square / total - std::pow(mu / total, 2)), 1e-3);
  EXPECT_LT((result.run_mean.array() - mean).abs().maxCoeff(), 1e-3);
  EXPECT_LT((result.run_sd.array() - sd).abs().maxCoeff(), 1e-3);
  EXPECT_NEAR(result.spread_weight.sum(), 1.0, 1e-12);
}

/// Share of p(τ | data) of the eight schools, flat in μ, that lies in an interval of τ.
double ShareWithin(double low, double high, double scale) {
  double total = 0.0, within = 0.0;
  for (int k = 0; k < 60000; ++k) {
    const double tau = (k + 0.5) * 1e-3,
                 weight = std::exp(ClosedForm(tau, scale).log_density + 40.0);
    total += weight;
    within += tau > low && tau < high ? weight : 0.0;
  }
  return within / total;
}

// The density of eight schools is largest at τ = 0.
TEST(FitHierarchy, AnIntervalOfASpreadThatNobodyNeedsBeginsAtZero) {
  const Hierarchy result = *FitHierarchy(Readings(kEffect, kError), {.scale = 10.0, .grid = 99});
  EXPECT_EQ(result.spread_low, 0.0);
  EXPECT_NEAR(ShareWithin(0.0, result.spread_high, 10.0), 0.9, 0.001);
}

// Equal errors s: p(τ | data) ∝ v^−(R − 1)/2 exp(−S²/2v), v = s² + τ².
TEST(FitHierarchy, AnIntervalOfASpreadHasOneDensityAtBothEnds) {
  const Eigen::VectorXd y = (Eigen::VectorXd(6) << 1, 4, -2, 7, 0, 9).finished();
  const double s = 0.5, scale = 10.0;
  const Hierarchy result =
      *FitHierarchy(Readings(y, Eigen::VectorXd::Constant(6, s)), {.scale = scale, .grid = 199});
  const double squares = (y.array() - y.mean()).square().sum();
  const auto density = [&](double tau) {
    const double v = s * s + tau * tau;
    return std::pow(v, -2.5) * std::exp(-0.5 * squares / v - 0.5 * std::pow(tau / scale, 2));
  };
  EXPECT_GT(result.spread_low, 1.0);
  // Tails are tried in steps of 0.001, a tenth of the lower one: its density is as uncertain.
  EXPECT_NEAR(std::log(density(result.spread_low) / density(result.spread_high)), 0.0, 0.4);
  double total = 0.0, within = 0.0;
  for (int k = 0; k < 60000; ++k) {
    const double tau = (k + 0.5) * 1e-3, weight = density(tau);
    total += weight;
    within += tau > result.spread_low && tau < result.spread_high ? weight : 0.0;
  }
  EXPECT_NEAR(within / total, 0.9, 0.002);
}

// The marginal likelihood of eight schools is largest at τ = 0, where all are one: the weighted
// mean 7.686 with sd 4.072.
TEST(FitHierarchy, TypeTwoPoolsEightSchoolsEntirely) {
  const Hierarchy result =
      *FitHierarchy(Readings(kEffect, kError), {.prior = SpreadPrior::kTypeTwo, .scale = 10.0});
  EXPECT_NEAR(result.spread_mode, 0.0, 1e-4);
  EXPECT_NEAR(result.rig_mean, 7.6856, 1e-4);
  EXPECT_NEAR(result.rig_sd, 4.0719, 1e-4);
  EXPECT_LT((result.run_mean.array() - result.rig_mean).abs().maxCoeff(), 1e-4);
  EXPECT_EQ(result.spread_low, result.spread_mode);
}

// With equal errors s the restricted maximum is τ² = S²/(R − 1) − s².
TEST(FitHierarchy, TypeTwoIsTheVarianceBetweenRunsLessThatWithin) {
  const Eigen::VectorXd y = (Eigen::VectorXd(5) << 1.0, 4.0, -2.0, 7.0, 0.0).finished();
  const double s = 1.5;
  const Hierarchy result = *FitHierarchy(Readings(y, Eigen::VectorXd::Constant(5, s)),
                                         {.prior = SpreadPrior::kTypeTwo, .scale = 2.0});
  const double variance = (y.array() - y.mean()).square().sum() / 4.0 - s * s;
  EXPECT_NEAR(result.spread_mode, std::sqrt(variance), 1e-5);
  EXPECT_NEAR(result.rig_mean, y.mean(), 1e-6);
  const double own = variance / (variance + s * s);
  EXPECT_NEAR(result.run_mean(3), own * 7.0 + (1.0 - own) * y.mean(), 1e-5);
}

TEST(FitHierarchy, ANarrowSpreadIsFoundUnderAWidePrior) {
  base::Random random(8, 0);
  Eigen::VectorXd y(40);
  for (double& value : y) value = 3.0 + 0.05 * random.Normal();
  const Hierarchy result =
      *FitHierarchy(Readings(y, Eigen::VectorXd::Constant(40, 0.01)), {.scale = 50.0});
  EXPECT_NEAR(result.spread_mean, 0.05, 0.015);
  EXPECT_NEAR(result.rig_mean, 3.0, 0.03);
  EXPECT_NEAR(result.new_run_sd, 0.05, 0.015);
}

/// Decay a·exp(−k_r t) of 12 runs: the amplitude is shared, the log rate changes from run to run.
HierarchicalProblem Decays(double spread, Eigen::VectorXd* truth) {
  base::Random random(9, 0);
  HierarchicalProblem problem;
  problem.shared_prior_mean = Eigen::VectorXd::Constant(1, 1.0);
  problem.shared_prior_sd = Eigen::VectorXd::Constant(1, 10.0);
  truth->resize(12);
  const Eigen::ArrayXd time = Eigen::ArrayXd::LinSpaced(6, 0.2, 3.0);
  for (double& log_rate : *truth) {
    log_rate = -0.5 + spread * random.Normal();
    Eigen::ArrayXd y = 2.0 * (-std::exp(log_rate) * time).exp();
    for (double& value : y) value += 0.02 * random.Normal();
    problem.runs.emplace_back([time, y](const Eigen::VectorXd& shared, double quantity,
                                        Eigen::VectorXd* residuals, Eigen::MatrixXd* jacobian) {
      const double rate = std::exp(quantity);
      const Eigen::ArrayXd shape = (-rate * time).exp();
      *residuals = ((shared(0) * shape - y) / 0.02).matrix();
      if (jacobian == nullptr) return true;
      jacobian->resize(6, 2);
      jacobian->col(0) = (shape / 0.02).matrix();
      jacobian->col(1) = (-shared(0) * rate * time * shape / 0.02).matrix();
      return true;
    });
  }
  return problem;
}

TEST(FitHierarchy, NonlinearRunsShareWhatTheyShare) {
  Eigen::VectorXd truth;
  const Hierarchy result = *FitHierarchy(Decays(0.3, &truth), {.scale = 1.0, .grid = 21});
  EXPECT_NEAR(result.shared_mean(0), 2.0, 4.0 * result.shared_sd(0));
  EXPECT_LT(result.shared_sd(0), 0.02);
  EXPECT_LT(((result.run_mean - truth).array() / result.run_sd.array()).abs().maxCoeff(), 4.0);
  EXPECT_LT(result.spread_low, 0.3);
  EXPECT_GT(result.spread_high, 0.3);
  EXPECT_GT(result.new_run_sd, 5.0 * result.run_sd.maxCoeff());
}

TEST(FitHierarchy, RunsThatAreAllAlikeShowNoSpread) {
  Eigen::VectorXd truth;
  const Hierarchy result = *FitHierarchy(Decays(0.0, &truth), {.scale = 1.0, .grid = 21});
  EXPECT_LT(result.spread_high, 0.03);
  EXPECT_NEAR(result.rig_mean, -0.5, 4.0 * result.rig_sd);
}

TEST(FitHierarchy, RefusesBadInput) {
  const HierarchicalProblem problem = Readings(kEffect, kError);
  EXPECT_FALSE(FitHierarchy(Readings(kEffect.head(1), kError.head(1))).ok());
  EXPECT_FALSE(FitHierarchy(problem, {.scale = 0.0}).ok());
  EXPECT_FALSE(FitHierarchy(problem, {.grid = 7}).ok());
  EXPECT_FALSE(FitHierarchy(problem, {.grid = 50}).ok());
  HierarchicalProblem uneven = problem;
  uneven.shared_prior_mean = Eigen::VectorXd::Zero(2);
  EXPECT_FALSE(FitHierarchy(uneven).ok());
  HierarchicalProblem failing = problem;
  failing.runs[3] = [](const Eigen::VectorXd&, double, Eigen::VectorXd*, Eigen::MatrixXd*) {
    return false;
  };
  EXPECT_FALSE(FitHierarchy(failing).ok());
}

}  // namespace
}  // namespace parallax::calibration
