#pragma once

#include <Eigen/Dense>
#include <optional>
#include <string>
#include <vector>

#include "core/signal/run.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Chiral indices of a nanotube, n >= m >= 0.
struct Chirality {
  int n = 0;
  int m = 0;

  friend bool operator==(const Chirality& a, const Chirality& b) {
    return a.n == b.n && a.m == b.m;
  }
};

/// "(7,6)".
std::string ToString(const Chirality& species);

/// Diameter [nm] of a tube: 0.246/π √(n² + nm + m²).
double DiameterNm(const Chirality& species);

/// Which semiconducting species dominates a run: as measured and as predicted.
struct ChiralityCall {
  std::string run;
  Chirality measured;
  Chirality before;                ///< under the assumed values
  std::optional<Chirality> after;  ///< under the calibrated values, where there are any
};

/// Species of an outcome of a twin, "share_7_6"; none where the outcome is not a share.
std::optional<Chirality> SpeciesOf(const std::string& outcome);
/// The same of an outcome that is a radial-breathing line, "rbm_7_6".
std::optional<Chirality> SpeciesOfLine(const std::string& outcome);

/// Species of the largest measured share, the first of equals; none where no share was measured.
std::optional<Chirality> DominantMeasured(const std::optional<signal::Outcome>& outcome);

/// Species of the largest predicted share among the outcomes "share_n_m" of a twin; none where the
/// twin has no such outcome or predicts none. `outcome` as in twin::Prediction.
std::optional<Chirality> DominantPredicted(const twin::Description& description,
                                           const Eigen::VectorXd& outcome);

/// Shares of calls that are right, NaN where there are none.
double SuccessBefore(const std::vector<ChiralityCall>& calls);
double SuccessAfter(const std::vector<ChiralityCall>& calls);

}  // namespace parallax::pipeline
