#include "core/signal/kalman.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "tests/support/status_matchers.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::StatusIs;

StateVector LevelOf(int states) {
  StateVector h = StateVector::Zero(states);
  h(0) = 1.0;
  return h;
}

std::vector<double> ReadNile() {
  std::ifstream file(PARALLAX_TEST_DATA "/series/nile.csv");
  std::string line;
  std::getline(file, line);
  std::vector<double> flow;
  while (std::getline(file, line)) flow.push_back(std::stod(line.substr(line.find(',') + 1)));
  return flow;
}

StateSpace NileModel(double observation_variance, double level_variance) {
  StateSpace model{.h = LevelOf(1)};
  for (const double flow : ReadNile()) {
    model.transitions.push_back(LocalLevel(level_variance, 1.0));
    model.readings.push_back({flow, observation_variance});
  }
  return model;
}

// Durbin and Koopman (2012), 2.2.5 and table 2.1.
TEST(Kalman, NileLogLikelihoodAtItsMaximum) {
  ASSERT_EQ(ReadNile().size(), 100u);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const double log_likelihood,
                                LogLikelihood(NileModel(15098.516, 1469.177)));
  EXPECT_NEAR(log_likelihood, -632.545625, 1e-6);
}

TEST(Kalman, NileMaximumIsWhereThePublishedOneIs) {
  const auto at = [](double observation, double level) {
    return LogLikelihood(NileModel(observation, level)).value();
  };
  const double peak = at(15098.516, 1469.177);
  EXPECT_GT(peak, at(15250.0, 1469.177));
  EXPECT_GT(peak, at(14950.0, 1469.177));
  EXPECT_GT(peak, at(15098.516, 1500.0));
  EXPECT_GT(peak, at(15098.516, 1440.0));
}

TEST(Kalman, NileFilteredAndSmoothedLevels) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Smoothed nile, Smooth(NileModel(15099.0, 1469.1)));
  EXPECT_NEAR(nile.filtered_mean.back()(0), 798.37029, 5e-6);
  EXPECT_NEAR(nile.filtered_covariance.back()(0, 0), 4032.15794, 5e-6);
  EXPECT_NEAR(nile.mean.front()(0), 1111.66832, 5e-6);
  EXPECT_NEAR(nile.mean[1899 - 1871](0), 950.93009, 5e-6);
  EXPECT_NEAR(nile.covariance[1899 - 1871](0, 0), 2326.75692, 5e-6);
}

TEST(Kalman, AConstantLevelIsTheMeanOfItsReadings) {
  StateSpace model{.h = LevelOf(1)};
  double sum = 0.0;
  base::Random random(1, 0);
  for (int i = 0; i < 50; ++i) {
    const double value = 300.0 + random.Normal();
    sum += value;
    model.transitions.push_back(LocalLevel(0.0, 1.0));
    model.readings.push_back({value, 4.0});
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Smoothed out, Smooth(model));
  EXPECT_NEAR(out.mean.front()(0), sum / 50.0, 1e-10);
  EXPECT_NEAR(out.covariance[20](0, 0), 4.0 / 50.0, 1e-12);
}

/// Straight line a + b t at irregular times, noise sd 0.5.
StateSpace LineModel(uint64_t seed, std::vector<double>* time_s) {
  base::Random random(seed, 0);
  StateSpace model{.h = LevelOf(2)};
  double t = 0.0;
  for (int i = 0; i < 40; ++i) {
    const double step_s = 0.2 + 2.0 * random.Uniform();
    t += step_s;
    time_s->push_back(t);
    model.transitions.push_back(LocalLinearTrend(0.0, 0.0, step_s));
    model.readings.push_back({20.0 + 0.3 * t + 0.5 * random.Normal(), 0.25});
  }
  return model;
}

class KalmanSeeds : public ::testing::TestWithParam<int> {};

TEST_P(KalmanSeeds, ATrendWithoutNoiseOfItsOwnIsTheLeastSquaresLine) {
  std::vector<double> time_s;
  const StateSpace model = LineModel(static_cast<uint64_t>(GetParam()), &time_s);
  Eigen::MatrixXd basis(40, 2);
  Eigen::VectorXd values(40);
  for (int i = 0; i < 40; ++i) {
    basis.row(i) << 1.0, time_s[static_cast<size_t>(i)];
    values(i) = model.readings[static_cast<size_t>(i)].value;
  }
  const Eigen::VectorXd line = basis.colPivHouseholderQr().solve(values);
  const Eigen::MatrixXd covariance =
      0.25 * (basis.transpose() * basis).ldlt().solve(Eigen::MatrixXd::Identity(2, 2));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Smoothed out, Smooth(model));
  for (const int i : {0, 1, 20, 39}) {
    const auto k = static_cast<size_t>(i);
    EXPECT_NEAR(out.mean[k](0), basis.row(i).dot(line), 1e-5);
    EXPECT_NEAR(out.mean[k](1), line(1), 1e-5);
    EXPECT_NEAR(out.covariance[k](0, 0), basis.row(i) * covariance * basis.row(i).transpose(),
                1e-5);
  }
}

TEST_P(KalmanSeeds, AMissingRowIsTheSameAsALongerStep) {
  std::vector<double> time_s;
  StateSpace model = LineModel(static_cast<uint64_t>(GetParam()), &time_s);
  for (size_t k = 1; k < 40; ++k) {
    model.transitions[k] = LocalLinearTrend(0.1, 0.02, time_s[k] - time_s[k - 1]);
  }
  StateSpace split = model;
  const double half_s = 0.5 * (time_s[20] - time_s[19]);
  split.transitions[20] = LocalLinearTrend(0.1, 0.02, half_s);
  split.transitions.insert(split.transitions.begin() + 20, LocalLinearTrend(0.1, 0.02, half_s));
  split.readings.insert(split.readings.begin() + 20, {0.0, 1e14});
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Smoothed whole, Smooth(model));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Smoothed halved, Smooth(split));
  EXPECT_NEAR(whole.mean[20](0), halved.mean[21](0), 1e-6);
  EXPECT_NEAR(whole.covariance[10](0, 0), halved.covariance[10](0, 0), 1e-6);
}

TEST_P(KalmanSeeds, NisHasMeanOneWhereTheModelIsRight) {
  base::Random random(static_cast<uint64_t>(GetParam()), 1);
  PARALLAX_ASSERT_OK_AND_ASSIGN(KalmanFilter filter, KalmanFilter::Diffuse(LevelOf(1)));
  double level = 0.0, sum = 0.0;
  constexpr int kSteps = 2000;
  for (int i = 0; i < kSteps; ++i) {
    level += 0.3 * random.Normal();
    if (i > 0) filter.Predict(LocalLevel(0.09, 1.0));
    sum += filter.Update({level + random.Normal(), 1.0}).Nis();
  }
  EXPECT_NEAR(sum / kSteps, 1.0, 4.0 * std::sqrt(2.0 / kSteps));
}

INSTANTIATE_TEST_SUITE_P(Seeds, KalmanSeeds, ::testing::Range(0, 10));

TEST(Kalman, TheStartStaysDiffuseUntilEveryDirectionIsSeen) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(KalmanFilter filter, KalmanFilter::Diffuse(LevelOf(2)));
  EXPECT_TRUE(filter.Update({5.0, 1.0}).diffuse);
  EXPECT_TRUE(filter.IsDiffuse());
  filter.Predict(LocalLinearTrend(0.0, 0.0, 2.0));
  EXPECT_TRUE(filter.Update({9.0, 1.0}).diffuse);
  EXPECT_FALSE(filter.IsDiffuse());
  EXPECT_NEAR(filter.mean()(1), 2.0, 1e-12);
  EXPECT_NEAR(filter.covariance()(1, 1), 2.0 / 4.0, 1e-12);
}

TEST(Kalman, AnOutlierIsWeightedDownAndMovesTheLevelLess) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(KalmanFilter plain, KalmanFilter::Diffuse(LevelOf(1)));
  for (int i = 0; i < 20; ++i) {
    if (i > 0) plain.Predict(LocalLevel(0.1, 1.0));
    plain.Update({300.0, 1.0});
  }
  KalmanFilter robust = plain;
  EXPECT_EQ(plain.Update({400.0, 1.0}).weight, 1.0);
  const Innovation innovation = robust.Update({400.0, 1.0}, 3.0);
  EXPECT_LT(innovation.weight, 0.05);
  EXPECT_LT(robust.Level() - 300.0, 0.1 * (plain.Level() - 300.0));
  EXPECT_GT(robust.LevelVariance(), plain.LevelVariance());
}

TEST(Kalman, RefusesSizesAndVariancesThatDoNotFit) {
  EXPECT_THAT(KalmanFilter::Diffuse(StateVector()), StatusIs(absl::StatusCode::kInvalidArgument));
  StateSpace model = NileModel(15099.0, 1469.1);
  model.readings[3].variance = 0.0;
  EXPECT_THAT(Smooth(model), StatusIs(absl::StatusCode::kInvalidArgument));
  model.readings[3] = {std::numeric_limits<double>::quiet_NaN(), 1.0};
  EXPECT_THAT(LogLikelihood(model), StatusIs(absl::StatusCode::kInvalidArgument));
  model = NileModel(15099.0, 1469.1);
  model.transitions[5] = LocalLinearTrend(0.0, 1.0, 1.0);
  EXPECT_THAT(Smooth(model), StatusIs(absl::StatusCode::kInvalidArgument));
  model.transitions.pop_back();
  EXPECT_THAT(Smooth(model), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::signal
