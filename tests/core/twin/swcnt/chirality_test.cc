#include "core/twin/swcnt/chirality.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/twin/swcnt/particles.h"
#include "tests/core/twin/swcnt/growth_bench.h"

namespace parallax::twin::swcnt {
namespace {

using testing::kCelsius;

/// Particles annealed 300 s at the growth temperature.
double AnnealedNm(double temperature_k, double dp0 = 0.98, double kr0 = 1.1e-3) {
  Particles<double> particles{.rate_nm4_s = kr0, .energy_ev = 1.3};
  particles.Start(dp0);
  particles.Ripen(temperature_k, 300.0);
  return particles.MedianNm();
}

std::array<double, kSpecies> Nominal(double temperature_k,
                                     ChiralityForm form = ChiralityForm::kKink) {
  std::array<double, kSpecies> w;
  ComputeWeights(form, temperature_k, AnnealedNm(temperature_k), {0.06, 0.14, 0.035}, &w);
  return w;
}

std::string DominantSemiconductor(const std::array<double, kSpecies>& w) {
  int best = Species().semiconductors[0];
  for (int i : Species().semiconductors) {
    if (w[static_cast<size_t>(i)] > w[static_cast<size_t>(best)]) best = i;
  }
  return SpeciesName(best);
}

double MeanDiameter(const std::array<double, kSpecies>& w) {
  const double total = std::accumulate(w.begin(), w.end(), 0.0);
  return std::inner_product(w.begin(), w.end(), Species().diameter_nm.begin(), 0.0) / total;
}

TEST(Species, AreThoseOfTheSpecification) {
  const SpeciesTable& t = Species();
  EXPECT_NEAR(t.diameter_nm[static_cast<size_t>(SpeciesIndex(6, 5))], 0.747, 1e-3);
  EXPECT_EQ(t.kinks[static_cast<size_t>(SpeciesIndex(8, 4))], 4.0);  // largest at n = 2m
  EXPECT_EQ(SpeciesIndex(40, 0), -1);
  EXPECT_EQ(SpeciesIndex(5, 6), -1);
  EXPECT_FALSE(t.semiconducting[static_cast<size_t>(SpeciesIndex(6, 6))]);
}

TEST(Chirality, DominantSpeciesChangeAtTheComputedTemperatures) {
  const struct {
    double celsius;
    const char* below;
    const char* above;
  } boundaries[] = {
      {750.0, "6_5", "7_5"}, {805.5, "7_5", "7_6"}, {862.5, "7_6", "8_6"}, {893.5, "8_6", "8_7"}};
  for (const auto& b : boundaries) {
    EXPECT_EQ(DominantSemiconductor(Nominal(b.celsius + kCelsius - 3.5)), b.below) << b.celsius;
    EXPECT_EQ(DominantSemiconductor(Nominal(b.celsius + kCelsius + 3.5)), b.above) << b.celsius;
  }
  EXPECT_EQ(DominantSemiconductor(Nominal(650.0 + kCelsius)), "6_5");
  EXPECT_EQ(DominantSemiconductor(Nominal(930.0 + kCelsius)), "8_7");
}

TEST(Chirality, MeanDiameterIsAsComputed) {
  const double celsius[] = {650.0, 750.0, 800.0, 850.0, 900.0};
  const double expected_nm[] = {0.75, 0.80, 0.84, 0.91, 1.00};
  for (int i = 0; i < 5; ++i) {
    // 0.005 nm, and half a digit of the figure.
    EXPECT_NEAR(MeanDiameter(Nominal(celsius[i] + kCelsius)), expected_nm[i], 0.0055) << celsius[i];
  }
}

TEST(Chirality, TwoSpeciesMakeHalfOfTheSemiconductors) {
  for (double celsius : {650.0, 700.0, 750.0}) {
    const auto w = Nominal(celsius + kCelsius);
    double all = 0.0;
    for (int i : Species().semiconductors) all += w[static_cast<size_t>(i)];
    const double two =
        w[static_cast<size_t>(SpeciesIndex(6, 5))] + w[static_cast<size_t>(SpeciesIndex(7, 5))];
    EXPECT_GE(two / all, 0.495);
    EXPECT_LE(two / all, 0.535);
  }
}

TEST(Chirality, FormsDifferAsTheyShould) {
  const auto kink = Nominal(1023.15);
  const auto ding = Nominal(1023.15, ChiralityForm::kDing);
  const auto magnin = Nominal(1023.15, ChiralityForm::kMagnin);
  const auto ratio = [](const std::array<double, kSpecies>& w, int n, int m, int n2, int m2) {
    return w[static_cast<size_t>(SpeciesIndex(n, m))] /
           w[static_cast<size_t>(SpeciesIndex(n2, m2))];
  };
  // Armchair tubes have no kinks, but the largest rate in Ding's form.
  EXPECT_GT(ratio(ding, 6, 6, 7, 5), 3.0 * ratio(kink, 6, 6, 7, 5));
  // Entropy of the edge suppresses zigzag and armchair tubes against chiral ones.
  EXPECT_LT(ratio(magnin, 10, 0, 7, 5), 0.1);
  EXPECT_LT(ratio(magnin, 6, 6, 7, 5), 1.0);
}

TEST(Chirality, IsDecidedWhileTubesNucleate) {
  // Three bins, the first hot: the sum is the weighted sum of the three.
  Nucleation<double> window;
  const double t[] = {1100.0, 1000.0, 950.0};
  const double weight[] = {0.2, 0.15, 0.1};
  std::array<double, kSpecies> expected{}, w;
  for (size_t b = 0; b < 3; ++b) {
    window[b] = {weight[b], weight[b] * t[b], weight[b] * 1.0};
    ComputeWeights(ChiralityForm::kKink, t[b], 1.0, {0.06, 0.14, 0.035}, &w);
    for (size_t i = 0; i < kSpecies; ++i) expected[i] += weight[b] * w[i];
  }
  const auto sum =
      SumOverWindow(ChiralityForm::kKink, window, EdgeEnergies<double>{0.06, 0.14, 0.035});
  for (size_t i = 0; i < kSpecies; ++i) EXPECT_NEAR(sum[i], expected[i], 1e-12 * expected[i]);
}

TEST(Particles, RipenWithTheFourthPower) {
  EXPECT_NEAR(std::pow(AnnealedNm(kReferenceK), 4), std::pow(0.98, 4) + 0.33, 1e-12);
  EXPECT_GT(AnnealedNm(1123.15), AnnealedNm(1023.15));
}

}  // namespace
}  // namespace parallax::twin::swcnt
