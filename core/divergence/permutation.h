#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::divergence {

/// The exchangeable unit is the run, or a block longer than the correlation time, never the sample:
/// permuting autocorrelated samples invents significance.

/// Share by which a statistic may fall short of the observed one and still count as equal: what
/// gives it again in another order of summation differs by rounding.
inline constexpr double kTie = 1e-12;

struct TestOptions {
  int permutations = 1999;  ///< B ≥ 199
  uint64_t seed = 0;
  uint64_t stream = 0;
};

struct TestResult {
  double statistic = 0.0;
  double p_value = 1.0;  ///< (1 + #{permuted ≥ observed})/(B + 1)
  double null_95 = 0.0;  ///< 95 % quantile of the permuted statistic: the floor of noise
  int permutations = 0;
  double smallest_p = 1.0;  ///< least p-value that so few units can give
};

/// Statistic of measured units against predicted ones; each entry an n_i × d matrix, the samples of
/// one unit; larger means further apart.
using UnitStatistic = std::function<double(const std::vector<const Eigen::MatrixXd*>& measured,
                                           const std::vector<const Eigen::MatrixXd*>& predicted)>;

/// The energy distance (V-statistic) of all samples of the units.
double PooledEnergy(const std::vector<const Eigen::MatrixXd*>& measured,
                    const std::vector<const Eigen::MatrixXd*>& predicted);

/// Two-sample permutation test that relabels whole units. `statistic` must be thread-safe.
/// Errors: InvalidArgument on fewer than two units a side, differing widths or B < 199.
absl::StatusOr<TestResult> PermutationTest(const std::vector<Eigen::MatrixXd>& measured,
                                           const std::vector<Eigen::MatrixXd>& predicted,
                                           const UnitStatistic& statistic,
                                           const TestOptions& options = {});

/// PermutationTest of PooledEnergy, with distances between units summed once: O(units²) a
/// permutation instead of O(samples²). Errors: as PermutationTest.
absl::StatusOr<TestResult> EnergyPermutationTest(const std::vector<Eigen::MatrixXd>& measured,
                                                 const std::vector<Eigen::MatrixXd>& predicted,
                                                 const TestOptions& options = {});

/// Paired test for one or two runs: measured − predicted is cut into blocks longer than the
/// correlation time; under the null (no gap) block means are independent and symmetric about zero,
/// so the sign of each block, all channels together, is exchangeable.
/// Statistic: Σ over channels of a² + max(b, 0)², a = Σ d_k/√Σ d_k² (offset) and
/// b = Σ d_k d_{k+1}/√Σ d_k² d_{k+1}² (stretches on one side, as a wrong time constant leaves
/// them); each is about standard normal under the null. It sees shape, not size: a gap without
/// sign, like wrong noise, is the mean z²'s to find.
/// @param block_means  blocks × channels, of measured − predicted, in order of time.
/// Errors: InvalidArgument on fewer than 5 blocks, entries not finite or B < 199.
absl::StatusOr<TestResult> SignFlipTest(const Eigen::Ref<const Eigen::MatrixXd>& block_means,
                                        const TestOptions& options = {});

/// Holm's step-down adjustment: adjusted p-values in the order given, controlling the family-wise
/// error. Source: Holm, Scand. J. Statistics 6 (1979) 65.
std::vector<double> HolmAdjust(const std::vector<double>& p_values);

}  // namespace parallax::divergence
