#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/twin/swcnt/atmosphere.h"
#include "core/twin/swcnt/chirality.h"
#include "core/twin/swcnt/derivatives.h"
#include "core/twin/swcnt/heater.h"
#include "core/twin/swcnt/kinetics.h"
#include "core/twin/swcnt/mediators.h"
#include "core/twin/swcnt/parameters.h"
#include "core/twin/swcnt/particles.h"
#include "core/twin/swcnt/substrate.h"
#include "core/twin/swcnt/swcnt.h"

namespace parallax::twin::swcnt {

/// Ranges that a prediction reaches, held against Description::domain in this order.
struct Reached {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};
struct Reach {
  Reached surface_k, feed_pa, water_pa, pressure_pa;
};

/// What a run leaves on the sample.
template <typename S, typename Full>
struct Sample {
  Nucleation<Full> window;
  Growth<S> growth;
  S height_m;
};

/// One run from the first row to the last. All state is of fixed size: no step allocates, unless
/// `Taps` records (mediators.h).
/// @tparam Scalars  of its parts, as in derivatives.h.
template <typename Scalars, typename Taps = NoTaps>
class Simulation {
 public:
  using H = typename Scalars::Heater;
  using G = typename Scalars::Gas;
  using S = typename Scalars::Growth;
  using Full = typename Scalars::Full;

  /// @param steps  internal steps a row, a multiple of 2; kStepsPerRow gives dt = 0.5 s. Rows in
  ///   which feed or water are switched, and the first 20 s of growth, take four times as many, the
  ///   first 8 s, in which a forest covers its substrate, eight times.
  Simulation(const std::array<Full, kParameters>& p, const Drive& drive,
             const SwcntOptions& options, int steps, const Taps& taps = Taps())
      : setup_(drive),
        drive_(drive),
        options_(options),
        taps_(taps),
        coarse_(steps, setup_.tc_lag_s),
        fine_(kFiner * steps, setup_.tc_lag_s),
        finest_(kFinest * steps, setup_.tc_lag_s),
        size_(&coarse_),
        bias_(Cast<H>(p[kBTc])),
        nonuniformity_(Cast<H>(p[kDTax])),
        heater_(setup_, drive, bias_) {
    Bind(p);
    const H place_k = heater_.AtSubstrate() + nonuniformity_;
    const S heater_k = taps_(kHeaterAtSubstrate, Cast<S>(place_k), 0.0);
    substrate_.around.wall_k = drive.inputs(0, kWall);
    substrate_.around.gas_k = drive.inputs(0, kGasT);
    substrate_.Start(setup_, heater_k);
    substrate_.SetStep(size_->dt_s);
    if (drive.mode == DriveMode::kRecipe) {
      heater_.Rest(Cast<H>(taps_(kFluxAtHeater, substrate_.flux(), 0.0)));
    }
    atmosphere_.Start(setup_, drive, HotZone(place_k), size_->dt_s);
    height_before_ = S(0.0);
    sample_.height_m = S(0.0);
    for (Eigen::Index row = 0; row < drive.time_s.size(); ++row) {
      most_feed_pa_ = std::max(most_feed_pa_, InletPressure(row, kFeedFlow));
    }
  }

  /// Calls emit(row, output, reading) for every row and every output that the rig has.
  template <typename Emit>
  void Run(const Emit& emit) {
    Read(0, emit);
    for (Eigen::Index row = 0; row + 1 < drive_.time_s.size(); ++row) {
      substrate_.around.wall_k = drive_.inputs.coeff(row, kWall);
      substrate_.around.gas_k = drive_.inputs.coeff(row, kGasT);
      SetStep(SizeFor(row));
      row_s_ = drive_.time_s.coeff(row);
      heater_.TakeRow(row);
      atmosphere_.TakeRow(drive_, row);
      if (!setup_.hot_wall) atmosphere_.Dwell(drive_.inputs.coeff(row, kPreheat));
      reach_.pressure_pa.Take(drive_.inputs.coeff(row, kPressure));
      for (int step = 0; step < size_->steps; ++step) Step(step);
      Read(row + 1, emit);
    }
  }

  const Sample<S, Full>& sample() const { return sample_; }
  const Reach& reach() const { return reach_; }
  const Setup& setup() const { return setup_; }

 private:
  void Bind(const std::array<Full, kParameters>& all) {
    std::array<S, kDp0> p;
    for (size_t k = 0; k < p.size(); ++k) p[k] = Cast<S>(all[k]);
    const Material& material = setup_.material;
    const Material& silica = MaterialAt(0);
    substrate_.slab.k0 = p[kK0] * (material.k0_w_mk / silica.k0_w_mk);
    substrate_.slab.m = 1.0 - (material.exponent + (p[kNk] - silica.exponent));
    substrate_.slab.thickness_m = setup_.thickness_m;
    substrate_.contact_m2k_w = p[kRc];
    substrate_.bare_emissivity = p[kEps0] * (material.emissivity / silica.emissivity);
    substrate_.around.h = p[kH];
    atmosphere_.feed_gain = Cast<G>(p[kGf]);
    atmosphere_.leak_pa = Cast<G>(p[kPwBg]);
    atmosphere_.advantage = Cast<G>(p[kPhi]);
    atmosphere_.pyrolysis = Cast<G>(p[kKg0]) * (1.0 / FeedAt(0).rate_hz);
    particles_.rate_nm4_s = all[kKr0];
    particles_.energy_ev = all[kEr];
    particles_.Start(all[kDp0]);
    rates_.supply_m_s = p[kVs0] * (1e-6 * setup_.catalyst.speed_factor);
    rates_.supply_ev = p[kEs];
    rates_.diffusion_m_s = p[kVd0] * (1e-6 * setup_.catalyst.speed_factor);
    rates_.diffusion_ev = p[kEd];
    rates_.overcoat_hz = p[kRc0];
    rates_.cleaning_hz = p[kRw0];
    rates_.encapsulation_hz = p[kKenc0];
    rates_.ripening_hz = p[kKrip0];
    rates_.forest_m = p[kHd] * 1e-3;
    rates_.sudden_loss_hz = setup_.catalyst.sudden_loss_rate_hz;
  }

  /// Where the feed dwells at the start: the preheater of a stage, the tube at the substrate.
  G HotZone(const H& place_k) const {
    return setup_.hot_wall ? Cast<G>(taps_(kHeaterAtPyrolysis, place_k, 0.0))
                           : G(drive_.inputs.coeff(0, kPreheat));
  }

  /// Steps that can follow what happens in a row: finer ones while feed is young, and where its
  /// inlet pressure or water's jumped within the last rows. Of the drive alone, not of parameters.
  /// REQUIRES: called once for every row, in order.
  const StepSize& SizeFor(Eigen::Index row) {
    const double feed_pa = InletPressure(row, kFeedFlow);
    const double water_pa = InletPressure(row, kWaterFlow);
    const double jump_pa = kFeedJump * std::max(most_feed_pa_, kLeastFeedPa);
    if (row > 0 && (std::abs(feed_pa - feed_before_pa_) > jump_pa ||
                    std::abs(water_pa - water_before_pa_) > kWaterJumpPa)) {
      last_event_ = row;
    }
    feed_before_pa_ = feed_pa;
    water_before_pa_ = water_pa;
    const double since_s = drive_.time_s.coeff(row) - setup_.feed_at_s;
    const bool fed = since_s > -kRowS;
    if (fed && since_s < kCoveringS) return finest_;
    return (fed && since_s < kYoungS) || row - last_event_ < kEventRows ? fine_ : coarse_;
  }
  double InletPressure(Eigen::Index row, DriveInput column) const {
    const double total = drive_.inputs.coeff(row, kArgon) + drive_.inputs.coeff(row, kHydrogen) +
                         drive_.inputs.coeff(row, kFeedFlow) + drive_.inputs.coeff(row, kWaterFlow);
    return drive_.inputs.coeff(row, kPressure) * drive_.inputs.coeff(row, column) / total;
  }

  void SetStep(const StepSize& size) {
    if (size_ == &size) return;
    const double ratio = size.dt_s / size_->dt_s;
    size_ = &size;
    substrate_.SetStep(size.dt_s);
    atmosphere_.SetStep(size.dt_s);
    height_before_ = sample_.height_m - (sample_.height_m - height_before_) * ratio;
  }

  void Step(int step) {
    const double dt_s = size_->dt_s;
    const double begin_s = row_s_ + step * dt_s;
    const bool fed = begin_s + 0.5 * dt_s > setup_.feed_at_s;
    const double counted_s = fed ? dt_s : 0.0;
    heater_.Step(step, *size_, NextFlux(counted_s));
    const H from = heater_.BeforeAtSubstrate() + nonuniformity_;
    const H to = heater_.AtSubstrate() + nonuniformity_;
    // The forest's height, extrapolated to where in the step the substrate's loss is taken.
    const S height = sample_.height_m + substrate_.LossAt() * (sample_.height_m - height_before_);
    height_before_ = sample_.height_m;
    HeatSubstrate(Cast<S>(from), Cast<S>(to), height, counted_s);
    const S surface = substrate_.middle();
    if (setup_.hot_wall) {
      atmosphere_.Dwell(Cast<G>(taps_(kHeaterAtPyrolysis, H(0.5 * (from + to)), counted_s)));
    }
    const S& at_growth = taps_(kSurfaceAtGrowth, surface, counted_s);
    const GasAtCatalyst<G> gas = atmosphere_.Step();
    if (!fed && begin_s >= setup_.reduce_begin_s) {
      Activate<S>(taps_(kSurfaceAtActivation, surface, dt_s), dt_s, &sample_.growth);
    }
    if (fed) {
      GrowStep(begin_s, surface, at_growth, GasOver(at_growth, gas));
    } else if (begin_s >= setup_.reduce_end_s) {
      particles_.Ripen(Cast<Full>(taps_(kSurfaceAtRipening, surface, dt_s)), dt_s);
    }
  }

  /// What the substrate draws from the heater. A heater of narrow jets does not ask.
  H NextFlux(double counted_s) const {
    if constexpr (std::is_same_v<H, S>) {
      return taps_(kFluxAtHeater, substrate_.NextFlux(), counted_s);
    } else {
      return H(0.0);
    }
  }

  void HeatSubstrate(const S& from, const S& to, const S& height, double counted_s) {
    // In the order of the course: the step's beginning, which does not count, then its end.
    const S& held_from = taps_(kHeaterAtSubstrate, from, 0.0);
    const S& held_to = taps_(kHeaterAtSubstrate, to, counted_s);
    substrate_.Step(held_from, held_to, taps_(kHeightAtEmissivity, height, counted_s));
  }

  GasAtCatalyst<S> GasOver(const S& surface_k, const GasAtCatalyst<G>& mean) const {
    GasAtCatalyst<S> gas = {Cast<S>(mean.feed), Cast<S>(mean.hydrogen), Cast<S>(mean.water),
                            Cast<S>(mean.supply_factor), Cast<S>(mean.coating)};
    if (setup_.feed.rate_hz == 0.0 && Value(gas.feed) > kLeastFeedPa) {
      gas.supply_factor = CarbonMonoxideSupply(gas.feed, surface_k);
    }
    if constexpr (Taps::kActive) TapGas(&gas);
    return gas;
  }

  void TapGas(GasAtCatalyst<S>* gas) const {
    gas->feed = taps_(kFeedPressure, gas->feed, size_->dt_s);
    gas->hydrogen = taps_(kHydrogenPressure, gas->hydrogen, size_->dt_s);
    gas->water = taps_(kWaterPressure, gas->water, size_->dt_s);
    gas->supply_factor = taps_(kSupplyFactor, gas->supply_factor, size_->dt_s);
    gas->coating = taps_(kPyrolysedShare, gas->coating, size_->dt_s);
  }

  /// @param at_growth  the surface's temperature as rates see it.
  void GrowStep(double begin_s, const S& surface, const S& at_growth, const GasAtCatalyst<S>& gas) {
    reach_.surface_k.Take(Value(at_growth));
    reach_.feed_pa.Take(Value(gas.feed));
    reach_.water_pa.Take(Value(gas.water));
    Rates<S> rates = RatesAt(rates_, gas, at_growth, &rate_memory_);
    if (options_.mass_transfer == MassTransfer::kDiffusion && Value(rates.speed_m_s) > 0.0) {
      LimitByDiffusion(at_growth, gas, &rates);
    }
    const double dt_s = size_->dt_s;
    const double vacant = vacant_ * size_->nucleation_decay;
    const double born = vacant_ - vacant;
    const double nucleated = 1.0 - born * (kNucleationS / dt_s);
    const double since_s = begin_s - setup_.feed_at_s + 0.5 * dt_s;
    vacant_ = vacant;
    if (since_s > options_.termination_s) rates.speed_m_s = S(0.0);
    const S covered = GrowOn(nucleated, at_growth, &rates);
    sample_.height_m = ForestHeight(sample_.growth.length_m, rates_.forest_m);
    if (since_s < kNucleationEndS) Nucleate(born, since_s, surface, covered);
  }

  /// One step of the catalyst and what grows on it. @return  mean coverage over the step.
  S GrowOn(double nucleated, const S& at_growth, Rates<S>* rates) {
    const double dt_s = size_->dt_s;
    Growth<S>& growth = sample_.growth;
    if constexpr (Taps::kActive) {
      rates->speed_m_s = taps_(kGrowthRate, rates->speed_m_s, dt_s);
    }
    const S covered = Cover(*rates, dt_s, &growth);
    const S active = Wear<S>(*rates, taps_(kOvercoatAtActivity, covered, dt_s), dt_s, &growth);
    Lengthen<S>(*rates,
                {taps_(kOvercoatAtGrowth, covered, dt_s), taps_(kActivity, active, dt_s),
                 taps_(kActivation, growth.activated, dt_s)},
                nucleated, at_growth, dt_s, &growth);
    return covered;
  }

  void Nucleate(double born, double since_s, const S& surface, const S& covered) {
    const Full fourth = particles_.fourth_nm4;
    particles_.Ripen(Cast<Full>(taps_(kSurfaceAtRipening, surface, size_->dt_s)), size_->dt_s);
    Particles<Full> middle = particles_;
    middle.fourth_nm4 = 0.5 * (fourth + particles_.fourth_nm4);
    const auto bin = static_cast<size_t>(std::min<double>(since_s, kNucleationBins - 1));
    NucleationBin<Full>& into = sample_.window[bin];
    const Full weight = born * (1.0 - Cast<Full>(taps_(kOvercoatAtNucleation, covered, born)));
    into.weight += weight;
    into.temperature_k += weight * Cast<Full>(taps_(kSurfaceAtNucleation, surface, Value(weight)));
    into.particle_nm += weight * taps_(kParticleDiameter, middle.MedianNm(), Value(weight));
  }

  /// Supply lowered by what must diffuse to the catalyst: P_s = Peff / (1 + Da).
  void LimitByDiffusion(const S& surface, const GasAtCatalyst<S>& gas, Rates<S>* rates) const {
    const S effective = gas.feed * gas.supply_factor;
    const S da = Damkoehler<S>(rates->speed_m_s, effective, surface, atmosphere_.pressure_pa(),
                               setup_.bore_m);
    GasAtCatalyst<S> thinner = gas;
    thinner.supply_factor = gas.supply_factor / (1.0 + da);
    rates->speed_m_s = RatesAt(rates_, thinner, surface).speed_m_s;
  }

  template <typename Emit>
  void Read(Eigen::Index row, const Emit& emit) {
    const double time_s = drive_.time_s.coeff(row) - drive_.time_s[0];
    for (int z = 0; z < setup_.heaters; ++z) {
      const int tc = setup_.hot_wall ? kZ1Tc + z : static_cast<int>(kStageTc);
      const int duty = setup_.hot_wall ? kZ1Duty + z : static_cast<int>(kHeaterDuty);
      emit(row, tc, H(ThermocoupleReading(heater_.tc(z), bias_, setup_.tc_drift_k_s, time_s)));
      emit(row, duty, heater_.Duty(row, z, substrate_.flux()));
    }
    emit(row, kSurface, substrate_.surface());
    emit(row, kHeight, sample_.height_m);
    emit(row, kPWater, atmosphere_.read_water_pa());
    emit(row, kPAcetylene, atmosphere_.read_acetylene_pa());
    if (setup_.hot_wall) return;
    emit(row, kStageTc2, heater_.tc(0));
    if (setup_.wavelength_m > 0.0) emit(row, kPyro, ReadPyrometer(row));
  }

  S ReadPyrometer(Eigen::Index row) {
    const double counted_s = drive_.time_s.coeff(row) > setup_.feed_at_s ? kRowS : 0.0;
    const S emissivity =
        ForestEmissivity<S>(substrate_.bare_emissivity,
                            taps_(kHeightAtPyrometer, sample_.height_m, counted_s), pyrometer_exp_);
    return PyrometerReading<S>(taps_(kSurfaceAtPyrometer, substrate_.surface(), counted_s),
                               emissivity, setup_.wavelength_m, setup_.emissivity_set,
                               pyrometer_log_);
  }

  static constexpr int kFiner = 4, kFinest = 8;
  static constexpr double kCoveringS = 8.0;
  static constexpr double kYoungS = 20.0;
  static constexpr Eigen::Index kEventRows = 3;
  static constexpr double kFeedJump = 0.1;
  static constexpr double kWaterJumpPa = 5.0;
  static constexpr double kNucleationEndS = 100.0;  ///< 20 time constants: 2e-9 are left

  const Setup setup_;
  const Drive& drive_;
  const SwcntOptions& options_;
  [[no_unique_address]] const Taps taps_;
  const StepSize coarse_;
  const StepSize fine_;
  const StepSize finest_;
  const StepSize* size_;
  const H bias_;
  const H nonuniformity_;
  Heater<H> heater_;
  Substrate<S> substrate_;
  Atmosphere<G> atmosphere_;
  Particles<Full> particles_;
  GrowthRates<S> rates_;
  RateMemory rate_memory_;
  SlowExp pyrometer_exp_;
  SlowLog pyrometer_log_;
  Sample<S, Full> sample_;
  S height_before_;
  double row_s_ = 0.0;  ///< when the row began
  double vacant_ = 1.0;
  double most_feed_pa_ = 0.0;                            ///< of all rows' inlets
  double feed_before_pa_ = 0.0, water_before_pa_ = 0.0;  ///< inlets of the row before
  Eigen::Index last_event_ = -kEventRows;                ///< row in which an inlet last jumped
  Reach reach_;
};

}  // namespace parallax::twin::swcnt
