#include "core/surrogate/guard.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"

namespace parallax::surrogate {
namespace {

constexpr Eigen::Index kLeastEpochsInBlock = 4;
/// Memory of the losses beyond which blocks say nothing of it.
constexpr double kMostMemory = 0.95;

absl::Status CheckGuardOptions(const GuardOptions& options) {
  if (options.blocks < 3 || !(options.least_sd > 0.0) || !(options.least_rise >= 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("blocks = %d must be >= 3, least_sd = %g > 0, least_rise = %g >= 0",
                        options.blocks, options.least_sd, options.least_rise));
  }
  return absl::OkStatus();
}

absl::Status CheckTrainingRecord(const TrainingRecord& record) {
  const bool looked_at = record.real_loss.size() > 0;
  if (looked_at && record.real_loss.size() != record.simulated_loss.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d simulated losses and %d real ones, must be of the same epochs",
                        record.simulated_loss.size(), record.real_loss.size()));
  }
  if (!record.simulated_loss.allFinite() || !record.real_loss.allFinite()) {
    return absl::InvalidArgumentError("losses of a training must be finite");
  }
  if (!(record.real_share >= 0.0 && record.real_share <= 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("real_share = %g, must be in [0, 1]", record.real_share));
  }
  if (!(std::isfinite(record.effective_parameters) && record.effective_parameters >= 0.0) ||
      record.real_runs < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("effective_parameters = %g and real_runs = %d, must be >= 0",
                        record.effective_parameters, record.real_runs));
  }
  return absl::OkStatus();
}

/// Mean loss of a block of epochs and the variance of that mean.
struct BlockLoss {
  double mean = 0.0;
  double variance = 0.0;
};

/// A block about its own straight line.
struct BlockLine {
  double mean;
  double variance;  ///< of one epoch
  double memory;    ///< correlation from one epoch to the next
};

BlockLine LineOfBlock(const Eigen::Ref<const Eigen::VectorXd>& loss) {
  const Eigen::VectorXd epoch = Eigen::VectorXd::LinSpaced(loss.size(), -1.0, 1.0);
  const double mean = loss.mean();
  const double slope = epoch.dot(loss) / epoch.squaredNorm();
  const Eigen::VectorXd rest = loss.array() - mean - slope * epoch.array();
  const double square = rest.squaredNorm();
  const Eigen::Index pairs = loss.size() - 1;
  const double memory = square > 0.0 ? rest.head(pairs).dot(rest.tail(pairs)) / square : 0.0;
  return {mean, square / static_cast<double>(loss.size() - 2), memory};
}

std::vector<BlockLoss> LossOfBlocks(const Eigen::VectorXd& loss, int blocks) {
  const Eigen::Index length = loss.size() / blocks, skipped = loss.size() - length * blocks;
  std::vector<BlockLine> lines;
  std::vector<double> memories;
  for (int k = 0; k < blocks; ++k) {
    lines.push_back(LineOfBlock(loss.segment(skipped + k * length, length)));
    memories.push_back(lines.back().memory);
  }
  const auto n = static_cast<double>(length);
  const double median = base::Quantile(memories, 0.5);
  const double rho = std::clamp(median + (2.0 + 4.0 * median) / n, 0.0, kMostMemory);
  std::vector<BlockLoss> losses;
  for (const BlockLine& line : lines) {
    losses.push_back({line.mean, line.variance / n * (1.0 + rho) / (1.0 - rho)});
  }
  return losses;
}

absl::Status JudgeLosses(const TrainingRecord& record, const GuardOptions& options,
                         GuardVerdict* verdict) {
  if (record.real_loss.size() / options.blocks < kLeastEpochsInBlock) {
    return absl::FailedPreconditionError(
        absl::StrFormat("real losses of %d epochs, %d blocks of at least %d are needed",
                        record.real_loss.size(), options.blocks, kLeastEpochsInBlock));
  }
  const std::vector<BlockLoss> real = LossOfBlocks(record.real_loss, options.blocks);
  const std::vector<BlockLoss> simulated = LossOfBlocks(record.simulated_loss, options.blocks);
  const auto best =
      std::min_element(real.begin(), real.end() - 1,
                       [](const BlockLoss& a, const BlockLoss& b) { return a.mean < b.mean; });
  verdict->best_block = static_cast<int>(best - real.begin());
  const BlockLoss& simulated_best = simulated[verdict->best_block];
  verdict->real_rise = real.back().mean - best->mean;
  verdict->real_rise_sd = std::sqrt(real.back().variance + best->variance);
  verdict->simulated_fall = simulated_best.mean - simulated.back().mean;
  verdict->simulated_fall_sd = std::sqrt(simulated_best.variance + simulated.back().variance);
  const double least_rise = std::max(options.least_sd * verdict->real_rise_sd,
                                     options.least_rise * (real.front().mean - best->mean));
  verdict->alarm = verdict->real_rise > least_rise &&
                   verdict->simulated_fall > options.least_sd * verdict->simulated_fall_sd;
  if (verdict->alarm) {
    verdict->because.push_back(absl::StrFormat(
        "from block %d of %d on the loss on real runs rises by %.3g (standard error %.2g) while "
        "that on simulated ones falls by %.3g (%.2g): the model learns the simulation",
        verdict->best_block + 1, options.blocks, verdict->real_rise, verdict->real_rise_sd,
        verdict->simulated_fall, verdict->simulated_fall_sd));
  }
  return absl::OkStatus();
}

/// Draws that both have.
uint64_t SharedDraws(const SeedRange& a, const SeedRange& b) {
  if (a.seed != b.seed) return 0;
  const uint64_t first = std::max(a.first, b.first);
  const uint64_t end = std::min(a.first + a.count, b.first + b.count);
  return end > first ? end - first : 0;
}

void JudgeDraws(const TrainingRecord& record, GuardVerdict* verdict) {
  for (const SeedRange& trained : record.training_draws) {
    for (const SeedRange& judged : record.judging_draws) {
      const uint64_t shared = SharedDraws(trained, judged);
      if (shared == 0) continue;
      verdict->because.push_back(
          absl::StrFormat("%d draws of seed %d, from %d on, are in training and in judging", shared,
                          trained.seed, std::max(trained.first, judged.first)));
    }
  }
}

}  // namespace

absl::StatusOr<GuardVerdict> JudgeTraining(const TrainingRecord& record,
                                           const GuardOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckGuardOptions(options));
  PARALLAX_RETURN_IF_ERROR(CheckTrainingRecord(record));
  GuardVerdict verdict;
  if (record.real_loss.size() > 0) {
    PARALLAX_RETURN_IF_ERROR(JudgeLosses(record, options, &verdict));
  } else if (options.real_loss == RealLoss::kNeeded) {
    verdict.because.emplace_back(
        "the loss on real runs was never looked at: whether the model learns the simulation is not "
        "known");
  }
  if (record.effective_parameters * kRunsPerParameter > record.real_runs) {
    verdict.because.push_back(absl::StrFormat(
        "%.3g effective parameters on %d real runs, at most %.3g are allowed",
        record.effective_parameters, record.real_runs, record.real_runs / kRunsPerParameter));
  }
  JudgeDraws(record, &verdict);
  verdict.refuse_promotion = !verdict.because.empty();
  return verdict;
}

double EffectiveParameters(const Eigen::Ref<const Eigen::VectorXd>& eigenvalues, double alpha) {
  PARALLAX_CHECK(alpha > 0.0 && (eigenvalues.array() >= 0.0).all());
  return (eigenvalues.array() / (eigenvalues.array() + alpha)).sum();
}

}  // namespace parallax::surrogate
