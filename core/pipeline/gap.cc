#include "core/pipeline/gap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/divergence/distance.h"
#include "core/divergence/permutation.h"

namespace parallax::pipeline {
namespace {

constexpr int kPerfectTwins = 1999;
constexpr Eigen::Index kReferenceSize = 128;
/// A run is cut into at most this many blocks.
constexpr double kBlocksPerRun = 40.0;
/// Fewest bins of a block, so that its mean is near normal.
constexpr Eigen::Index kFewestBins = 4;

// Streams of base::Random, one a use.
constexpr uint64_t kReferenceStream = 1'000'000;
constexpr uint64_t kNullStream = 1'100'000;
constexpr uint64_t kSignFlipStream = 1'200'000;
constexpr uint64_t kResampleStream = 1'300'000;

/// Mean time of the b-th of `count` blocks of the run's longest channel; 0 where it has no bins.
double MeanTimeOf(const Model& model, size_t run, Eigen::Index b, Eigen::Index count) {
  const Eigen::VectorXd* longest = nullptr;
  for (const ChannelObservations& channel : model.runs()[run].channels) {
    if (longest == nullptr || channel.bin_time_s.size() > longest->size()) {
      longest = &channel.bin_time_s;
    }
  }
  if (longest == nullptr || longest->size() == 0) return 0.0;
  const Eigen::Index begin = longest->size() * b / count;
  return longest->segment(begin, longest->size() * (b + 1) / count - begin).mean();
}

Eigen::MatrixXd NormalSample(Eigen::Index rows, Eigen::Index columns, uint64_t seed,
                             uint64_t stream) {
  base::Random random(seed, stream);
  Eigen::MatrixXd sample(rows, columns);
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index j = 0; j < columns; ++j) sample(i, j) = random.Normal();
  }
  return sample;
}

}  // namespace

GapMeter::GapMeter(const Model& model, const NoiseModel& noise, uint64_t seed)
    : outputs_(static_cast<Eigen::Index>(model.space().description().outputs.size())) {
  CutBlocks(model, noise);
  reference_ = NormalSample(kReferenceSize, outputs_, seed, kReferenceStream);
  SimulateNull(seed);
}

void GapMeter::CutBlocks(const Model& model, const NoiseModel& noise) {
  for (size_t run = 0; run < model.runs().size(); ++run) {
    double inflation = 1.0;
    Eigen::Index bins = 0;
    for (const RowBlock& rows : model.blocks()) {
      if (rows.run != static_cast<int>(run)) continue;
      inflation =
          std::max(inflation, noise[static_cast<size_t>(model.Channel(rows).output)].inflation);
      bins = std::max(bins, rows.bins);
    }
    const auto per_block = std::max<Eigen::Index>(
        kFewestBins, static_cast<Eigen::Index>(std::ceil(
                         std::max(inflation, static_cast<double>(bins) / kBlocksPerRun))));
    const Eigen::Index count = std::max<Eigen::Index>(1, bins / per_block);
    for (const RowBlock& rows : model.blocks()) {
      if (rows.run != static_cast<int>(run)) continue;
      const int output = model.Channel(rows).output;
      const ChannelNoise& channel = noise[static_cast<size_t>(output)];
      for (Eigen::Index b = 0; b < count; ++b) {
        const Eigen::Index begin = rows.bins * b / count;
        const Eigen::Index size = rows.bins * (b + 1) / count - begin;
        if (size == 0) continue;
        const double independent = std::max(1.0, static_cast<double>(size) / channel.inflation);
        blocks_.push_back(
            {rows_ + b, output, rows.begin + begin, size, channel.scale / std::sqrt(independent)});
      }
    }
    for (Eigen::Index b = 0; b < count; ++b) {
      places_.push_back({static_cast<int>(run), MeanTimeOf(model, run, b, count)});
    }
    rows_ += count;
  }
}

Eigen::MatrixXd GapMeter::Scores(const Eigen::VectorXd& residuals) const {
  Eigen::MatrixXd scores =
      Eigen::MatrixXd::Constant(rows_, outputs_, std::numeric_limits<double>::quiet_NaN());
  for (const Block& block : blocks_) {
    scores(block.row, block.output) =
        residuals.segment(block.begin, block.size).mean() / block.scale;
  }
  return scores;
}

double GapMeter::Distance(const Eigen::MatrixXd& scores) const {
  return divergence::EnergyDistance(scores, reference_, divergence::Estimator::kV);
}

void GapMeter::SimulateNull(uint64_t seed) {
  null_.assign(kPerfectTwins, 0.0);
  base::ParallelFor(null_.size(), [&](size_t i) {
    null_[i] = Distance(NormalSample(rows_, outputs_, seed, kNullStream + i));
  });
  double sum = 0.0;
  for (const double distance : null_) sum += distance;
  expected_ = sum / static_cast<double>(null_.size());
  for (double& distance : null_) distance -= expected_;
  std::sort(null_.begin(), null_.end());
  floor_ = null_[static_cast<size_t>(0.95 * static_cast<double>(null_.size()))];
}

/// A block that a run lacks says nothing for or against the twin.
Eigen::MatrixXd GapMeter::CompleteScores(const Eigen::VectorXd& residuals) const {
  return Scores(residuals).unaryExpr(
      [](double score) { return std::isfinite(score) ? score : 0.0; });
}

double GapMeter::Gap(const Eigen::VectorXd& residuals) const {
  return Distance(CompleteScores(residuals)) - expected_;
}

absl::StatusOr<divergence::Interval> GapMeter::GapInterval(const Eigen::VectorXd& residuals,
                                                           uint64_t seed) const {
  const Eigen::MatrixXd scores = CompleteScores(residuals);
  return divergence::ExcessInterval(
      static_cast<int>(rows_),
      [&](const std::vector<int>& chosen) { return Distance(scores(chosen, Eigen::all)); },
      expected_, {.seed = seed, .stream = kResampleStream});
}

double GapMeter::PValue(double gap) const { return divergence::TailShare(null_, gap); }

double DifferenceInUnit(const std::string& unit, double si) {
  const absl::StatusOr<base::Unit> found = base::FindUnit(unit);
  return found.ok() ? base::DifferenceFromSi(*found, si) : si;
}

double SampleError::Rmse() const {
  return count > 0.0 ? std::sqrt(sum_squared / count) : std::numeric_limits<double>::quiet_NaN();
}

SampleError ErrorOfSamples(const ChannelObservations& channel, const twin::Prediction& prediction) {
  SampleError error;
  const auto column = prediction.outputs.col(channel.output);
  for (size_t i = 0; i < channel.sample_points.size(); ++i) {
    const double residual = channel.sample_value(static_cast<Eigen::Index>(i)) -
                            channel.sample_points[i].Interpolate(column);
    error.sum_squared += residual * residual;
  }
  error.count = static_cast<double>(channel.sample_points.size());
  return error;
}

namespace {

using ErrorByOutput = std::map<int, SampleError>;

/// Squared errors over the samples of every output, runs pooled.
absl::StatusOr<ErrorByOutput> PooledErrors(const Model& model, const Eigen::VectorXd& z) {
  ErrorByOutput errors;
  twin::Prediction prediction;
  for (size_t run = 0; run < model.runs().size(); ++run) {
    PARALLAX_RETURN_IF_ERROR(model.Predict(z, static_cast<int>(run), &prediction, nullptr));
    for (const ChannelObservations& channel : model.runs()[run].channels) {
      const SampleError error = ErrorOfSamples(channel, prediction);
      errors[channel.output].sum_squared += error.sum_squared;
      errors[channel.output].count += error.count;
    }
  }
  return errors;
}

double BlockPValue(const Eigen::VectorXd& scores, uint64_t seed, int output) {
  std::vector<double> finite;
  for (const double score : scores) {
    if (std::isfinite(score)) finite.push_back(score);
  }
  const absl::StatusOr<divergence::TestResult> test =
      divergence::SignFlipTest(Eigen::Map<const Eigen::VectorXd>(finite.data(), std::ssize(finite)),
                               {.permutations = kPerfectTwins,
                                .seed = seed,
                                .stream = kSignFlipStream + static_cast<uint64_t>(output)});
  return test.ok() ? test->p_value : 1.0;
}

}  // namespace

absl::StatusOr<std::vector<ChannelGap>> GapByChannel(const Model& simulation, const Model& model,
                                                     const MapFit& fit, const GapMeter& meter,
                                                     const Eigen::VectorXd& residuals,
                                                     uint64_t seed) {
  const Eigen::VectorXd assumed = Eigen::VectorXd::Zero(simulation.space().size());
  const Eigen::MatrixXd scores = meter.Scores(residuals);
  PARALLAX_ASSIGN_OR_RETURN(ErrorByOutput before, PooledErrors(simulation, assumed));
  PARALLAX_ASSIGN_OR_RETURN(ErrorByOutput after, PooledErrors(model, fit.z));
  std::map<int, ChannelGap> channels;
  for (const RowBlock& block : model.blocks()) {
    const ChannelObservations& channel = model.Channel(block);
    channels[channel.output].channel = channel.channel;
    channels[channel.output].unit = channel.unit;
  }
  std::vector<ChannelGap> found;
  std::vector<double> p_values;
  for (auto& [output, channel] : channels) {
    channel.rmse = DifferenceInUnit(channel.unit, before[output].Rmse());
    channel.rmse_after = DifferenceInUnit(channel.unit, after[output].Rmse());
    p_values.push_back(BlockPValue(scores.col(output), seed, output));
    found.push_back(channel);
  }
  const std::vector<double> adjusted = divergence::HolmAdjust(p_values);
  for (size_t i = 0; i < found.size(); ++i) found[i].p_value = adjusted[i];
  return found;
}

}  // namespace parallax::pipeline
