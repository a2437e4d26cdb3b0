#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::pipeline {

/// What kind of signal is compared.
enum class SignalKind {
  kChannel,  ///< readings over the course of a run
  kOutcome,  ///< one figure measured on the sample afterwards
  kShares,   ///< shares of kinds, such as species of tubes
  kRaman,    ///< what a Raman spectrum shows: lines, D/G
  kLatent,   ///< all signals together on their principal components
};

/// A stretch of all runs: [from_s, until_s) after the start of a phase.
struct PhaseWindow {
  std::string phase;
  double from_s = 0.0, until_s = 0.0;
};

/// Measured minus predicted of one signal, reduced to what runs are compared by. The run is the
/// unit: its readings hang together.
struct RunScores {
  Eigen::MatrixXd scores;   ///< runs × dimensions; each run's standard normal for a right twin
  Eigen::MatrixXd windows;  ///< runs × places, in sds of what a right twin is allowed
};

/// What right twins would give in place of the measured runs, with all that their runs share.
struct RightTwins {
  std::vector<Eigen::MatrixXd> scores;  ///< of each twin, runs × dimensions
  Eigen::MatrixXd windows;              ///< twins × places: means over the runs
};

/// One signal of some runs, with the twins that it is held against.
struct ComparedSignal {
  std::string signal;      ///< "pyro/pyro_t"
  std::string observable;  ///< "pyro_t"
  SignalKind kind = SignalKind::kChannel;
  std::vector<PhaseWindow> places;  ///< in order of time; none for what is measured afterwards
  RunScores assumed;
  std::optional<RunScores> fitted;  ///< none: nothing was calibrated
  RightTwins twins;
};

/// A figure with the 95 % quantile of the same figure over right twins with as many runs. NaN:
/// there is none.
struct FlooredFigure {
  double value = std::numeric_limits<double>::quiet_NaN();
  double floor = std::numeric_limits<double>::quiet_NaN();
};

/// Where in the run the gap opens: the first window in which the runs leave the prediction to one
/// side further than right twins do in any of all windows.
struct GapOpening {
  PhaseWindow place;
  double mean_score = 0.0;   ///< over runs, as `windows`; positive: measured above predicted
  double p_value = 1.0;      ///< of right twins, for all windows together
  double p_sign_flip = 1.0;  ///< FindOnset's of the same window; NaN with fewer than five runs
};

/// How far the runs are from where a right twin would show them, under one prediction: a right
/// twin's runs against the same runs displaced by their scores (divergence/displaced_normal). What
/// agrees better than it need is no gap.
struct DivergenceFigures {
  FlooredFigure energy;     ///< energy distance
  double energy_low = 0.0;  ///< 90 % bootstrap interval over runs
  double energy_high = 0.0;
  FlooredFigure mmd;         ///< MMD², mean over 13 bandwidths
  FlooredFigure transport;   ///< W1 of one dimension, else sliced W2
  FlooredFigure kl, js;      ///< measured against predicted [nats]; of shares, mean over runs, else
                             ///< of the normal distribution fitted to the runs
  double p_value = 1.0;      ///< right twins with at least this energy, Holm-adjusted over signals
  double p_sign_flip = 1.0;  ///< of any displacement that runs have in common, however small: sign
                             ///< flips of whole runs, Holm-adjusted
  std::optional<GapOpening> opens;
  std::string opens_missing;  ///< why `opens` is empty
};

/// One signal under both predictions.
struct SignalDivergence {
  std::string signal, observable;
  SignalKind kind = SignalKind::kChannel;
  int runs = 0, dimensions = 0;
  std::string missing;           ///< why there are no figures; empty where there are
  double smallest_p_flip = 1.0;  ///< least p-value that sign flips of so few runs can give
  std::optional<DivergenceFigures> assumed, fitted;
};

/// Runs in the latent space, on the one or two components that parameters move most: a right twin's
/// runs lie there as draws of a standard normal distribution.
struct LatentMap {
  std::vector<std::string> moved_by;  ///< of each axis, the parameter that moves it most
  std::vector<std::string> runs;
  Eigen::MatrixXd assumed;  ///< runs × axes
  Eigen::MatrixXd fitted;   ///< likewise; empty where nothing was calibrated
};

/// The section of a report.
struct Divergences {
  std::vector<SignalDivergence> signals;
  std::optional<LatentMap> map;  ///< none where signals are not compared together
  std::string missing;           ///< why nothing was compared; empty where something was
};

/// Fewer runs than this say nothing of a distribution.
inline constexpr int kFewestRuns = 4;
/// Right twins that a signal is held against.
inline constexpr int kRightTwins = 999;

/// Twins whose scores and windows are all independent standard normal.
RightTwins IndependentTwins(Eigen::Index runs, Eigen::Index dimensions, Eigen::Index places,
                            uint64_t seed);

/// Figures of every signal; p-values are adjusted over the signals but the latent space, which
/// holds them all. Signals of fewer than kFewestRuns runs get the reason instead.
/// Errors: InvalidArgument on a score that is not finite.
absl::StatusOr<std::vector<SignalDivergence>> CompareSignals(
    const std::vector<ComparedSignal>& signals, uint64_t seed);

}  // namespace parallax::pipeline
