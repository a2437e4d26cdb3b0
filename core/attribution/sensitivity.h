#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::attribution {

/// A model of inputs uniform on (0, 1)^d; other independent inputs go through their quantile
/// function. Thread-safe.
using Response = std::function<double(const Eigen::VectorXd& uniform)>;

struct SensitivityOptions {
  int points = 4096;     ///< of each scrambling, a power of two, 64 to 2^20; d + 2 evaluations each
  int scramblings = 16;  ///< ≥ 16, independent; the intervals come from their spread
  double confidence = 0.95;
  uint64_t seed = 0;
  uint64_t stream = 0;
};

/// An index of each input with Student's interval over scramblings.
struct IndexEstimate {
  Eigen::VectorXd value, low, high;
  Eigen::VectorXd standard_error;
};

struct SensitivityIndices {
  IndexEstimate first;                ///< S_i = Var E[y | x_i] / Var y
  IndexEstimate total;                ///< ST_i = 1 − Var E[y | all but x_i] / Var y
  double mean = 0.0, variance = 0.0;  ///< of the response
  /// Inputs whose estimated first or total index is below zero, by chance or because points are too
  /// few; they are reported, never clipped.
  std::vector<int> negative;
  int evaluations = 0;
};

/// Sobol' indices over scrambled Sobol' points: first order after Saltelli,
/// S_i = Σ f(B)(f(A_B^i) − f(A))/n/V, total after Jansen, ST_i = Σ (f(A) − f(A_B^i))²/2n/V, with
/// f centred and V the variance over A and B. Result independent of the number of threads.
/// Errors: InvalidArgument on inputs outside 1 … 64, bad options or a response that is not finite;
/// FailedPrecondition where the response does not vary.
/// Source: Saltelli et al., Computer Physics Communications 181 (2010) 259, table 2 (b), (f);
/// intervals: L'Ecuyer, Nakayama, Owen & Tuffin, Confidence intervals for RQMC (WSC 2023).
absl::StatusOr<SensitivityIndices> SobolIndices(int inputs, const Response& response,
                                                const SensitivityOptions& options = {});

}  // namespace parallax::attribution
