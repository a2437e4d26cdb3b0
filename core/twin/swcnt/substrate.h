#pragma once

#include <cmath>

#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/heat.h"
#include "core/twin/swcnt/thick_slab.h"

namespace parallax::twin::swcnt {

inline constexpr double kThinSlabM = 2e-3;  ///< thicker ones are resolved through their thickness

/// Smooth maximum of two times [s], (a4 + b4)^(1/4): the slower of diffusion and contact.
template <typename S>
S SlowerOf(const S& a, const S& b) {
  using std::sqrt;
  return sqrt(sqrt(Power<4>(a) + Power<4>(b)));
}

/// The substrate over its heater. On a heated stage the surface follows contact, slab and loss; in
/// a tube furnace it is in balance with the wall and has the heater's temperature.
template <typename S>
class Substrate {
 public:
  Slab<S> slab;
  S contact_m2k_w;
  S bare_emissivity;
  Surroundings<S> around;

  void Start(const Setup& setup, const S& heater_k) {
    hot_wall_ = setup.hot_wall;
    thick_ = setup.thickness_m > kThinSlabM;
    const double capacity = setup.material.density_kg_m3 * setup.material.specific_heat_j_kgk;
    if (hot_wall_) {
      surface_ = heater_k;
    } else if (thick_) {
      cells_.Start(slab, capacity, contact_m2k_w, around, bare_emissivity, heater_k);
      surface_ = cells_.surface();
      flux_ = cells_.flux();
    } else {
      const double l = setup.thickness_m;
      const S diffusion_s = (capacity * l * l) / slab.Conductivity(S(kReferenceK));
      settling_s_ = SlowerOf<S>(diffusion_s, contact_m2k_w * (capacity * l));
      surface_ = SteadySurface(slab, contact_m2k_w, around, bare_emissivity, heater_k);
      flux_ = around.Loss(bare_emissivity, surface_);
    }
    before_ = surface_;
    flux_before_ = flux_;
  }

  /// Share of a step at which it takes the surface's loss.
  double LossAt() const { return thick_ ? 1.0 : 0.5; }

  /// Makes steps `dt_s` long from here; what is extrapolated keeps its slope.
  void SetStep(double dt_s) {
    using std::exp;
    const double ratio = dt_s_ > 0.0 ? dt_s / dt_s_ : 1.0;
    dt_s_ = dt_s;
    before_ = surface_ - (surface_ - before_) * ratio;
    flux_before_ = flux_ - (flux_ - flux_before_) * ratio;
    if (thick_ && !hot_wall_) cells_.Rescale(ratio);
    if (thick_ || hot_wall_) return;
    decay_ = exp(-dt_s / settling_s_);
    const S settlings = settling_s_ * (1.0 / dt_s);
    ramp_ = 0.5 - settlings + (0.5 + settlings) * decay_;
  }

  /// Advances a step in which the heater goes from `from` to `to` under a forest of `height_m`
  /// at LossAt().
  void Step(const S& from, const S& to, const S& height_m) {
    const S earlier = before_;
    before_ = surface_;
    if (hot_wall_) {
      surface_ = to;
      return;
    }
    const S emissivity = ForestEmissivity(bare_emissivity, height_m, forest_exp_);
    flux_before_ = flux_;
    if (thick_) {
      cells_.Step(slab, contact_m2k_w, around, emissivity, to, dt_s_);
      surface_ = cells_.surface();
      flux_ = cells_.flux();
      return;
    }
    // One fixed-point step: the loss is taken at the surface extrapolated to the step's middle.
    const S middle = surface_ + 0.5 * (surface_ - earlier);
    flux_ = around.Loss(emissivity, middle);
    const S root = slab.Surface(0.5 * (from + to) - flux_ * contact_m2k_w, flux_, &memory_);
    // Exact for a balance that moves with the heater, evenly through the step.
    surface_ = root + (surface_ - root) * decay_ + (to - from) * ramp_;
  }

  const S& surface() const { return surface_; }
  S middle() const { return 0.5 * (before_ + surface_); }  ///< over the last step
  /// From the heater [W/m2], at the end of the last step: a thin slab's is known at its middle.
  S flux() const { return thick_ ? flux_ : flux_ + 0.5 * (flux_ - flux_before_); }
  /// The flux extrapolated to the middle of the next step: a thick slab's is known at the end of
  /// the last step, a thin one's at its middle.
  S NextFlux() const { return flux_ + (thick_ ? 0.5 : 1.0) * (flux_ - flux_before_); }

 private:
  bool hot_wall_ = false;
  bool thick_ = false;
  ThickSlab<S> cells_;
  SlabMemory memory_;
  SlowExp forest_exp_;
  double dt_s_ = 0.0;
  S settling_s_ = S(0.0);
  S decay_ = S(0.0);
  S ramp_ = S(0.0);  ///< of the heater's change over a step, what the surface has followed of it
  S surface_ = S(0.0);
  S before_ = S(0.0);
  S flux_ = S(0.0);
  S flux_before_ = S(0.0);
};

}  // namespace parallax::twin::swcnt
