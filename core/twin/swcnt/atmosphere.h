#pragma once

#include <cmath>

#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/gas.h"
#include "core/twin/swcnt/heat.h"
#include "core/twin/swcnt/kinetics.h"
#include "core/twin/swcnt/sensors.h"

namespace parallax::twin::swcnt {

/// Share of CO2 in a feed of CO; it holds back the Boudouard reaction.
inline constexpr double kTraceCo2 = 1e-3;

/// Carbon supply from CO over a surface at `surface_k`: 1 - Q/K kept positive, smoothly over 1 %.
/// Past equilibrium nothing is supplied.
template <typename S>
S CarbonMonoxideSupply(const S& feed_pa, const S& surface_k) {
  const S driving = 1.0 - (1.0 - BoudouardFactor<S>(kTraceCo2, surface_k)) / feed_pa;
  return 0.01 * Controller::SoftPlus<S>(driving / 0.01);
}

/// The gas over the substrate: partial pressures that follow the flows with the residence time,
/// what pyrolysis makes of the feed, and what the residual gas analyser reads of it.
template <typename S>
class Atmosphere {
 public:
  S feed_gain, leak_pa, advantage, pyrolysis;  ///< gF, Pw_bg, phi, kg0 over nominal

  /// Starts in balance with the first row.
  void Start(const Setup& setup, const Drive& drive, const S& hot_zone_k, double dt_s) {
    feed_ = &setup.feed;
    volume_m3_ = setup.hot_zone_m3;
    SetStep(dt_s);
    TakeRow(drive, 0);
    Dwell(hot_zone_k);
    feed_pa_ = feed_in_;
    hydrogen_pa_ = hydrogen_in_;
    water_pa_ = water_in_;
    read_water_ = Water(feed_pa_, water_pa_);
    read_acetylene_ = conversion_ * feed_pa_;
  }

  /// Makes steps `dt_s` long; to be followed by Dwell.
  void SetStep(double dt_s) {
    dt_s_ = dt_s;
    per_dt_ = 1.0 / dt_s;
    analyser_decay_ = std::exp(-dt_s / kAnalyserLagS);
  }

  /// Takes the flows and pressure of a row: P_i = P Q_i / sum Q.
  void TakeRow(const Drive& drive, Eigen::Index row) {
    const double pressure_pa = drive.inputs.coeff(row, kPressure);
    const S feed = feed_gain * drive.inputs.coeff(row, kFeedFlow);
    flow_ = feed + (drive.inputs.coeff(row, kArgon) + drive.inputs.coeff(row, kHydrogen) +
                    drive.inputs.coeff(row, kWaterFlow));
    const S scale = pressure_pa / flow_;
    pressure_pa_ = pressure_pa;
    feed_in_ = feed * scale;
    hydrogen_in_ = drive.inputs.coeff(row, kHydrogen) * scale;
    water_in_ = drive.inputs.coeff(row, kWaterFlow) * scale;
  }

  /// Residence, conversion and their consequences where the feed dwells at `hot_zone_k`.
  template <typename T>
  void Dwell(const T& hot_zone_k) {
    const S residence_s = ResidenceTime(volume_m3_, pressure_pa_, flow_, hot_zone_k);
    const S turnovers = dt_s_ / residence_s;
    decay_ = turnover_exp_(-turnovers);
    mean_ = (1.0 - decay_) * (residence_s * per_dt_);
    const double lags = dt_s_ / kAnalyserLagS;
    analysed_ = (lags * analyser_decay_) * ExpRatio<S>(lags - turnovers, S(1.0), analyser_exp_);
    if (feed_->rate_hz == 0.0) return;
    conversion_ = Conversion(*feed_, pyrolysis, residence_s, hot_zone_k, rate_exp_, left_exp_);
    const S reference = Conversion(*feed_, pyrolysis, residence_s, kReferenceK, reference_exp_,
                                   reference_left_exp_);
    supply_ = SupplyFactor<S>(conversion_, reference, advantage);
    coating_ = conversion_ / reference;
  }

  /// Advances a step and returns the gas as its mean over the step. Partial pressures and their
  /// lagged readings are exact.
  GasAtCatalyst<S> Step() {
    const S feed = feed_pa_ - feed_in_;
    const S hydrogen = hydrogen_pa_ - hydrogen_in_;
    const S water = water_pa_ - water_in_;
    GasAtCatalyst<S> mean;
    mean.feed = feed_in_ + feed * mean_;
    mean.hydrogen = hydrogen_in_ + hydrogen * mean_;
    mean.water = Water(mean.feed, water_in_ + water * mean_);
    mean.supply_factor = supply_;
    mean.coating = coating_;
    const S made = feed_->water_yield * conversion_;
    read_water_ = Analysed(read_water_, Water(feed_in_, water_in_), water + made * feed);
    read_acetylene_ = Analysed(read_acetylene_, conversion_ * feed_in_, conversion_ * feed);
    feed_pa_ = feed_in_ + feed * decay_;
    hydrogen_pa_ = hydrogen_in_ + hydrogen * decay_;
    water_pa_ = water_in_ + water * decay_;
    return mean;
  }

  double pressure_pa() const { return pressure_pa_; }
  const S& read_water_pa() const { return read_water_; }
  const S& read_acetylene_pa() const { return read_acetylene_; }

 private:
  auto Water(const S& feed_pa, const S& dosed_pa) const {
    return dosed_pa + leak_pa + (feed_->water_yield * conversion_) * feed_pa;
  }
  /// Reading of the analyser after a step in which the truth goes from limit + distance to limit
  /// with the residence time.
  S Analysed(const S& reading, const S& limit, const S& distance) const {
    return LaggedLevel(reading, limit, analyser_decay_) + distance * analysed_;
  }

  const Feed* feed_ = nullptr;
  double volume_m3_ = 0.0;
  double dt_s_ = 0.0, per_dt_ = 0.0;
  double analyser_decay_ = 0.0;
  double pressure_pa_ = 0.0;
  S flow_, feed_in_, hydrogen_in_, water_in_;
  S decay_ = S(0.0);     ///< of a pressure's distance from the inlet's over a step
  S mean_ = S(0.0);      ///< mean of that distance over a step, per its start
  S analysed_ = S(0.0);  ///< what such a distance leaves in the analyser after a step
  S conversion_ = S(0.0);
  S supply_ = S(1.0);
  S coating_ = S(0.0);
  SlowExp turnover_exp_, analyser_exp_, rate_exp_, left_exp_, reference_exp_, reference_left_exp_;
  S feed_pa_, hydrogen_pa_, water_pa_;
  S read_water_, read_acetylene_;
};

}  // namespace parallax::twin::swcnt
