#pragma once

#include <array>

#include "core/twin/swcnt/heat.h"

namespace parallax::twin::swcnt {

/// Heat in a substrate too thick to be quasi-steady (over 2 mm): finite volumes through the
/// thickness, second-order backward differences in time, one tridiagonal (Thomas) solve a step.
/// Conductivity, which changes slowly, is taken once every four steps at temperatures extrapolated
/// to their middle, and with it what the solve makes of the matrix, but for the last row: there the
/// loss of the surface enters, linearised at the end of the step.
template <typename S>
class ThickSlab {
 public:
  static constexpr int kCells = 10;
  using Profile = std::array<S, kCells>;

  /// Starts in balance over a heater at `heater_k`.
  void Start(const Slab<S>& slab, double heat_capacity_j_m3k, const S& contact_m2k_w,
             const Surroundings<S>& around, const S& emissivity, const S& heater_k) {
    capacity_ = heat_capacity_j_m3k;
    now().fill(heater_k);
    surface_ = heater_k;
    for (int i = 0; i < 40; ++i) {
      Rest();
      Step(slab, contact_m2k_w, around, emissivity, heater_k, 1e9);
    }
    Rest();
  }

  /// Makes the steps from here `ratio` times as long; profiles keep their slope in time.
  void Rescale(double ratio) {
    age_ = 0;
    for (size_t j = 0; j < kCells; ++j) {
      before()[j] = now()[j] - (now()[j] - before()[j]) * ratio;
    }
    surface_before_ = surface_ - (surface_ - surface_before_) * ratio;
  }

  /// Advances by `dt_s`, the same in every call but after Rescale, to a heater at `heater_k` at the
  /// step's end.
  void Step(const Slab<S>& slab, const S& contact_m2k_w, const Surroundings<S>& around,
            const S& emissivity, const S& heater_k, double dt_s) {
    const double width = slab.thickness_m / kCells;
    const double store = capacity_ * width / dt_s;  // of 1.5 T - 2 T' + 0.5 T''
    if (age_ == 0) {
      Conduct(slab, contact_m2k_w, width);
      Eliminate(store);
    }
    age_ = (age_ + 1) % kConductEvery;
    const S reach = 2.0 * surface_ - surface_before_;
    const S slope = around.Slope(emissivity, reach);
    const S offset = around.Loss(emissivity, reach) - slope * reach;  // q = offset + slope Ts
    Solve(store, slope, offset, heater_k);
  }

  const S& surface() const { return surface_; }
  /// Flux from the heater into the substrate [W/m2].
  const S& flux() const { return flux_; }

 private:
  static size_t Index(int j) { return static_cast<size_t>(j); }
  Profile& now() { return profiles_[latest_]; }
  Profile& before() { return profiles_[1 - latest_]; }

  /// As if all had been as it is now for long.
  void Rest() {
    before() = now();
    surface_before_ = surface_;
    age_ = 0;
  }

  /// Conductances between cells at temperatures extrapolated to the middle of their use.
  void Conduct(const Slab<S>& slab, const S& contact_m2k_w, double width) {
    constexpr double kAhead = 0.5 * (kConductEvery + 1);
    const auto at = [&](int j) {
      const S ahead = now()[Index(j)] + kAhead * (now()[Index(j)] - before()[Index(j)]);
      return slab.Conductivity(ahead, power_[Index(j)]);
    };
    S left = at(0);
    face_[0] = 1.0 / (contact_m2k_w + 0.5 * width / left);
    for (int j = 1; j < kCells; ++j) {
      const S right = at(j);
      face_[Index(j)] = (2.0 / width) * left * right / (left + right);
      left = right;
    }
    half_ = (2.0 / width) * left;
  }

  /// Forward elimination of the matrix, whose rows store 1.5 T_j + in_j (T_j - T_j-1) +
  /// in_j+1 (T_j - T_j+1) = right_j lead to T_j = inverse_j right'_j + upper_j T_j+1.
  void Eliminate(double store) {
    for (int j = 0; j < static_cast<int>(kLast); ++j) {
      const S& in = face_[Index(j)];
      const S& away = face_[Index(j + 1)];
      if (j == 0) {
        inverse_[0] = 1.0 / (1.5 * store + in + away);
      } else {
        inverse_[Index(j)] = 1.0 / (1.5 * store + in + away - in * upper_[Index(j - 1)]);
      }
      upper_[Index(j)] = away * inverse_[Index(j)];
      lower_[Index(j)] = in * inverse_[Index(j)];
    }
    last_ = 1.5 * store + face_[kLast] - face_[kLast] * upper_[kLast - 1];
  }

  void Solve(double store, const S& slope, const S& offset, const S& heater_k) {
    // The surface carries no heat of its own: half (T - Ts) = offset + slope Ts.
    const S inverse = 1.0 / (half_ + slope);
    const S share = half_ * inverse;
    const Profile& was = now();
    Profile& next = before();  // in place of what is needed no more
    next[0] = inverse_[0] * (store * (2.0 * was[0] - 0.5 * next[0])) + lower_[0] * heater_k;
    for (size_t j = 1; j < kLast; ++j) {
      next[j] = inverse_[j] * (store * (2.0 * was[j] - 0.5 * next[j])) + lower_[j] * next[j - 1];
    }
    next[kLast] = (store * (2.0 * was[kLast] - 0.5 * next[kLast]) - share * offset +
                   face_[kLast] * next[kLast - 1]) /
                  (last_ + share * slope);
    for (size_t j = kLast; j > 0; --j) next[j - 1] += upper_[j - 1] * next[j];
    latest_ = 1 - latest_;
    surface_before_ = surface_;
    surface_ = (half_ * next[kLast] - offset) * inverse;
    flux_ = face_[0] * (heater_k - next[0]);
  }

  static constexpr int kConductEvery = 4;  ///< steps that share conductances
  static constexpr size_t kLast = kCells - 1;
  double capacity_ = 0.0;                ///< [J/(m3 K)]
  int age_ = 0;                          ///< steps since they were made
  std::array<S, kCells + 1> face_;       ///< conductances of the faces [W/(m2 K)]
  S half_ = S(0.0);                      ///< from the last cell's middle to the surface
  std::array<S, kLast> inverse_;         ///< of the matrix's diagonal after elimination
  std::array<S, kLast> upper_, lower_;   ///< conductances times that
  S last_ = S(0.0);                      ///< the last diagonal without the surface's part
  std::array<SlowPower, kCells> power_;  ///< of each cell's conductivity
  std::array<Profile, 2> profiles_;      ///< now and a step before
  size_t latest_ = 0;                    ///< which of them is now
  S surface_ = S(0.0);
  S surface_before_ = S(0.0);
  S flux_ = S(0.0);
};

}  // namespace parallax::twin::swcnt
