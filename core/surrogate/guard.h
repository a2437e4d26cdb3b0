#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::surrogate {

/// Draws first … first + count − 1 of a seed: what a set was simulated with.
struct SeedRange {
  uint64_t seed = 0;
  uint64_t first = 0;
  uint64_t count = 0;
};

/// What the model card holds of a training.
struct TrainingRecord {
  Eigen::VectorXd simulated_loss;     ///< one an epoch, equally spaced, lower is better
  Eigen::VectorXd real_loss;          ///< of the same epochs; empty: never looked at
  double real_share = 0.0;            ///< of the training rows, in [0, 1]
  double effective_parameters = 0.0;  ///< fitted to real runs, ≥ 0; see EffectiveParameters()
  int real_runs = 0;                  ///< they were fitted to
  std::vector<SeedRange> training_draws;
  std::vector<SeedRange> judging_draws;  ///< of validation and conformal calibration
};

/// Whether a model speaks of the bench or of the twin alone.
enum class RealLoss { kNeeded, kNotNeeded };

struct GuardOptions {
  RealLoss real_loss = RealLoss::kNeeded;  ///< kNotNeeded: a surrogate of the twin
  int blocks = 8;         ///< the record is looked at in so many blocks of equal length, ≥ 3
  double least_sd = 3.0;  ///< standard errors by which a change counts, > 0
  /// Least rise of the real loss over its fall before (its first block less its best one), ≥ 0.
  double least_rise = 0.05;
};

struct GuardVerdict {
  bool alarm = false;  ///< the simulated loss falls while the real one rises
  bool refuse_promotion = false;
  std::vector<std::string> because;  ///< one sentence each; empty where not refused
  int best_block = -1;               ///< where the real loss was least; −1: not looked at
  double real_rise = 0.0;            ///< of the real loss from there to the end
  double real_rise_sd = 0.0;         ///< its standard error
  double simulated_fall = 0.0;
  double simulated_fall_sd = 0.0;
};

/// Real runs that each effective parameter takes at least.
inline constexpr double kRunsPerParameter = 3.0;

/// Judges a training. The losses are cut into `blocks` blocks of n = ⌊epochs/blocks⌋ epochs, the
/// oldest epochs beyond that left out. A block's loss is its mean m, of variance s²/n·(1 + ρ)/(1 −
/// ρ): s² is that of the residuals about the block's own straight line (n − 2 degrees of freedom);
/// ρ their correlation from one epoch to the next, the median r over the blocks less its bias, r +
/// (2
/// + 4 r)/n, in [0, 0.95]. With b the block before the last of least mean real loss, the alarm is
///   m_real(last) − m_real(b) > max(least_sd · sd, least_rise · (m_real(first) − m_real(b))), and
///   m_sim(b) − m_sim(last)   > least_sd · sd:
/// so it sees a rise that has come to rest as well as one that goes on. A real loss at rest with
/// noise of 4 % of its fall raises it in 0.0 % of trainings of 200 epochs where the noise is white,
/// in 0.4 % where it remembers half of itself an epoch later, in 5 % at 0.8 and 18 % at 0.95: noise
/// that wanders for as long as a block lasts cannot be told from a rise.
/// Promotion is refused on the alarm; where effective parameters are more than kRunsPerParameter
/// allows; where draws of training and judging overlap; where the real loss is needed but absent.
/// Errors: InvalidArgument on losses that are not finite or of unequal length, on figures outside
/// of their range, options; FailedPrecondition on real losses of fewer than 4 epochs a block.
absl::StatusOr<GuardVerdict> JudgeTraining(const TrainingRecord& record,
                                           const GuardOptions& options = {});

/// Number of parameters that data decide, of as many as there are eigenvalues: Σ λ/(λ + α). With λ
/// the eigenvalues of the data's precision of last-layer weights and α that of their prior, or λ
/// those of a Gaussian process's covariance and α its noise variance (the trace of the hat matrix).
/// REQUIRES: λ ≥ 0, α > 0.
/// Source: MacKay, Neural Computation 4 (1992) 415.
double EffectiveParameters(const Eigen::Ref<const Eigen::VectorXd>& eigenvalues, double alpha);

}  // namespace parallax::surrogate
