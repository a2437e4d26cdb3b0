#include "core/design/explanations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/one_thread.h"
#include "core/base/random.h"

namespace parallax::design {
namespace {

using ::testing::HasSubstr;

/// An explanation without free parameters.
Explanation Fixed(const std::string& name, double weight, const Eigen::VectorXd& prediction) {
  return {.name = name,
          .weight = weight,
          .prediction = prediction,
          .sensitivities = Eigen::MatrixXd(prediction.size(), 0),
          .covariance = Eigen::MatrixXd(0, 0)};
}

Noise Unit(Eigen::Index rows) { return *Noise::Diagonal(Eigen::VectorXd::Ones(rows)); }

/// Two explanations whose predictions lie `distance` sds of noise apart, over four rows.
RivalPredictions::Mixture Two(double distance, double first_weight = 0.5) {
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(4);
  const Eigen::VectorXd off = Eigen::VectorXd::Constant(4, 0.5 * distance);
  return RivalPredictions::Make({Fixed("a", first_weight, zero), Fixed("b", 1 - first_weight, off)},
                                Unit(4))
      ->Reduce();
}

/// Mutual information of two equal normals δ apart by quadrature of the log odds' density.
double ExactInformation(double delta) {
  double sum = 0.0;
  constexpr int kCells = 20000;
  for (int i = 0; i < kCells; ++i) {
    const double z = -10.0 + 20.0 * (i + 0.5) / kCells;
    const double log_odds = 0.5 * delta * delta + delta * z;
    sum += (std::log(2.0) - std::log1p(std::exp(-log_odds))) * std::exp(-0.5 * z * z);
  }
  return sum * 20.0 / kCells / std::sqrt(2.0 * M_PI);
}

TEST(Explanations, TwoOfEqualCovarianceHaveClosedBounds) {
  for (const double delta : {0.1, 1.0, 3.0}) {
    const SeparationBounds bounds = BoundSeparation(Two(delta));
    // Bhattacharyya δ²/8, Kullback–Leibler δ²/2.
    EXPECT_NEAR(bounds.lower, -std::log(0.5 + 0.5 * std::exp(-delta * delta / 8.0)), 1e-12);
    EXPECT_NEAR(bounds.upper, -std::log(0.5 + 0.5 * std::exp(-delta * delta / 2.0)), 1e-12);
    EXPECT_NEAR(bounds.divergence(0, 1), 0.5 * delta * delta, 1e-12);
    EXPECT_NEAR(bounds.entropy, std::log(2.0), 1e-15);
    const double exact = ExactInformation(delta);
    EXPECT_LE(bounds.lower, exact);
    EXPECT_GE(bounds.upper, exact);
    const Separation simulated = *SimulateSeparation(Two(delta));
    EXPECT_NEAR(simulated.information.value, exact, 4.0 * simulated.information.standard_error);
  }
}

TEST(Explanations, ResolvedOfTwoAgreesWithSimulation) {
  for (const double weight : {0.5, 0.9}) {
    for (const double lead : {6.0, 10.0}) {
      const RivalPredictions::Mixture mixture = Two(4.0, weight);
      const Probability exact = *ResolvedOfTwo(mixture, lead);
      EXPECT_EQ(exact.draws, 0);
      const Separation simulated = *SimulateSeparation(mixture, {.draws = 8192, .lead_nats = lead});
      EXPECT_NEAR(simulated.resolved.value, exact.value, 0.02);
      EXPECT_NEAR(simulated.leads.sum(), simulated.resolved.value, 1e-12);
      // Data that favour the wrong one by N nats are at most e^−N as probable as by the right one.
      EXPECT_LE(simulated.misleading.value, 0.01);
    }
  }
  // By hand: δ = 4, log odds of the right one N(8, 16); P(≥ 6) = Φ(½), P(≤ −6) = Φ(−3.5).
  EXPECT_NEAR(ResolvedOfTwo(Two(4.0))->value, 0.6914624613 + 0.0002326291, 1e-9);
}

TEST(Explanations, NothingApartTellsNothing) {
  const RivalPredictions::Mixture same = Two(0.0, 0.7);
  EXPECT_NEAR(BoundSeparation(same).upper, 0.0, 1e-12);
  const Separation simulated = *SimulateSeparation(same, {.draws = 500});
  EXPECT_NEAR(simulated.information.value, 0.0, 1e-12);
  EXPECT_EQ(simulated.resolved.value, 0.0);
  EXPECT_GT(simulated.resolved.high, 0.0);
  EXPECT_EQ(ResolvedOfTwo(same)->value, 0.0);
}

TEST(Explanations, FarApartTellsAll) {
  std::vector<Explanation> four;
  for (int k = 0; k < 4; ++k) {
    four.push_back(Fixed(std::string(1, static_cast<char>('a' + k)), k + 1.0,
                         40.0 * Eigen::VectorXd::Unit(6, k)));
  }
  const RivalPredictions::Mixture mixture = RivalPredictions::Make(four, Unit(6))->Reduce();
  const SeparationBounds bounds = BoundSeparation(mixture);
  EXPECT_NEAR(bounds.lower, bounds.entropy, 1e-9);
  EXPECT_NEAR(bounds.upper, bounds.entropy, 1e-9);
  const Separation simulated = *SimulateSeparation(mixture);
  EXPECT_EQ(simulated.resolved.value, 1.0);
  EXPECT_LT(simulated.resolved.low, 1.0);
  EXPECT_EQ(simulated.misleading.value, 0.0);
  EXPECT_NEAR(simulated.leads(3), 0.4, 1e-3);
}

class ExplanationSeeds : public ::testing::TestWithParam<int> {
 protected:
  Eigen::MatrixXd Random(Eigen::Index rows, Eigen::Index columns) {
    Eigen::MatrixXd m(rows, columns);
    for (double& one : m.reshaped()) one = random_.Normal();
    return m;
  }
  std::vector<Explanation> Three(Eigen::Index rows) {
    std::vector<Explanation> three;
    for (int k = 0; k < 3; ++k) {
      const Eigen::MatrixXd root = Random(2, 2) + 2.0 * Eigen::MatrixXd::Identity(2, 2);
      three.push_back({.name = std::string(1, static_cast<char>('a' + k)),
                       .weight = 1.0 + k,
                       .prediction = Random(rows, 1),
                       .sensitivities = 0.5 * Random(rows, 2),
                       .covariance = root * root.transpose()});
    }
    return three;
  }
  base::Random random_{static_cast<uint64_t>(GetParam()), 7};
};

TEST_P(ExplanationSeeds, ReductionLosesNothing) {
  const std::vector<Explanation> three = Three(40);
  const RivalPredictions::Mixture reduced = RivalPredictions::Make(three, Unit(40))->Reduce();
  EXPECT_EQ(reduced.means.rows(), 8);
  RivalPredictions::Mixture whole{.names = reduced.names,
                                  .weights = reduced.weights,
                                  .means = Eigen::MatrixXd(40, 3),
                                  .covariances = {}};
  for (Eigen::Index k = 0; k < 3; ++k) {
    const Explanation& one = three[static_cast<size_t>(k)];
    whole.means.col(k) = one.prediction;
    whole.covariances.emplace_back(Eigen::MatrixXd::Identity(40, 40) +
                                   one.sensitivities * one.covariance *
                                       one.sensitivities.transpose());
  }
  const SeparationBounds small = BoundSeparation(reduced), large = BoundSeparation(whole);
  EXPECT_NEAR(small.lower, large.lower, 1e-9);
  EXPECT_NEAR(small.upper, large.upper, 1e-9);
  EXPECT_TRUE(small.divergence.isApprox(large.divergence, 1e-9));
}

TEST_P(ExplanationSeeds, BoundsBracketAndMoreDataTellMore) {
  const std::vector<Explanation> three = Three(12);
  const RivalPredictions one = *RivalPredictions::Make(three, Unit(12));
  const RivalPredictions twice = RivalPredictions::Join({&one, &one});
  const SeparationBounds bounds = BoundSeparation(one.Reduce());
  const Separation simulated = *SimulateSeparation(one.Reduce(), {.draws = 2000});
  const double slack = 3.0 * simulated.information.standard_error;
  EXPECT_LE(bounds.lower, simulated.information.value + slack);
  EXPECT_GE(bounds.upper, simulated.information.value - slack);
  EXPECT_LE(bounds.upper, bounds.entropy + 1e-12);
  EXPECT_DOUBLE_EQ(LeastSeparation(one.Reduce()), bounds.lower);
  const Separation again = *SimulateSeparation(twice.Reduce(), {.draws = 2000});
  EXPECT_GE(again.information.value + slack, simulated.information.value);
  // Joined is the same as one experiment of both's rows.
  std::vector<Explanation> stacked = three;
  for (Explanation& each : stacked) {
    each.prediction = each.prediction.replicate(2, 1).eval();
    each.sensitivities = each.sensitivities.replicate(2, 1).eval();
  }
  EXPECT_NEAR(BoundSeparation(RivalPredictions::Make(stacked, Unit(24))->Reduce()).upper,
              BoundSeparation(twice.Reduce()).upper, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ExplanationSeeds, ::testing::Range(0, 10));

TEST(Explanations, SameSeedSameFiguresOnAnyThreads) {
  const Separation a = *SimulateSeparation(Two(2.0));
  Separation b;
  base::OnOneThread([&b] { b = *SimulateSeparation(Two(2.0)); });
  EXPECT_EQ(a.information.value, b.information.value);
  EXPECT_EQ(a.resolved.value, b.resolved.value);
}

TEST(Explanations, BadInputIsNamed) {
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(2);
  const auto message = [](const std::vector<Explanation>& explanations) {
    return std::string(RivalPredictions::Make(explanations, Unit(2)).status().message());
  };
  EXPECT_THAT(message({Fixed("a", 1.0, zero)}), HasSubstr("1 explanations, must be at least 2"));
  EXPECT_THAT(message({Fixed("a", 1.0, zero), Fixed("Rc", 0.0, zero)}),
              HasSubstr("explanation \"Rc\": weight = 0"));
  EXPECT_THAT(message({Fixed("a", 1.0, zero), Fixed("b", 1.0, Eigen::VectorXd::Zero(3))}),
              HasSubstr("explanation \"b\": 3 predictions"));
  Explanation flat = Fixed("flat", 1.0, zero);
  flat.sensitivities = Eigen::MatrixXd::Ones(2, 2);
  flat.covariance = Eigen::MatrixXd::Ones(2, 2);
  EXPECT_THAT(message({Fixed("a", 1.0, zero), flat}),
              HasSubstr("explanation \"flat\": covariance is not positive definite"));
  flat.prediction(0) = NAN;
  EXPECT_THAT(message({Fixed("a", 1.0, zero), flat}), HasSubstr("not finite"));
  EXPECT_THAT(SimulateSeparation(Two(1.0), {.lead_nats = 0.0}).status().message(),
              HasSubstr("lead_nats = 0"));
  EXPECT_THAT(SimulateSeparation(Two(1.0), {.draws = 9}).status().message(),
              HasSubstr("draws = 9"));
  Explanation free = Fixed("free", 1.0, zero);
  free.sensitivities = Eigen::MatrixXd::Ones(2, 1);
  free.covariance = Eigen::MatrixXd::Ones(1, 1);
  const RivalPredictions unlike = *RivalPredictions::Make({Fixed("a", 1.0, zero), free}, Unit(2));
  EXPECT_THAT(ResolvedOfTwo(unlike.Reduce()).status().message(), HasSubstr("covariances"));
}

}  // namespace
}  // namespace parallax::design
