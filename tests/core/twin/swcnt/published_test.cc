#include <gtest/gtest.h>

#include <cstdio>
#include <numeric>

#include "absl/strings/str_format.h"
#include "core/twin/swcnt/optics.h"
#include "tests/core/twin/swcnt/population.h"
#include "tests/core/twin/swcnt/slab_bench.h"

// The specification's published checks, a test a row, each printing its row. A row marked FITTED
// chose constants of the model and proves nothing; the others are independent of them.
namespace parallax::twin::swcnt {
namespace {

using testing::EthyleneAt;
using testing::Grown;
using testing::kCelsius;
using testing::NominalRates;
using testing::Population;

void Print(int row, const char* quantity, const char* published, const std::string& twin,
           const char* mark) {
  std::printf("published check %2d | %-44s | published %-22s | twin %-24s | %s\n", row, quantity,
              published, twin.c_str(), mark);
}

testing::DecayFit FutabaFit() {
  return testing::FitDecay(
      testing::HeightCurve(NominalRates(), EthyleneAt(1023.15, 15e3, 15.0), 1023.15, 900.0));
}

TEST(Published, Row1FutabaGrowthDecay) {
  const testing::DecayFit fit = FutabaFit();
  Print(1, "initial rate [um/min]; decay time [min]", "207; 4.74",
        absl::StrFormat("%.0f; %.2f", fit.beta * 60e6, fit.tau_s / 60.0), "FITTED");
  EXPECT_NEAR(fit.beta * 60e6, 207.0, 20.7);
  EXPECT_NEAR(fit.tau_s / 60.0, 4.74, 0.474);
}

TEST(Published, Row2HataForestHeight) {
  // The tallest forest at any temperature, feed and water of the domain.
  double tallest = 0.0;
  for (int i = 47; i < 54; ++i) {
    const double t = 20.0 * i;
    for (double feed : {5e3, 10e3, 20e3, 40e3}) {
      for (double water : {15.0, 60.0, 150.0}) {
        tallest = std::max(
            tallest,
            testing::HeightCurve(NominalRates(), EthyleneAt(t, feed, water), t, 3600.0).back());
      }
    }
  }
  Print(2, "tallest forest [mm]", "up to 2.5", absl::StrFormat("%.2f", tallest * 1e3),
        "order only");
  EXPECT_GT(tallest, 0.5e-3);
  EXPECT_LT(tallest, 10e-3);
}

/// Ethanol on Co-Mo, not preheated. The source's temperature is not known to us: 725 °C is chosen.
std::vector<double> EthanolCurve(double feed_pa, double seconds) {
  constexpr double kChosenK = 998.15;
  GrowthRates<double> p = NominalRates(0.03);
  p.sudden_loss_hz = 0.0;
  return testing::HeightCurve(p, {feed_pa, 2e3, 1.0, 1.0, 0.0}, kChosenK, seconds);
}

TEST(Published, Row3EinarssonEthanolDecayAndOrder) {
  const double tau_min = testing::FitDecay(EthanolCurve(1.3e3, 3600.0)).tau_s / 60.0;
  const auto rate = [](double pa) { return EthanolCurve(pa, 20.0).back(); };
  const double order = std::log(rate(600.0) / rate(300.0)) / std::log(2.0);
  Print(3, "ethanol: decay time [min]; order", "15; 1",
        absl::StrFormat("%.1f; %.2f", tau_min, order), "temperature chosen");
  EXPECT_NEAR(order, 1.0, 0.3);
  EXPECT_NEAR(tau_min, 15.0, 4.5);
}

TEST(Published, Row4PuretzkyVolcano) {
  const auto dry = [](double t) {
    return testing::SteadySpeed(RatesAt(NominalRates(), EthyleneAt(t, 15e3, 0.0), t));
  };
  const double peak_c = testing::Peak(dry, 820.0, 1180.0, 1.0) - kCelsius;
  Print(4, "peak of the rate without water [degC]", "~700", absl::StrFormat("%.0f", peak_c),
        "independent");
  EXPECT_NEAR(peak_c, 700.0, 50.0);
  EXPECT_LT(dry(900.0 + kCelsius), 0.4 * dry(peak_c + kCelsius));
}

TEST(Published, Row5AistAcetylene) {
  // Acetylene is fully converted feed; the water is that of the optimum.
  GasAtCatalyst<double> gas = EthyleneAt(1023.15, 15e3, 30.0);
  gas.supply_factor = 5.0;
  const std::vector<double> h = testing::HeightCurve(NominalRates(), gas, 1023.15, 600.0);
  const double rate = (h[80] - h[60]) / 10.0 * 60e6;
  Print(5, "acetylene: rate [um/min]; 10-min height [mm]", "350; 2.5",
        absl::StrFormat("%.0f; %.2f", rate, h.back() * 1e3), "independent");
  EXPECT_GT(rate, 175.0);
  EXPECT_LT(rate, 700.0);
  EXPECT_GT(h.back() * 1e3, 1.25);
  EXPECT_LT(h.back() * 1e3, 5.0);
}

TEST(Published, Row6PicherRateAgainstLifetime) {
  bool inverse = true;
  double rate = 0.0, life = INFINITY;
  for (int i = 88; i <= 108; ++i) {
    const double t = 10.0 * i;
    const Rates<double> r = RatesAt(NominalRates(), EthyleneAt(t, 15e3, 15.0), t);
    inverse = inverse && r.speed_m_s > rate && testing::Lifetime(r) < life;
    rate = r.speed_m_s;
    life = testing::Lifetime(r);
  }
  Print(6, "rate and lifetime are inversely correlated", "yes", inverse ? "yes" : "no",
        "independent");
  EXPECT_TRUE(inverse);
}

TEST(Published, Row7KimAbruptStop) {
  // Onset: where sudden loss makes half of all loss with clean catalyst.
  const auto share = [](double t) {
    const Rates<double> with = RatesAt(NominalRates(), EthyleneAt(t, 15e3, 60.0), t);
    GrowthRates<double> calm = NominalRates();
    calm.sudden_loss_hz = 0.0;
    const Rates<double> without = RatesAt(calm, EthyleneAt(t, 15e3, 60.0), t);
    return testing::Lifetime(with) / testing::Lifetime(without);
  };
  double onset = 1000.0;
  while (share(onset) > 0.5) onset += 0.5;
  Print(7, "onset of the abrupt stop [degC]", ">= 800", absl::StrFormat("%.0f", onset - kCelsius),
        "independent");
  EXPECT_NEAR(onset - kCelsius, 800.0, 25.0);
}

TEST(Published, Row8ApparentEnergy) {
  const auto speed = [](double t) {
    return testing::SteadySpeed(RatesAt(NominalRates(), EthyleneAt(t, 15e3, 15.0), t));
  };
  const double cold = testing::ApparentEnergy(speed, 873.15, 973.15);
  const double hot = testing::ApparentEnergy(speed, 973.15, 1048.15);
  Print(8, "apparent energy of the initial rate [eV]", "1.2 to 1.8",
        absl::StrFormat("%.2f to %.2f", hot, cold), "independent");
  EXPECT_GE(hot, 1.2);
  EXPECT_LE(cold, 1.8);
}

TEST(Published, Row9BachiloCoMoCat) {
  const Population p = Grown(750.0);
  const double two = p.ShareOfSemiconductors(6, 5) + p.ShareOfSemiconductors(7, 5);
  Print(9, "(6,5)+(7,5) of semiconductors; <d> [nm]", "> 0.5; 0.81",
        absl::StrFormat("%.2f; %.2f", two, p.MeanNm()), "FITTED");
  EXPECT_GE(two, 0.45);
  EXPECT_NEAR(p.MeanNm(), 0.81, 0.03);
}

TEST(Published, Row10WangDominantSpecies) {
  bool member = true;
  std::string seen;
  for (double celsius : {700.0, 750.0, 780.0, 800.0, 850.0}) {
    const std::string name = SpeciesName(Grown(celsius).Dominant());
    member = member && (name == "6_5" || name == "7_5" || name == "7_6");
    seen += name + " ";
  }
  Print(10, "dominant species, 700 to 850 degC", "(6,5), (7,5) or (7,6)", seen,
        "temperature only: shares barely know pressure");
  EXPECT_TRUE(member);
}

TEST(Published, Row11LolliDiameterWithTemperature) {
  const double rise = Grown(850.0).MeanNm() - Grown(750.0).MeanNm();
  Print(11, "rise of <d> from 750 to 850 degC [nm]", "~0.1", absl::StrFormat("%.3f", rise),
        "independent");
  EXPECT_NEAR(rise, 0.1, 0.05);
}

/// The population if a particle gave tubes of one diameter, so that particles alone spread them.
Population WithoutTubeSpread(Population p, double dp_nm, double spread) {
  const double wide = spread * spread + kTubeSpread * kTubeSpread;
  for (size_t i = 0; i < kSpecies; ++i) {
    const double off = Species().log_diameter[i] - std::log(kParticleToTube * dp_nm);
    p.w[i] *= std::exp(-0.5 * off * off * (1.0 / (spread * spread) - 1.0 / wide));
  }
  return p;
}

TEST(Published, Row12WangNineEightIsNotMetForTheFixedTubeSpread) {
  constexpr double kSpread = 0.03;
  const Population p = Grown(780.0, {.dp0_nm = 1.47, .spread = kSpread});
  const double share = p.ShareOfSemiconductors(9, 8);
  Print(12, "(9,8) of semiconductors, dp0 1.47, sigma 0.03", "~0.5", absl::StrFormat("%.2f", share),
        "NOT MET: tubes on one particle spread by 0.05 in log d");
  EXPECT_EQ(SpeciesName(p.Dominant()), "9_8");
  EXPECT_NEAR(share, 0.28, 0.02);
  // The reason: with particles alone to spread diameters the row is met.
  const double ripened_nm = testing::RipenedNm(780.0 + kCelsius, 300.0, 1.47);
  EXPECT_NEAR(WithoutTubeSpread(p, ripened_nm, kSpread).ShareOfSemiconductors(9, 8), 0.5, 0.15);
}

TEST(Published, Row13FouquetBestSpecies) {
  // The best single species on particles of one size.
  double best = 0.0;
  for (int i = 140; i < 400; ++i) {
    const Population p = Grown(650.0, {.dp0_nm = 0.005 * i, .spread = 0.01, .anneal_s = 0.0});
    best = std::max(best, p.w[static_cast<size_t>(p.Dominant())] /
                              std::accumulate(p.w.begin(), p.w.end(), 0.0));
  }
  Print(13, "best single species", "0.58 attained", absl::StrFormat("up to %.2f", best), "bound");
  EXPECT_GE(best, 0.58);
}

TEST(Published, Row14HiPco) {
  const Population p = Grown(750.0, {.dp0_nm = 1.38, .spread = 0.19, .anneal_s = 0.0});
  Print(14, "HiPco: <d>; sd [nm]", "1.0; 0.2", absl::StrFormat("%.2f; %.2f", p.MeanNm(), p.SdNm()),
        "broad particles chosen");
  EXPECT_NEAR(p.MeanNm(), 1.0, 0.1);
  EXPECT_NEAR(p.SdNm(), 0.2, 0.1);
}

TEST(Published, Row15BachiloTransitions) {
  const double published[5][4] = {
      {6, 5, 975, 567}, {7, 5, 1024, 645}, {8, 4, 1111, 589}, {9, 4, 1101, 722}, {8, 3, 952, 665}};
  double worst = 0.0;
  for (const auto& row : published) {
    const Transitions t = OpticalTransitions(static_cast<int>(row[0]), static_cast<int>(row[1]));
    worst = std::max(
        {worst, std::abs(1e7 / t.e11_per_cm - row[2]), std::abs(1e7 / t.e22_per_cm - row[3])});
  }
  Print(15, "largest error of E11, E22 [nm]", "0", absl::StrFormat("%.1f", worst),
        "transcription only");
  EXPECT_LE(worst, 3.0);
}

TEST(Published, Row16Conductivity) {
  const auto k = [](int material, double t) {
    return testing::SlabOf(MaterialAt(material), 1e-3).Conductivity(t);
  };
  Print(16, "silica at 300 and 1000 K; silicon at 698 K", "1.09-1.21; 1.88; 46",
        absl::StrFormat("%.2f; %.2f; %.0f", k(0, 300.0), k(0, 1000.0), k(3, 698.0)),
        "at 300 K against the upper end");
  EXPECT_NEAR(k(0, 1000.0), 1.88, 0.15 * 1.88);
  EXPECT_NEAR(k(3, 698.0), 46.0, 0.15 * 46.0);
  EXPECT_NEAR(k(0, 300.0), 1.21, 0.15 * 1.21);
}

}  // namespace
}  // namespace parallax::twin::swcnt
