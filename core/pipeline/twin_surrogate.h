#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/twin_sample.h"
#include "core/surrogate/bnn.h"
#include "core/surrogate/conformal.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

struct TwinSurrogateOptions {
  /// Directions of the parameters' space that networks see, at most.
  int most_directions = 16;
  int members = 3;  ///< networks of the ensemble
  std::vector<int> hidden = {24, 24};
  int epochs = 1000;
  /// Share of the draws kept for the intervals, in (0, 0.5]. Coverage of n kept varies by
  /// √(0.09 / (n + 2)): with 799 of 2,000 by 1.1 points, where a tenth would give 2.1.
  double calibration_share = 0.4;
  uint64_t seed = 0;
};

/// Draws of the twin below which no surrogate is made.
inline constexpr int kLeastSurrogateRuns = 200;

/// Stands in for a slow twin at one recipe: one of its outcomes as a function of its parameters,
/// over their prior. A network sees the prior coordinates along the directions in which the outcome
/// varies, the leading eigenvectors of the mean outer product of its exact gradients, and is fitted
/// to the outcome and to these gradients. Immutable, thread-safe.
/// Source: Constantine, Dow & Wang, SIAM J. Sci. Comput. 36 (2014) A1500 (active subspaces).
class TwinSurrogate {
 public:
  /// @param sample   of the prior, with slopes: SampleTwin; >= kLeastSurrogateRuns rows.
  /// @param outcome  position among the twin's outcomes.
  /// Errors: InvalidArgument on options or a sample without slopes; FailedPrecondition naming an
  /// outcome that is the same in all draws or not finite; those of surrogate::TrainBnn.
  static absl::StatusOr<TwinSurrogate> Train(const TwinSample& sample, int outcome,
                                             const std::string& name,
                                             const TwinSurrogateOptions& options);

  /// Of rows of z, m × parameters; in the outcome's unit, where the outcome was learnt as its
  /// logarithm the variances to first order. Errors: those of surrogate::Bnn::Predict.
  absl::StatusOr<std::vector<surrogate::Prediction>> Predict(
      const Eigen::Ref<const Eigen::MatrixXd>& z) const;

  /// Split conformal intervals of the twin's outcome. Errors: as Predict; InvalidArgument on a
  /// level outside (0, 1).
  absl::StatusOr<std::vector<surrogate::Interval>> PredictIntervals(
      const Eigen::Ref<const Eigen::MatrixXd>& z, double level) const;

  /// parameters × directions, orthonormal, the most active first.
  const Eigen::MatrixXd& directions() const { return directions_; }
  bool learnt_as_logarithm() const { return logarithm_; }

 private:
  TwinSurrogate(surrogate::Bnn network, Eigen::MatrixXd directions, bool logarithm)
      : network_(std::move(network)), directions_(std::move(directions)), logarithm_(logarithm) {}

  surrogate::Bnn network_;
  Eigen::MatrixXd directions_;
  bool logarithm_;
};

/// Eigenvectors of the mean outer product of gradients (n × p rows), the largest eigenvalues first,
/// as many as carry all but 1e-6 of their sum, at most `most`. Signs fixed: the largest entry is
/// positive.
Eigen::MatrixXd ActiveDirections(const Eigen::Ref<const Eigen::MatrixXd>& gradients, int most);

}  // namespace parallax::pipeline
