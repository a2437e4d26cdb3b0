#include "core/pipeline/divergences.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/divergence/displaced_normal.h"
#include "core/divergence/gaussian.h"
#include "core/divergence/onset.h"
#include "core/divergence/permutation.h"
#include "core/divergence/resampling.h"
#include "core/divergence/transport.h"

namespace parallax::pipeline {
namespace {

constexpr int kFlips = 1999;
/// Transport and Jensen-Shannon divergence have no closed form: their floors come from fewer twins.
constexpr size_t kFewTwins = 199;
constexpr int kDraws = 500;
constexpr int kDirections = 16;
constexpr double kFloorQuantile = 0.95;
constexpr double kLevel = 0.05;
/// Sign flips of windows need as many.
constexpr Eigen::Index kFewestForFlips = 5;

// Streams of base::Random, one a use.
constexpr uint64_t kTwinStream = 0x6469760000;  // "div"
constexpr uint64_t kFlipStream = kTwinStream + 0x1000000;
constexpr uint64_t kOnsetStream = kTwinStream + 0x1000001;
constexpr uint64_t kBootstrapStream = kTwinStream + 0x1000002;

/// Equal directions for all: distances compare.
double Transport(const Eigen::MatrixXd& scores) {
  if (scores.cols() == 1) return divergence::DisplacedWasserstein1(scores.col(0));
  return divergence::DisplacedSlicedWasserstein2(
      scores, divergence::SliceDirections(scores.cols(), {.directions = kDirections, .seed = 1}));
}

divergence::Gaussian RightGaussian(Eigen::Index k) {
  return {Eigen::VectorXd::Zero(k), Eigen::MatrixXd::Identity(k, k)};
}

/// NaN where there is none.
double KlOf(const Eigen::MatrixXd& scores) {
  return divergence::KullbackLeibler(divergence::DisplacedGaussian(scores),
                                     RightGaussian(scores.cols()))
      .value_or(std::nan(""));
}

/// Draws by which all Jensen-Shannon divergences of one dimension are taken.
struct JsDraws {
  Eigen::MatrixXd measured, right;
};

JsDraws JsDrawsOf(Eigen::Index dimensions) {
  return {divergence::StandardNormals(dimensions, kDraws, 1, 0),
          divergence::StandardNormals(dimensions, kDraws, 1, 1)};
}

double JsOf(const Eigen::MatrixXd& scores, const JsDraws& draws) {
  const divergence::Gaussian measured = divergence::DisplacedGaussian(scores);
  if (scores.cols() == 1) {
    return divergence::JensenShannon(measured.mean(0), std::sqrt(measured.covariance(0, 0)), 0.0,
                                     1.0)
        .value_or(std::nan(""));
  }
  return divergence::JensenShannonByDraws(measured, RightGaussian(scores.cols()), draws.measured,
                                          draws.right)
      .value_or(std::nan(""));
}

/// What right twins show of one signal.
struct Null {
  std::vector<double> energy;
  double energy_floor = 0.0, mmd = 0.0, transport = 0.0, kl = 0.0, js = 0.0;
  Eigen::VectorXd window_sd;           ///< of the mean over runs, by place
  std::vector<double> largest_window;  ///< over all places, in that sd
};

Null NullOf(const RightTwins& twins, Eigen::Index dimensions) {
  Null null;
  const size_t count = twins.scores.size(), few = std::min(count, kFewTwins);
  const std::vector<double> bandwidths = divergence::NormalBandwidths(static_cast<int>(dimensions));
  null.energy.assign(count, 0.0);
  std::vector<double> mmd(count), kl(count), transport(few), js(few);
  const JsDraws draws = JsDrawsOf(dimensions);
  base::ParallelFor(count, [&](size_t i) {
    const Eigen::MatrixXd& scores = twins.scores[i];
    null.energy[i] = divergence::DisplacedEnergyDistance(scores);
    mmd[i] = divergence::DisplacedMmdSquared(scores, bandwidths);
    kl[i] = KlOf(scores);
    if (i >= few) return;
    transport[i] = Transport(scores);
    js[i] = JsOf(scores, draws);
  });
  null.energy_floor = divergence::Quantile(null.energy, kFloorQuantile);
  null.mmd = divergence::Quantile(std::move(mmd), kFloorQuantile);
  null.kl = divergence::Quantile(std::move(kl), kFloorQuantile);
  null.transport = divergence::Quantile(std::move(transport), kFloorQuantile);
  null.js = divergence::Quantile(std::move(js), kFloorQuantile);
  if (twins.windows.cols() == 0) return null;
  null.window_sd = twins.windows.cwiseAbs2().colwise().mean().cwiseSqrt().transpose();
  const Eigen::MatrixXd sizes =
      twins.windows.cwiseAbs() * null.window_sd.cwiseInverse().asDiagonal();
  const Eigen::VectorXd largest = sizes.rowwise().maxCoeff();
  null.largest_window.assign(largest.begin(), largest.end());
  return null;
}

/// Why nothing can open in a signal of that kind; empty where it can.
std::string NoCourse(const ComparedSignal& signal) {
  if (signal.kind == SignalKind::kLatent) return "each component joins all phases";
  if (signal.kind != SignalKind::kChannel) return "measured after the run";
  return signal.places.empty() ? "no stretch of a phase was read in every run" : "";
}

absl::Status FillOpening(const ComparedSignal& signal, const RunScores& runs, const Null& null,
                         uint64_t seed, DivergenceFigures* figures) {
  figures->opens_missing = NoCourse(signal);
  if (!figures->opens_missing.empty()) return absl::OkStatus();
  const Eigen::VectorXd mean = runs.windows.colwise().mean().transpose();
  Eigen::Index first = 0;
  double p_value = 1.0;
  for (; first < mean.size(); ++first) {
    p_value =
        divergence::TailShare(null.largest_window, std::abs(mean(first)) / null.window_sd(first));
    if (p_value <= kLevel) break;
  }
  if (first == mean.size()) {
    figures->opens_missing = "in no stretch do the runs leave the prediction to one side";
    return absl::OkStatus();
  }
  figures->opens = GapOpening{.place = signal.places[static_cast<size_t>(first)],
                              .mean_score = mean(first),
                              .p_value = p_value,
                              .p_sign_flip = std::nan("")};
  if (runs.windows.rows() < kFewestForFlips) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(
      const divergence::GapOnset onset,
      divergence::FindOnset(runs.windows, kLevel,
                            {.permutations = kFlips, .seed = seed, .stream = kOnsetStream}));
  figures->opens->p_sign_flip = onset.windows[static_cast<size_t>(first)].p_value;
  return absl::OkStatus();
}

absl::StatusOr<DivergenceFigures> Measure(const ComparedSignal& signal, const RunScores& runs,
                                          const Null& null, uint64_t seed) {
  const Eigen::MatrixXd& scores = runs.scores;
  if (!scores.allFinite() || !runs.windows.allFinite()) {
    return absl::InvalidArgumentError(absl::StrFormat("%s: a score is not finite", signal.signal));
  }
  const divergence::DisplacedEnergy energy(scores);
  const std::vector<double> bandwidths =
      divergence::NormalBandwidths(static_cast<int>(scores.cols()));
  DivergenceFigures figures{.energy = {energy.value(), null.energy_floor},
                            .mmd = {divergence::DisplacedMmdSquared(scores, bandwidths), null.mmd},
                            .transport = {Transport(scores), null.transport},
                            .kl = {KlOf(scores), null.kl},
                            .js = {JsOf(scores, JsDrawsOf(scores.cols())), null.js},
                            .p_value = divergence::TailShare(null.energy, energy.value())};
  PARALLAX_ASSIGN_OR_RETURN(
      const divergence::TestResult flips,
      energy.SignFlipTest({.permutations = kFlips, .seed = seed, .stream = kFlipStream}));
  figures.p_sign_flip = flips.p_value;
  PARALLAX_ASSIGN_OR_RETURN(
      const divergence::Interval interval,
      divergence::BootstrapInterval(
          static_cast<int>(scores.rows()),
          [&energy](const std::vector<int>& chosen) { return energy.OfDraw(chosen); },
          {.seed = seed, .stream = kBootstrapStream}));
  figures.energy_low = interval.low;
  figures.energy_high = interval.high;
  PARALLAX_RETURN_IF_ERROR(FillOpening(signal, runs, null, seed, &figures));
  return figures;
}

absl::StatusOr<SignalDivergence> Compare(const ComparedSignal& signal, uint64_t seed) {
  const Eigen::Index runs = signal.assumed.scores.rows();
  SignalDivergence out{.signal = signal.signal,
                       .observable = signal.observable,
                       .kind = signal.kind,
                       .runs = static_cast<int>(runs),
                       .dimensions = static_cast<int>(signal.assumed.scores.cols())};
  if (runs < kFewestRuns) {
    out.missing =
        absl::StrFormat("measured in %d run%s; runs are compared as wholes, which takes %d", runs,
                        runs == 1 ? "" : "s", kFewestRuns);
    return out;
  }
  out.smallest_p_flip = std::max(1.0 / (kFlips + 1.0), std::exp2(1.0 - out.runs));
  const Null null = NullOf(signal.twins, signal.assumed.scores.cols());
  PARALLAX_ASSIGN_OR_RETURN(out.assumed, Measure(signal, signal.assumed, null, seed));
  if (signal.fitted) {
    PARALLAX_ASSIGN_OR_RETURN(out.fitted, Measure(signal, *signal.fitted, null, seed));
  }
  return out;
}

/// Holm's adjustment of one p-value of every signal that has figures, the latent space apart.
void Adjust(std::vector<SignalDivergence>* signals,
            std::optional<DivergenceFigures> SignalDivergence::*prediction,
            double DivergenceFigures::*p_value) {
  std::vector<double*> places;
  std::vector<double> values;
  for (SignalDivergence& one : *signals) {
    std::optional<DivergenceFigures>& figures = one.*prediction;
    if (!figures || one.kind == SignalKind::kLatent) continue;
    places.push_back(&((*figures).*p_value));
    values.push_back(*places.back());
  }
  const std::vector<double> adjusted = divergence::HolmAdjust(values);
  for (size_t i = 0; i < places.size(); ++i) *places[i] = adjusted[i];
}

}  // namespace

RightTwins IndependentTwins(Eigen::Index runs, Eigen::Index dimensions, Eigen::Index places,
                            uint64_t seed) {
  RightTwins twins{.scores = std::vector<Eigen::MatrixXd>(kRightTwins),
                   .windows = Eigen::MatrixXd(kRightTwins, places)};
  for (int i = 0; i < kRightTwins; ++i) {
    base::Random random(seed, kTwinStream + static_cast<uint64_t>(i));
    Eigen::MatrixXd& scores = twins.scores[static_cast<size_t>(i)];
    scores.resize(runs, dimensions);
    for (double& score : scores.reshaped()) score = random.Normal();
    // A mean over independent runs.
    for (Eigen::Index p = 0; p < places; ++p) {
      twins.windows(i, p) = random.Normal() / std::sqrt(static_cast<double>(runs));
    }
  }
  return twins;
}

absl::StatusOr<std::vector<SignalDivergence>> CompareSignals(
    const std::vector<ComparedSignal>& signals, uint64_t seed) {
  std::vector<SignalDivergence> out;
  for (const ComparedSignal& signal : signals) {
    PARALLAX_ASSIGN_OR_RETURN(SignalDivergence one, Compare(signal, seed));
    out.push_back(std::move(one));
  }
  for (const auto prediction : {&SignalDivergence::assumed, &SignalDivergence::fitted}) {
    Adjust(&out, prediction, &DivergenceFigures::p_value);
    Adjust(&out, prediction, &DivergenceFigures::p_sign_flip);
  }
  return out;
}

}  // namespace parallax::pipeline
