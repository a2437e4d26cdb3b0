#include "core/twin/swcnt/chirality.h"

#include <Eigen/Core>

namespace parallax::twin::swcnt {
namespace {

using Column = Eigen::Array<double, kSpecies, 1>;
using Map = Eigen::Map<const Column>;

Map AsColumn(const std::array<double, kSpecies>& values) { return Map(values.data()); }

/// Number that stands for the growing sites: kappa or m; none in Magnin's form.
Column Sites(ChiralityForm form) {
  const SpeciesTable& t = Species();
  if (form == ChiralityForm::kKink) return AsColumn(t.kinks);
  Column m;
  for (size_t i = 0; i < kSpecies; ++i) m[static_cast<Eigen::Index>(i)] = t.m[i];
  return m;
}

/// Pieces of w that the derivatives use again.
struct Pieces {
  Column off;      ///< (ln d - ln(rho dp)) / s
  Column energy;   ///< of the edge [eV]
  Column kinks;    ///< factor of the kink cost; zero in Magnin's form
  Column growth;   ///< the third factor
  Column thermal;  ///< 2 (n + m) exp(-Ekp/kT)
  double spread = 0.0;
  double kt_ev = 0.0;
};

Pieces MakePieces(ChiralityForm form, double temperature_k, double particle_nm,
                  const EdgeEnergies<double>& edge) {
  const SpeciesTable& t = Species();
  Pieces p;
  p.kt_ev = kBoltzmannEv * temperature_k;
  p.spread = std::sqrt(edge.spread * edge.spread + kTubeSpread * kTubeSpread);
  p.off = (AsColumn(t.log_diameter) - std::log(kParticleToTube * particle_nm)) / p.spread;
  p.energy = edge.dgamma_ev_nm * AsColumn(t.zigzag_nm);
  if (form == ChiralityForm::kMagnin) {
    p.kinks.setZero();
    p.thermal.setZero();
    p.growth = AsColumn(t.log_ways).exp();
    return p;
  }
  p.kinks = Sites(form);
  p.energy += edge.kink_ev * p.kinks;
  p.thermal = (2.0 * std::exp(-kThermalKinkEv / p.kt_ev)) * AsColumn(t.sites);
  p.growth = p.kinks + p.thermal;
  return p;
}

Column Weights(const Pieces& p) {
  return (-0.5 * p.off.square() - p.energy / p.kt_ev - AsColumn(Species().log_diameter)).exp() *
         p.growth;
}

}  // namespace

void ComputeWeights(ChiralityForm form, double temperature_k, double particle_nm,
                    const EdgeEnergies<double>& edge, std::array<double, kSpecies>* w) {
  Eigen::Map<Column>(w->data()) = Weights(MakePieces(form, temperature_k, particle_nm, edge));
}

void ComputeAbundance(ChiralityForm form, double temperature_k, double particle_nm,
                      const EdgeEnergies<double>& edge, Abundance* out) {
  const Pieces p = MakePieces(form, temperature_k, particle_nm, edge);
  Eigen::Map<Column>(out->w.data()) = Weights(p);
  Eigen::Map<Column>(out->by_log_particle.data()) = p.off / p.spread;
  Eigen::Map<Column>(out->by_spread.data()) =
      p.off.square() * (edge.spread / (p.spread * p.spread));
  Eigen::Map<Column>(out->by_temperature.data()) =
      (p.energy + kThermalKinkEv * p.thermal / p.growth) / (p.kt_ev * temperature_k);
  Eigen::Map<Column>(out->by_dgamma.data()) = AsColumn(Species().zigzag_nm) / -p.kt_ev;
  Eigen::Map<Column>(out->by_kink.data()) = p.kinks / -p.kt_ev;
}

std::array<double, kSpecies> SumOverWindow(ChiralityForm form, const Nucleation<double>& window,
                                           const EdgeEnergies<double>& edge) {
  std::array<double, kSpecies> sum{};
  std::array<double, kSpecies> w;
  for (const NucleationBin<double>& bin : window) {
    if (!(bin.weight > 0.0)) continue;
    ComputeWeights(form, bin.temperature_k / bin.weight, bin.particle_nm / bin.weight, edge, &w);
    for (size_t i = 0; i < kSpecies; ++i) sum[i] += bin.weight * w[i];
  }
  return sum;
}

}  // namespace parallax::twin::swcnt
