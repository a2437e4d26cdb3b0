#include "core/surrogate/feature_domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/base/quantile.h"
#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<FeatureLabel> Labels(Eigen::Index d) {
  std::vector<FeatureLabel> labels;
  for (Eigen::Index j = 0; j < d; ++j) labels.push_back({"feature " + std::to_string(j), ""});
  return labels;
}

Eigen::MatrixXd NormalRows(Eigen::Index n, Eigen::Index d, base::Random& random) {
  Eigen::MatrixXd rows(n, d);
  for (double& value : rows.reshaped()) value = random.Normal();
  // Units far apart and one combination that hardly varies.
  rows.col(1) = rows.col(0) + 0.1 * rows.col(1);
  rows.col(0) *= 1e6;
  return rows;
}

/// Temperatures on 1,050 … 1,150 K and flows on 10 … 20, uniform.
Eigen::MatrixXd Recipes(Eigen::Index n, base::Random& random) {
  Eigen::MatrixXd rows(n, 2);
  for (Eigen::Index i = 0; i < n; ++i) {
    rows(i, 0) = i == 0 ? 1050.0 : (i == 1 ? 1150.0 : 1050.0 + 100.0 * random.Uniform());
    rows(i, 1) = 10.0 + 10.0 * random.Uniform();
  }
  return rows;
}

FeatureDomain RecipeDomain(base::Random& random) {
  return FeatureDomain::Fit(Recipes(200, random), {{"growth temperature", "K"}, {"flow", "sccm"}})
      .value();
}

TEST(FeatureDomain, NamesTheFeatureThatLeavesItsRange) {
  base::Random random(1, 0);
  const FeatureDomain domain = RecipeDomain(random);
  const DomainCheck check = domain.Check(Eigen::Vector2d(1190.0, 15.0)).value();
  EXPECT_TRUE(check.outside);
  ASSERT_EQ(check.excesses.size(), 1U);
  EXPECT_EQ(check.excesses[0].feature, 0);
  EXPECT_DOUBLE_EQ(check.excesses[0].beyond, 40.0);
  EXPECT_NEAR(check.overshoot, 0.4, 1e-12);
  EXPECT_THAT(check.because, HasSubstr("growth temperature 1,190 K is outside of 1,050 to 1,150 K "
                                       "seen in training"));

  const DomainCheck inside = domain.Check(Eigen::Vector2d(1100.0, 15.0)).value();
  EXPECT_FALSE(inside.outside);
  EXPECT_THAT(inside.because, IsEmpty());
}

TEST(FeatureDomain, TheWorstFeatureComesFirst) {
  base::Random random(2, 0);
  const DomainCheck check = RecipeDomain(random).Check(Eigen::Vector2d(1160.0, 35.0)).value();
  ASSERT_EQ(check.excesses.size(), 2U);
  EXPECT_EQ(check.excesses[0].feature, 1);
  EXPECT_THAT(check.because, ::testing::StartsWith("flow 35 sccm"));
}

TEST(FeatureDomain, DistanceIsTheTextbookOneWhereNothingIsShrunk) {
  base::Random random(3, 0);
  const Eigen::MatrixXd rows = NormalRows(4000, 2, random);
  const FeatureDomain domain = FeatureDomain::Fit(rows, Labels(2)).value();
  EXPECT_LT(domain.shrinkage, 2e-3);
  const Eigen::MatrixXd centered = rows.rowwise() - rows.colwise().mean();
  const Eigen::MatrixXd covariance = centered.transpose() * centered / 4000.0;
  const Eigen::VectorXd row = Eigen::Vector2d(1e6, 1.2);
  const Eigen::VectorXd off = row - domain.center;
  const double known = std::sqrt(off.dot(covariance.ldlt().solve(off)));
  EXPECT_NEAR(domain.Check(row).value().distance, known, 0.1 * known);
}

TEST(FeatureDomain, SeesAnUnusualCombinationWithinAllRanges) {
  base::Random random(4, 0);
  const FeatureDomain domain = FeatureDomain::Fit(NormalRows(300, 2, random), Labels(2)).value();
  const DomainCheck check = domain.Check(Eigen::Vector2d(1e6, -1.0)).value();
  EXPECT_TRUE(check.outside);
  EXPECT_THAT(check.excesses, IsEmpty());
  EXPECT_THAT(check.because, HasSubstr("such a combination of features was not seen"));
}

TEST(FeatureDomain, SeesTheHoleOfARing) {
  base::Random random(5, 0);
  Eigen::MatrixXd ring(300, 2);
  for (Eigen::Index i = 0; i < 300; ++i) {
    const double angle = 2.0 * M_PI * random.Uniform(), radius = 1.0 + 0.05 * random.Normal();
    ring.row(i) = radius * Eigen::RowVector2d(std::cos(angle), std::sin(angle));
  }
  const FeatureDomain domain = FeatureDomain::Fit(ring, Labels(2)).value();
  const DomainCheck middle = domain.Check(Eigen::Vector2d(0.0, 0.0)).value();
  EXPECT_LT(middle.distance, 0.2);
  EXPECT_TRUE(middle.outside);
  EXPECT_THAT(middle.because, HasSubstr("no run of the training is near"));
  EXPECT_FALSE(domain.Check(Eigen::Vector2d(0.0, 1.0)).value().outside);
}

TEST(FeatureDomain, OneFeatureOfManyIsNotLostInTheSum) {
  base::Random random(6, 0);
  Eigen::MatrixXd rows(400, 20);
  for (double& value : rows.reshaped()) value = random.Uniform();
  const FeatureDomain domain = FeatureDomain::Fit(rows, Labels(20)).value();
  Eigen::VectorXd row = Eigen::VectorXd::Constant(20, 0.5);
  row(7) = 1.4;
  const DomainCheck check = domain.Check(row).value();
  EXPECT_LT(check.distance, check.quantile * domain.distance_scale);
  EXPECT_TRUE(check.outside);
  EXPECT_EQ(check.excesses.at(0).feature, 7);
}

/// Share of fresh rows called outside, over repeated fits.
double FalseAlarms(Eigen::Index n, Eigen::Index d, double rate, double* stated) {
  int outside = 0, all = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    base::Random random(700 + seed, static_cast<uint64_t>(n));
    const FeatureDomain domain =
        FeatureDomain::Fit(NormalRows(n, d, random), Labels(d), {.false_alarm_rate = rate}).value();
    *stated = domain.false_alarm_rate;
    const Eigen::MatrixXd fresh = NormalRows(100, d, random);
    for (Eigen::Index i = 0; i < fresh.rows(); ++i, ++all) {
      outside += domain.Check(fresh.row(i).transpose()).value().outside ? 1 : 0;
    }
  }
  return static_cast<double>(outside) / all;
}

TEST(FeatureDomain, FalseAlarmsAreNearTheStatedRate) {
  double stated = 0.0;
  // 4,000 rows against 40 fits: the standard error is .005, mostly of the limits; .015 for few.
  EXPECT_NEAR(FalseAlarms(200, 6, 0.05, &stated), 0.05, 0.015);
  EXPECT_NEAR(stated, 0.05, 0.005);
  // An eleventh is all that ten rows can say, and it is said.
  const double few = FalseAlarms(10, 4, 0.02, &stated);
  EXPECT_NEAR(stated, 1.0 / 11.0, 1e-12);
  EXPECT_NEAR(few, stated, 0.045);
}

TEST(FeatureDomain, RepeatedRecipesOnAGridDoNotCloseWhatIsBetween) {
  Eigen::MatrixXd rows(75, 2);
  for (Eigen::Index i = 0; i < 75; ++i) {
    rows.row(i) = Eigen::RowVector2d(static_cast<double>(i % 5), static_cast<double>(i / 5 % 5));
  }
  const FeatureDomain domain = FeatureDomain::Fit(rows, Labels(2)).value();
  EXPECT_FALSE(domain.Check(Eigen::Vector2d(1.5, 2.5)).value().outside);
  EXPECT_FALSE(domain.Check(Eigen::Vector2d(4.1, 2.0)).value().outside);
  EXPECT_TRUE(domain.Check(Eigen::Vector2d(6.0, 2.0)).value().outside);
}

TEST(FeatureDomain, OrderOfRowsAndUnitsDoNotMatter) {
  base::Random random(8, 0);
  const Eigen::MatrixXd rows = NormalRows(50, 3, random);
  const FeatureDomain domain = FeatureDomain::Fit(rows, Labels(3)).value();
  Eigen::MatrixXd scaled = rows.colwise().reverse();
  scaled.col(2) = (1000.0 * scaled.col(2)).array() - 273.15;
  const FeatureDomain other = FeatureDomain::Fit(scaled, Labels(3)).value();
  EXPECT_NEAR(domain.quantile, other.quantile, 1e-9);
  EXPECT_NEAR(domain.Check(Eigen::Vector3d(5e5, 1.0, 0.3)).value().score,
              other.Check(Eigen::Vector3d(5e5, 1.0, 300.0 - 273.15)).value().score, 1e-9);
}

TEST(FeatureDomain, KeepsNoMoreRowsThanAsked) {
  base::Random random(9, 0);
  const FeatureDomain domain =
      FeatureDomain::Fit(NormalRows(300, 2, random), Labels(2), {.most_kept_rows = 100}).value();
  EXPECT_EQ(domain.kept_rows.rows(), 100);
  EXPECT_TRUE(domain.Validate().ok());
}

TEST(FeatureDomain, WhatWasNeverVariedIsNamed) {
  base::Random random(10, 0);
  Eigen::MatrixXd rows = Recipes(20, random);
  rows.col(1).setConstant(12.0);
  const absl::Status status =
      FeatureDomain::Fit(rows, {{"growth temperature", "K"}, {"flow", "sccm"}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"flow\" was never varied: it is 12 in"));
}

TEST(FeatureDomain, WhatDoesNotFitIsRefused) {
  base::Random random(11, 0);
  const Eigen::MatrixXd rows = Recipes(20, random);
  const auto message = [](const auto& result) { return std::string(result.status().message()); };
  EXPECT_THAT(message(FeatureDomain::Fit(rows.topRows(7), Labels(2))), HasSubstr("at least 8"));
  EXPECT_THAT(message(FeatureDomain::Fit(rows, Labels(3))), HasSubstr("3 names"));
  EXPECT_THAT(message(FeatureDomain::Fit(rows, Labels(2), {.false_alarm_rate = 0.0})),
              HasSubstr("false_alarm_rate = 0"));
  EXPECT_THAT(message(FeatureDomain::Fit(rows, Labels(2), {.most_kept_rows = 1})),
              HasSubstr("most_kept_rows = 1"));
  Eigen::MatrixXd broken = rows;
  broken(3, 1) = std::numeric_limits<double>::infinity();
  EXPECT_THAT(message(FeatureDomain::Fit(broken, Labels(2))),
              HasSubstr("row 3: feature \"feature 1\""));

  FeatureDomain domain = FeatureDomain::Fit(rows, Labels(2)).value();
  EXPECT_THAT(message(domain.Check(Eigen::Vector3d::Zero())), HasSubstr("the training had 2"));
  EXPECT_THAT(message(domain.Check(Eigen::Vector2d(1100.0, std::nan("")))),
              HasSubstr("\"feature 1\" is not finite"));
  domain.distance_scale = 0.0;
  EXPECT_FALSE(domain.Validate().ok());
  domain = FeatureDomain::Fit(rows, Labels(2)).value();
  domain.low.resize(1);
  EXPECT_FALSE(domain.Validate().ok());
}

}  // namespace
}  // namespace parallax::surrogate
