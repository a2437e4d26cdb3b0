#include "core/calibration/identifiability.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace parallax::calibration {
namespace {

using ::testing::ElementsAre;

Posterior PosteriorOf(const Eigen::MatrixXd& data, const Eigen::VectorXd& prior_sd) {
  Eigen::MatrixXd stacked(data.rows() + data.cols(), data.cols());
  stacked << data, Eigen::MatrixXd(prior_sd.cwiseInverse().asDiagonal());
  return *LaplacePosterior(Eigen::VectorXd::Zero(data.cols()), stacked, prior_sd);
}

Eigen::MatrixXd Noise(int rows, int cols, uint64_t seed) {
  base::Random random(seed, 0);
  Eigen::MatrixXd matrix(rows, cols);
  for (int j = 0; j < cols; ++j) {
    for (int i = 0; i < rows; ++i) matrix(i, j) = random.Normal();
  }
  return matrix;
}

TEST(Collinearity, OfTwoColumnsIsOneOverRootOneMinusCosine) {
  for (double degrees : {90.0, 60.0, 10.0, 1.0}) {
    const double angle = degrees * M_PI / 180.0;
    Eigen::MatrixXd columns(2, 2);
    columns << 1.0, 5.0 * std::cos(angle), 0.0, 5.0 * std::sin(angle);
    EXPECT_NEAR(CollinearityIndex(columns) * std::sqrt(1.0 - std::cos(angle)), 1.0, 1e-9)
        << degrees;
  }
}

TEST(Collinearity, OfOrthogonalColumnsIsOneAndOfDependentOnesInfinite) {
  EXPECT_NEAR(CollinearityIndex(Eigen::MatrixXd::Identity(5, 3)), 1.0, 1e-12);
  Eigen::MatrixXd twice(3, 2);
  twice << 1, 2, 1, 2, 0, 0;
  EXPECT_GT(CollinearityIndex(twice), 1e7);
  EXPECT_TRUE(std::isinf(CollinearityIndex(Eigen::MatrixXd::Zero(3, 2))));
}

TEST(Identifiability, FindsAPairAndLeavesTheRestAlone) {
  Eigen::MatrixXd data = Noise(60, 4, 1);
  data.col(2) = -3.0 * data.col(0) + 0.1 * data.col(2);
  const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(4);
  const absl::StatusOr<Identifiability> result = AnalyzeIdentifiability(
      data, prior_sd, PosteriorOf(data, prior_sd), {"U", "tau", "eps", "alpha"});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->clusters.size(), 1u);
  EXPECT_THAT(result->clusters[0].parameters, ElementsAre(0, 2));
  EXPECT_GE(result->clusters[0].gamma, 7.0);
  EXPECT_THAT(result->cluster_of, ElementsAre(0, -1, 0, -1));
  // The prior holds U alone: nine tenths of the ridge run along it.
  ASSERT_EQ(result->unidentifiable.size(), 1u);
  EXPECT_THAT(result->unidentifiable[0].because, ::testing::HasSubstr("taken over by eps"));
}

TEST(Identifiability, PairThatTheDataTellApartIsNoCluster) {
  Eigen::MatrixXd data = 100.0 * Noise(60, 3, 1);
  data.col(2) = -3.0 * data.col(0) + 0.1 * data.col(2);
  const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(3);
  const absl::StatusOr<Identifiability> result =
      AnalyzeIdentifiability(data, prior_sd, PosteriorOf(data, prior_sd), {"U", "tau", "eps"});
  ASSERT_TRUE(result.ok());
  EXPECT_GE(result->pair_gamma(0, 2), 7.0);
  EXPECT_TRUE(result->clusters.empty());
}

TEST(Identifiability, FindsATripleThatNoPairShows) {
  Eigen::MatrixXd data = Noise(80, 5, 2);
  data.col(4) = data.col(1) + data.col(3) + 0.02 * data.col(4);
  const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(5);
  const absl::StatusOr<Identifiability> result = AnalyzeIdentifiability(
      data, prior_sd, PosteriorOf(data, prior_sd), {"a", "b", "c", "d", "e"});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->clusters.size(), 1u);
  EXPECT_THAT(result->clusters[0].parameters, ElementsAre(1, 3, 4));
  EXPECT_LT(result->pair_gamma(1, 4), 7.0);
  ASSERT_EQ(result->minimal.size(), 1u);
}

TEST(Identifiability, MergesPairsThatShareAParameter) {
  Eigen::MatrixXd data = Noise(60, 4, 3);
  data.col(1) = data.col(0) + 0.05 * data.col(1);
  data.col(3) = data.col(0) + 0.05 * data.col(3);
  const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(4);
  const absl::StatusOr<Identifiability> result = AnalyzeIdentifiability(
      data, prior_sd, PosteriorOf(data, prior_sd), {"U", "eps", "tau", "Ta_offset"});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->clusters.size(), 1u);
  EXPECT_THAT(result->clusters[0].parameters, ElementsAre(0, 1, 3));
}

TEST(Identifiability, NamesAParameterThatNothingMoves) {
  Eigen::MatrixXd data = Noise(40, 3, 4);
  data.col(1).setZero();
  const Eigen::Vector3d prior_sd(0.4, 0.4, 2.0);
  const absl::StatusOr<Identifiability> result =
      AnalyzeIdentifiability(data, prior_sd, PosteriorOf(data, prior_sd), {"U", "alpha2", "tau"});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->unidentifiable.size(), 1u);
  EXPECT_EQ(result->unidentifiable[0].parameter, 1);
  EXPECT_NEAR(result->unidentifiable[0].contraction, 0.0, 1e-12);
  EXPECT_EQ(result->unidentifiable[0].because, "alpha2 has no effect on any reading of these runs");
  EXPECT_TRUE(result->clusters.empty());
}

TEST(Identifiability, SensitivityCountsSdsOfTheReadingsPerPriorSd) {
  const Eigen::MatrixXd data = Eigen::MatrixXd::Ones(25, 1) * 2.0;
  const Eigen::VectorXd prior_sd = Eigen::VectorXd::Constant(1, 0.3);
  const absl::StatusOr<Identifiability> result =
      AnalyzeIdentifiability(data, prior_sd, PosteriorOf(data, prior_sd), {"U"});
  ASSERT_TRUE(result.ok());
  EXPECT_NEAR(result->sensitivity(0), 3.0, 1e-12);
  EXPECT_NEAR(result->singular_values(0), 3.0, 1e-12);
}

TEST(Identifiability, RejectsShapesThatDiffer) {
  const Eigen::MatrixXd data = Noise(10, 2, 0);
  const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(2);
  EXPECT_FALSE(AnalyzeIdentifiability(data, prior_sd, PosteriorOf(data, prior_sd), {"a"}).ok());
  EXPECT_FALSE(AnalyzeIdentifiability(data, Eigen::VectorXd::Zero(2), PosteriorOf(data, prior_sd),
                                      {"a", "b"})
                   .ok());
}

}  // namespace
}  // namespace parallax::calibration
