#include "core/twin/trust.h"

namespace parallax::twin {
namespace {

Trust DutyOfZone(const char* observable) {
  return {.observable = observable,
          .campaign_sd = 0.015,
          .run_sd = 0.006,
          .wander_sd = 0.008,
          .wander_s = 60.0,
          .row_sd = 0.025,
          .fault_sd = 0.05};
}

/// Settled on 2026-11-23 with the nominal campaigns of the development set in view: what separates
/// two careful simulators of one rig, and what a bench adds. docs/methods.md has the reasons.
std::vector<Trust> TrustInSwcnt() {
  return {{.observable = "stage_tc2",
           .campaign_sd = 0.6,
           .run_sd = 0.15,
           .wander_sd = 0.1,
           .fault_sd = 6.0},
          {.observable = "heater_duty",
           .campaign_sd = 0.005,
           .run_sd = 0.004,
           .wander_sd = 0.006,
           .wander_s = 60.0,
           .row_sd = 0.01,
           .fault_sd = 0.05},
          DutyOfZone("z1_duty"),
          DutyOfZone("z2_duty"),
          DutyOfZone("z3_duty"),
          {.observable = "pyro_t",
           .campaign_sd = 1.0,
           .run_sd = 1.0,
           .wander_sd = 0.8,
           .wander_s = 200.0,
           .fault_sd = 10.0},
          {.observable = "p_h2o",
           .campaign_sd = 0.2,
           .campaign_share = 0.03,
           .run_sd = 0.1,
           .run_share = 0.02,
           .wander_sd = 0.1,
           .wander_share = 0.01,
           .fault_sd = 3.0,
           .fault_share = 0.25,
           .free_sd = 1.0,
           .free_share = 0.3},
          {.observable = "p_c2h2",
           .campaign_sd = 0.1,
           .campaign_share = 0.03,
           .run_sd = 0.1,
           .run_share = 0.02,
           .wander_sd = 0.1,
           .wander_share = 0.02,
           .fault_share = 0.25,
           .free_sd = 0.3,
           .free_share = 0.3},
          {.observable = "height",
           .campaign_sd = 2e-6,
           .campaign_share = 0.02,
           .run_sd = 1.5e-6,
           .run_share = 0.02,
           .wander_sd = 0.5e-6,
           .wander_share = 0.01,
           .fault_sd = 20e-6,
           .fault_share = 0.15,
           .free_sd = 2e-6,
           .free_share = 0.5,
           .slowing_share = 1.0},
          {.observable = "height_ex_situ",
           .campaign_sd = 2e-6,
           .campaign_share = 0.02,
           .run_sd = 1.5e-6,
           .run_share = 0.02,
           .fault_share = 0.15,
           .free_sd = 2e-6,
           .free_share = 0.5},
          {.observable = "share",
           .campaign_sd = 0.008,
           .row_sd = 0.01,
           .row_share = 0.08,
           .free_sd = 0.06,
           .free_share = 0.3},
          // How brightly a species shines hangs on energies known to some 20 meV beside a width of
          // 60 meV: a factor of its own, the same in every run, and the focus in each.
          {.observable = "rbm", .campaign_share = 0.2, .row_sd = 0.01, .row_share = 0.15}};
}

}  // namespace

std::vector<Trust> TrustIn(std::string_view twin) {
  if (twin == "swcnt_cvd") return TrustInSwcnt();
  return {};
}

std::vector<std::vector<std::string>> InterchangeableIn(std::string_view twin) {
  if (twin == "swcnt_cvd") return {{"k0", "nk"}};
  return {};
}

}  // namespace parallax::twin
