#pragma once

#include <array>
#include <cmath>

#include "core/twin/heat_balance.h"
#include "core/twin/twin.h"
#include "core/twin/two_heater/two_heater.h"

/// Equations of the two-heater board, on a scalar S that is double or ceres::Jet.
namespace parallax::twin::two_heater {

enum ParameterOrder { kU, kUs, kAlpha1, kAlpha2, kTau, kEps, kTaOffset, kParameters };

/// Temperatures [K]: heater 1, heater 2, sensor 1, sensor 2; or their rates [K/s].
template <typename S>
using State = std::array<S, 4>;

/// The equations' coefficients, all divided by m cp. Power fractions count percent: 100 alpha.
template <typename S>
struct Coefficients {
  S loss, radiation, exchange, shared_radiation;
  S alpha1, alpha2;  ///< K/s at full power
  S ambient_gain;    ///< what the surroundings give [K/s]
  S sensor_rate;     ///< 1/tau
};

template <typename S>
Coefficients<S> MakeCoefficients(const std::array<S, kParameters>& p, const Eigen::VectorXd& k) {
  const double area = k[kBoardHeaterArea] / k[kBoardHeatCapacity];
  const double shared = k[kBoardSharedArea] / k[kBoardHeatCapacity];
  const S ambient = k[kBoardAmbient] + p[kTaOffset];
  const S ambient2 = ambient * ambient;
  Coefficients<S> c;
  c.loss = p[kU] * area;
  c.radiation = p[kEps] * (kStefanBoltzmann * area);
  c.exchange = p[kUs] * shared;
  c.shared_radiation = p[kEps] * (kStefanBoltzmann * shared);
  c.alpha1 = p[kAlpha1] * (100.0 / k[kBoardHeatCapacity]);
  c.alpha2 = p[kAlpha2] * (100.0 / k[kBoardHeatCapacity]);
  c.ambient_gain = c.loss * ambient + c.radiation * ambient2 * ambient2;
  c.sensor_rate = 1.0 / p[kTau];
  return c;
}

/// dy/dt at heat input `gain1`, `gain2` [K/s], surroundings included.
template <typename S>
State<S> Rate(const Coefficients<S>& c, const S& gain1, const S& gain2, const State<S>& y) {
  const S square1 = y[0] * y[0];
  const S square2 = y[1] * y[1];
  const S fourth1 = square1 * square1;
  const S fourth2 = square2 * square2;
  const S exchange = c.exchange * (y[1] - y[0]) + c.shared_radiation * (fourth2 - fourth1);
  return {gain1 - c.loss * y[0] - c.radiation * fourth1 + exchange,
          gain2 - c.loss * y[1] - c.radiation * fourth2 - exchange, c.sensor_rate * (y[0] - y[2]),
          c.sensor_rate * (y[1] - y[3])};
}

template <typename S>
State<S> Advance(const State<S>& y, double step_s, const State<S>& rate) {
  return {y[0] + step_s * rate[0], y[1] + step_s * rate[1], y[2] + step_s * rate[2],
          y[3] + step_s * rate[3]};
}

/// One Runge-Kutta step from `y`, whose rate is `k1`.
template <typename S>
State<S> Step(const Coefficients<S>& c, const S& gain1, const S& gain2, const State<S>& y,
              const State<S>& k1, double step_s) {
  const State<S> k2 = Rate(c, gain1, gain2, Advance(y, 0.5 * step_s, k1));
  const State<S> k3 = Rate(c, gain1, gain2, Advance(y, 0.5 * step_s, k2));
  const State<S> k4 = Rate(c, gain1, gain2, Advance(y, step_s, k3));
  State<S> next;
  for (size_t i = 0; i < next.size(); ++i) {
    next[i] = y[i] + (step_s / 6.0) * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
  }
  return next;
}

/// Cubic Hermite value at share `x` of a step from a (rate ra) to b (rate rb).
template <typename S>
S Interpolate(const S& a, const S& ra, const S& b, const S& rb, double step_s, double x) {
  const double y = 1.0 - x;
  return (y * y * (1.0 + 2.0 * x)) * a + (x * y * y * step_s) * ra + (x * x * (1.0 + 2.0 * y)) * b -
         (x * x * y * step_s) * rb;
}

/// Longest step that keeps every rate of the system resolved.
inline double LongestStep(const std::array<double, kParameters>& p, const Drive& drive,
                          double step_ratio) {
  const Eigen::VectorXd& k = drive.constants;
  const double ambient_k = k[kBoardAmbient] + p[kTaOffset];
  const double power_w =
      100.0 * std::max(p[kAlpha1], p[kAlpha2]) * std::max(0.0, drive.inputs.maxCoeff());
  double start_k = ambient_k;
  for (double reading : drive.initial) start_k = reading > start_k ? reading : start_k;
  const double hottest_k =
      HottestTemperature(start_k, ambient_k, power_w, p[kU] * k[kBoardHeaterArea],
                         p[kEps] * kStefanBoltzmann * k[kBoardHeaterArea]);
  const double conductance = p[kU] * k[kBoardHeaterArea] + 2.0 * p[kUs] * k[kBoardSharedArea];
  const double radiance =
      p[kEps] * kStefanBoltzmann * (k[kBoardHeaterArea] + 2.0 * k[kBoardSharedArea]);
  const double board_rate = RelaxationRate(hottest_k, k[kBoardHeatCapacity], conductance, radiance);
  return StepFor(std::max(board_rate, 1.0 / p[kTau]), step_ratio);
}

/// Sensors start at the first readings where known, else at ambient; heaters at their sensor's.
template <typename S>
State<S> InitialState(const S& ambient, const Eigen::VectorXd& initial) {
  const S t1 = std::isnan(initial[0]) ? ambient : S(initial[0]);
  const S t2 = std::isnan(initial[1]) ? ambient : S(initial[1]);
  return {t1, t2, t1, t2};
}

/// Last row that one step from row `i` reaches: rows with the same inputs, within `step_s`.
inline Eigen::Index StepEnd(const Drive& drive, Eigen::Index i, double step_s) {
  Eigen::Index j = i + 1;
  const double limit_s = drive.time_s[i] + step_s;
  while (j + 1 < drive.time_s.size() && drive.time_s[j + 1] <= limit_s &&
         drive.inputs(j, 0) == drive.inputs(i, 0) && drive.inputs(j, 1) == drive.inputs(i, 1)) {
    ++j;
  }
  return j;
}

/// State and rate at one end of a step.
template <typename S>
struct End {
  State<S> y;
  State<S> rate;
};

/// Emits the rows strictly between i and j, read off the cubic of the one step from row i to row j.
template <typename S, typename Emit>
void EmitInside(const Drive& drive, Eigen::Index i, Eigen::Index j, const End<S>& a,
                const End<S>& b, const Emit& emit) {
  const double step_s = drive.time_s[j] - drive.time_s[i];
  for (Eigen::Index row = i + 1; row < j; ++row) {
    const double x = (drive.time_s[row] - drive.time_s[i]) / step_s;
    emit(row, Interpolate(a.y[2], a.rate[2], b.y[2], b.rate[2], step_s, x),
         Interpolate(a.y[3], a.rate[3], b.y[3], b.rate[3], step_s, x));
  }
}

/// Integrates and calls emit(row, T1, T2) for every row. A step spans rows with equal inputs, at
/// most `longest_step_s`; a wider gap between two rows is divided.
template <typename S, typename Emit>
void Simulate(const std::array<S, kParameters>& p, const Drive& drive, double longest_step_s,
              const Emit& emit) {
  const Coefficients<S> c = MakeCoefficients(p, drive.constants);
  End<S> here;
  here.y = InitialState<S>(drive.constants[kBoardAmbient] + p[kTaOffset], drive.initial);
  emit(Eigen::Index{0}, here.y[2], here.y[3]);
  for (Eigen::Index i = 0; i + 1 < drive.time_s.size();) {
    const S gain1 = c.ambient_gain + c.alpha1 * drive.inputs(i, 0);
    const S gain2 = c.ambient_gain + c.alpha2 * drive.inputs(i, 1);
    const Eigen::Index j = StepEnd(drive, i, longest_step_s);
    const double span_s = drive.time_s[j] - drive.time_s[i];
    // CheckSteps bounds their number.
    const auto pieces =
        static_cast<int64_t>(j > i + 1 ? 1.0 : std::max(1.0, std::ceil(span_s / longest_step_s)));
    const double step_s = span_s / static_cast<double>(pieces);
    here.rate = Rate(c, gain1, gain2, here.y);
    End<S> next = here;
    for (int64_t piece = 0; piece < pieces; ++piece) {
      if (piece > 0) next.rate = Rate(c, gain1, gain2, next.y);
      next.y = Step(c, gain1, gain2, next.y, next.rate, step_s);
    }
    if (j > i + 1) {
      next.rate = Rate(c, gain1, gain2, next.y);
      EmitInside(drive, i, j, here, next, emit);
    }
    emit(j, next.y[2], next.y[3]);
    here.y = next.y;
    i = j;
  }
}

}  // namespace parallax::twin::two_heater
