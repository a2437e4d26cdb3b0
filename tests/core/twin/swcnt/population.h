#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "core/twin/swcnt/chirality.h"
#include "core/twin/swcnt/particles.h"
#include "tests/core/twin/swcnt/growth_bench.h"

/// Tubes that nucleate at constant temperature, as the specification's computed figures have them.
namespace parallax::twin::swcnt::testing {

/// Median diameter [nm] of particles of `dp0_nm` that ripened `anneal_s` at one temperature.
inline double RipenedNm(double temperature_k, double anneal_s, double dp0_nm = Nominal(kDp0)) {
  Particles<double> particles{.rate_nm4_s = Nominal(kKr0), .energy_ev = Nominal(kEr)};
  particles.Start(dp0_nm);
  particles.Ripen(temperature_k, anneal_s);
  return particles.MedianNm();
}

/// Abundances of all species, not normalised.
struct Population {
  std::array<double, kSpecies> w{};

  double Moment(int power) const {
    double sum = 0.0;
    for (size_t i = 0; i < kSpecies; ++i) sum += w[i] * std::pow(Species().diameter_nm[i], power);
    return sum;
  }
  double MeanNm() const { return Moment(1) / Moment(0); }
  double SdNm() const { return std::sqrt(Moment(2) / Moment(0) - MeanNm() * MeanNm()); }
  double Ratio(int n, int m, int n2, int m2) const { return Of(n, m) / Of(n2, m2); }
  double ShareOfSemiconductors(int n, int m) const {
    double all = 0.0;
    for (int i : Species().semiconductors) all += w[static_cast<size_t>(i)];
    return Of(n, m) / all;
  }
  /// The most abundant semiconducting species.
  int Dominant() const {
    return *std::max_element(
        Species().semiconductors.begin(), Species().semiconductors.end(),
        [this](int a, int b) { return w[static_cast<size_t>(a)] < w[static_cast<size_t>(b)]; });
  }

 private:
  double Of(int n, int m) const { return w[static_cast<size_t>(SpeciesIndex(n, m))]; }
};

/// How the particles came to be; the specification's.
struct Catalysed {
  double dp0_nm = Nominal(kDp0);
  double spread = Nominal(kSigmaP);
  double anneal_s = 300.0;
  ChiralityForm form = ChiralityForm::kKink;
};

/// What nucleates at `celsius` on particles that were annealed there.
inline Population Grown(double celsius, const Catalysed& on = {}) {
  const double temperature_k = celsius + kCelsius;
  Population p;
  ComputeWeights(on.form, temperature_k, RipenedNm(temperature_k, on.anneal_s, on.dp0_nm),
                 {on.spread, Nominal(kDgamma), Nominal(kEpsKink)}, &p.w);
  return p;
}

}  // namespace parallax::twin::swcnt::testing
