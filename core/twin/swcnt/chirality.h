#pragma once

#include <array>
#include <cmath>

#include "core/twin/swcnt/constants.h"
#include "core/twin/swcnt/species.h"

/// Which tubes nucleate. Specification section 4.
namespace parallax::twin::swcnt {

/// How the edge decides abundance, beside the size of the particle.
enum class ChiralityForm {
  kKink,   ///< edge energy, kink cost and growth at kinks, min(m, n-m) of them
  kDing,   ///< the same with m in place of the kinks: rate as sin chi (Ding et al. 2009)
  kMagnin  ///< edge energy against the configurational entropy of the edge (Magnin et al. 2018)
};

inline constexpr double kParticleToTube = 0.75;  ///< rho
inline constexpr double kTubeSpread = 0.05;      ///< of log diameter on one particle
inline constexpr double kThermalKinkEv = 0.50;   ///< Ekp

/// Tubes that nucleated within one second: weight, temperature and particle diameter of that time.
/// Later temperature leaves (n, m) alone (Otsuka and Maruyama): this is the timing rule.
template <typename S>
struct NucleationBin {
  S weight = S(0.0);         ///< integral of da (1 - theta)
  S temperature_k = S(0.0);  ///< weighted sums, made means by Mean()
  S particle_nm = S(0.0);
};

inline constexpr int kNucleationBins = 32;
template <typename S>
using Nucleation = std::array<NucleationBin<S>, kNucleationBins>;

/// What decides abundances besides the bin.
template <typename S>
struct EdgeEnergies {
  S spread;        ///< sigma_p
  S dgamma_ev_nm;  ///< zigzag over armchair
  S kink_ev;
};

/// Abundances of one nucleation instant, not normalised, with their logarithmic derivatives.
struct Abundance {
  std::array<double, kSpecies> w;
  std::array<double, kSpecies> by_log_particle;  ///< d ln w / d ln dp
  std::array<double, kSpecies> by_spread;        ///< d ln w / d sigma_p
  std::array<double, kSpecies> by_temperature;   ///< d ln w / d T
  std::array<double, kSpecies> by_dgamma;
  std::array<double, kSpecies> by_kink;
};

/// w(n,m) = (1/d) exp[-((ln d - ln(rho dp))/s)^2 / 2] exp[-(dgamma (n-m) a + eps_k kappa)/kB T]
///          (kappa + 2 (n+m) exp(-Ekp/kB T)),  s^2 = sigma_p^2 + 0.05^2.
void ComputeAbundance(ChiralityForm form, double temperature_k, double particle_nm,
                      const EdgeEnergies<double>& edge, Abundance* out);

/// Same, without derivatives (only `w` is written).
void ComputeWeights(ChiralityForm form, double temperature_k, double particle_nm,
                    const EdgeEnergies<double>& edge, std::array<double, kSpecies>* w);

/// Abundance of every species summed over the nucleation window, not normalised.
std::array<double, kSpecies> SumOverWindow(ChiralityForm form, const Nucleation<double>& window,
                                           const EdgeEnergies<double>& edge);

/// The same on jets: derivatives by the chain rule over each bin's five inputs.
template <typename J>
std::array<J, kSpecies> SumOverWindow(ChiralityForm form, const Nucleation<J>& window,
                                      const EdgeEnergies<J>& edge) {
  std::array<J, kSpecies> sum;
  sum.fill(J(0.0));
  Abundance a;
  const EdgeEnergies<double> plain{Value(edge.spread), Value(edge.dgamma_ev_nm),
                                   Value(edge.kink_ev)};
  for (const NucleationBin<J>& bin : window) {
    if (!(Value(bin.weight) > 0.0)) continue;
    const J t = bin.temperature_k / bin.weight;
    const J dp = bin.particle_nm / bin.weight;
    ComputeAbundance(form, t.a, dp.a, plain, &a);
    for (size_t i = 0; i < kSpecies; ++i) {
      const double w = a.w[i] * bin.weight.a;
      sum[i].a += w;
      sum[i].v += a.w[i] * bin.weight.v + (w * a.by_temperature[i]) * t.v +
                  (w * a.by_log_particle[i] / dp.a) * dp.v + (w * a.by_spread[i]) * edge.spread.v +
                  (w * a.by_dgamma[i]) * edge.dgamma_ev_nm.v + (w * a.by_kink[i]) * edge.kink_ev.v;
    }
  }
  return sum;
}

}  // namespace parallax::twin::swcnt
