#pragma once

#include <array>

#include "core/twin/swcnt/heat.h"

namespace parallax::twin::swcnt {

/// Heat in a substrate too thick to be quasi-steady (over 2 mm): finite volumes through the
/// thickness, second-order backward differences in time, one tridiagonal (Thomas) solve a step.
/// Conductivity, which changes slowly, is taken once every four steps at temperatures extrapolated
/// to their middle; the loss of the surface is linearised at the end of the step.
template <typename S>
class ThickSlab {
 public:
  static constexpr int kCells = 10;
  using Profile = std::array<S, kCells>;

  /// Starts in balance over a heater at `heater_k`.
  void Start(const Slab<S>& slab, double heat_capacity_j_m3k, const S& contact_m2k_w,
             const Surroundings<S>& around, const S& emissivity, const S& heater_k) {
    capacity_ = heat_capacity_j_m3k;
    now_.fill(heater_k);
    surface_ = heater_k;
    for (int i = 0; i < 40; ++i) {
      before_ = now_;
      surface_before_ = surface_;
      age_ = 0;
      Step(slab, contact_m2k_w, around, emissivity, heater_k, 1e9);
    }
    before_ = now_;
    surface_before_ = surface_;
    age_ = 0;
  }

  /// Makes the steps from here `ratio` times as long; profiles keep their slope in time.
  void Rescale(double ratio) {
    age_ = 0;
    for (size_t j = 0; j < kCells; ++j) before_[j] = now_[j] - (now_[j] - before_[j]) * ratio;
    surface_before_ = surface_ - (surface_ - surface_before_) * ratio;
  }

  /// Advances by `dt_s`, the same in every call but after Rescale, to a heater at `heater_k` at the
  /// step's end.
  void Step(const Slab<S>& slab, const S& contact_m2k_w, const Surroundings<S>& around,
            const S& emissivity, const S& heater_k, double dt_s) {
    const double width = slab.thickness_m / kCells;
    const double store = capacity_ * width / dt_s;  // of 1.5 T - 2 T' + 0.5 T''
    if (age_ == 0) Conduct(slab, contact_m2k_w, width);
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

  /// Conductances between cells at temperatures extrapolated to the middle of their use.
  void Conduct(const Slab<S>& slab, const S& contact_m2k_w, double width) {
    constexpr double kAhead = 0.5 * (kConductEvery + 1);
    const auto at = [this](int j) {
      return now_[Index(j)] + kAhead * (now_[Index(j)] - before_[Index(j)]);
    };
    S left = slab.Conductivity(at(0));
    face_[0] = 1.0 / (contact_m2k_w + 0.5 * width / left);
    for (int j = 1; j < kCells; ++j) {
      const S right = slab.Conductivity(at(j));
      face_[Index(j)] = (2.0 / width) * left * right / (left + right);
      left = right;
    }
    half_ = (2.0 / width) * left;
  }

  void Solve(double store, const S& slope, const S& offset, const S& heater_k) {
    // The surface carries no heat of its own: half (T - Ts) = offset + slope Ts.
    const S share = half_ / (half_ + slope);
    const S out = share * slope;
    const S out_offset = share * offset;
    Profile upper;
    Profile next;
    for (int j = 0; j < kCells; ++j) {
      const bool last = j + 1 == kCells;
      const S& in = face_[Index(j)];
      const S& away = last ? out : face_[Index(j + 1)];
      S diagonal = 1.5 * store + in + away;
      S right = store * (2.0 * now_[Index(j)] - 0.5 * before_[Index(j)]);
      if (j == 0) right += in * heater_k;
      if (last) right -= out_offset;
      if (j > 0) {
        diagonal -= in * upper[Index(j - 1)];
        right += in * next[Index(j - 1)];
      }
      const S inverse = 1.0 / diagonal;
      upper[Index(j)] = away * inverse;
      next[Index(j)] = right * inverse;
    }
    for (int j = kCells - 2; j >= 0; --j) next[Index(j)] += upper[Index(j)] * next[Index(j + 1)];
    before_ = now_;
    now_ = next;
    surface_before_ = surface_;
    surface_ = (half_ * now_[Index(kCells - 1)] - offset) / (half_ + slope);
    flux_ = face_[0] * (heater_k - now_[0]);
  }

  static constexpr int kConductEvery = 4;  ///< steps that share conductances
  double capacity_ = 0.0;                  ///< [J/(m3 K)]
  int age_ = 0;                            ///< steps since they were made
  std::array<S, kCells + 1> face_;         ///< conductances of the faces [W/(m2 K)]
  S half_ = S(0.0);                        ///< from the last cell's middle to the surface
  Profile now_;
  Profile before_;
  S surface_ = S(0.0);
  S surface_before_ = S(0.0);
  S flux_ = S(0.0);
};

}  // namespace parallax::twin::swcnt
