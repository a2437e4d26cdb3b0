#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/divergence/resampling.h"
#include "core/pipeline/fit.h"
#include "core/pipeline/model.h"

namespace parallax::pipeline {

/// Measures how far bench and twin are apart, in one number that the attribution then divides.
///
/// Residuals are averaged over blocks longer than their correlation time and divided by what the
/// twin leaves unexplained there when it is right; a perfect twin gives standard normal scores. The
/// gap is the excess energy distance D² of the scores from that normal sample over what
/// matched-size samples of it show among themselves. Deterministic for a seed. Source: Székely &
/// Rizzo (2013); methods.md §2.
class GapMeter {
 public:
  /// @param noise  of the calibrated fit: the scale of a score.
  GapMeter(const Model& model, const NoiseModel& noise, uint64_t seed);

  /// Gap of stacked residuals [SI] in the order of Model::Residuals; near 0 for a perfect twin, may
  /// be slightly negative.
  double Gap(const Eigen::VectorXd& residuals) const;
  /// The same with a 90 % interval by resampling blocks, all outputs of one together; NaN ends for
  /// fewer than four.
  absl::StatusOr<divergence::Interval> GapInterval(const Eigen::VectorXd& residuals,
                                                   uint64_t seed) const;
  /// Block scores, blocks × outputs, NaN where a run lacks an output.
  Eigen::MatrixXd Scores(const Eigen::VectorXd& residuals) const;

  /// Where a row of Scores comes from.
  struct Place {
    int run = 0;
    double time_s = 0.0;  ///< mean of its bins, from the run's start
  };
  const std::vector<Place>& places() const { return places_; }

  double floor() const { return floor_; }  ///< 95 % quantile of Gap for a perfect twin
  /// Share of perfect twins with at least this gap: (1 + #)/(B + 1).
  double PValue(double gap) const;
  double smallest_p() const { return 1.0 / (static_cast<double>(null_.size()) + 1.0); }

 private:
  struct Block {
    Eigen::Index row = 0;  ///< of the scores
    int output = 0;
    Eigen::Index begin = 0;
    Eigen::Index size = 0;
    double scale = 1.0;
  };

  void CutBlocks(const Model& model, const NoiseModel& noise);
  void SimulateNull(uint64_t seed);
  double Distance(const Eigen::MatrixXd& scores) const;
  Eigen::MatrixXd CompleteScores(const Eigen::VectorXd& residuals) const;

  std::vector<Block> blocks_;
  std::vector<Place> places_;
  Eigen::Index rows_ = 0;
  Eigen::Index outputs_ = 0;
  Eigen::MatrixXd reference_;  ///< standard normal sample
  std::vector<double> null_;   ///< excess distances of perfect twins, ascending
  double expected_ = 0.0;      ///< mean distance of perfect twins
  double floor_ = 0.0;
};

/// The gap of one channel, for the report.
struct ChannelGap {
  std::string channel;
  std::string unit;
  double rmse = 0.0;        ///< of the simulation as assumed, over good samples, in `unit`
  double rmse_after = 0.0;  ///< at the fit
  double p_value = 1.0;     ///< of `rmse`: sign flips of whole blocks, Holm-adjusted over channels
};

/// RMSE before and after the fit and block permutation test of every output, runs pooled.
/// @param simulation  the runs under the assumed boundary.   @param model  … under the adopted one.
/// @param residuals   [SI], of the simulation as assumed.
/// Errors: those of the twin; too few blocks give p = 1.
absl::StatusOr<std::vector<ChannelGap>> GapByChannel(const Model& simulation, const Model& model,
                                                     const MapFit& fit, const GapMeter& meter,
                                                     const Eigen::VectorXd& residuals,
                                                     uint64_t seed);

/// A difference [SI] in a channel's own unit; unchanged where the unit is unknown.
double DifferenceInUnit(const std::string& unit, double si);

/// Root mean square of measured minus predicted over the good samples of one output [SI].
struct SampleError {
  double sum_squared = 0.0;
  double count = 0.0;
  double Rmse() const;
};
SampleError ErrorOfSamples(const ChannelObservations& channel, const twin::Prediction& prediction);

}  // namespace parallax::pipeline
