#include <gtest/gtest.h>

#include "core/twin/swcnt/substrate.h"
#include "tests/core/twin/swcnt/fixture.h"
#include "tests/support/replicates.h"

// What holds for every parameter draw and recipe; with sanitizers a quarter of the draws.
namespace parallax::twin {
namespace {

using swcnt::Simulation;

constexpr uint64_t kDraws = test_support::Replicates(1000, 250);

TEST(SwcntInvariants, HoldOverAllDraws) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  Prediction p;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    const Drive drive = testing::DriveOfSeed(seed);
    const Eigen::VectorXd at = testing::DrawSwcnt(seed, 1.0);
    const absl::Status status = twin->Predict(at, drive, &p, nullptr);
    ASSERT_TRUE(status.ok()) << seed << " " << status.ToString();
    for (Eigen::Index k = 0; k < p.outputs.cols(); ++k) {
      if (!swcnt::IsAbsent(drive, static_cast<int>(k))) {
        ASSERT_TRUE(p.outputs.col(k).allFinite()) << seed;
      }
    }
    // Of what did not grow there is no D/G.
    const bool grown = p.outcome[swcnt::kOutcomeHeight] > 0.0;
    for (Eigen::Index o = 0; o < p.outcome.size(); ++o) {
      ASSERT_TRUE(std::isfinite(p.outcome[o]) || (o == swcnt::kOutcomeDefects && !grown)) << seed;
    }
    for (int first :
         {static_cast<int>(swcnt::kOutcomeShares), static_cast<int>(swcnt::kOutcomeRaman)}) {
      const auto shares = p.outcome.segment(first, swcnt::kSemiconducting);
      ASSERT_NEAR(shares.sum(), 1.0, 1e-12) << seed;
      ASSERT_GE(shares.minCoeff(), 0.0) << seed;
    }
    const auto height = p.outputs.col(swcnt::kHeight);
    // To rounding, where growth has all but ended.
    for (Eigen::Index i = 1; i < height.size(); ++i) {
      ASSERT_GE(height[i], height[i - 1] * (1.0 - 1e-15)) << seed;
    }
    const double d = p.outcome[swcnt::kOutcomeDiameter];
    ASSERT_TRUE(d > 0.6e-9 && d < 2.0e-9) << seed;
    ASSERT_GT(p.outputs.col(swcnt::kSurface).minCoeff(), 300.0) << seed;
    if (seed % 4 < 2) {  // the controller's duty
      const int duty = seed % 2 == 0 ? swcnt::kHeaterDuty : swcnt::kZ2Duty;
      ASSERT_GE(p.outputs.col(duty).minCoeff(), -1e-9) << seed;
      ASSERT_LE(p.outputs.col(duty).maxCoeff(), 1.0 + 1e-9) << seed;
    }
  }
}

TEST(SwcntInvariants, CoverageActivityAndActivationStayInTheirBounds) {
  const swcnt::SwcntOptions options;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    const Drive drive = testing::DriveOfSeed(seed);
    Simulation<swcnt::PlainScalars> simulation(testing::AsArray(testing::DrawSwcnt(seed, 1.0)),
                                               drive, options, swcnt::kStepsPerRow);
    double active = 1.0;
    simulation.Run([&](Eigen::Index, int, double) {
      const swcnt::Growth<double>& g = simulation.sample().growth;
      ASSERT_TRUE(g.coverage >= 0.0 && g.coverage <= 1.0) << seed;
      ASSERT_TRUE(g.active >= 0.0 && g.active <= active) << seed;
      ASSERT_TRUE(g.activated >= 0.0 && g.activated <= 1.0) << seed;
      active = g.active;
    });
  }
}

/// What a heater at `temperature_k` of the fixture's rigs loses to its surroundings [W].
double LossesAt(double temperature_k) {
  return 0.2 * (temperature_k - 298.0) +
         0.8 * kStefanBoltzmann * 0.003 * (std::pow(temperature_k, 4) - std::pow(298.0, 4));
}

TEST(SwcntInvariants, HeatThroughTheSlabIsHeatLostByTheSurface) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  const swcnt::Material& silica = swcnt::MaterialAt(0);  // of which the parameters speak
  Prediction p;
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    testing::GrowthRecipe recipe = testing::DrawRecipe(seed);
    recipe.feed_sccm = 0.0;  // a bare surface
    const Drive drive = testing::SteadyDrive(testing::StageRig(), recipe);
    const Eigen::VectorXd at = testing::DrawSwcnt(seed, 1.0);
    ASSERT_TRUE(twin->Predict(at, drive, &p, nullptr).ok());
    const swcnt::Material& material = swcnt::MaterialAt(*swcnt::FindMaterial(recipe.material));
    const double surface = p.outputs(p.outputs.rows() - 1, swcnt::kSurface);
    const double stage = recipe.temperature_k - at[swcnt::kBTc];
    const double emissivity = material.emissivity * at[swcnt::kEps0] / silica.emissivity;
    const double q = emissivity * kStefanBoltzmann * (std::pow(surface, 4) - std::pow(350.0, 4)) +
                     at[swcnt::kH] * (surface - 500.0);
    // The heater's duty pays for it and for its own losses.
    EXPECT_NEAR(p.outputs(p.outputs.rows() - 1, swcnt::kHeaterDuty) * 700.0,
                LossesAt(stage) + q * 4e-4, 1e-6 * q * 4e-4)
        << seed;
    if (recipe.thickness_m > swcnt::kThinSlabM) continue;  // whose cells have no closed form
    const swcnt::Slab<double> slab{material.k0_w_mk * at[swcnt::kK0] / silica.k0_w_mk,
                                   1.0 - material.exponent - at[swcnt::kNk] + silica.exponent,
                                   recipe.thickness_m};
    const double back = stage + at[swcnt::kDTax] - q * at[swcnt::kRc];
    const double through = (slab.Kirchhoff(back) - slab.Kirchhoff(surface)) / recipe.thickness_m;
    EXPECT_NEAR(through / q, 1.0, 1e-6) << seed;
  }
}

TEST(SwcntInvariants, ZonesPayForTheirLossesAndTheirNeighbours) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  Prediction p;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const testing::GrowthRecipe recipe = testing::DrawRecipe(seed);
    Drive drive = testing::SteadyDrive(testing::HotWallRig(), recipe);
    const Eigen::VectorXd at = testing::DrawSwcnt(seed, 1.0);
    base::Random random(seed, 31);
    std::array<double, 3> zones;
    for (int z = 0; z < 3; ++z) {
      const double reading = recipe.temperature_k + 40.0 * (random.Uniform() - 0.5);
      drive.inputs.col(swcnt::kZone1 + z).setConstant(reading);
      zones[static_cast<size_t>(z)] = reading - at[swcnt::kBTc];
    }
    ASSERT_TRUE(twin->Predict(at, drive, &p, nullptr).ok());
    for (size_t z = 0; z < 3; ++z) {
      double watts = LossesAt(zones[z]);
      if (z > 0) watts += 0.35 * (zones[z] - zones[z - 1]);
      if (z < 2) watts += 0.35 * (zones[z] - zones[z + 1]);
      const auto duty = static_cast<Eigen::Index>(swcnt::kZ1Duty + z);
      EXPECT_NEAR(p.outputs(p.outputs.rows() - 1, duty) * 900.0 / watts, 1.0, 1e-6) << seed;
    }
  }
}

TEST(SwcntInvariants, SurfaceCoolsWithContactResistanceAndThickness) {
  const std::unique_ptr<Twin> twin = MakeSwcnt();
  Prediction p;
  const auto surface = [&](const Eigen::VectorXd& at, double thickness_m) {
    testing::GrowthRecipe recipe;
    recipe.thickness_m = thickness_m;
    recipe.heat_s = recipe.reduce_s = recipe.anneal_s = recipe.grow_s = recipe.cool_s = 20.0;
    EXPECT_TRUE(
        twin->Predict(at, testing::SteadyDrive(testing::StageRig(), recipe), &p, nullptr).ok());
    return p.outputs(p.outputs.rows() - 15, swcnt::kSurface);
  };
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    Eigen::VectorXd at = testing::DrawSwcnt(seed, 1.0);
    double last = surface(at, 0.3e-3);
    for (double thickness : {0.5e-3, 1e-3, 1.99e-3, 2.01e-3, 3e-3, 5e-3}) {
      const double now = surface(at, thickness);
      EXPECT_LT(now, last) << seed << " " << thickness;
      last = now;
    }
    const double before = surface(at, 1e-3);
    at[swcnt::kRc] *= 1.5;
    EXPECT_LT(surface(at, 1e-3), before) << seed;
  }
}

}  // namespace
}  // namespace parallax::twin
