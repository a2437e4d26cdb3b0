#include "core/twin/swcnt/outcome.h"

#include <gtest/gtest.h>

#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin::swcnt {
namespace {

/// What grew `length_m` at one temperature and speed under `amorphous` monolayers of overcoat.
Growth<double> Grew(double length_m, double temperature_k, double speed_m_s, double amorphous) {
  Growth<double> growth;
  growth.length_m = length_m;
  growth.heat_weight = length_m * temperature_k;
  growth.speed_weight = length_m * speed_m_s;
  growth.amorphous = amorphous;
  return growth;
}

TEST(DefectRatio, IsFiveHundredthsAtTheReference) {
  EXPECT_NEAR(DefectRatio(Grew(1e-4, kReferenceK, 4e-6, 0.0), 4e-6, 1e-4), 0.05, 1e-15);
}

TEST(DefectRatio, FallsByAnElectronvoltAndRisesAsSpeedToThreeTenths) {
  // 1/kB (1/1123.15 - 1/1023.15) = -1.0098342 per eV.
  EXPECT_NEAR(DefectRatio(Grew(1e-4, 1123.15, 4e-6, 0.0), 4e-6, 1e-4),
              0.02 + 0.03 * std::exp(-1.0098342), 1e-8);
  EXPECT_NEAR(DefectRatio(Grew(1e-4, kReferenceK, 8e-6, 0.0), 4e-6, 1e-4), 0.02 + 0.03 * 1.2311444,
              1e-9);
}

TEST(DefectRatio, CountsAMonolayerOfOvercoatAsAMicrometreOfTube) {
  // 3 um over 60 um of tubes.
  EXPECT_NEAR(DefectRatio(Grew(1e-4, kReferenceK, 4e-6, 3.0), 4e-6, 60e-6),
              0.05 + 0.15 * 3.0 / 60.0, 1e-15);
}

/// The setup of a run on `recipe`'s catalyst.
Setup SetupOf(const twin::testing::GrowthRecipe& recipe) {
  return Setup(twin::testing::SteadyDrive(twin::testing::HotWallRig(), recipe));
}

TEST(Outcomes, OfTwoSpeciesAreTheirSharesMeanAndDefects) {
  // Half a catalyst's reference speed, 20 K above the reference, either catalyst.
  for (const auto& [recipe, factor] : {std::pair(twin::testing::GrowthRecipe{}, 1.0),
                                       std::pair(twin::testing::ChiralityRecipe(1023.15), 0.03)}) {
    Sample<double, double> sample;
    const double reference_m_s = 9.0e-6 * 8.7 / 17.7 * factor;
    sample.growth = Grew(1e-5, kReferenceK + 20.0, 0.5 * reference_m_s, 0.4);
    sample.height_m = 0.9e-5;
    std::array<double, kSpecies> abundance{};
    abundance[static_cast<size_t>(SpeciesIndex(6, 5))] = 3.0;
    abundance[static_cast<size_t>(SpeciesIndex(7, 5))] = 1.0;
    abundance[static_cast<size_t>(SpeciesIndex(6, 6))] = 4.0;  // a metal
    const auto out = Outcomes(abundance, sample, SetupOf(recipe));
    EXPECT_EQ(out[kOutcomeHeight], 0.9e-5);
    const double thermal =
        std::exp(1.0 / kBoltzmannEv * (1.0 / 1043.15 - 1.0 / 1023.15)) * std::pow(0.5, 0.3);
    EXPECT_NEAR(out[kOutcomeDefects], 0.02 + 0.03 * thermal + 0.15 * 0.4e-6 / 0.9e-5, 1e-14);
    // 0.246/pi times the roots of 91, 109 and 108.
    const double mean = (3.0 * std::sqrt(91.0) + std::sqrt(109.0) + 4.0 * std::sqrt(108.0)) / 8.0;
    EXPECT_NEAR(out[kOutcomeDiameter], 0.246e-9 / 3.14159265358979 * mean, 1e-22);
    for (size_t k = 0; k < kSemiconducting; ++k) {
      const int species = Species().semiconductors[k];
      const double share = species == SpeciesIndex(6, 5)   ? 0.75
                           : species == SpeciesIndex(7, 5) ? 0.25
                                                           : 0.0;
      EXPECT_DOUBLE_EQ(out[kOutcomeShares + k], share);
    }
  }
}

}  // namespace
}  // namespace parallax::twin::swcnt
