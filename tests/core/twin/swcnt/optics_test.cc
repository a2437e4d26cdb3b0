#include "core/twin/swcnt/optics.h"

#include <gtest/gtest.h>

#include "core/twin/swcnt/sensors.h"

namespace parallax::twin::swcnt {
namespace {

double Diameter(int n, int m) {
  return Species().diameter_nm[static_cast<size_t>(SpeciesIndex(n, m))];
}

TEST(Rbm, OfSixFiveIsAsComputed) {
  EXPECT_NEAR(RbmShift(Diameter(6, 5), RbmLaw::kAraujo), 308.8, 0.1);
  EXPECT_NEAR(RbmShift(Diameter(6, 5), RbmLaw::kInSds), 311.7, 0.15);
  EXPECT_NEAR(RbmShift(1.0, RbmLaw::kOnSilica), 233.5, 1e-9);
}

struct Tube {
  int n, m;
  double e11_nm, e22_nm;
};

TEST(Transitions, OfTenTubesAreWithinThreeNanometres) {
  // Weisman and Bachilo (2003), Bachilo et al. (2002).
  constexpr Tube kTubes[] = {{6, 5, 975, 567},  {7, 5, 1024, 645}, {8, 4, 1111, 589},
                             {9, 4, 1101, 722}, {8, 3, 952, 665},  {7, 6, 1120, 648},
                             {8, 6, 1172, 718}, {8, 7, 1267, 728}, {9, 5, 1241, 672},
                             {10, 2, 1053, 737}};
  for (const Tube& tube : kTubes) {
    const Transitions t = OpticalTransitions(tube.n, tube.m);
    EXPECT_NEAR(1e7 / t.e11_per_cm, tube.e11_nm, 3.0) << tube.n << "," << tube.m;
    EXPECT_NEAR(1e7 / t.e22_per_cm, tube.e22_nm, 3.0) << tube.n << "," << tube.m;
  }
}

TEST(Transitions, FollowTheLeadingTermOfE11) {
  // 1/(0.1270 + 0.8606 d) eV without the chirality's part, which cancels between the two kinds.
  double sum = 0.0, expected = 0.0;
  for (int k : Species().semiconductors) {
    const auto i = static_cast<size_t>(k);
    const double d = Species().diameter_nm[i] * 0.2494153 / 0.246;
    if (d < 1.2) continue;
    sum += OpticalTransitions(Species().n[i], Species().m[i]).e11_per_cm * kEvPerWavenumber;
    expected += 1.0 / (0.1270 + 0.8606 * d);
  }
  EXPECT_NEAR(sum / expected, 1.0, 0.02);
}

TEST(Raman, HidesWhatIsOutOfResonance) {
  const auto green = RamanFactors(532.0);
  const auto red = RamanFactors(633.0);
  const auto infrared = RamanFactors(785.0);
  const auto of = [](const std::array<double, kSemiconducting>& f, int n, int m) {
    for (size_t k = 0; k < kSemiconducting; ++k) {
      if (Species().semiconductors[k] == SpeciesIndex(n, m)) return f[k];
    }
    return 0.0;
  };
  EXPECT_GT(of(green, 7, 3), 5.0 * of(red, 7, 3));  // E22 at 505 nm
  EXPECT_GT(of(red, 7, 5), 5.0 * of(green, 7, 5));  // E22 at 645 nm
  EXPECT_GT(of(infrared, 9, 1), 0.0);
  EXPECT_GT(of(infrared, 10, 2), 5.0 * of(green, 10, 2));  // E22 at 737 nm
}

TEST(Pyrometer, ReadsHighWhenEmissivityRisesUnnoticed) {
  const double ts = 1073.15;
  EXPECT_NEAR(PyrometerReading(ts, 0.97, 0.9e-6, 0.80) - ts, 14.0, 1.0);
  EXPECT_NEAR(PyrometerReading(ts, 0.97, 1.6e-6, 0.80) - ts, 25.0, 1.0);
  EXPECT_DOUBLE_EQ(PyrometerReading(ts, 0.80, 0.9e-6, 0.80), ts);
}

TEST(Thermocouple, ReadsLagOffsetAndDrift) {
  EXPECT_DOUBLE_EQ(ThermocoupleReading(1000.0, 3.0, 0.001, 600.0), 1003.6);
}

TEST(Analyser, LagsByItsTimeConstant) {
  double reading = 0.0;
  for (int i = 0; i < 6; ++i) reading = LaggedLevel(reading, 10.0, std::exp(-0.5 / kAnalyserLagS));
  EXPECT_NEAR(reading, 10.0 * (1.0 - std::exp(-1.0)), 1e-12);
}

}  // namespace
}  // namespace parallax::twin::swcnt
