#include "core/calibration/mcmc.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::calibration {
namespace {

constexpr int kStartTries = 200;  // draws before a walker gives up
constexpr double kStretch = 2.0;  // Goodman & Weare's a
constexpr double kJitter = 1e-5;  // keeps walkers from moving on a lattice of differences
constexpr double kCheckGrowth = 1.5;

/// One ensemble: its walkers, its random stream, and every sweep so far.
class Ensemble {
 public:
  Ensemble(const LogDensity& log_density, const McmcOptions& options, int parameters, int walkers,
           uint64_t stream)
      : log_density_(&log_density),
        options_(&options),
        random_(options.seed, stream),
        x_(parameters, walkers),
        density_(walkers),
        order_(walkers),
        gamma_(2.38 / std::sqrt(2.0 * parameters)) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  absl::Status Start(const std::vector<Posterior>& starts) {
    for (Eigen::Index k = 0; k < x_.cols(); ++k) {
      const Posterior& start = starts[static_cast<size_t>(k) % starts.size()];
      density_(k) = -std::numeric_limits<double>::infinity();
      for (int tries = 0; tries < kStartTries && !std::isfinite(density_(k)); ++tries) {
        const Eigen::VectorXd draw = DrawPosterior(start, 1, random_);
        x_.col(k) = start.mean + options_->start_spread * (draw - start.mean);
        density_(k) = Evaluate(x_.col(k));
      }
      if (!std::isfinite(density_(k))) {
        return absl::FailedPreconditionError(absl::StrFormat(
            "walker %d found no start of finite density in %d draws", k, kStartTries));
      }
    }
    return absl::OkStatus();
  }

  void Run(int sweeps) {
    for (int s = 0; s < sweeps; ++s) {
      Shuffle();
      const auto half = static_cast<Eigen::Index>(order_.size()) / 2;
      for (Eigen::Index k = 0; k < half; ++k) Move(order_[k], half);
      for (Eigen::Index k = half; k < 2 * half; ++k) Move(order_[k], 0);
      history_.push_back(x_);
    }
  }

  /// p × (sweeps · walkers) from sweep `first` on.
  Eigen::MatrixXd Draws(size_t first) const {
    const Eigen::Index walkers = x_.cols();
    Eigen::MatrixXd draws(x_.rows(), static_cast<Eigen::Index>(history_.size() - first) * walkers);
    for (size_t s = first; s < history_.size(); ++s) {
      draws.middleCols(static_cast<Eigen::Index>(s - first) * walkers, walkers) = history_[s];
    }
    return draws;
  }

  /// Sweeps × walkers of one parameter from sweep `first` on.
  Eigen::MatrixXd Chain(Eigen::Index parameter, size_t first) const {
    Eigen::MatrixXd chain(static_cast<Eigen::Index>(history_.size() - first), x_.cols());
    for (size_t s = first; s < history_.size(); ++s) {
      chain.row(static_cast<Eigen::Index>(s - first)) = history_[s].row(parameter);
    }
    return chain;
  }

  int64_t evaluations() const { return evaluations_; }
  int64_t accepted() const { return accepted_; }

 private:
  double Evaluate(const Eigen::VectorXd& x) {
    ++evaluations_;
    const double density = (*log_density_)(x);
    return std::isfinite(density) ? density : -std::numeric_limits<double>::infinity();
  }

  /// New halves every sweep; drawn without looking at the walkers, so the target is kept.
  void Shuffle() {
    for (size_t k = order_.size() - 1; k > 0; --k)
      std::swap(order_[k], order_[random_.Below(k + 1)]);
  }

  /// Moves a walker by those at order_[other …), the half it does not belong to.
  void Move(Eigen::Index walker, Eigen::Index other) {
    const auto half = static_cast<uint64_t>(order_.size() / 2);
    const auto pick = [&](uint64_t k) { return order_[static_cast<size_t>(other) + k]; };
    const uint64_t a = random_.Below(half);
    Eigen::VectorXd proposal;
    double log_ratio = 0.0;
    if (random_.Uniform() < options_->stretch_share) {
      const double root = 1.0 + (kStretch - 1.0) * random_.Uniform();
      const double z = root * root / kStretch;  // density ∝ 1/√z on [1/a, a]
      proposal = x_.col(pick(a)) + z * (x_.col(walker) - x_.col(pick(a)));
      log_ratio = static_cast<double>(x_.rows() - 1) * std::log(z);
    } else {
      const uint64_t b = (a + 1 + random_.Below(half - 1)) % half;
      const double factor = random_.Uniform() < options_->mode_jump_share ? 1.0 : gamma_;
      const double step = factor * (1.0 + kJitter * random_.Normal());
      proposal = x_.col(walker) + step * (x_.col(pick(a)) - x_.col(pick(b)));
    }
    const double density = Evaluate(proposal);
    if (std::log(random_.Uniform()) >= density - density_(walker) + log_ratio) return;
    x_.col(walker) = proposal;
    density_(walker) = density;
    ++accepted_;
  }

  const LogDensity* log_density_;
  const McmcOptions* options_;
  base::Random random_;
  Eigen::MatrixXd x_;  // p × walkers
  Eigen::VectorXd density_;
  std::vector<Eigen::Index> order_;  // the first half of it is moved by the second and vice versa
  double gamma_;
  std::vector<Eigen::MatrixXd> history_;  // x_ after each sweep
  int64_t evaluations_ = 0;
  int64_t accepted_ = 0;
};

absl::Status CheckOptions(const McmcOptions& options, int walkers, int parameters) {
  if (options.ensembles < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("ensembles = %d, must be >= 1", options.ensembles));
  }
  if (walkers < 2 * parameters + 2 || walkers < 4 || walkers % 2 != 0) {
    return absl::InvalidArgumentError(absl::StrFormat("walkers = %d, must be even and >= %d",
                                                      walkers, std::max(4, 2 * parameters + 2)));
  }
  for (const double share : {options.stretch_share, options.mode_jump_share}) {
    if (!(share >= 0.0 && share <= 1.0)) {
      return absl::InvalidArgumentError(absl::StrFormat("a share = %g, must be in [0, 1]", share));
    }
  }
  if (!(options.start_spread > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("start_spread = %g, must be > 0", options.start_spread));
  }
  if (options.progress_sweeps < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("progress_sweeps = %d, must be >= 1", options.progress_sweeps));
  }
  if (options.min_sweeps < 1 || options.max_sweeps < options.min_sweeps) {
    return absl::InvalidArgumentError(
        absl::StrFormat("min_sweeps = %d, max_sweeps = %d, must be >= 1 and not decrease",
                        options.min_sweeps, options.max_sweeps));
  }
  return absl::OkStatus();
}

absl::Status CheckStarts(const LogDensity& log_density, const std::vector<Posterior>& starts) {
  if (!log_density) return absl::InvalidArgumentError("there is no log density");
  if (starts.empty() || starts.front().mean.size() == 0) {
    return absl::InvalidArgumentError("there are 0 starts or parameters, must be >= 1");
  }
  const Eigen::Index p = starts.front().mean.size();
  for (const Posterior& start : starts) {
    if (start.mean.size() != p || start.sd.size() != p || start.correlation.rows() != p ||
        start.correlation.cols() != p || !start.mean.allFinite() || !start.sd.allFinite()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a start has %d means and %d sds, must be %d finite ones with their "
                          "correlation",
                          start.mean.size(), start.sd.size(), p));
    }
  }
  return absl::OkStatus();
}

/// Diagnoses every parameter over the second half of the sweeps.
std::vector<ChainDiagnostics> Diagnose(const std::vector<Ensemble>& ensembles, int parameters,
                                       int sweeps) {
  std::vector<ChainDiagnostics> result(static_cast<size_t>(parameters));
  std::vector<absl::Status> errors(result.size());
  base::ParallelFor(result.size(), [&](size_t i) {
    std::vector<Eigen::MatrixXd> chains;
    for (const Ensemble& ensemble : ensembles) {
      chains.push_back(
          ensemble.Chain(static_cast<Eigen::Index>(i), static_cast<size_t>(sweeps / 2)));
    }
    const absl::StatusOr<ChainDiagnostics> diagnostics = DiagnoseChains(chains);
    errors[i] = diagnostics.status();
    if (diagnostics.ok()) result[i] = *diagnostics;
  });
  // Too few sweeps for a figure is no error of the caller's: there are none then.
  for (const absl::Status& error : errors) {
    if (!error.ok()) return {};
  }
  return result;
}

/// The loop: rounds of sweeps in parallel, with everything that decides between them in series.
class Sampler {
 public:
  Sampler(const McmcOptions& options, int parameters, int walkers, std::vector<Ensemble> ensembles)
      : options_(options),
        parameters_(parameters),
        walkers_(walkers),
        ensembles_(std::move(ensembles)) {}

  McmcResult Run() {
    int next_check = options_.min_sweeps;
    while (true) {
      const int sweeps = std::min({options_.progress_sweeps, next_check - result_.sweeps,
                                   Affordable(), options_.max_sweeps - result_.sweeps});
      if (sweeps <= 0) {
        return Finish(Affordable() <= 0 ? McmcTermination::kEvaluationLimit
                                        : McmcTermination::kSweepLimit);
      }
      base::ParallelFor(ensembles_.size(), [&](size_t k) { ensembles_[k].Run(sweeps); });
      result_.sweeps += sweeps;
      if (result_.sweeps == next_check) {
        next_check = static_cast<int>(std::ceil(kCheckGrowth * next_check));
        result_.parameters = Diagnose(ensembles_, parameters_, result_.sweeps);
        checked_at_ = result_.sweeps;
        if (Converged(result_.parameters, options_.limits)) {
          return Finish(McmcTermination::kConverged);
        }
      }
      if (options_.progress && !options_.progress(Progress())) {
        return Finish(McmcTermination::kCancelled);
      }
    }
  }

 private:
  int64_t Evaluations() const {
    int64_t sum = 0;
    for (const Ensemble& ensemble : ensembles_) sum += ensemble.evaluations();
    return sum;
  }

  int Affordable() const {
    const int64_t left = options_.max_evaluations - Evaluations();
    const int64_t sweeps = left / (static_cast<int64_t>(options_.ensembles) * walkers_);
    return static_cast<int>(std::clamp<int64_t>(sweeps, 0, options_.max_sweeps));
  }

  McmcProgress Progress() const {
    McmcProgress progress{.sweeps = result_.sweeps, .evaluations = Evaluations()};
    for (const ChainDiagnostics& parameter : result_.parameters) {
      progress.worst_r_hat = std::max(progress.worst_r_hat, parameter.r_hat);
      progress.least_ess = progress.least_ess == 0.0
                               ? parameter.ess_bulk
                               : std::min(progress.least_ess, parameter.ess_bulk);
    }
    return progress;
  }

  McmcResult Finish(McmcTermination termination) {
    if (checked_at_ != result_.sweeps) {
      result_.parameters = Diagnose(ensembles_, parameters_, result_.sweeps);
    }
    result_.converged = Converged(result_.parameters, options_.limits);
    result_.termination = result_.converged ? McmcTermination::kConverged : termination;
    result_.walkers = walkers_;
    result_.evaluations = Evaluations();
    int64_t accepted = 0;
    for (const Ensemble& ensemble : ensembles_) {
      result_.ensembles.push_back(ensemble.Draws(static_cast<size_t>(result_.sweeps / 2)));
      accepted += ensemble.accepted();
    }
    const double moves = static_cast<double>(result_.sweeps) * walkers_ * options_.ensembles;
    result_.acceptance = moves > 0.0 ? static_cast<double>(accepted) / moves : 0.0;
    return std::move(result_);
  }

  const McmcOptions& options_;
  int parameters_;
  int walkers_;
  std::vector<Ensemble> ensembles_;
  int checked_at_ = -1;
  McmcResult result_;
};

}  // namespace

absl::StatusOr<McmcResult> SamplePosterior(const LogDensity& log_density,
                                           const std::vector<Posterior>& starts,
                                           const McmcOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckStarts(log_density, starts));
  const auto p = static_cast<int>(starts.front().mean.size());
  const int walkers = options.walkers > 0 ? options.walkers : std::max(16, 2 * p + 2);
  PARALLAX_RETURN_IF_ERROR(CheckOptions(options, walkers, p));
  std::vector<Ensemble> ensembles;
  for (int k = 0; k < options.ensembles; ++k) {
    ensembles.emplace_back(log_density, options, p, walkers,
                           options.stream + static_cast<uint64_t>(k));
  }
  std::vector<absl::Status> errors(ensembles.size());
  base::ParallelFor(ensembles.size(), [&](size_t k) { errors[k] = ensembles[k].Start(starts); });
  for (const absl::Status& error : errors) PARALLAX_RETURN_IF_ERROR(error);
  return Sampler(options, p, walkers, std::move(ensembles)).Run();
}

Eigen::MatrixXd PooledDraws(const McmcResult& result) {
  PARALLAX_CHECK(!result.ensembles.empty());
  const Eigen::Index each = result.ensembles.front().cols();
  Eigen::MatrixXd pooled(result.ensembles.front().rows(),
                         each * static_cast<Eigen::Index>(result.ensembles.size()));
  for (size_t k = 0; k < result.ensembles.size(); ++k) {
    pooled.middleCols(static_cast<Eigen::Index>(k) * each, each) = result.ensembles[k];
  }
  return pooled;
}

Eigen::MatrixXd ThinnedDraws(const McmcResult& result, int count) {
  const Eigen::MatrixXd pooled = PooledDraws(result);
  PARALLAX_CHECK(count >= 1 && count <= pooled.cols());
  Eigen::MatrixXd thinned(pooled.rows(), count);
  const Eigen::Index slices = 2 * static_cast<Eigen::Index>(count);
  for (Eigen::Index k = 0; k < count; ++k) {
    thinned.col(k) = pooled.col((2 * k + 1) * pooled.cols() / slices);
  }
  return thinned;
}

}  // namespace parallax::calibration
