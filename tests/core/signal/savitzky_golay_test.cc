#include "core/signal/savitzky_golay.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace parallax::signal {
namespace {

using ::parallax::testing::StatusIs;

// Savitzky and Golay (1964), table I.
TEST(SavitzkyGolay, GivesThePublishedWeights) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd five, SavitzkyGolay(5, 2));
  Eigen::VectorXd expected(5);
  expected << -3, 12, 17, 12, -3;
  EXPECT_LT((five - expected / 35.0).cwiseAbs().maxCoeff(), 1e-14);
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd seven, SavitzkyGolay(7, 2));
  Eigen::VectorXd expected_seven(7);
  expected_seven << -2, 3, 6, 7, 6, 3, -2;
  EXPECT_LT((seven - expected_seven / 21.0).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(SavitzkyGolay, ReproducesPolynomialsOfItsDegree) {
  for (int degree = 0; degree <= 4; ++degree) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const Eigen::VectorXd weights, SavitzkyGolay(11, degree));
    double value = 0.0;
    for (int i = 0; i < 11; ++i) value += weights(i) * std::pow(i - 5 + 2.0, degree);
    EXPECT_NEAR(value, std::pow(2.0, degree), 1e-10) << degree;
  }
}

TEST(SavitzkyGolay, RefusesAnEvenWindowAndADegreeTooHigh) {
  EXPECT_THAT(SavitzkyGolay(4, 2), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SavitzkyGolay(5, 5), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(SavitzkyGolay(-1, 0), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace parallax::signal
