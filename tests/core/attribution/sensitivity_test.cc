#include "core/attribution/sensitivity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/attribution/responses.h"
#include "tests/support/replicates.h"
#include "tests/support/threads.h"

namespace parallax::attribution {
namespace {

TEST(SobolG, HasTheIndicesOfTheTable) {
  const Eigen::VectorXd first = SobolG::First(), total = SobolG::Total();
  const double table[][2] = {{0.716192, 0.787144},
                             {0.179048, 0.242198},
                             {0.023676, 0.034317},
                             {0.007162, 0.010460},
                             {7.2e-5, 1.05e-4}};
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(first(i), table[i][0], 6e-7);
    EXPECT_NEAR(total(i), table[i][1], 6e-7);
  }
}

template <typename T>
class KnownIndices : public testing::Test {};
using KnownResponses = testing::Types<Ishigami, SobolG>;
TYPED_TEST_SUITE(KnownIndices, KnownResponses);

TYPED_TEST(KnownIndices, AreMetWithinAHundredth) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const absl::StatusOr<SensitivityIndices> indices =
        SobolIndices(TypeParam::kInputs, TypeParam(), {.points = 4096, .seed = seed});
    ASSERT_TRUE(indices.ok()) << indices.status();
    EXPECT_LT((indices->first.value - TypeParam::First()).cwiseAbs().maxCoeff(), 0.01);
    EXPECT_LT((indices->total.value - TypeParam::Total()).cwiseAbs().maxCoeff(), 0.01);
    EXPECT_EQ(indices->evaluations, 16 * 4096 * (TypeParam::kInputs + 2));
  }
}

/// Share of intervals that hold the true value, smallest and largest over inputs.
struct Coverage {
  Eigen::ArrayXd first, total;
  void Add(const IndexEstimate& estimate, const Eigen::VectorXd& truth, Eigen::ArrayXd* held) {
    *held += ((estimate.low.array() <= truth.array()) && (truth.array() <= estimate.high.array()))
                 .template cast<double>();
  }
};

template <typename T>
Coverage MeasureCoverage(int points, int repeats) {
  Coverage coverage{Eigen::ArrayXd::Zero(T::kInputs), Eigen::ArrayXd::Zero(T::kInputs)};
  for (int k = 0; k < repeats; ++k) {
    const absl::StatusOr<SensitivityIndices> indices =
        SobolIndices(T::kInputs, T(), {.points = points, .seed = static_cast<uint64_t>(k) + 1});
    coverage.Add(indices->first, T::First(), &coverage.first);
    coverage.Add(indices->total, T::Total(), &coverage.total);
  }
  coverage.first /= repeats;
  coverage.total /= repeats;
  return coverage;
}

constexpr int kIntervals = test_support::Replicates(200, 40);
// Of 40 intervals that hold the truth with 95 %, 32 or more do but once in 10,000, and all may.
constexpr double kLeastHeld = test_support::kSanitized ? 0.8 : 0.92;
constexpr double kMostHeld = test_support::kSanitized ? 1.0 : 0.98;

TEST(SobolIndices, OfIshigamiAreHeldBy92To98PerCentOfTheirIntervals) {
  const Coverage coverage = MeasureCoverage<Ishigami>(4096, kIntervals);
  EXPECT_GE(coverage.first.minCoeff(), kLeastHeld);
  EXPECT_LE(coverage.first.maxCoeff(), kMostHeld);
  EXPECT_GE(coverage.total.minCoeff(), kLeastHeld);
  EXPECT_LE(coverage.total.maxCoeff(), kMostHeld);
}

TEST(SobolIndices, OfSobolGAreHeldBy92To98PerCentOfTheirIntervals) {
  const Coverage coverage = MeasureCoverage<SobolG>(4096, kIntervals);
  EXPECT_GE(coverage.first.minCoeff(), kLeastHeld) << coverage.first.transpose();
  EXPECT_LE(coverage.first.maxCoeff(), kMostHeld) << coverage.first.transpose();
  EXPECT_GE(coverage.total.minCoeff(), kLeastHeld) << coverage.total.transpose();
  EXPECT_LE(coverage.total.maxCoeff(), kMostHeld) << coverage.total.transpose();
}

TEST(SobolIndices, OfAnAdditiveFunctionAreItsVariancesAndTotalsEqualThem) {
  const absl::StatusOr<SensitivityIndices> indices = SobolIndices(
      4, [](const Eigen::VectorXd& u) { return 5.0 + u(0) + 2.0 * u(1) - 3.0 * u(2); });
  ASSERT_TRUE(indices.ok());
  const Eigen::Vector4d expected = Eigen::Vector4d(1, 4, 9, 0) / 14.0;
  EXPECT_LT((indices->first.value - expected).cwiseAbs().maxCoeff(), 1e-4);
  EXPECT_LT((indices->total.value - expected).cwiseAbs().maxCoeff(), 1e-4);
  EXPECT_NEAR(indices->mean, 5.0, 1e-4);
  EXPECT_NEAR(indices->variance, 14.0 / 12.0, 1e-3);
  EXPECT_EQ(indices->first.value(3), 0.0);
  EXPECT_EQ(indices->total.value(3), 0.0);
}

TEST(SobolIndices, BelowZeroAreReportedAsSuch) {
  // Pure interaction: both first-order indices are zero, so some estimates must fall below.
  int negative = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const absl::StatusOr<SensitivityIndices> indices =
        SobolIndices(2, [](const Eigen::VectorXd& u) { return (u(0) - 0.5) * (u(1) - 0.5); },
                     {.points = 64, .seed = seed});
    ASSERT_TRUE(indices.ok());
    for (int i = 0; i < 2; ++i) {
      const bool listed = std::find(indices->negative.begin(), indices->negative.end(), i) !=
                          indices->negative.end();
      EXPECT_EQ(indices->first.value(i) < 0.0, listed);
      negative += listed ? 1 : 0;
    }
  }
  EXPECT_GT(negative, 0);
}

TEST(SobolIndices, DoNotDependOnTheNumberOfThreads) {
  const auto run = [] { return *SobolIndices(Ishigami::kInputs, Ishigami(), {.points = 256}); };
  const SensitivityIndices here = run();
  for (const int threads : test_support::kThreadCounts) {
    const SensitivityIndices there = test_support::OnThreads(threads, run);
    EXPECT_EQ(here.first.value, there.first.value) << threads;
    EXPECT_EQ(here.total.high, there.total.high) << threads;
  }
}

TEST(SobolIndices, RejectWhatTheyCannotAnswer) {
  const auto first = [](const Eigen::VectorXd& u) { return u(0); };
  EXPECT_FALSE(SobolIndices(0, first).ok());
  EXPECT_THAT(std::string(SobolIndices(65, first).status().message()),
              testing::HasSubstr("inputs = 65"));
  EXPECT_THAT(std::string(SobolIndices(2, first, {.points = 1000}).status().message()),
              testing::HasSubstr("points = 1000"));
  EXPECT_THAT(std::string(SobolIndices(2, first, {.scramblings = 15}).status().message()),
              testing::HasSubstr("must be >= 16"));
  EXPECT_FALSE(SobolIndices(2, first, {.confidence = 1.0}).ok());
  EXPECT_EQ(SobolIndices(2, [](const Eigen::VectorXd&) { return 0.1; }).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(
      std::string(SobolIndices(2, [](const Eigen::VectorXd& u) { return 1.0 / (u(0) > 0.5); })
                      .status()
                      .message()),
      testing::HasSubstr("not finite"));
}

}  // namespace
}  // namespace parallax::attribution
