#include "core/twin/band.h"

#include <gtest/gtest.h>

#include <cmath>

namespace parallax::twin {
namespace {

/// Predicts its only parameter as output, and three times it as outcome; NaN as a second outcome.
class Echo : public Twin {
 public:
  const Description& description() const override { return description_; }
  absl::StatusOr<Drive> Prepare(const signal::Rig& /*rig*/, const signal::CleanRun& /*run*/,
                                DriveMode /*mode*/) const override {
    return Drive();
  }
  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters, const Drive& /*drive*/,
                       Prediction* prediction, Jacobian* /*jacobian*/) const override {
    if (parameters(0) < 0.0) return absl::InvalidArgumentError("negative");
    prediction->outputs = Eigen::MatrixXd::Constant(2, 1, parameters(0));
    prediction->outcome = Eigen::Vector2d(3.0 * parameters(0), std::nan(""));
    return absl::OkStatus();
  }

 private:
  Description description_;
};

TEST(BandTest, QuantilesOfAnEvenGridAreItsPoints) {
  Eigen::MatrixXd draws(1, 201);
  for (int i = 0; i < 201; ++i) draws(0, i) = (i * 37) % 201;  // 0 … 200, shuffled
  const absl::StatusOr<PredictionBand> band = PredictBand(Echo(), Drive(), draws);
  ASSERT_TRUE(band.ok());
  const double expected[] = {5.0, 50.0, 100.0, 150.0, 195.0};
  for (size_t level = 0; level < kBandLevels.size(); ++level) {
    EXPECT_DOUBLE_EQ(band->outputs[level](1, 0), expected[level]);
    EXPECT_DOUBLE_EQ(band->outcome[level](0), 3.0 * expected[level]);
    EXPECT_TRUE(std::isnan(band->outcome[level](1)));
  }
}

TEST(BandTest, OrderOfTheDrawsDoesNotMatter) {
  Eigen::MatrixXd draws(1, 5);
  draws << 0.3, 0.1, 0.9, 0.2, 0.7;
  const absl::StatusOr<PredictionBand> one = PredictBand(Echo(), Drive(), draws);
  const absl::StatusOr<PredictionBand> other =
      PredictBand(Echo(), Drive(), draws.rowwise().reverse());
  ASSERT_TRUE(one.ok() && other.ok());
  for (size_t level = 0; level < kBandLevels.size(); ++level) {
    EXPECT_EQ(one->outputs[level], other->outputs[level]);
  }
}

TEST(BandTest, AFailedDrawAndTooFewDrawsAreErrors) {
  EXPECT_EQ(PredictBand(Echo(), Drive(), Eigen::MatrixXd::Ones(1, 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  Eigen::MatrixXd draws(1, 3);
  draws << 1.0, -1.0, 2.0;
  EXPECT_EQ(PredictBand(Echo(), Drive(), draws).status().message(), "negative");
}

}  // namespace
}  // namespace parallax::twin
