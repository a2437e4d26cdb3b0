#include "core/surrogate/mlp.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

Eigen::MatrixXd Normals(Eigen::Index rows, Eigen::Index columns, uint64_t stream) {
  base::Random random(5, stream);
  Eigen::MatrixXd values(rows, columns);
  for (Eigen::Index k = 0; k < values.size(); ++k) values.data()[k] = random.Normal();
  return values;
}

TEST(Mlp, OneUnitIsTheFormula) {
  Eigen::VectorXd parameters(6);
  parameters << 2.0, 0.5, 3.0, -1.0, 0.25, 0.125;  // w, b, then W by columns and b of the outputs
  const double a = 2.0 * 0.3 + 0.5;
  const Mlp tanh({.inputs = 1, .hidden = {1}}, parameters);
  const Eigen::MatrixXd point = Eigen::MatrixXd::Constant(1, 1, 0.3);
  const Eigen::MatrixXd outputs = tanh.Outputs(tanh.Features(point));
  EXPECT_NEAR(outputs(0, 0), 3.0 * std::tanh(a) + 0.25, 1e-14);
  EXPECT_NEAR(outputs(1, 0), -std::tanh(a) + 0.125, 1e-14);
  const Mlp silu({.inputs = 1, .hidden = {1}, .activation = Activation::kSilu}, parameters);
  EXPECT_NEAR(silu.Features(point)(0, 0), a / (1.0 + std::exp(-a)), 1e-14);
}

TEST(Mlp, ActivationsStayFiniteFarOut) {
  for (const Activation activation : {Activation::kTanh, Activation::kSilu}) {
    const Mlp network({.inputs = 1, .hidden = {1}, .activation = activation},
                      Eigen::VectorXd::Constant(6, 1.0));
    Eigen::MatrixXd points(1, 2);
    points << -1e6, 1e6;
    const Eigen::MatrixXd features = network.Features(points);
    EXPECT_NEAR(features(0, 0), activation == Activation::kTanh ? -1.0 : 0.0, 1e-12);
    EXPECT_NEAR(features(0, 1), activation == Activation::kTanh ? 1.0 : 1e6 + 1.0, 1e-6);
  }
}

TEST(Mlp, PriorSdsAreThoseOfTheLayers) {
  const MlpShape shape{.inputs = 4, .hidden = {9, 2}};
  ASSERT_EQ(shape.parameter_count(), 4 * 9 + 9 + 9 * 2 + 2 + 2 * 2 + 2);
  const Eigen::VectorXd sd =
      PriorSd(shape, {.first_weight_sd = 3.0, .weight_sd = 6.0, .bias_sd = 0.5, .output_sd = 2.0});
  EXPECT_DOUBLE_EQ(sd(0), 3.0 / 2.0);
  EXPECT_DOUBLE_EQ(sd(36), 0.5);
  EXPECT_DOUBLE_EQ(sd(45), 6.0 / 3.0);
  EXPECT_DOUBLE_EQ(sd(65), 2.0 / std::sqrt(2.0));
  EXPECT_DOUBLE_EQ(sd(70), 2.0);
}

TEST(Mlp, MeanWeightsAreSetWithoutTouchingTheVariance) {
  base::Random random(1, 0);
  Mlp network = Mlp::Draw({.inputs = 2, .hidden = {3}}, {}, &random);
  network.mutable_parameters().tail(8).setLinSpaced(1.0, 8.0);
  EXPECT_EQ(network.mean_weights(), Eigen::Vector4d(1.0, 3.0, 5.0, 7.0));
  network.set_mean_weights(Eigen::Vector4d(-1.0, -2.0, -3.0, -4.0));
  Eigen::VectorXd expected(8);
  expected << -1.0, 2.0, -2.0, 4.0, -3.0, 6.0, -4.0, 8.0;
  EXPECT_EQ(network.parameters().tail(8), expected);
}

struct Case {
  Activation activation;
  std::vector<int> hidden;
};

class MlpGradients : public ::testing::TestWithParam<Case> {};

TEST_P(MlpGradients, AreThoseOfDifferences) {
  const MlpShape shape{
      .inputs = 3, .hidden = GetParam().hidden, .activation = GetParam().activation};
  const Eigen::MatrixXd points = Normals(3, 7, 0), slopes = Normals(2, 7, 1);
  const Eigen::VectorXd parameters = Normals(shape.parameter_count(), 1, 2);
  const auto loss = [&](const Eigen::VectorXd& at) {
    const Mlp network(shape, at);
    return network.Outputs(network.Features(points)).cwiseProduct(slopes).sum();
  };
  MlpGradient gradient(shape);
  EXPECT_NEAR(gradient.Forward(parameters, points).cwiseProduct(slopes).sum(), loss(parameters),
              1e-12);
  const Eigen::VectorXd found = gradient.Backward(parameters, slopes);
  constexpr double kStep = 1e-5;
  for (Eigen::Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up(k) += kStep;
    down(k) -= kStep;
    EXPECT_NEAR(found(k), (loss(up) - loss(down)) / (2.0 * kStep), 1e-7) << "parameter " << k;
  }
}

TEST_P(MlpGradients, OfSlopesAreThoseOfDifferences) {
  const MlpShape shape{
      .inputs = 3, .hidden = GetParam().hidden, .activation = GetParam().activation};
  const Eigen::MatrixXd points = Normals(3, 7, 0), slopes = Normals(2, 7, 1);
  const Eigen::MatrixXd by_slopes = Normals(3, 7, 3);
  const Eigen::VectorXd parameters = Normals(shape.parameter_count(), 1, 2);
  constexpr double kStep = 1e-5;
  MlpGradient at(shape);
  const auto mean = [&](const Eigen::MatrixXd& where) -> Eigen::RowVectorXd {
    return at.Forward(parameters, where).row(0);
  };
  Eigen::MatrixXd expected(3, 7);
  const Mlp network(shape, parameters);
  for (Eigen::Index k = 0; k < 3; ++k) {
    Eigen::MatrixXd up = points, down = points;
    up.row(k).array() += kStep;
    down.row(k).array() -= kStep;
    expected.row(k) = (mean(up) - mean(down)) / (2.0 * kStep);
    const Eigen::MatrixXd features =
        (network.Features(up) - network.Features(down)) / (2.0 * kStep);
    EXPECT_LT((network.FeatureSlopes(points, k) - features).cwiseAbs().maxCoeff(), 1e-8);
  }
  at.Forward(parameters, points);
  EXPECT_LT((at.PointSlopes(parameters) - expected).cwiseAbs().maxCoeff(), 1e-8);
  const Eigen::VectorXd gradient = at.Backward(parameters, slopes, by_slopes);
  const auto loss = [&](const Eigen::VectorXd& weights) {
    const double outputs = at.Forward(weights, points).cwiseProduct(slopes).sum();
    return outputs + at.PointSlopes(weights).cwiseProduct(by_slopes).sum();
  };
  for (Eigen::Index k = 0; k < parameters.size(); ++k) {
    Eigen::VectorXd up = parameters, down = parameters;
    up(k) += kStep;
    down(k) -= kStep;
    EXPECT_NEAR(gradient(k), (loss(up) - loss(down)) / (2.0 * kStep),
                1e-6 * (1.0 + std::abs(gradient(k))));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, MlpGradients,
                         ::testing::Values(Case{Activation::kTanh, {5}},
                                           Case{Activation::kSilu, {5}},
                                           Case{Activation::kTanh, {4, 3}},
                                           Case{Activation::kSilu, {4, 3, 2}}));

}  // namespace
}  // namespace parallax::surrogate
