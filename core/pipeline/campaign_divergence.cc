#include "core/pipeline/campaign_divergence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/divergence/resampling.h"
#include "core/divergence/shares.h"
#include "core/pipeline/campaign_scores.h"
#include "core/pipeline/joint_scores.h"

namespace parallax::pipeline {
namespace {

/// Right twins that make the floors of shares.
constexpr int kShareTwins = 199;
/// A prediction that leaves less than this of the whole, lists the whole.
constexpr double kLeastRest = 1e-9;
constexpr Eigen::Index kMapAxes = 2;

using ShareDivergence =
    std::function<absl::StatusOr<double>(const Eigen::VectorXd&, const Eigen::VectorXd&)>;

/// Shares, and what they leave of the whole as one kind more.
Eigen::VectorXd WithRest(const Eigen::VectorXd& shares) {
  Eigen::VectorXd whole(shares.size() + 1);
  whole << shares.cwiseMax(0.0), 0.0;
  whole(shares.size()) = std::max(0.0, 1.0 - whole.sum());
  return whole;
}

/// Lines are shares among themselves: nothing is left but rounding.
absl::StatusOr<double> Divergence(const Eigen::VectorXd& measured, const Eigen::VectorXd& predicted,
                                  const ShareDivergence& divergence) {
  if (1.0 - predicted.sum() < kLeastRest) {
    return divergence(measured.cwiseMax(0.0), predicted.cwiseMax(0.0));
  }
  return divergence(WithRest(measured), WithRest(predicted));
}

/// Mean over runs of a divergence of what was measured from what is predicted; NaN where a run has
/// none. @param residuals  measured − predicted.   @param predicted  of each block.
double MeanShareDivergence(const std::vector<const EvidenceBlock*>& blocks,
                           const std::vector<Eigen::VectorXd>& predicted,
                           const Eigen::VectorXd& residuals, const ShareDivergence& divergence) {
  double sum = 0.0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Eigen::VectorXd measured =
        predicted[i] + residuals.segment(blocks[i]->begin, blocks[i]->rows());
    const absl::StatusOr<double> value = Divergence(measured, predicted[i], divergence);
    if (!value.ok()) return std::nan("");
    sum += *value;
  }
  return sum / static_cast<double>(blocks.size());
}

FlooredFigure CompareShares(const std::vector<const EvidenceBlock*>& blocks,
                            const Eigen::VectorXd& residuals, const Eigen::MatrixXd& draws,
                            const ShareDivergence& divergence) {
  std::vector<Eigen::VectorXd> predicted;
  for (const EvidenceBlock* block : blocks) {
    predicted.emplace_back(block->value - residuals.segment(block->begin, block->rows()));
  }
  std::vector<double> right(static_cast<size_t>(draws.cols()));
  base::ParallelFor(right.size(), [&](size_t i) {
    right[i] =
        MeanShareDivergence(blocks, predicted, draws.col(static_cast<Eigen::Index>(i)), divergence);
  });
  return {MeanShareDivergence(blocks, predicted, residuals, divergence),
          divergence::Quantile(std::move(right), 0.95)};
}

std::vector<const EvidenceBlock*> BlocksOf(const CampaignModel& model,
                                           const std::string& observable) {
  std::vector<const EvidenceBlock*> blocks;
  for (const EvidenceBlock& block : model.blocks()) {
    // One share of the whole is a figure, not a distribution.
    if (block.observable == observable && block.rows() > 1) blocks.push_back(&block);
  }
  return blocks;
}

/// Whether the rows of an observable are parts of a whole.
bool IsDistribution(const SignalDivergence& signal) {
  return signal.observable == "share" || signal.observable == "rbm";
}

/// KL and JS of the shares themselves in place of those of their scores.
/// @param draws  residuals of right twins.
void FillShares(const CampaignModel& model, const Eigen::MatrixXd& draws,
                const Eigen::VectorXd& assumed, const Eigen::VectorXd& fitted,
                std::vector<SignalDivergence>* signals) {
  for (SignalDivergence& signal : *signals) {
    if (!IsDistribution(signal) || !signal.assumed) continue;
    const std::vector<const EvidenceBlock*> blocks = BlocksOf(model, signal.observable);
    const auto fill = [&](const Eigen::VectorXd& residuals, DivergenceFigures* figures) {
      figures->kl = figures->js = {};
      if (blocks.empty()) return;
      figures->kl = CompareShares(blocks, residuals, draws, divergence::ShareKullbackLeibler);
      figures->js = CompareShares(blocks, residuals, draws, divergence::ShareJensenShannon);
    };
    fill(assumed, &*signal.assumed);
    if (signal.fitted) fill(fitted, &*signal.fitted);
  }
}

/// The first axes of the latent space, and where the runs lie on them.
/// @param moved  JointScores::MovedAxes::moved.
LatentMap MapOf(const CampaignModel& model, const Eigen::MatrixXd& moved,
                const ComparedSignal& latent) {
  const Eigen::Index shown = std::min<Eigen::Index>(moved.cols(), kMapAxes);
  LatentMap map{.assumed = latent.assumed.scores.leftCols(shown)};
  for (Eigen::Index axis = 0; axis < shown; ++axis) {
    Eigen::Index most = 0;
    moved.col(axis).maxCoeff(&most);
    map.moved_by.push_back(model.description().parameters[static_cast<size_t>(most)].name);
  }
  for (const CampaignRun& run : model.runs()) map.runs.push_back(run.clean.run.id);
  if (latent.fitted) map.fitted = latent.fitted->scores.leftCols(shown);
  return map;
}

struct Latent {
  ComparedSignal signal;
  LatentMap map;
};

/// All signals together on the components of what the parameters move; none where nothing moves.
std::optional<Latent> LatentOf(const CampaignModel& model, const CampaignNoise& noise,
                               const Eigen::MatrixXd& jacobian, const Eigen::VectorXd& assumed,
                               const Eigen::VectorXd& fitted, uint64_t seed) {
  const JointScores joint(model, noise, {});
  const auto [axes, moved] = joint.Axes(jacobian);
  if (axes.cols() == 0) return std::nullopt;
  ComparedSignal latent{.signal = "all signals",
                        .observable = "latent",
                        .kind = SignalKind::kLatent,
                        .places = {},
                        .assumed = {.scores = joint.Of(assumed) * axes, .windows = {}},
                        .fitted = std::nullopt,
                        .twins = IndependentTwins(std::ssize(model.runs()), axes.cols(), 0, seed)};
  if (fitted.size() > 0) latent.fitted = RunScores{joint.Of(fitted) * axes, {}};
  LatentMap map = MapOf(model, moved, latent);
  return Latent{std::move(latent), std::move(map)};
}

bool HasOutcome(const twin::Description& description, const std::string& prefix) {
  return std::any_of(
      description.outcomes.begin(), description.outcomes.end(),
      [&](const twin::Signal& outcome) { return outcome.channel_id.rfind(prefix, 0) == 0; });
}

/// What the twin foresees on the sample and the campaign has no row of.
void AddMissing(const CampaignModel& model, std::vector<SignalDivergence>* signals) {
  struct Expected {
    const char* observable;
    const char* signal;
    SignalKind kind;
    const char* unusable;  ///< why what was measured makes no row
    bool (*measured)(const signal::Outcome& outcome);
  };
  const std::array expected = {
      Expected{"share", "outcome/chirality", SignalKind::kShares,
               "no measured share is large enough and of a species that the twin predicts",
               [](const signal::Outcome& o) { return !o.chirality.empty(); }},
      Expected{"rbm", "outcome/rbm", SignalKind::kRaman,
               "no run shows two lines that the twin predicts",
               [](const signal::Outcome& o) { return !o.raman_rbm.empty(); }},
      Expected{"d_over_g", "outcome/d_over_g", SignalKind::kRaman,
               "what the twin says of it is a judgement, and no evidence",
               [](const signal::Outcome& o) { return o.raman_d_over_g.has_value(); }}};
  for (const Expected& one : expected) {
    const bool there = std::any_of(
        signals->begin(), signals->end(),
        [&](const SignalDivergence& signal) { return signal.observable == one.observable; });
    if (there || !HasOutcome(model.description(), one.observable)) continue;
    const bool measured =
        std::any_of(model.runs().begin(), model.runs().end(), [&](const CampaignRun& run) {
          return run.clean.outcome.has_value() && one.measured(*run.clean.outcome);
        });
    signals->push_back({.signal = one.signal,
                        .observable = one.observable,
                        .kind = one.kind,
                        .missing = measured ? one.unusable : "no run measured it"});
  }
}

}  // namespace

absl::StatusOr<Divergences> CompareCampaign(const CampaignModel& model, const CampaignNoise& noise,
                                            const Eigen::MatrixXd& jacobian,
                                            const Eigen::VectorXd& assumed,
                                            const Eigen::VectorXd& fitted, uint64_t seed) {
  const CampaignScores scores(model, noise, seed);
  std::vector<ComparedSignal> signals = scores.Compare(assumed, fitted);
  Divergences out;
  if (std::optional<Latent> latent = LatentOf(model, noise, jacobian, assumed, fitted, seed)) {
    signals.push_back(std::move(latent->signal));
    out.map = std::move(latent->map);
  }
  PARALLAX_ASSIGN_OR_RETURN(out.signals, CompareSignals(signals, seed));
  FillShares(model, scores.draws().leftCols(kShareTwins), assumed, fitted, &out.signals);
  AddMissing(model, &out.signals);
  return out;
}

}  // namespace parallax::pipeline
