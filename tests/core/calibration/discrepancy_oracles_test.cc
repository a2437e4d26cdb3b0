// Model discrepancy is part of every fit: without it a wrong model gives a confident wrong answer.
// Two data sets whose parameter is known and whose model is wrong on purpose.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <vector>

#include "core/base/random.h"
#include "core/calibration/discrepancy.h"
#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"

namespace parallax::calibration {
namespace {

struct Estimate {
  double value, sd, mean_z2;
  double low() const { return value - 1.645 * sd; }
  double high() const { return value + 1.645 * sd; }
};

/// Fits one parameter to whitened rows y − f(θ).
template <typename F, typename D>
Estimate Fit(const Eigen::VectorXd& y, const DiscrepancyWhitener& whitener, double start,
             const F& model, const D& derivative) {
  LeastSquaresProblem problem;
  problem.parameters = 1;
  problem.evaluate = [&](const Eigen::VectorXd& theta, Eigen::VectorXd* residuals,
                         Eigen::MatrixXd* jacobian) {
    const Eigen::VectorXd difference = y - model(theta(0));
    *residuals = whitener.Whiten(difference);
    const Eigen::VectorXd slope = -derivative(theta(0));
    if (jacobian != nullptr) *jacobian = whitener.Whiten(slope);
    return true;
  };
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::VectorXd::Constant(1, start));
  const Eigen::MatrixXd covariance = *CovarianceFromJacobian(fit.jacobian);
  return {fit.x(0), std::sqrt(covariance(0, 0)),
          fit.residuals.squaredNorm() / static_cast<double>(y.size())};
}

/// Strengths and ranges of a discrepancy, each over a factor of three to five: a prior whose
/// verdict depended on them would not be worth much.
std::vector<OuDiscrepancy> Strengths(double least_range, double most_range) {
  std::vector<OuDiscrepancy> strengths;
  for (const double sd : {0.03, 0.05, 0.1}) {
    for (const double range : {least_range, 0.5 * (least_range + most_range), most_range}) {
      strengths.push_back({.sd = sd, .tau_s = range});
    }
  }
  return strengths;
}

/// Truth .65 x/(1 + x/20) seen with noise sd .01; the model says θ x.
struct SimpleMachine {
  Eigen::VectorXd x, y;
  explicit SimpleMachine(int n)
      : x(Eigen::VectorXd::LinSpaced(n, 0.2, 4.0)),
        y((0.65 * x.array() / (1.0 + x.array() / 20.0)).matrix()) {}

  Estimate Fit(const DiscrepancyPrior& prior) const {
    const DiscrepancyWhitener whitener =
        *DiscrepancyWhitener::Create(x, Eigen::VectorXd::Constant(x.size(), 0.01), prior);
    return calibration::Fit(
        y, whitener, 1.0, [&](double theta) { return Eigen::VectorXd(theta * x); },
        [&](double) { return x; });
  }
  /// Discrepancy x² u(x), u Ornstein–Uhlenbeck: it and its slope vanish at x = 0, where the machine
  /// has no losses; that is what is known of it beforehand.
  Estimate WithLosses(const OuDiscrepancy& strength) const {
    return Fit({.wandering = strength, .envelope = x.array().square()});
  }
};

TEST(SimpleMachine, NaiveFitIsConfidentlyWrongAndMoreDataMakeItSurer) {
  const Estimate small = SimpleMachine(11).Fit({}), large = SimpleMachine(61).Fit({});
  EXPECT_NEAR(small.value, 0.5626, 5e-5);
  EXPECT_NEAR(SimpleMachine(31).Fit({}).value, 0.5647, 5e-5);
  EXPECT_NEAR(large.value, 0.5653, 5e-5);
  EXPECT_LT(large.sd, small.sd);
  EXPECT_LT(large.high(), 0.65);
}

TEST(SimpleMachine, NaiveFitRaisesTheMisfitThatTheVerdictLooksAt) {
  for (int n : {11, 31, 61}) EXPECT_GT(SimpleMachine(n).Fit({}).mean_z2, 2.5) << n;
}

TEST(SimpleMachine, IntervalWithLossesContainsTheTruthAtEverySizeAndStrength) {
  for (const int n : {11, 31, 61}) {
    for (const OuDiscrepancy& strength : Strengths(5.0, 20.0)) {
      const Estimate estimate = SimpleMachine(n).WithLosses(strength);
      EXPECT_LT(estimate.low(), 0.65) << n << " " << strength.sd << " " << strength.tau_s;
      EXPECT_GT(estimate.high(), 0.65) << n << " " << strength.sd << " " << strength.tau_s;
      EXPECT_LT(estimate.sd, 0.05) << n;  // and still says something
      EXPECT_LT(estimate.mean_z2, 2.5) << n;
    }
  }
}

TEST(SimpleMachine, NinetyPerCentIntervalsCoverTheTruthOverNoise) {
  int covered = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimpleMachine machine(31);
    base::Random random(seed, 0);
    for (double& y : machine.y) y += 0.01 * random.Normal();
    const Estimate estimate = machine.WithLosses({.sd = 0.05, .tau_s = 10.0});
    covered += estimate.low() < 0.65 && estimate.high() > 0.65 ? 1 : 0;
  }
  EXPECT_GE(covered, 180);
}

// A discrepancy of which nothing is known takes the misfit's alarm away and leaves the wrong
// answer.
TEST(SimpleMachine, DiscrepancyWithoutStructureIsWrongAndSilent) {
  for (const int n : {11, 31, 61}) {
    const Estimate estimate = SimpleMachine(n).Fit({.wandering = {.sd = 0.05, .tau_s = 10.0}});
    EXPECT_LT(estimate.high(), 0.6) << n;
    EXPECT_LT(estimate.mean_z2, 2.5) << n;
  }
}

/// Fall time √(2h/g) against measured times, ordered by height.
struct BallDrop {
  Eigen::VectorXd height_m, time_s;
  BallDrop() {
    std::ifstream file(PARALLAX_TEST_DATA "/ball_drop/ball.csv");
    std::vector<std::pair<double, double>> rows;
    char comma = 0;
    for (double h = 0, t = 0; file >> h >> comma >> t;) rows.emplace_back(h, t);
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    height_m.resize(static_cast<Eigen::Index>(rows.size()));
    time_s.resize(height_m.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      height_m(static_cast<Eigen::Index>(i)) = rows[i].first;
      time_s(static_cast<Eigen::Index>(i)) = rows[i].second;
    }
  }
  Estimate Fit(double noise_s, const DiscrepancyPrior& prior) const {
    const Eigen::VectorXd noise = Eigen::VectorXd::Constant(height_m.size(), noise_s);
    const DiscrepancyWhitener whitener = *DiscrepancyWhitener::Create(height_m, noise, prior);
    return calibration::Fit(
        time_s, whitener, 9.0,
        [&](double g) { return Eigen::VectorXd((2.0 * height_m / g).cwiseSqrt()); },
        [&](double g) { return Eigen::VectorXd(-0.5 / g * (2.0 * height_m / g).cwiseSqrt()); });
  }
};

TEST(BallDrop, NaiveLeastSquaresMissesGravity) {
  const BallDrop ball;
  ASSERT_EQ(ball.time_s.size(), 63);
  const Estimate unit = ball.Fit(1.0, {});
  const double noise_s = std::sqrt(unit.mean_z2 * 63.0 / 62.0);
  const Estimate naive = ball.Fit(noise_s, {});
  EXPECT_NEAR(naive.value, 8.15, 0.005);
  EXPECT_NEAR(naive.sd, 0.22, 0.005);
  EXPECT_LT(naive.high(), 9.81);
}

TEST(BallDrop, IntervalWithDragAsDiscrepancyContainsGravityAtEveryStrength) {
  const BallDrop ball;
  // Drag grows with the fall: discrepancy h·u(h), u in s/m; replicates give the noise, 0.08 s.
  for (const OuDiscrepancy& strength : Strengths(2.0, 10.0)) {
    const Estimate estimate = ball.Fit(0.08, {.wandering = strength, .envelope = ball.height_m});
    EXPECT_LT(estimate.low(), 9.81) << strength.sd << " " << strength.tau_s;
    EXPECT_GT(estimate.high(), 9.81) << strength.sd << " " << strength.tau_s;
    EXPECT_LT(estimate.mean_z2, 2.5);
  }
}

}  // namespace
}  // namespace parallax::calibration
