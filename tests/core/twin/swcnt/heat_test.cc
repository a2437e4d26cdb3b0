#include <gtest/gtest.h>

#include "core/twin/swcnt/substrate.h"
#include "tests/core/twin/swcnt/fixture.h"

namespace parallax::twin::swcnt {
namespace {

constexpr double kContact = 1.5e-4;
constexpr double kHeaterK = 1073.0;

struct Drop {
  double surface_k, flux, slab_k, contact_k;
};

Slab<double> SlabOf(const Material& m, double thickness_m) {
  return {m.k0_w_mk, 1.0 - m.exponent, thickness_m};
}

/// Cold wall at 350 K, gas at 500 K, h 15, as in the specification's table.
Drop DropOf(const Material& m, double thickness_m, double heater_k, double exponent_shift = 0.0,
            double contact = kContact) {
  Slab<double> slab = SlabOf(m, thickness_m);
  slab.m += exponent_shift;
  const Surroundings<double> around{350.0, 500.0, 15.0};
  const double surface = SteadySurface(slab, contact, around, m.emissivity, heater_k);
  const double q = around.Loss(m.emissivity, surface);
  return {surface, q, heater_k - q * contact - surface, q * contact};
}

struct TableRow {
  int material;
  double thickness_m, flux_kw, slab_k, contact_k, constant_error_k, uniform_error_k;
};
/// The specification's table of drops at 1073 K.
constexpr TableRow kTable[] = {
    {0, 0.5e-3, 62, 14.9, 9.4, -6.9, 24.3}, {0, 1e-3, 60, 28.5, 8.9, -12.3, 37.5},
    {0, 2e-3, 55, 52.6, 8.2, -20.2, 60.8},  {1, 1e-3, 44, 6.0, 6.6, 4.7, 12.6},
    {1, 3e-3, 42, 17.2, 6.3, 13.3, 23.6},   {2, 0.43e-3, 44, 2.0, 6.7, 1.6, 8.6},
    {3, 0.5e-3, 59, 1.0, 8.8, 0.8, 9.8},
};

class DropsOf : public ::testing::TestWithParam<TableRow> {};

TEST_P(DropsOf, ASubstrateAreThoseOfTheTable) {
  const TableRow& row = GetParam();
  const Material& m = MaterialAt(row.material);
  const Drop drop = DropOf(m, row.thickness_m, kHeaterK);
  // 2 %, or half a digit of the table.
  EXPECT_NEAR(drop.flux * 1e-3, row.flux_kw, std::max(0.02 * row.flux_kw, 0.5));
  EXPECT_NEAR(drop.slab_k, row.slab_k, std::max(0.02 * row.slab_k, 0.05));
  EXPECT_NEAR(drop.contact_k, row.contact_k, std::max(0.02 * row.contact_k, 0.05));
  const Drop constant = DropOf(m, row.thickness_m, kHeaterK, m.exponent);
  EXPECT_NEAR(constant.surface_k - drop.surface_k, row.constant_error_k,
              std::max(0.02 * std::abs(row.constant_error_k), 0.06));
  EXPECT_NEAR(kHeaterK - drop.surface_k, row.uniform_error_k,
              std::max(0.02 * row.uniform_error_k, 0.06));
}
INSTANTIATE_TEST_SUITE_P(Table, DropsOf, ::testing::ValuesIn(kTable));

TEST(Drops, GrowWithHeaterTemperatureAsComputed) {
  EXPECT_NEAR(DropOf(MaterialAt(0), 1e-3, 1000.0).slab_k, 22.8, 0.02 * 22.8);
  EXPECT_NEAR(DropOf(MaterialAt(0), 1e-3, 1150.0).slab_k, 35.4, 0.02 * 35.4);
  EXPECT_NEAR(DropOf(MaterialAt(1), 3e-3, 1000.0).slab_k, 12.5, 0.02 * 12.5);
  EXPECT_NEAR(DropOf(MaterialAt(1), 3e-3, 1150.0).slab_k, 23.6, 0.02 * 23.6);
  EXPECT_NEAR(DropOf(MaterialAt(3), 0.5e-3, 1000.0).slab_k, 0.7, 0.05);
  EXPECT_NEAR(DropOf(MaterialAt(3), 0.5e-3, 1150.0).slab_k, 1.4, 0.05);
}

TEST(Drops, ContactResistanceMovesTheSurfaceAsMuchAsConductivity) {
  EXPECT_NEAR(DropOf(MaterialAt(0), 1e-3, kHeaterK, 0.0, 5e-5).surface_k, 1041.0, 1.0);
  EXPECT_NEAR(DropOf(MaterialAt(0), 1e-3, kHeaterK, 0.0, 1e-3).surface_k, 997.0, 1.0);
}

TEST(Drops, GrowthItselfCoolsSilicaBySixKelvin) {
  const Slab<double> slab = SlabOf(MaterialAt(0), 1e-3);
  const Surroundings<double> around{350.0, 500.0, 15.0};
  const double bare = SteadySurface(slab, kContact, around, 0.80, kHeaterK);
  const double grown =
      SteadySurface(slab, kContact, around, ForestEmissivity(0.80, 1e-4), kHeaterK);
  EXPECT_NEAR(bare - grown, 6.0, 0.5);
}

TEST(Slab, ConductivityIsThatOfTheTableAt1000K) {
  const double expected[] = {2.05, 7.9, 10.2, 30.9};
  for (int i = 0; i < kMaterials; ++i) {
    EXPECT_NEAR(SlabOf(MaterialAt(i), 1e-3).Conductivity(1000.0), expected[i], 0.01 * expected[i]);
  }
}

TEST(Slab, KirchhoffIsTheIntegralOfConductivity) {
  for (int i = 0; i < kMaterials; ++i) {
    const Slab<double> slab = SlabOf(MaterialAt(i), 1e-3);
    double sum = 0.0;
    constexpr int kPieces = 20'000;
    for (int j = 0; j < kPieces; ++j) {
      sum += slab.Conductivity(300.0 + 700.0 * (j + 0.5) / kPieces) * 700.0 / kPieces;
    }
    EXPECT_NEAR(slab.Kirchhoff(1000.0) / sum, 1.0, 1e-8);
    EXPECT_NEAR(slab.FromKirchhoff(slab.Kirchhoff(987.6)), 987.6, 1e-9);
  }
}

TEST(Slab, ExponentOneIsNoSingularity) {
  const auto at = [](double m) { return Slab<double>{36.0, m, 2e-3}.Surface(1050.0, 5e4); };
  EXPECT_NEAR(at(0.0), at(1e-7), 2e-6);
  EXPECT_NEAR(at(0.0), at(-1e-7), 2e-6);
  // Series and closed form agree where one hands over to the other.
  for (double x : {0.9e-3, 0.999e-3, 1.001e-3, -0.999e-3, -1.001e-3, 0.4}) {
    EXPECT_NEAR(ExpRatio(x, 1.0), std::expm1(x) / x, 1e-12);
    EXPECT_NEAR(LogRatio(x, 1.0), std::log1p(x) / x, 1e-12);
  }
}

TEST(Slab, DiffusionTakesASecondThroughAMillimetreOfSilica) {
  const Material& m = MaterialAt(0);
  const double alpha =
      SlabOf(m, 1e-3).Conductivity(kReferenceK) / (m.density_kg_m3 * m.specific_heat_j_kgk);
  EXPECT_NEAR(1e-6 / alpha, 1.2, 0.05);
  EXPECT_NEAR(SlowerOf(1.0, 0.1), 1.0, 1e-4);
  EXPECT_NEAR(SlowerOf(1.0, 1.0), std::pow(2.0, 0.25), 1e-12);
}

TEST(ThickSlab, SettlesWhereTheExactSlabDoes) {
  for (int i = 0; i < kMaterials; ++i) {
    const Material& m = MaterialAt(i);
    const Slab<double> slab = SlabOf(m, 3e-3);
    const Surroundings<double> around{350.0, 500.0, 15.0};
    ThickSlab<double> cells;
    cells.Start(slab, m.density_kg_m3 * m.specific_heat_j_kgk, kContact, around, m.emissivity,
                kHeaterK);
    const Drop exact = DropOf(m, 3e-3, kHeaterK);
    EXPECT_NEAR(cells.surface(), exact.surface_k, 0.002 * (kHeaterK - exact.surface_k));
    EXPECT_NEAR(cells.flux() / exact.flux, 1.0, 1e-4);
    EXPECT_NEAR(cells.flux() / around.Loss(m.emissivity, cells.surface()), 1.0, 1e-9);
  }
}

TEST(HotWall, SubstrateIsInBalanceWithTheWall) {
  // A millimetre of silica in the tube: net flux of 0.2 kW/m2 and a drop of 0.1 K.
  const Slab<double> slab = SlabOf(MaterialAt(0), 1e-3);
  EXPECT_NEAR(1023.0 - slab.Surface(1023.0, 200.0), 0.1, 0.01);
}

TEST(Thermocouple, FollowsARampWithItsLag) {
  const double decay = std::exp(-0.5 / 5.0);
  double reading = 300.0;
  for (int i = 0; i < 400; ++i) {
    reading = LaggedReading(reading, 300.0 + 0.5 * i, 300.5 + 0.5 * i, 10.0, decay);
  }
  EXPECT_NEAR(reading, 500.0 - 1.0 * 5.0, 1e-9);  // 1 K/s behind by tau
}

TEST(Zones, QuadraticGoesThroughAllThree) {
  const std::array<double, 3> t = {1000.0, 1020.0, 1010.0};
  EXPECT_DOUBLE_EQ(AcrossZones(t, -1.0), 1000.0);
  EXPECT_DOUBLE_EQ(AcrossZones(t, 0.0), 1020.0);
  EXPECT_DOUBLE_EQ(AcrossZones(t, 1.0), 1010.0);
  EXPECT_NEAR(AcrossZones(t, 0.25), 1020.0 + 0.25 * 5.0 - 0.0625 * 15.0, 1e-12);
}

/// The zone of the specification from cold under control: ramp of 0.5 K/s to `target_k`.
struct ColdStart {
  double overshoot_k = 0.0, settled_s = 0.0, duty = 0.0;
};
ColdStart RunColdStart(double target_k) {
  const HeaterBody body{900.0, 500.0, 0.20, 0.8 * kStefanBoltzmann * 0.003, 298.0};
  const Controller controller{0.02, 150.0};
  const double decay = std::exp(-0.5 / 5.0);
  double t = 298.0, tc = 298.0, integral = 0.0;
  ColdStart result;
  for (int i = 0; i < 12'000; ++i) {
    const double now_s = 0.5 * i;
    if (i % 2 == 0) {
      const double setpoint = std::min(target_k, 298.0 + 0.5 * now_s);
      result.duty = controller.Update(setpoint - tc, &integral);
    }
    const double rate = (result.duty * body.power_max_w - body.Loss(t)) / body.heat_capacity_j_k;
    const double next = t + 0.5 * rate;
    tc = LaggedReading(tc, t, next, 10.0, decay);
    t = next;
    result.overshoot_k = std::max(result.overshoot_k, t - target_k);
    if (t < target_k - 5.0) result.settled_s = now_s;
  }
  return result;
}

TEST(Furnace, OvershootsByFourKelvinFromCold) {
  const ColdStart start = RunColdStart(1023.15);
  EXPECT_NEAR(start.overshoot_k, 4.2, 0.5);
  EXPECT_NEAR(start.duty, 0.58, 0.01);
  EXPECT_NEAR(start.settled_s, 1840.0, 60.0);
}

}  // namespace
}  // namespace parallax::twin::swcnt
