#include "core/twin/swcnt/parameters.h"

#include <gtest/gtest.h>

#include "core/twin/swcnt/outcome.h"
#include "core/twin/swcnt/tables.h"
#include "tests/core/twin/swcnt/growth_bench.h"

namespace parallax::twin::swcnt {
namespace {

using testing::Nominal;

/// A row of the specification's section 6; the spread is a log-sd where the prior is lognormal.
struct SpecifiedParameter {
  const char* name;
  double nominal;
  const char* unit;
  Transform prior;
  double spread;
  const char* mechanism;
};
constexpr Transform kLn = Transform::kLog, kN = Transform::kIdentity;
constexpr SpecifiedParameter kSpecified[] = {
    {"k0", 1.38, "W/m/K", kLn, 0.15, "substrate_conductivity"},
    {"nk", -0.33, "1", kN, 0.10, "substrate_conductivity"},
    {"Rc", 1.5e-4, "m2 K/W", kLn, 0.6, "contact_resistance"},
    {"eps0", 0.80, "1", kN, 0.07, "surface_emissivity"},
    {"h", 15.0, "W/m2/K", kLn, 0.35, "convection"},
    {"bTC", 0.0, "K", kN, 4.0, "thermocouple_bias"},
    {"dTax", 0.0, "K", kN, 5.0, "furnace_nonuniformity"},
    {"gF", 1.0, "1", kN, 0.015, "feed_flow_error"},
    {"Pw_bg", 1.0, "Pa", kLn, 0.8, "moisture_leak"},
    {"phi", 5.0, "1", kLn, 0.5, "precursor_pyrolysis"},
    {"kg0", 1e-3, "1/s", kLn, 0.7, "precursor_pyrolysis"},
    {"vs0", 9.0, "um/s", kLn, 0.4, "carbon_supply"},
    {"Es", 0.6, "eV", kN, 0.25, "carbon_supply"},
    {"vd0", 8.7, "um/s", kLn, 0.4, "carbon_diffusion"},
    {"Ed", 2.0, "eV", kN, 0.25, "carbon_diffusion"},
    {"rc0", 0.010, "1/s", kLn, 0.7, "carbon_overcoating"},
    {"rw0", 0.18, "1/s", kLn, 0.5, "water_cleaning"},
    {"kenc0", 0.030, "1/s", kLn, 0.6, "encapsulation"},
    {"krip0", 5e-4, "1/s", kLn, 0.6, "ripening_loss"},
    {"HD", 5.0, "mm", kLn, 0.7, "forest_diffusion"},
    {"dp0", 0.98, "nm", kLn, 0.10, "particle_size"},
    {"sigma_p", 0.06, "1", kLn, 0.3, "size_dispersion"},
    {"Kr0", 1.1e-3, "nm4/s", kLn, 0.6, "ripening"},
    {"Er", 1.3, "eV", kN, 0.35, "ripening"},
    {"dgamma", 0.14, "eV/nm", kN, 0.04, "interface_energy"},
    {"eps_kink", 0.035, "eV", kN, 0.03, "kink_energy"},
};

TEST(SwcntParameters, AreThoseOfTheSpecification) {
  const std::vector<Parameter> list = ParameterDescriptors();
  ASSERT_EQ(list.size(), std::size(kSpecified));
  for (size_t k = 0; k < list.size(); ++k) {
    const SpecifiedParameter& row = kSpecified[k];
    EXPECT_EQ(list[k].name, row.name);
    EXPECT_EQ(list[k].nominal, row.nominal) << row.name;
    EXPECT_EQ(list[k].unit, row.unit) << row.name;
    EXPECT_EQ(list[k].transform, row.prior) << row.name;
    EXPECT_EQ(list[k].prior_sd, row.spread) << row.name;
    EXPECT_EQ(list[k].mechanism, row.mechanism) << row.name;
  }
}

TEST(SwcntParameters, OfSilicaAndEthyleneAreThoseOfTheTables) {
  // The model scales the other rows of the tables by these.
  EXPECT_EQ(MaterialAt(0).k0_w_mk, Nominal(kK0));
  EXPECT_EQ(MaterialAt(0).exponent, Nominal(kNk));
  EXPECT_EQ(MaterialAt(0).emissivity, Nominal(kEps0));
  EXPECT_EQ(FeedAt(0).rate_hz, Nominal(kKg0));
}

TEST(SwcntParameters, ReferenceSpeedIsThatOfTheNominalRates) {
  const double vs = Nominal(kVs0) * 1e-6, vd = Nominal(kVd0) * 1e-6;
  EXPECT_NEAR(kReferenceSpeedMS / (vs * vd / (vs + vd)), 1.0, 1e-15);
}

}  // namespace
}  // namespace parallax::twin::swcnt
