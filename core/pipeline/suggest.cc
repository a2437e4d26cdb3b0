#include "core/pipeline/suggest.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"
#include "core/design/batch.h"

namespace parallax::pipeline {
namespace {

absl::StatusOr<std::vector<AimedRun>> ReadAll(const AimScore& score,
                                              const std::vector<DesignCandidate>& candidates) {
  std::vector<absl::StatusOr<AimedRun>> slots(candidates.size(), absl::UnknownError("not read"));
  base::ParallelFor(slots.size(), [&](size_t i) { slots[i] = score.Read(candidates[i]); });
  std::vector<AimedRun> read;
  for (absl::StatusOr<AimedRun>& slot : slots) {
    PARALLAX_RETURN_IF_ERROR(slot.status());
    read.push_back(*std::move(slot));
  }
  return read;
}

std::vector<double> ScoreAlone(const AimScore& score, const std::vector<AimedRun>& runs) {
  std::vector<double> alone(runs.size());
  base::ParallelFor(runs.size(), [&](size_t i) { alone[i] = score.Joint({&runs[i]}); });
  return alone;
}

/// The first `count` runs.
std::vector<const AimedRun*> AimedOf(const std::vector<ChosenRun>& runs, size_t count) {
  std::vector<const AimedRun*> aimed;
  for (size_t i = 0; i < count; ++i) aimed.push_back(&runs[i].aimed);
  return aimed;
}

/// Sets knobs of one chosen run back to usual, one after the other, as long as it and those before
/// it stay as good as they were: a run is not let off because a later one tells the same.
class Pruner {
 public:
  Pruner(const DesignBench& bench, const AimScore& score, std::vector<ChosenRun>* runs)
      : bench_(bench), score_(score), runs_(runs) {}

  void Prune(size_t which) {
    best_ = score_.Joint(AimedOf(*runs_, which + 1));
    while (StepBack(which)) {
    }
  }

 private:
  struct Attempt {
    std::optional<DesignCandidate> candidate;
    std::optional<AimedRun> aimed;
    double nats = -1.0;
  };

  Attempt TryUsual(size_t which, Eigen::Index knob) const {
    Attempt attempt;
    Eigen::VectorXd point = (*runs_)[which].candidate.point;
    if (point(knob) == bench_.box.usual()(knob)) return attempt;
    point(knob) = bench_.box.usual()(knob);
    absl::StatusOr<DesignCandidate> candidate = Foresee(bench_, point);
    if (!candidate.ok()) return attempt;
    absl::StatusOr<AimedRun> aimed = score_.Read(*candidate);
    if (!aimed.ok()) return attempt;
    std::vector<const AimedRun*> all = AimedOf(*runs_, which + 1);
    all[which] = &*aimed;
    attempt.nats = score_.Joint(all);
    attempt.candidate = *std::move(candidate);
    attempt.aimed = *std::move(aimed);
    return attempt;
  }

  /// Whether some knob could be set back.
  bool StepBack(size_t which) {
    std::vector<Attempt> attempts(static_cast<size_t>(bench_.box.box().size()));
    base::ParallelFor(attempts.size(), [&](size_t k) {
      attempts[k] = TryUsual(which, static_cast<Eigen::Index>(k));
    });
    const auto most =
        std::max_element(attempts.begin(), attempts.end(),
                         [](const Attempt& a, const Attempt& b) { return a.nats < b.nats; });
    if (!most->candidate || !score_.AsGood(most->nats, best_)) return false;
    (*runs_)[which].candidate = *std::move(most->candidate);
    (*runs_)[which].aimed = *std::move(most->aimed);
    return true;
  }

  const DesignBench& bench_;
  const AimScore& score_;
  std::vector<ChosenRun>* runs_;
  double best_ = 0.0;
};

/// Information of each run beside those before it.
void FillGains(const AimScore& score, ChosenRuns* chosen) {
  std::vector<const AimedRun*> before;
  for (ChosenRun& run : chosen->runs) {
    before.push_back(&run.aimed);
    run.alone_nats = score.Joint({&run.aimed});
    const double joint = score.Joint(before);
    run.gain_nats = joint - chosen->joint_nats;
    chosen->joint_nats = joint;
  }
}

}  // namespace

absl::StatusOr<ChosenRuns> ChooseRuns(const DesignBench& bench, const AimScore& score,
                                      std::vector<DesignCandidate> candidates, size_t random,
                                      const ChooseOptions& options) {
  PARALLAX_ASSIGN_OR_RETURN(std::vector<AimedRun> aimed, ReadAll(score, candidates));
  const std::vector<double> alone = ScoreAlone(score, aimed);
  ChosenRuns out{.random = random};
  if (random > 0) {
    const std::vector<double> sample(alone.begin(),
                                     alone.begin() + static_cast<std::ptrdiff_t>(random));
    out.random_median = base::Quantile(sample, 0.5);
    out.random_best = *std::max_element(sample.begin(), sample.end());
  }
  std::vector<size_t> best(candidates.size());
  std::iota(best.begin(), best.end(), size_t{0});
  std::stable_sort(best.begin(), best.end(),
                   [&](size_t a, size_t b) { return alone[a] > alone[b]; });
  best.resize(std::min(best.size(), static_cast<size_t>(options.shortlist)));
  Eigen::MatrixXd unit(std::ssize(best), bench.box.box().size());
  for (size_t i = 0; i < best.size(); ++i) {
    unit.row(static_cast<Eigen::Index>(i)) =
        bench.box.box().ToUnit(candidates[best[i]].point).transpose();
  }
  const design::JointInformation joint = [&](const std::vector<int>& chosen) {
    std::vector<const AimedRun*> runs;
    for (const int i : chosen) runs.push_back(&aimed[best[static_cast<size_t>(i)]]);
    return score.Joint(runs);
  };
  design::BatchOptions batch_options;
  batch_options.count = options.count;
  PARALLAX_ASSIGN_OR_RETURN(const design::Batch batch,
                            design::ChooseBatch(unit, Eigen::VectorXd(), joint, batch_options));
  for (const int i : batch.chosen) {
    const size_t k = best[static_cast<size_t>(i)];
    out.runs.push_back({.candidate = std::move(candidates[k]), .aimed = std::move(aimed[k])});
  }
  Pruner pruner(bench, score, &out.runs);
  for (size_t i = 0; i < out.runs.size(); ++i) pruner.Prune(i);
  FillGains(score, &out);
  return out;
}

}  // namespace parallax::pipeline
