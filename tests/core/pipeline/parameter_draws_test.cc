#include "core/pipeline/parameter_draws.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using testing::Assumptions;
using testing::TwoHeater;

constexpr int kDraws = 4000;

int Index(const std::string& name) { return twin::ParameterIndex(TwoHeater().description(), name); }

/// Mean and sd of one parameter's draws in the coordinate of its prior.
std::pair<double, double> Moments(const Eigen::MatrixXd& draws, const std::string& name) {
  const twin::Parameter& parameter =
      TwoHeater().description().parameters[static_cast<size_t>(Index(name))];
  Eigen::VectorXd z(draws.cols());
  for (Eigen::Index i = 0; i < z.size(); ++i) {
    z(i) = twin::ToCoordinate(parameter, draws(Index(name), i));
  }
  const double mean = z.mean();
  return {mean, std::sqrt((z.array() - mean).square().mean())};
}

TEST(ParameterDrawsTest, WhatWasNotCalibratedIsDrawnFromThePrior) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Eigen::MatrixXd draws,
      DrawParameters(TwoHeater().description(), Assumptions(TwoHeater()), "", {}, kDraws, 3));
  const twin::Parameter& alpha1 =
      TwoHeater().description().parameters[static_cast<size_t>(Index("alpha1"))];
  const auto [mean, sd] = Moments(draws, "alpha1");
  EXPECT_NEAR(mean, twin::ToCoordinate(alpha1, alpha1.nominal), 4.0 * sd / std::sqrt(kDraws));
  EXPECT_NEAR(sd / alpha1.prior_sd, 1.0, 0.06);
}

TEST(ParameterDrawsTest, WhatWasCalibratedIsDrawnFromItsPosteriorWithItsCorrelation) {
  calibration::ParameterSet set = Assumptions(TwoHeater());
  set.values[static_cast<size_t>(Index("U"))].calibrated = true;
  set.values[static_cast<size_t>(Index("tau"))].calibrated = true;
  const bool u_first = Index("U") < Index("tau");
  const double u_sd = 0.2, tau_sd = 0.5, rho = 0.8;
  const double first = u_first ? u_sd : tau_sd, second = u_first ? tau_sd : u_sd;
  set.covariance = Eigen::MatrixXd(2, 2);
  set.covariance << first * first, rho * first * second, rho * first * second, second * second;
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::MatrixXd draws,
                                DrawParameters(TwoHeater().description(), set, "", {}, kDraws, 3));
  const Eigen::VectorXd u = draws.row(Index("U")).array() - draws.row(Index("U")).mean();
  const Eigen::VectorXd tau = draws.row(Index("tau")).array() - draws.row(Index("tau")).mean();
  EXPECT_NEAR(std::sqrt(u.squaredNorm() / kDraws) / u_sd, 1.0, 0.06);
  EXPECT_NEAR(std::sqrt(tau.squaredNorm() / kDraws) / tau_sd, 1.0, 0.06);
  EXPECT_NEAR(u.dot(tau) / u.norm() / tau.norm(), rho, 0.03);
}

TEST(ParameterDrawsTest, WhatDiffersFromRunToRunIsDrawnAsARunsOwnValue) {
  calibration::ParameterSet set = Assumptions(TwoHeater());
  set.values[static_cast<size_t>(Index("U"))].calibrated = true;
  set.covariance = Eigen::MatrixXd::Constant(1, 1, 0.09);
  const auto draws_of = [&] {
    return DrawParameters(TwoHeater().description(), set, "", {}, kDraws, 3).value();
  };
  const Eigen::MatrixXd one_value = draws_of();
  set.values[static_cast<size_t>(Index("U"))].spread = 0.4;
  const Eigen::MatrixXd own_values = draws_of();
  const auto sd = [](const Eigen::VectorXd& u) {
    return std::sqrt((u.array() - u.mean()).square().mean());
  };
  EXPECT_NEAR(sd(one_value.row(Index("U"))) / 0.3, 1.0, 0.06);
  EXPECT_NEAR(sd(own_values.row(Index("U"))) / 0.5, 1.0, 0.06);
  EXPECT_EQ(own_values.row(Index("tau")), one_value.row(Index("tau")));
}

TEST(ParameterDrawsTest, ARunsOwnValueReplacesTheRigsAndAFixedOneBoth) {
  calibration::ParameterSet set = Assumptions(TwoHeater());
  set.values.push_back({.parameter = "U", .run = "one", .value = 7.0});
  const twin::Description& description = TwoHeater().description();
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd one,
                                ValuesForRun(description, set, "one", {}));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd other,
                                ValuesForRun(description, set, "two", {}));
  EXPECT_EQ(one(Index("U")), 7.0);
  EXPECT_EQ(other(Index("U")), description.parameters[static_cast<size_t>(Index("U"))].nominal);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::MatrixXd draws,
                                DrawParameters(description, set, "one", {{"U", 8.0}}, 10, 1));
  EXPECT_TRUE((draws.row(Index("U")).array() == 8.0).all());
}

TEST(ParameterDrawsTest, DrawsStayInsideTheBoundsAndRepeat) {
  const twin::Description& description = TwoHeater().description();
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Eigen::MatrixXd draws,
      DrawParameters(description, Assumptions(TwoHeater()), "", {}, kDraws, 5));
  for (size_t p = 0; p < description.parameters.size(); ++p) {
    const auto row = draws.row(static_cast<Eigen::Index>(p));
    EXPECT_GE(row.minCoeff(), description.parameters[p].lower);
    EXPECT_LE(row.maxCoeff(), description.parameters[p].upper);
  }
  PARALLAX_ASSERT_OK_AND_ASSIGN(
      const Eigen::MatrixXd fewer,
      DrawParameters(description, Assumptions(TwoHeater()), "", {}, 7, 5));
  EXPECT_EQ(fewer, draws.leftCols(7)) << "draw i depends on the seed and on i alone";
}

TEST(ParameterDrawsTest, ACovarianceThatCannotBeIsRefused) {
  calibration::ParameterSet set = Assumptions(TwoHeater());
  set.values[0].calibrated = true;
  set.covariance = Eigen::MatrixXd::Identity(2, 2);
  const twin::Description& description = TwoHeater().description();
  EXPECT_EQ(DrawParameters(description, set, "", {}, 2, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  set.covariance = Eigen::MatrixXd::Constant(1, 1, -1.0);
  EXPECT_EQ(DrawParameters(description, set, "", {}, 2, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace parallax::pipeline
