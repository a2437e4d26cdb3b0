#include "core/pipeline/campaign_noise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/pipeline/planted_campaign.h"
#include "tests/support/status_matchers.h"

namespace parallax::pipeline {
namespace {

using ::testing::HasSubstr;

Eigen::MatrixXd RandomMatrix(Eigen::Index rows, Eigen::Index cols, double sd, uint64_t seed) {
  base::Random random(seed, 1);
  Eigen::MatrixXd out(rows, cols);
  for (Eigen::Index j = 0; j < cols; ++j) {
    for (Eigen::Index i = 0; i < rows; ++i) out(i, j) = sd * random.Normal();
  }
  return out;
}

double LogDeterminant(const Eigen::MatrixXd& covariance) {
  const Eigen::MatrixXd lower = covariance.llt().matrixL();
  return 2.0 * lower.diagonal().array().log().sum();
}

class NoiseSeeds : public ::testing::TestWithParam<uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Fixed, NoiseSeeds, ::testing::Range<uint64_t>(0, 6));

TEST_P(NoiseSeeds, LowRankWhitenerIsTheSymmetricRootOfTheInverse) {
  const Eigen::MatrixXd columns =
      RandomMatrix(40, 6, 0.3 + static_cast<double>(GetParam()), GetParam());
  const LowRankWhitener whitener(columns);
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(40, 40);
  const Eigen::MatrixXd covariance = identity + columns * columns.transpose();
  const Eigen::MatrixXd w = whitener.Whiten(identity);
  EXPECT_LT((w - w.transpose()).cwiseAbs().maxCoeff(), 1e-10);
  EXPECT_LT((w.transpose() * w - covariance.inverse()).cwiseAbs().maxCoeff(), 1e-10);
  EXPECT_NEAR(whitener.log_determinant(), LogDeterminant(covariance), 1e-9);
}

TEST(LowRankWhitenerTest, ColumnsThatRepeatEachOtherAreNoTrouble) {
  Eigen::MatrixXd columns = RandomMatrix(20, 4, 1.0, 7);
  columns.col(2) = columns.col(0);
  columns.col(3).setZero();
  const LowRankWhitener whitener(columns);
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(20, 20);
  const Eigen::MatrixXd covariance = identity + columns * columns.transpose();
  const Eigen::MatrixXd w = whitener.Whiten(identity);
  EXPECT_LT((w.transpose() * w - covariance.inverse()).cwiseAbs().maxCoeff(), 1e-10);
  EXPECT_NEAR(whitener.log_determinant(), LogDeterminant(covariance), 1e-9);
}

TEST(LowRankWhitenerTest, WithoutColumnsNothingChanges) {
  const LowRankWhitener whitener(Eigen::MatrixXd(5, 0));
  const Eigen::MatrixXd rows = RandomMatrix(5, 2, 1.0, 8);
  EXPECT_EQ(whitener.Whiten(rows), rows);
  EXPECT_EQ(whitener.log_determinant(), 0.0);
}

/// A block whose rows are 60 s apart.
EvidenceBlock MakeBlock(const std::string& observable, Eigen::Index rows, double level,
                        double white_sd, uint64_t seed) {
  EvidenceBlock block{.observable = observable, .channel = "device/" + observable};
  block.time_s = Eigen::VectorXd::LinSpaced(rows, 0.0, 60.0 * static_cast<double>(rows - 1));
  block.white_sd = Eigen::VectorXd::Constant(rows, white_sd);
  block.level = level * (1.0 + RandomMatrix(rows, 1, 0.2, seed).array());
  block.assumed = level * (1.0 + RandomMatrix(rows, 1, 0.2, seed + 50).array());
  block.value = block.level + RandomMatrix(rows, 1, white_sd, seed + 90);
  for (Eigen::Index i = 0; i < rows; ++i) block.source.push_back({.output = 0});
  return block;
}

EvidenceBlock MakeShares(uint64_t seed) {
  EvidenceBlock block = MakeBlock("share", 3, 0.2, 0.01, seed);
  for (size_t i = 0; i < 3; ++i)
    block.source[i] = {.output = -1, .outcomes = {static_cast<int>(i)}};
  return block;
}

/// Two runs with a wandering temperature, a height and shares of species.
std::vector<CampaignRun> MadeUpRuns() {
  std::vector<CampaignRun> runs(2);
  for (size_t r = 0; r < 2; ++r) {
    runs[r].blocks = {MakeBlock("pyro_t", 4, 1000.0, 0.5, 10 + r),
                      MakeBlock("height", 3, 1e-4, 1e-6, 20 + r), MakeShares(30 + r)};
  }
  return runs;
}

std::vector<twin::Trust> MadeUpTrust() {
  return {{.observable = "pyro_t",
           .campaign_sd = 1.0,
           .run_sd = 0.7,
           .wander_sd = 0.8,
           .wander_s = 200.0},
          {.observable = "height",
           .campaign_sd = 2e-6,
           .campaign_share = 0.02,
           .run_share = 0.02,
           .wander_share = 0.01},
          {.observable = "share", .campaign_sd = 0.008, .row_sd = 0.01, .row_share = 0.08}};
}

/// Covariance of two rows that share an offset and, independent of it, a share of their levels.
double Shared(const EvidenceBlock& a, Eigen::Index i, const EvidenceBlock& b, Eigen::Index j,
              double sd, double share) {
  return sd * sd + share * share * a.level(i) * b.level(j);
}

/// The errors' covariance as methods.md §3 has it, entry by entry.
Eigen::MatrixXd DenseCovariance(const CampaignModel& model, const Eigen::MatrixXd& jacobian,
                                double forgiven) {
  const std::vector<twin::Trust> trust = MadeUpTrust();
  Eigen::MatrixXd out = 0.02 * 0.02 * jacobian * jacobian.transpose();
  for (const EvidenceBlock& a : model.blocks()) {
    const twin::Trust& t = *FindTrust(trust, a.observable);
    for (const EvidenceBlock& b : model.blocks()) {
      if (a.observable != b.observable) continue;
      for (Eigen::Index i = 0; i < a.rows(); ++i) {
        for (Eigen::Index j = 0; j < b.rows(); ++j) {
          double& entry = out(a.begin + i, b.begin + j);
          const bool species = a.observable == "share";
          if (!species || i == j) entry += Shared(a, i, b, j, t.campaign_sd, t.campaign_share);
          if (!species) {
            entry +=
                forgiven * forgiven * (a.level(i) - a.assumed(i)) * (b.level(j) - b.assumed(j));
          }
          if (a.run != b.run) continue;
          entry += Shared(a, i, a, j, t.run_sd, t.run_share);
          entry += Shared(a, i, a, j, t.wander_sd, t.wander_share) *
                   std::exp(-std::abs(a.time_s(i) - a.time_s(j)) / t.wander_s);
          if (i == j) {
            entry += Shared(a, i, a, i, t.row_sd, t.row_share) + std::pow(a.white_sd(i), 2);
          }
        }
      }
    }
  }
  return out;
}

class CampaignNoiseTest : public ::testing::Test {
 protected:
  CampaignNoiseTest()
      : runs_(MadeUpRuns()),
        model_(testing::Nanotubes(), runs_, testing::TruthOf({}).value()),
        jacobian_(RandomMatrix(model_.rows(), model_.parameters(), 1e-3, 40)) {}

  const std::vector<CampaignRun> runs_;
  const CampaignModel model_;
  const Eigen::MatrixXd jacobian_;
};

TEST_F(CampaignNoiseTest, WhitensItsOwnCovarianceToTheIdentity) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignNoise noise,
                                CampaignNoise::Create(model_, MadeUpTrust(), jacobian_));
  const Eigen::Index n = model_.rows();
  const Eigen::MatrixXd w = noise.Whiten(Eigen::MatrixXd::Identity(n, n));
  const Eigen::MatrixXd dense = DenseCovariance(model_, jacobian_, 0.05);
  // W Σ Wᵀ = I says the same as Wᵀ W Σ = I, in units that do not mix metres with kelvin.
  EXPECT_LT((w * dense * w.transpose() - Eigen::MatrixXd::Identity(n, n)).cwiseAbs().maxCoeff(),
            1e-9);
}

TEST_F(CampaignNoiseTest, SdsOfRowsAreThoseOfTheCovariance) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignNoise noise,
                                CampaignNoise::Create(model_, MadeUpTrust(), jacobian_));
  const Eigen::VectorXd own = DenseCovariance(model_, jacobian_, 0.0).diagonal().cwiseSqrt();
  const Eigen::VectorXd fitted = DenseCovariance(model_, jacobian_, 0.05).diagonal().cwiseSqrt();
  EXPECT_LT((noise.row_sd().cwiseQuotient(own).array() - 1.0).abs().maxCoeff(), 1e-12);
  EXPECT_LT((noise.fitted_sd().cwiseQuotient(fitted).array() - 1.0).abs().maxCoeff(), 1e-12);
}

TEST_F(CampaignNoiseTest, DrawsHaveTheCovariance) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const CampaignNoise noise,
                                CampaignNoise::Create(model_, MadeUpTrust(), jacobian_));
  constexpr int kDraws = 20000;
  base::Random random(1, 1);
  Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(model_.rows(), model_.rows());
  for (int k = 0; k < kDraws; ++k) {
    const Eigen::VectorXd draw = noise.Draw(&random);
    sum += draw * draw.transpose();
  }
  const Eigen::MatrixXd dense = DenseCovariance(model_, jacobian_, 0.05);
  for (Eigen::Index i = 0; i < model_.rows(); ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) {
      const double se = std::sqrt((dense(i, i) * dense(j, j) + std::pow(dense(i, j), 2)) / kDraws);
      EXPECT_NEAR(sum(i, j) / kDraws, dense(i, j), 5.0 * se) << i << " " << j;
    }
  }
}

TEST_F(CampaignNoiseTest, AnObservableOfWhichNothingIsStatedIsNamed) {
  std::vector<twin::Trust> trust = MadeUpTrust();
  trust.pop_back();
  const absl::Status status = CampaignNoise::Create(model_, trust, jacobian_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"share\""));
}

}  // namespace
}  // namespace parallax::pipeline
