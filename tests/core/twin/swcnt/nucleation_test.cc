#include <gtest/gtest.h>

#include "tests/core/twin/swcnt/fixture.h"
#include "tests/core/twin/swcnt/population.h"

// The timing rule through the whole twin: shares and mean diameter that a run predicts against the
// specification's window of nucleation, in closed form and by a quadrature of its own.
namespace parallax::twin::swcnt {
namespace {

using testing::Nominal;
using testing::Population;

constexpr double kFeedS = 902.0;      // of the fixture's recipe, after the line's delay
constexpr double kReducedS = 600.0;   // when its reduction ends
constexpr double kBornWithinS = 5.0;  // time constant of nucleation

/// A Co-Mo run in a tube whose three zones have the temperature `at(time_s)`, as measured.
template <typename Temperature>
Prediction PredictTube(const Temperature& at) {
  Drive drive = twin::testing::SteadyDrive(twin::testing::HotWallRig(),
                                           twin::testing::ChiralityRecipe(1023.15));
  EXPECT_EQ(drive.constants[kFeedAt], kFeedS);
  EXPECT_EQ(drive.constants[kReduceEnd], kReducedS);
  for (Eigen::Index i = 0; i < drive.time_s.size(); ++i) {
    for (int zone : {kZone1, kZone2, kZone3}) drive.inputs(i, zone) = at(drive.time_s[i]);
  }
  Prediction prediction;
  EXPECT_TRUE(
      MakeSwcnt()->Predict(twin::testing::SwcntParameters(), drive, &prediction, nullptr).ok());
  return prediction;
}

/// What is born within 100 s of feed: the midpoint rule over hundredths of a second. Coverage, half
/// a per cent at most, is left out.
template <typename Temperature>
Population Integrate(const Temperature& at) {
  constexpr double kDtS = 0.01;
  Population sum, now;
  double fourth_nm4 = std::pow(Nominal(kDp0), 4);
  const auto ripen = [&](double time_s, double dt_s) {
    const double centred = (1.0 / at(time_s) - 1.0 / 1023.15) / 8.617333e-5;
    fourth_nm4 += Nominal(kKr0) * std::exp(-Nominal(kEr) * centred) * dt_s;
  };
  for (int i = 0; i < 3020; ++i) ripen(kReducedS + 0.1 * (i + 0.5), 0.1);
  for (int i = 0; i < 10'000; ++i) {
    const double since_s = kDtS * (i + 0.5), time_s = kFeedS + since_s;
    ripen(time_s, kDtS);
    ComputeWeights(ChiralityForm::kKink, at(time_s), std::pow(fourth_nm4, 0.25),
                   {Nominal(kSigmaP), Nominal(kDgamma), Nominal(kEpsKink)}, &now.w);
    const double born = std::exp(-since_s / kBornWithinS) * kDtS / kBornWithinS;
    for (size_t k = 0; k < kSpecies; ++k) sum.w[k] += born * now.w[k];
  }
  return sum;
}

double LargestDifference(const Prediction& prediction, const Population& expected) {
  double largest = 0.0;
  for (size_t k = 0; k < kSemiconducting; ++k) {
    const int species = Species().semiconductors[k];
    const double share = expected.ShareOfSemiconductors(Species().n[static_cast<size_t>(species)],
                                                        Species().m[static_cast<size_t>(species)]);
    const auto outcome = static_cast<Eigen::Index>(kOutcomeShares + k);
    largest = std::max(largest, std::abs(prediction.outcome[outcome] - share));
  }
  return largest;
}

TEST(NucleationWindow, OfASteadyRunGivesTheSharesOfTheClosedForm) {
  for (double celsius : {700.0, 750.0, 810.0}) {
    const Prediction p = PredictTube([celsius](double) { return celsius + testing::kCelsius; });
    // Particles ripen from the end of reduction until the mean tube is born.
    const Population expected =
        testing::Grown(celsius, {.anneal_s = kFeedS - kReducedS + kBornWithinS});
    EXPECT_LT(LargestDifference(p, expected), 2e-4) << celsius;
    EXPECT_NEAR(p.outcome[kOutcomeDiameter] * 1e9, expected.MeanNm(), 1e-4) << celsius;
  }
}

TEST(NucleationWindow, OfARampGivesTheSharesOfEveryInstantsTemperature) {
  for (double slope_k_s : {-3.0, 2.0, 5.0}) {
    const auto at = [slope_k_s](double time_s) {
      return 1023.15 + slope_k_s * std::clamp(time_s - kFeedS, -10.0, 20.0);
    };
    const Prediction p = PredictTube(at);
    const Population expected = Integrate(at);
    EXPECT_LT(LargestDifference(p, expected), 2e-4) << slope_k_s;
    EXPECT_NEAR(p.outcome[kOutcomeDiameter] * 1e9, expected.MeanNm(), 1e-4) << slope_k_s;
    // Neither the first instant's nor the last one's would do.
    for (double celsius : {750.0, 750.0 + 20.0 * slope_k_s}) {
      EXPECT_GT(LargestDifference(p, testing::Grown(celsius)), 1e-2) << slope_k_s;
    }
  }
}

}  // namespace
}  // namespace parallax::twin::swcnt
