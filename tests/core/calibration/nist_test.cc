#include <gtest/gtest.h>

#include <cmath>

#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "tests/core/calibration/nist_models.h"

namespace parallax::calibration {
namespace {

/// NIST's log relative error: decimal digits that agree, the least over parameters.
double Digits(const Eigen::VectorXd& value, const Eigen::VectorXd& certified) {
  const double error = ((value - certified).array() / certified.array()).abs().maxCoeff();
  return error > 0.0 ? -std::log10(error) : 16.0;
}

const LeastSquaresOptions kPrecise = {.max_iterations = 5000,
                                      .max_evaluations = 20000,
                                      .function_tolerance = 1e-17,
                                      .gradient_tolerance = 1e-17,
                                      .parameter_tolerance = 1e-14};

class Nist : public ::testing::TestWithParam<std::string> {};

void ExpectCertified(const NistCase& data, const Eigen::VectorXd& start) {
  const LeastSquaresProblem problem = NistProblem(data);
  const absl::StatusOr<MultiStartResult> attempts =
      MinimizeFromManyStarts(problem, start, start, start, {.starts = 1, .solver = kPrecise});
  ASSERT_TRUE(attempts.ok()) << attempts.status().ToString();
  const FitResult* fit = &attempts->best;
  EXPECT_GE(Digits(fit->x, data.certified), 6.0) << fit->x.transpose();
  EXPECT_NEAR(2.0 * fit->cost / data.residual_sum_of_squares, 1.0, 1e-8);
  const absl::StatusOr<Eigen::MatrixXd> covariance = CovarianceFromJacobian(fit->jacobian);
  ASSERT_TRUE(covariance.ok()) << covariance.status().ToString();
  const double variance = 2.0 * fit->cost / static_cast<double>(data.y.size() - problem.parameters);
  const Eigen::VectorXd sd = (variance * covariance->diagonal()).cwiseSqrt();
  EXPECT_GE(Digits(sd, data.certified_sd), 4.0) << sd.transpose();
}

TEST_P(Nist, FirstStartReachesTheCertifiedValues) {
  const NistCase data = ReadNist(GetParam());
  ExpectCertified(data, data.start1);
}

TEST_P(Nist, SecondStartReachesTheCertifiedValues) {
  const NistCase data = ReadNist(GetParam());
  ExpectCertified(data, data.start2);
}

// One of 28: from (1, 1) the first step, nearly Gauss–Newton's, lands where exp(−b2 x) is flat.
TEST(NistBoxBod, FirstStartNeedsTheCautiousAttempt) {
  const NistCase data = ReadNist("BoxBOD");
  const LeastSquaresProblem problem = NistProblem(data);
  const absl::StatusOr<FitResult> bold = MinimizeLeastSquares(problem, data.start1, kPrecise);
  ASSERT_TRUE(bold.ok());
  EXPECT_LT(Digits(bold->x, data.certified), 0.0);
  const absl::StatusOr<MultiStartResult> both = MinimizeFromManyStarts(
      problem, data.start1, data.start1, data.start1, {.starts = 1, .solver = kPrecise});
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->best_start, 1);
  EXPECT_GE(Digits(both->best.x, data.certified), 6.0);
}

INSTANTIATE_TEST_SUITE_P(Sets, Nist, ::testing::ValuesIn(NistNames()),
                         [](const auto& set) { return set.param; });

}  // namespace
}  // namespace parallax::calibration
