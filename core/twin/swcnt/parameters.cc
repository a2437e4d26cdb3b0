#include "core/twin/swcnt/parameters.h"

namespace parallax::twin::swcnt {
namespace {

/// One row of the table: a lognormal (spread: log-sd) or normal (spread: sd) prior.
struct Row {
  const char* name;
  const char* symbol;
  const char* unit;
  double nominal;
  Transform transform;
  double spread;
  double lower;
  double upper;
  const char* mechanism;
  const char* best_signal;
  const char* source;
  const char* description;
};

constexpr Transform kLog = Transform::kLog;
constexpr Transform kNormal = Transform::kIdentity;
constexpr char kFitted[] = "chosen so that the model lands on published growth data";

constexpr Row kHeatRows[] = {
    {"k0", "k₀", "W/m/K", 1.38, kLog, 0.15, 0.4, 4.0, "substrate_conductivity",
     "stage thermocouple against pyrometer at two powers",
     "conductivity of clear fused silica, 1959",
     "Conductivity of fused silica at 300 K; other materials scale with it."},
    {"nk", "n", "1", -0.33, kNormal, 0.10, -1.2, 0.6, "substrate_conductivity",
     "stage thermocouple against pyrometer at several temperatures",
     "conductivity of clear fused silica, 1959",
     "Exponent of k = k0 (T/300)^-n for fused silica; other materials shift with it."},
    {"Rc", "R_c", "m2 K/W", 1.5e-4, kLog, 0.6, 5e-6, 3e-3, "contact_resistance",
     "pressure or gas switch", "J. Vac. Sci. Technol. A 10, 3193 (1992)",
     "Thermal contact resistance between heater and substrate."},
    {"eps0", "ε₀", "1", 0.80, kNormal, 0.07, 0.3, 0.969, "surface_emissivity",
     "two-colour pyrometer, heater power", "handbook values",
     "Emissivity of the bare fused-silica surface; other materials scale with it."},
    {"h", "h", "W/m2/K", 15.0, kLog, 0.35, 1.0, 150.0, "convection", "switch of carrier gas",
     "Nusselt number times gas conductivity over gap",
     "Film coefficient from the substrate to the gas."},
    {"bTC", "b_TC", "K", 0.0, kNormal, 4.0, -30.0, 30.0, "thermocouple_bias", "second thermocouple",
     "class tolerance and drift of type K", "Offset of the controlling thermocouples' readings."},
    {"dTax", "δT_ax", "K", 0.0, kNormal, 5.0, -40.0, 40.0, "furnace_nonuniformity",
     "zone powers, profile scan", "a judgement",
     "Temperature of the heater at the substrate above what the zones' readings say."},
};

constexpr Row kGasRows[] = {
    {"gF", "g_F", "1", 1.0, kNormal, 0.015, 0.8, 1.2, "feed_flow_error",
     "residual gas analyser, pressure", "mass-flow controller gain of 1.5 %",
     "True feed flow over the flow controller's reading."},
    {"Pw_bg", "P_w,bg", "Pa", 1.0, kLog, 0.8, 0.005, 200.0, "moisture_leak",
     "residual gas analyser at mass 18, catalyst lifetime", kFitted,
     "Water partial pressure that leaks or desorbs, at all times."},
    {"phi", "φ", "1", 5.0, kLog, 0.5, 0.2, 120.0, "precursor_pyrolysis",
     "change of preheat temperature", "Zhong et al. (2009): acetylene is the key precursor",
     "How much better pyrolysed feed supplies carbon than feed as it comes."},
    {"kg0", "k_g0", "1/s", 1e-3, kLog, 0.7, 1e-5, 0.1, "precursor_pyrolysis",
     "acetylene in the residual gas analyser", kFitted,
     "Pyrolysis rate of ethylene at 750 °C; other feeds scale with it."},
};

constexpr Row kGrowthRows[] = {
    {"vs0", "v_s0", "um/s", kNominalSupplyUmS, kLog, 0.4, 0.7, 110.0, "carbon_supply",
     "initial slope of height against feed pressure", kFitted,
     "Growth rate that carbon supply alone would allow at 750 °C and 15 kPa."},
    {"Es", "E_s", "eV", 0.6, kNormal, 0.25, -0.9, 2.1, "carbon_supply",
     "slope of height at high temperature", kFitted, "Activation energy of supply."},
    {"vd0", "v_d0", "um/s", kNominalDiffusionUmS, kLog, 0.4, 0.7, 110.0, "carbon_diffusion",
     "slope of height at low temperature", kFitted,
     "Growth rate that diffusion and incorporation alone would allow at 750 °C."},
    {"Ed", "E_d", "eV", 2.0, kNormal, 0.25, 0.5, 3.5, "carbon_diffusion",
     "slope of height against temperature", kFitted, "Activation energy of diffusion."},
    {"rc0", "r_c0", "1/s", 0.010, kLog, 0.7, 1e-4, 1.0, "carbon_overcoating",
     "early decay of growth, D/G", kFitted, "Rate at which carbon covers the catalyst."},
    {"rw0", "r_w0", "1/s", 0.18, kLog, 0.5, 0.009, 3.6, "water_cleaning", "step of water", kFitted,
     "Rate at which 15 Pa of water cleans the catalyst."},
    {"kenc0", "k_enc0", "1/s", 0.030, kLog, 0.6, 8e-4, 1.1, "encapsulation", "catalyst lifetime",
     kFitted, "Rate at which a covered catalyst is lost for good."},
    {"krip0", "k_rip0", "1/s", 5e-4, kLog, 0.6, 1.3e-5, 0.02, "ripening_loss",
     "catalyst lifetime with much water", "Hasegawa and Noda (2011)",
     "Rate at which catalyst is lost to ripening."},
    {"HD", "H_D", "mm", 5.0, kLog, 0.7, 0.08, 330.0, "forest_diffusion",
     "pause and resume at height", "Xiang et al., arXiv 0708.0661",
     "Forest height at which diffusion to the roots halves the rate."},
};

constexpr Row kChiralityRows[] = {
    {"dp0", "d_p0", "nm", 0.98, kLog, 0.10, 0.5, 2.0, "particle_size",
     "radial breathing modes after a short anneal", kFitted,
     "Median diameter of catalyst particles at the end of reduction."},
    {"sigma_p", "σ_p", "1", 0.06, kLog, 0.3, 0.01, 0.4, "size_dispersion",
     "width of the radial breathing modes", kFitted, "Log-sd of catalyst particle diameters."},
    {"Kr0", "K_r0", "nm4/s", 1.1e-3, kLog, 0.6, 3e-5, 0.05, "ripening", "scan of anneal time",
     kFitted, "Ostwald ripening: growth of the fourth power of diameter at 750 °C."},
    {"Er", "E_r", "eV", 1.3, kNormal, 0.35, -0.8, 3.4, "ripening",
     "radial breathing modes against temperature", kFitted, "Activation energy of ripening."},
    {"dgamma", "Δγ", "eV/nm", 0.14, kNormal, 0.04, -0.12, 0.4, "interface_energy",
     "mean chiral angle", kFitted, "Edge energy of zigzag over armchair edges on the catalyst."},
    {"eps_kink", "ε_k", "eV", 0.035, kNormal, 0.03, -0.15, 0.22, "kink_energy",
     "ratios within families of n - m", kFitted, "Energy of a kink in the edge at nucleation."},
};

Parameter ToParameter(const Row& row) {
  Parameter p;
  p.name = row.name;
  p.symbol = row.symbol;
  p.unit = row.unit;
  p.nominal = row.nominal;
  p.prior_sd = row.spread;
  p.lower = row.lower;
  p.upper = row.upper;
  p.transform = row.transform;
  p.mechanism = row.mechanism;
  p.source = row.source;
  p.description = row.description;
  p.best_signal = row.best_signal;
  return p;
}

}  // namespace

std::vector<Parameter> ParameterDescriptors() {
  std::vector<Parameter> list;
  for (const Row& row : kHeatRows) list.push_back(ToParameter(row));
  for (const Row& row : kGasRows) list.push_back(ToParameter(row));
  for (const Row& row : kGrowthRows) list.push_back(ToParameter(row));
  for (const Row& row : kChiralityRows) list.push_back(ToParameter(row));
  return list;
}

}  // namespace parallax::twin::swcnt
