#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::attribution {

/// A model of inputs in prior sds from what is assumed. Thread-safe.
using LocalResponse = std::function<double(const Eigen::VectorXd& prior_sd)>;

struct LimeOptions {
  std::vector<double> widths = {0.5, 0.25, 0.125};  ///< of the neighbourhoods, prior sds
  int samples_per_coefficient = 10;                 ///< ≥ 10
  double least_r_squared = 0.9;                     ///< below it an explanation is refused
  uint64_t seed = 0;
  uint64_t stream = 0;
};

enum class LocalFit {
  kTrusted,
  kRefused,  ///< weighted R² below the bound: the response is no quadratic here; do not use slopes
};

/// The response around one point at one width.
struct LocalExplanation {
  double width = 0.0;
  LocalFit fit = LocalFit::kRefused;
  double r_squared = 0.0;          ///< weighted
  double centre = 0.0;             ///< fitted response at the point
  Eigen::VectorXd slope;           ///< per prior sd, at the point
  Eigen::VectorXd standard_error;  ///< of the slopes, from residuals of any variance (HC3)
  Eigen::MatrixXd curvature;       ///< second derivatives, symmetric
  std::vector<int> ranking;        ///< inputs by |slope|, largest first
  int samples = 0;
};

/// Local interpretable explanations of 1 to 40 inputs: at each width h a full quadratic is fitted
/// by weighted least squares, without ridge, to a scrambled Sobol' sample of N(at, h²I) of at least
/// ten points a coefficient; weights exp(−|z|²/2d) for z = (x − at)/h, so the kernel is never wider
/// than the data. The result does not depend on the number of threads.
/// @return  one explanation a width, in order.
/// Errors: InvalidArgument on bad sizes or options, or a response that is not finite.
/// Source: Ribeiro, Singh & Guestrin, KDD 2016; standard errors: MacKinnon & White, J. Econometrics
/// 29 (1985) 305.
absl::StatusOr<std::vector<LocalExplanation>> ExplainLocally(const Eigen::VectorXd& at,
                                                             const LocalResponse& response,
                                                             const LimeOptions& options = {});

}  // namespace parallax::attribution
