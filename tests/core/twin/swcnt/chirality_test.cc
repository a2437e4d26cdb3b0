#include "core/twin/swcnt/chirality.h"

#include <gtest/gtest.h>

#include "tests/core/twin/swcnt/population.h"

namespace parallax::twin::swcnt {
namespace {

using testing::Grown;
using testing::Population;

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
  } boundaries[] = {{750.0, "6_5", "7_5"},
                    {805.5, "7_5", "7_6"},
                    {862.5, "7_6", "8_6"},
                    {893.5, "8_6", "8_7"},
                    {935.0, "8_7", "9_7"}};
  const auto dominant = [](double celsius) { return SpeciesName(Grown(celsius).Dominant()); };
  double from = 650.0;
  for (const auto& b : boundaries) {
    EXPECT_EQ(dominant(from), b.below) << b.celsius;
    EXPECT_EQ(dominant(b.celsius - 3.0), b.below) << b.celsius;
    EXPECT_EQ(dominant(b.celsius + 3.0), b.above) << b.celsius;
    from = b.celsius + 3.0;
  }
}

TEST(Chirality, MeanDiameterIsAsComputed) {
  const double celsius[] = {650.0, 750.0, 800.0, 850.0, 900.0};
  const double expected_nm[] = {0.75, 0.80, 0.84, 0.91, 1.00};
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(Grown(celsius[i]).MeanNm(), expected_nm[i], 0.005) << celsius[i];
  }
}

TEST(Chirality, TwoSpeciesMakeHalfOfTheSemiconductors) {
  for (double celsius : {650.0, 700.0, 750.0}) {
    const Population p = Grown(celsius);
    const double two = p.ShareOfSemiconductors(6, 5) + p.ShareOfSemiconductors(7, 5);
    EXPECT_GE(two, 0.495);
    EXPECT_LE(two, 0.535);
  }
}

TEST(Chirality, FormsDifferAsTheyShould) {
  const Population kink = Grown(750.0);
  const Population ding = Grown(750.0, {.form = ChiralityForm::kDing});
  const Population magnin = Grown(750.0, {.form = ChiralityForm::kMagnin});
  // Armchair tubes have no kinks, but the largest rate in Ding's form.
  EXPECT_GT(ding.Ratio(6, 6, 7, 5), 3.0 * kink.Ratio(6, 6, 7, 5));
  // Entropy of the edge suppresses zigzag and armchair tubes against chiral ones.
  EXPECT_LT(magnin.Ratio(10, 0, 7, 5), 0.1);
  EXPECT_LT(magnin.Ratio(6, 6, 7, 5), 1.0);
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
  EXPECT_NEAR(std::pow(testing::RipenedNm(kReferenceK, 300.0), 4), std::pow(0.98, 4) + 0.33, 1e-12);
  EXPECT_GT(testing::RipenedNm(1123.15, 300.0), testing::RipenedNm(1023.15, 300.0));
}

}  // namespace
}  // namespace parallax::twin::swcnt
