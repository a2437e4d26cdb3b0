// Model discrepancy is part of every fit: without it a wrong model gives a confident wrong answer.
// Two data sets whose parameter is known and whose model is wrong on purpose.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <vector>

#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "core/calibration/noise_model.h"

namespace parallax::calibration {
namespace {

struct Estimate {
  double value, sd, mean_z2;
  double low() const { return value - 1.645 * sd; }
  double high() const { return value + 1.645 * sd; }
};

/// Fits one parameter to whitened rows `scale ∘ (y − f(θ))`.
template <typename F, typename D>
Estimate Fit(const Eigen::VectorXd& y, const Eigen::VectorXd& scale, const OuWhitener& whitener,
             double start, const F& model, const D& derivative) {
  LeastSquaresProblem problem;
  problem.parameters = 1;
  problem.evaluate = [&](const Eigen::VectorXd& theta, Eigen::VectorXd* residuals,
                         Eigen::MatrixXd* jacobian) {
    const Eigen::VectorXd difference = scale.cwiseProduct(y - model(theta(0)));
    *residuals = whitener.Whiten(difference);
    const Eigen::VectorXd slope = -scale.cwiseProduct(derivative(theta(0)));
    if (jacobian != nullptr) *jacobian = whitener.Whiten(slope);
    return true;
  };
  const FitResult fit = *MinimizeLeastSquares(problem, Eigen::VectorXd::Constant(1, start));
  const Eigen::MatrixXd covariance = *CovarianceFromJacobian(fit.jacobian);
  return {fit.x(0), std::sqrt(covariance(0, 0)), fit.residuals.squaredNorm() / y.size()};
}

/// Truth .65 x/(1 + x/20) seen with noise sd .01; the model says θ x.
struct SimpleMachine {
  Eigen::VectorXd x, y;
  explicit SimpleMachine(int n)
      : x(Eigen::VectorXd::LinSpaced(n, 0.2, 4.0)),
        y((0.65 * x.array() / (1.0 + x.array() / 20.0)).matrix()) {}

  Estimate Fit(const Eigen::VectorXd& scale, const OuDiscrepancy& discrepancy) const {
    const OuWhitener whitener = *OuWhitener::Create(x, 0.01 * scale, discrepancy);
    return calibration::Fit(
        y, scale, whitener, 1.0, [&](double theta) { return Eigen::VectorXd(theta * x); },
        [&](double) { return x; });
  }
  Estimate Naive() const { return Fit(Eigen::VectorXd::Ones(x.size()), {}); }
  /// Discrepancy x² u(x), u Ornstein–Uhlenbeck: it and its slope vanish at x = 0, where the machine
  /// has no losses; that is what is known of it beforehand.
  Estimate WithDiscrepancy() const {
    return Fit(x.array().square().inverse().matrix(), {.sd = 0.05, .tau_s = 10.0});
  }
};

TEST(SimpleMachine, NaiveFitIsConfidentlyWrongAndMoreDataMakeItSurer) {
  const Estimate small = SimpleMachine(11).Naive(), large = SimpleMachine(61).Naive();
  EXPECT_NEAR(small.value, 0.5626, 5e-5);
  EXPECT_NEAR(SimpleMachine(31).Naive().value, 0.5647, 5e-5);
  EXPECT_NEAR(large.value, 0.5653, 5e-5);
  EXPECT_LT(large.sd, small.sd);
  EXPECT_LT(large.high(), 0.65);
}

TEST(SimpleMachine, NaiveFitRaisesTheMisfitThatTheVerdictLooksAt) {
  for (int n : {11, 31, 61}) EXPECT_GT(SimpleMachine(n).Naive().mean_z2, 2.5) << n;
}

TEST(SimpleMachine, IntervalWithDiscrepancyContainsTheTruthAtEverySize) {
  for (int n : {11, 31, 61}) {
    const Estimate estimate = SimpleMachine(n).WithDiscrepancy();
    EXPECT_LT(estimate.low(), 0.65) << n;
    EXPECT_GT(estimate.high(), 0.65) << n;
    EXPECT_LT(estimate.sd, 0.03) << n;  // and still says something
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
  Estimate Fit(const Eigen::VectorXd& scale, double noise_s, const OuDiscrepancy& ou) const {
    const OuWhitener whitener = *OuWhitener::Create(height_m, noise_s * scale, ou);
    return calibration::Fit(
        time_s, scale, whitener, 9.0,
        [&](double g) { return Eigen::VectorXd((2.0 * height_m / g).cwiseSqrt()); },
        [&](double g) { return Eigen::VectorXd(-0.5 / g * (2.0 * height_m / g).cwiseSqrt()); });
  }
};

TEST(BallDrop, NaiveLeastSquaresMissesGravity) {
  const BallDrop ball;
  ASSERT_EQ(ball.time_s.size(), 63);
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(63);
  const Estimate unit = ball.Fit(ones, 1.0, {});
  const double noise_s = std::sqrt(unit.mean_z2 * 63.0 / 62.0);
  const Estimate naive = ball.Fit(ones, noise_s, {});
  EXPECT_NEAR(naive.value, 8.15, 0.005);
  EXPECT_NEAR(naive.sd, 0.22, 0.005);
  EXPECT_LT(naive.high(), 9.81);
}

TEST(BallDrop, IntervalWithDragAsDiscrepancyContainsGravity) {
  const BallDrop ball;
  // Drag grows with the fall: discrepancy h·u(h), u of 0.05 s/m; replicates give the noise, 0.08 s.
  const Estimate estimate =
      ball.Fit(ball.height_m.cwiseInverse(), 0.08, {.sd = 0.05, .tau_s = 5.0});
  EXPECT_LT(estimate.low(), 9.81);
  EXPECT_GT(estimate.high(), 9.81);
  EXPECT_LT(estimate.mean_z2, 2.5);
}

}  // namespace
}  // namespace parallax::calibration
