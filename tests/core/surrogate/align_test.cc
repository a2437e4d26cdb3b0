#include "core/surrogate/align.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

constexpr Eigen::Index kFeatures = 5;

Eigen::MatrixXd NormalMatrix(Eigen::Index rows, Eigen::Index columns, base::Random& random) {
  Eigen::MatrixXd m(rows, columns);
  for (double& value : m.reshaped()) value = random.Normal();
  return m;
}

/// Features J θ + nuisance: parameters move the first two features, the bench differs from the
/// simulation by a shift of the parameters (in `gap`) and by another mean and spread of the third
/// and fourth feature.
struct Bench {
  Eigen::MatrixXd sensitivity = Eigen::MatrixXd::Zero(kFeatures, 2);
  AlignmentInput input;

  explicit Bench(uint64_t seed, const Eigen::Vector2d& gap = {1.0, -0.5}, Eigen::Index runs = 400) {
    base::Random random(seed, 0);
    sensitivity(0, 0) = 3.0;
    sensitivity(1, 0) = 1.0;
    sensitivity(1, 1) = 2.0;
    input.parameters = NormalMatrix(400, 2, random);
    input.simulated = Nuisance(400, random) + input.parameters * sensitivity.transpose();
    const Eigen::MatrixXd theta = (0.2 * NormalMatrix(runs, 2, random)).rowwise() + gap.transpose();
    input.real = Nuisance(runs, random) + theta * sensitivity.transpose();
    input.real.col(2) = (2.0 * input.real.col(2)).array() + 3.0;
    input.real.col(3) = (0.5 * input.real.col(3)).array() - 1.0;
    input.sensitivities = {sensitivity};
  }

  static Eigen::MatrixXd Nuisance(Eigen::Index runs, base::Random& random) {
    return NormalMatrix(runs, kFeatures, random);
  }
};

AlignmentOptions Everything() { return {.explained_share = 1.0}; }

TEST(Align, NuisanceTakesMeanAndCovarianceOfTheBench) {
  const Bench bench(1);
  const AlignmentResult result = Align(bench.input, Everything()).value();
  EXPECT_FALSE(result.refused) << ::testing::PrintToString(result.because);
  EXPECT_EQ(result.components, 5);
  EXPECT_EQ(result.protected_directions, 2);
  const Eigen::MatrixXd aligned = result.map.Apply(bench.input.simulated);
  const auto spread = [](const Eigen::MatrixXd& m, Eigen::Index j) {
    return std::sqrt((m.col(j).array() - m.col(j).mean()).square().mean());
  };
  for (const Eigen::Index j : {2, 3, 4}) {
    EXPECT_NEAR(aligned.col(j).mean(), bench.input.real.col(j).mean(), 0.15) << j;
    EXPECT_NEAR(spread(aligned, j), spread(bench.input.real, j), 0.15) << j;
  }
}

TEST(Align, TheGapOfTheParametersStaysWhereItIs) {
  const Bench bench(2);
  const AlignmentResult result = Align(bench.input, Everything()).value();
  // The map leaves what parameters do alone, and does not take their gap for its own.
  EXPECT_LT((result.map.matrix * bench.sensitivity - bench.sensitivity).norm(), 1e-9);
  const Eigen::MatrixXd aligned = result.map.Apply(bench.input.simulated);
  const Eigen::RowVectorXd left = bench.input.real.colwise().mean() - aligned.colwise().mean();
  EXPECT_NEAR(left(0), 3.0, 0.35);
  EXPECT_NEAR(left(1), 1.0 - 1.0, 0.35);
  EXPECT_NEAR(result.information_drop, 0.0, 1e-12);
}

TEST(Align, InformationIsTheClosedForm) {
  // One parameter, of 3 noise sds in one feature of unit noise: ½ log(1 + 9).
  base::Random random(3, 0);
  AlignmentInput input;
  input.parameters = NormalMatrix(20000, 1, random);
  input.simulated = NormalMatrix(20000, 2, random);
  input.simulated.col(0) += 3.0 * input.parameters.col(0);
  input.real = NormalMatrix(10, 2, random);
  const AlignmentResult result = Align(input, Everything()).value();
  EXPECT_NEAR(result.information_before, 0.5 * std::log(10.0), 0.03);
  EXPECT_NEAR(result.information_after, result.information_before, 1e-9);
}

TEST(Align, PlainCoralErasesTheGapAndIsRefused) {
  const Bench bench(4);
  AlignmentOptions options = Everything();
  options.directions = AlignedDirections::kAll;
  const AlignmentResult result = Align(bench.input, options).value();
  const Eigen::MatrixXd aligned = result.map.Apply(bench.input.simulated);
  EXPECT_LT((bench.input.real.colwise().mean() - aligned.colwise().mean()).norm(), 1e-9);
  EXPECT_TRUE(result.refused);
  EXPECT_NEAR(result.information_drop, 1.0, 1e-12);
  EXPECT_THAT(result.because.at(0), HasSubstr("100.0 % of the information"));
}

TEST(Align, PlainCoralIsTheFormulaOfSun) {
  // Without shrinkage to speak of: covariance of the aligned = that of the target.
  const Bench bench(5, {0.0, 0.0}, 4000);
  AlignmentOptions options = Everything();
  options.directions = AlignedDirections::kAll;
  const AlignmentResult result = Align(bench.input, options).value();
  const auto covariance = [](const Eigen::MatrixXd& m) {
    const Eigen::MatrixXd c = m.rowwise() - m.colwise().mean();
    return Eigen::MatrixXd(c.transpose() * c / static_cast<double>(m.rows()));
  };
  const Eigen::MatrixXd target = covariance(bench.input.real);
  EXPECT_LT((covariance(result.map.Apply(bench.input.simulated)) - target).norm(),
            0.05 * target.norm());
  EXPECT_LT(result.shrinkage_simulated, 0.02);
}

TEST(Align, WeakDirectionsThatAreNotProtectedCountAsLost) {
  Bench bench(6);
  AlignmentOptions options = Everything();
  options.rank_tolerance = 0.9;
  const AlignmentResult result = Align(bench.input, options).value();
  EXPECT_EQ(result.protected_directions, 1);
  EXPECT_TRUE(result.refused);
  EXPECT_GT(result.information_drop, 0.05);
  // The same loss is accepted by who accepts it.
  options.most_information_drop = 0.9;
  EXPECT_FALSE(Align(bench.input, options)->refused);
}

TEST(Align, SeveralSensitivitiesProtectTheSpanOfAll) {
  Bench bench(7);
  Eigen::MatrixXd elsewhere = bench.sensitivity;
  elsewhere(4, 1) = 1.0;
  bench.input.sensitivities.push_back(elsewhere);
  const AlignmentResult result = Align(bench.input, Everything()).value();
  EXPECT_EQ(result.protected_directions, 3);
  EXPECT_NEAR(result.information_drop, 0.0, 1e-12);
  EXPECT_LT((result.map.matrix * elsewhere - elsewhere).norm(), 1e-9);
}

TEST(Align, WithoutSensitivitiesTheRegressionServes) {
  Bench bench(8);
  const AlignmentResult given = Align(bench.input, Everything()).value();
  bench.input.sensitivities.clear();
  const AlignmentResult fitted = Align(bench.input, Everything()).value();
  EXPECT_EQ(fitted.protected_directions, 2);
  EXPECT_NEAR(fitted.information_before, given.information_before, 0.05 * given.information_before);
}

TEST(Align, FewRealRunsAreShrunkAndUnitsDoNotMatter) {
  const Bench bench(9, {1.0, -0.5}, 5);
  const AlignmentResult result = Align(bench.input).value();
  EXPECT_GT(result.shrinkage_real, 0.1);
  AlignmentInput scaled = bench.input;
  const Eigen::VectorXd unit = (Eigen::VectorXd(5) << 1e3, 1.0, 1e-6, 1.0, 7.0).finished();
  scaled.simulated = scaled.simulated * unit.asDiagonal();
  scaled.real = scaled.real * unit.asDiagonal();
  scaled.sensitivities[0] = unit.asDiagonal() * scaled.sensitivities[0];
  const AlignmentResult other = Align(scaled).value();
  EXPECT_NEAR(result.information_before, other.information_before, 1e-8);
  EXPECT_LT((other.map.Apply(scaled.simulated) * unit.cwiseInverse().asDiagonal() -
             result.map.Apply(bench.input.simulated))
                .cwiseAbs()
                .maxCoeff(),
            1e-8);
}

TEST(Align, WorseHeldOutErrorRefusesAndBetterDoesNot) {
  const Bench bench(10);
  int calls = 0;
  const auto errors = [&](double second) {
    return [&calls, second](const Eigen::MatrixXd&) -> absl::StatusOr<Eigen::VectorXd> {
      return Eigen::VectorXd(Eigen::Vector2d(1.0, ++calls % 2 == 1 ? 2.0 : second));
    };
  };
  const AlignmentResult worse = Align(bench.input, Everything(), errors(2.5)).value();
  EXPECT_TRUE(worse.refused);
  EXPECT_THAT(worse.because.at(0), HasSubstr("2 held-out runs grows from 1.5 to 1.75"));
  EXPECT_EQ(worse.errors_after, Eigen::Vector2d(1.0, 2.5));
  EXPECT_FALSE(Align(bench.input, Everything(), errors(1.0))->refused);
}

TEST(Align, MapShowsTheGapAndWhatIsLeftOfIt) {
  const Bench bench(11, {0.0, 0.0});
  const LatentMap latent = Align(bench.input, Everything())->latent;
  EXPECT_EQ(latent.simulated.rows(), 400);
  EXPECT_EQ(latent.aligned.cols(), 2);
  EXPECT_GE(latent.explained(0), latent.explained(1));
  EXPECT_GT(latent.explained(1), 0.0);
  EXPECT_LE(latent.explained.sum(), 1.0 + 1e-12);
  const Eigen::RowVector2d real = latent.real.colwise().mean();
  EXPECT_LT((latent.aligned.colwise().mean() - real).norm(),
            0.2 * (latent.simulated.colwise().mean() - real).norm());
}

TEST(Align, NoDirectionLeftIsRefusedAndChangesNothing) {
  Bench bench(12);
  bench.input.sensitivities = {Eigen::MatrixXd(kFeatures, 2), Eigen::MatrixXd(kFeatures, 2),
                               Eigen::MatrixXd(kFeatures, 2)};
  base::Random random(13, 0);
  for (Eigen::MatrixXd& sensitivity : bench.input.sensitivities) {
    sensitivity = NormalMatrix(kFeatures, 2, random);
  }
  const AlignmentResult result = Align(bench.input, Everything()).value();
  EXPECT_TRUE(result.refused);
  EXPECT_THAT(result.because.back(), HasSubstr("none is left to align"));
  EXPECT_EQ(result.map.Apply(bench.input.simulated), bench.input.simulated);
}

TEST(Align, WhatDoesNotFitIsRefused) {
  const auto message = [](const AlignmentInput& input, const AlignmentOptions& options = {}) {
    return std::string(Align(input, options).status().message());
  };
  Bench bench(14);
  AlignmentInput bad = bench.input;
  bad.real = bad.real.topRows(2).eval();
  EXPECT_THAT(message(bad), HasSubstr("2 real and 400 simulated runs"));
  bad = bench.input;
  bad.real = bad.real.leftCols(3).eval();
  EXPECT_THAT(message(bad), HasSubstr("do not belong together"));
  bad = bench.input;
  bad.simulated(3, 3) = std::nan("");
  EXPECT_THAT(message(bad), HasSubstr("finite"));
  bad = bench.input;
  bad.sensitivities[0] = Eigen::MatrixXd::Zero(2, 2);
  EXPECT_THAT(message(bad), HasSubstr("a 2 x 2 sensitivity"));
  bad = bench.input;
  bad.simulated.col(4).setConstant(1.0);
  EXPECT_THAT(message(bad), HasSubstr("column 4 is 1"));
  bad = bench.input;
  bad.real = bad.real.row(0).replicate(5, 1).eval();
  EXPECT_THAT(message(bad), HasSubstr("do not differ"));
  bad = bench.input;
  bad.simulated = (bad.parameters * bench.sensitivity.topRows(2).transpose()).eval();
  bad.real = bad.real.leftCols(2).eval();
  bad.sensitivities.clear();
  EXPECT_THAT(message(bad), HasSubstr("explain the simulated features exactly"));
  EXPECT_THAT(message(bench.input, {.rank_tolerance = 0.0}), HasSubstr("rank_tolerance = 0"));

  const auto broken = [](const Eigen::MatrixXd&) -> absl::StatusOr<Eigen::VectorXd> {
    return Eigen::VectorXd();
  };
  EXPECT_THAT(std::string(Align(bench.input, {}, broken).status().message()),
              HasSubstr("0 held-out errors"));
  const auto failing = [](const Eigen::MatrixXd&) -> absl::StatusOr<Eigen::VectorXd> {
    return absl::InternalError("no model");
  };
  EXPECT_THAT(std::string(Align(bench.input, {}, failing).status().message()), "no model");
}

}  // namespace
}  // namespace parallax::surrogate
