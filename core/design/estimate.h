#pragma once

namespace parallax::design {

/// A mean over random draws.
struct Estimate {
  double value = 0.0;
  double standard_error = 0.0;  ///< of the value, from the draws' spread; 0: exact
  int draws = 0;                ///< 0: closed form
};

/// A probability counted over draws, with its central 90 % interval. Never a confident 0 or 1: with
/// no hit in n draws the interval is [0, 1 − 0.05^(1/n)], and by symmetry with n hits.
struct Probability {
  double value = 0.0;
  double low = 0.0;
  double high = 1.0;
  int draws = 0;  ///< 0: closed form, low = value = high
};

/// Source: Clopper & Pearson, Biometrika 26 (1934) 404. REQUIRES: 0 ≤ hits ≤ draws, draws ≥ 1.
Probability CountedProbability(int hits, int draws);

}  // namespace parallax::design
