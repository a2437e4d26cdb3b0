#include "core/surrogate/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace parallax::surrogate {
namespace {

using ::testing::HasSubstr;

Dataset Three() {
  Dataset dataset{.feature_names = {"temperature_k", "flow_sccm"},
                  .features = Eigen::MatrixXd(3, 2),
                  .outcome_name = "height_m",
                  .outcomes = Eigen::Vector3d(1.0, 2.0, 4.0)};
  dataset.features << 900.0, 10.0, 1000.0, 20.0, 1100.0, 10.0;
  return dataset;
}

TEST(Dataset, IsTakenWhereEverythingVaries) { EXPECT_TRUE(CheckDataset(Three(), 3).ok()); }

TEST(Dataset, WhatIsMissingIsNamed) {
  EXPECT_THAT(std::string(CheckDataset(Three(), 5).message()), HasSubstr("at least 5"));

  Dataset constant = Three();
  constant.features.col(1).setConstant(10.0);
  EXPECT_EQ(CheckDataset(constant, 2).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(CheckDataset(constant, 2).message()), HasSubstr("\"flow_sccm\""));

  Dataset silent = Three();
  silent.outcomes.setConstant(3.0);
  EXPECT_THAT(std::string(CheckDataset(silent, 2).message()), HasSubstr("\"height_m\" is 3"));
}

TEST(Dataset, WhatDoesNotFitIsRefused) {
  Dataset ragged = Three();
  ragged.outcomes.resize(2);
  EXPECT_EQ(CheckDataset(ragged, 2).code(), absl::StatusCode::kInvalidArgument);

  Dataset twice = Three();
  twice.feature_names[1] = "temperature_k";
  EXPECT_THAT(std::string(CheckDataset(twice, 2).message()), HasSubstr("twice"));

  Dataset broken = Three();
  broken.features(1, 0) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(std::string(CheckDataset(broken, 2).message()),
              HasSubstr("row 1: feature \"temperature_k\""));
}

TEST(Dataset, RowsKeepTheirOrder) {
  const Dataset part = RowsOf(Three(), {2, 0});
  EXPECT_EQ(part.outcomes, Eigen::Vector2d(4.0, 1.0));
  EXPECT_EQ(part.features(0, 0), 1100.0);
}

TEST(Prediction, DensityAndShareAreThoseOfTheSum) {
  const Prediction prediction{.mean = 1.0, .epistemic_variance = 3.0, .aleatoric_variance = 1.0};
  EXPECT_DOUBLE_EQ(prediction.epistemic_share(), 0.75);
  EXPECT_NEAR(LogDensity(prediction, 3.0), -0.5 * (std::log(2.0 * M_PI * 4.0) + 1.0), 1e-12);
}

TEST(Standardizer, ColumnsHaveMeanZeroAndSampleDeviationOne) {
  const Eigen::MatrixXd values = Three().features;
  const absl::StatusOr<Standardizer> standardizer = Standardizer::Fit(values);
  ASSERT_TRUE(standardizer.ok()) << standardizer.status().ToString();
  const Eigen::MatrixXd z = standardizer->Apply(values);
  EXPECT_NEAR(z.colwise().mean().norm(), 0.0, 1e-12);
  EXPECT_NEAR(z.col(0).squaredNorm() / 2.0, 1.0, 1e-12);
  EXPECT_DOUBLE_EQ(standardizer->scale()(0), 100.0);
}

TEST(Standardizer, RefusesAColumnWithoutSpread) {
  Eigen::MatrixXd values(2, 1);
  values << 5.0, 5.0;
  EXPECT_THAT(std::string(Standardizer::Fit(values).status().message()), HasSubstr("column 0"));
}

}  // namespace
}  // namespace parallax::surrogate
