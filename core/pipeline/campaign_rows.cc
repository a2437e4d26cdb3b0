#include "core/pipeline/campaign_rows.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "core/divergence/resampling.h"
#include "core/pipeline/raman_lines.h"
#include "core/pipeline/run_error.h"

namespace parallax::pipeline {
namespace {

constexpr double kLeastBinS = 30.0;
constexpr double kBinsPerSegment = 12.0;
/// A forest starts from nothing when feed arrives: its first seconds show nothing yet.
constexpr double kHeightSettleS = 10.0;
/// Time constants of an instrument's lag after which it reads what is: 2 % of a step are left.
constexpr double kLagsToSettle = 4.0;

/// Medians of a channel's bins over some windows.
struct Medians {
  std::vector<double> time_s, value;
  std::vector<std::vector<GridPoint>> points;  ///< of each bin's samples
};

Medians MediansWithin(const ChannelObservations& channel, const std::vector<SteadyPhase>& windows) {
  Medians out;
  for (const SteadyPhase& window : windows) {
    const double length_s = window.end_s - window.begin_s;
    const double bins =
        std::max(1.0, std::floor(length_s / std::max(kLeastBinS, length_s / kBinsPerSegment)));
    std::vector<std::vector<double>> values(static_cast<size_t>(bins)), times(values.size());
    std::vector<std::vector<GridPoint>> points(values.size());
    for (Eigen::Index i = 0; i < channel.sample_time_s.size(); ++i) {
      const double t = channel.sample_time_s(i);
      if (t < window.begin_s || t >= window.end_s) continue;
      const auto bin = static_cast<size_t>((t - window.begin_s) / length_s * bins);
      values[bin].push_back(channel.sample_value(i));
      times[bin].push_back(t);
      points[bin].push_back(channel.sample_points[static_cast<size_t>(i)]);
    }
    for (size_t b = 0; b < values.size(); ++b) {
      if (values[b].size() < 2) continue;
      double sum = 0.0;
      for (const double t : times[b]) sum += t;
      out.time_s.push_back(sum / static_cast<double>(times[b].size()));
      out.points.push_back(std::move(points[b]));
      out.value.push_back(divergence::Quantile(std::move(values[b]), 0.5));
    }
  }
  return out;
}

/// sd of a bin's median: of the samples' noise by differences, pi/2 for the median, and at least
/// what neighbouring bins show beyond a trend.
double MedianSd(const ChannelObservations& channel, const Medians& medians, double mean_count) {
  const double white = channel.sample_sd * std::sqrt(1.57 / std::max(1.0, mean_count));
  if (medians.value.size() < 5) return std::max(white, channel.white_sd * 0.2);
  std::vector<double> second;
  for (size_t i = 2; i < medians.value.size(); ++i) {
    second.push_back(
        std::abs(medians.value[i] - 2.0 * medians.value[i - 1] + medians.value[i - 2]));
  }
  return std::max(white, 1.4826 * divergence::Quantile(std::move(second), 0.5) / std::sqrt(6.0));
}

void Append(double time_s, double value, double sd, RowSource source, EvidenceBlock* block) {
  const Eigen::Index n = block->rows();
  block->time_s.conservativeResize(n + 1);
  block->value.conservativeResize(n + 1);
  block->white_sd.conservativeResize(n + 1);
  block->time_s(n) = time_s;
  block->value(n) = value;
  block->white_sd(n) = sd;
  block->source.push_back(std::move(source));
}

int OutcomeIndex(const twin::Description& description, const std::string& id) {
  for (size_t i = 0; i < description.outcomes.size(); ++i) {
    if (description.outcomes[i].channel_id == id) return static_cast<int>(i);
  }
  return -1;
}

/// A share below this in measurement says little beside its counting noise.
constexpr double kLeastShare = 0.015;

template <typename Column>
double MeanOver(const std::vector<GridPoint>& points, const Column& column) {
  double sum = 0.0;
  for (const GridPoint& point : points) sum += point.Interpolate(column);
  return sum / static_cast<double>(points.size());
}

template <typename Column>
double SumOf(const std::vector<int>& outcomes, const Column& column) {
  double sum = 0.0;
  for (const int outcome : outcomes) sum += column(outcome);
  return sum;
}

/// Mean of the predicted surface over the segments of growth.
double GrowthTemperature(const twin::Description& description, const signal::Recipe& recipe,
                         const twin::Drive& drive, const twin::Prediction& prediction) {
  double sum = 0.0, count = 0.0;
  for (size_t i = 0; i < description.outputs.size(); ++i) {
    if (description.outputs[i].channel_id != "surface_t") continue;
    const auto surface = prediction.outputs.col(static_cast<Eigen::Index>(i));
    for (const signal::Segment& segment : recipe.segments) {
      if (segment.name != "grow") continue;
      for (Eigen::Index row = 0; row < surface.size(); ++row) {
        if (drive.time_s(row) < segment.start_s || drive.time_s(row) >= segment.end_s) continue;
        sum += surface(row);
        count += 1.0;
      }
    }
  }
  return count > 0.0 ? sum / count : 0.0;
}

std::string BareId(const std::string& channel) { return channel.substr(channel.find('/') + 1); }

/// The run as a twin is driven by it: without the readings of what a controller holds.
signal::CleanRun WithoutHeld(const signal::Rig& rig, const twin::Twin& twin,
                             const signal::CleanRun& clean) {
  signal::CleanRun driven = clean;
  std::erase_if(driven.series, [&](const signal::CleanSeries& series) {
    return IsInput(twin, BareId(series.channel)) && !HoldingSetpoint(rig, series.channel).empty();
  });
  return driven;
}

}  // namespace

double RowSource::In(const twin::Prediction& prediction) const {
  if (output >= 0) return MeanOver(points, prediction.outputs.col(output));
  const double sum = SumOf(outcomes, prediction.outcome);
  return among.empty() ? sum : sum / SumOf(among, prediction.outcome);
}

double RowSource::Slope(const twin::Prediction& prediction, const twin::Jacobian& jacobian,
                        Eigen::Index parameter) const {
  if (output >= 0) {
    return MeanOver(points, jacobian.outputs[static_cast<size_t>(output)].col(parameter));
  }
  const double slope = SumOf(outcomes, jacobian.outcome.col(parameter));
  if (among.empty()) return slope;
  return (slope - In(prediction) * SumOf(among, jacobian.outcome.col(parameter))) /
         SumOf(among, prediction.outcome);
}

EvidenceBlock SteadyBlockOf(const ChannelObservations& channel, const std::string& observable,
                            const signal::Recipe& recipe, double lag_s) {
  const bool height = observable == "height";
  const Medians medians =
      MediansWithin(channel, SteadyPhases(recipe, height || observable == "p_c2h2",
                                          (height ? kHeightSettleS : kSettleS) + lag_s));
  const auto n = static_cast<Eigen::Index>(medians.value.size());
  EvidenceBlock block{.observable = observable, .channel = channel.channel};
  block.time_s = Eigen::Map<const Eigen::VectorXd>(medians.time_s.data(), n);
  block.value = Eigen::Map<const Eigen::VectorXd>(medians.value.data(), n);
  if (n == 0) return block;
  double count = 0.0;
  for (const auto& points : medians.points) {
    count += static_cast<double>(points.size()) / static_cast<double>(n);
  }
  block.white_sd = Eigen::VectorXd::Constant(n, MedianSd(channel, medians, count));
  for (const std::vector<GridPoint>& points : medians.points) {
    block.source.push_back(
        {.output = channel.output, .points = points, .outcomes = {}, .among = {}});
  }
  return block;
}

void AddOutcomeBlocks(const twin::Description& description, const signal::Outcome& outcome,
                      double end_s, std::vector<EvidenceBlock>* blocks) {
  EvidenceBlock shares{.observable = "share", .channel = "outcome/chirality"};
  for (const signal::ChiralityShare& share : outcome.chirality) {
    const int index = OutcomeIndex(description, absl::StrFormat("share_%d_%d", share.n, share.m));
    if (index < 0 || share.share < kLeastShare) continue;
    Append(end_s, share.share, share.sd,
           {.output = -1, .points = {}, .outcomes = {index}, .among = {}}, &shares);
  }
  if (shares.rows() > 0) blocks->push_back(std::move(shares));
  EvidenceBlock lines{.observable = "rbm", .channel = "outcome/rbm"};
  for (RamanRow& row : MatchLines(outcome.raman_rbm, description)) {
    Append(end_s, row.share, row.sd,
           {.output = -1,
            .points = {},
            .outcomes = std::move(row.outcomes),
            .among = std::move(row.among)},
           &lines);
  }
  if (lines.rows() > 0) blocks->push_back(std::move(lines));
  const int height = OutcomeIndex(description, "height");
  if (height >= 0 && outcome.height_um) {
    EvidenceBlock block{.observable = "height_ex_situ", .channel = "outcome/height"};
    Append(end_s, outcome.height_um->value * 1e-6, outcome.height_um->sd * 1e-6,
           {.output = -1, .points = {}, .outcomes = {height}, .among = {}}, &block);
    blocks->push_back(std::move(block));
  }
}

void FillLevelOf(const twin::Prediction& prediction, EvidenceBlock* block) {
  block->assumed.resize(block->rows());
  for (Eigen::Index i = 0; i < block->rows(); ++i) {
    block->assumed(i) = block->source[static_cast<size_t>(i)].In(prediction);
  }
  // Rows that are each a quantity of its own have no course to scale. The middle, as an error of a
  // factor is as likely up as down.
  if (block->OfSampleAlone()) {
    block->level = 0.5 * (block->value + block->assumed);
    return;
  }
  const double size = block->assumed.squaredNorm();
  block->level = size > 0.0
                     ? Eigen::VectorXd(block->assumed * (block->value.dot(block->assumed) / size))
                     : Eigen::VectorXd::Constant(block->rows(), block->value.mean());
}

absl::StatusOr<CampaignRun> GatherRows(const signal::Rig& rig, const twin::Twin& twin,
                                       const signal::RunRecord& record,
                                       const Eigen::VectorXd& assumed) {
  CampaignRun out{.id = record.run.id, .started_at_unix_ns = record.run.started_at_unix_ns};
  PARALLAX_ASSIGN_OR_RETURN(out.clean, signal::Clean(rig, record, {}));
  absl::StatusOr<twin::Drive> drive =
      twin.Prepare(rig, WithoutHeld(rig, twin, out.clean), twin::DriveMode::kMeasured);
  if (!drive.ok()) return OfRun(record.run.id, drive.status());
  out.drive = *std::move(drive);
  twin::Prediction prediction;
  PARALLAX_RETURN_IF_ERROR(twin.Predict(assumed, out.drive, &prediction, nullptr));
  const twin::Description& description = twin.description();
  out.lags = EstimateLags(twin, out.clean, out.drive, prediction);
  out.growth_k = GrowthTemperature(description, out.clean.run.recipe, out.drive, prediction);
  for (size_t i = 0; i < description.outputs.size(); ++i) {
    const std::string& id = description.outputs[i].channel_id;
    const signal::CleanSeries* series = out.clean.Find(id);
    if (series == nullptr) continue;
    ChannelObservations channel = ObserveChannel(*series, out.drive, kLeastBinS);
    channel.output = static_cast<int>(i);
    channel.channel = series->channel;
    const absl::StatusOr<signal::ChannelRef> ref = signal::FindChannel(rig, series->channel);
    if (ref.ok()) channel.unit = ref->channel->unit;
    // What drives the twin is predicted by itself: a score, but no evidence.
    if (!IsInput(twin, id)) {
      EvidenceBlock block = SteadyBlockOf(channel, id, out.clean.run.recipe,
                                          kLagsToSettle * ShownLag(out.lags, channel.channel));
      if (block.rows() > 0) out.blocks.push_back(std::move(block));
    }
    out.channels.push_back(std::move(channel));
  }
  if (out.clean.outcome) {
    const double end_s = out.drive.time_s(out.drive.time_s.size() - 1);
    AddOutcomeBlocks(description, *out.clean.outcome, end_s, &out.blocks);
  }
  if (out.blocks.empty()) {
    return OfRun(record.run.id,
                 base::InvalidField({.field = "run.samples",
                                     .value = "no steady reading",
                                     .bound = absl::StrFormat("of a channel that twin %s predicts",
                                                              description.name),
                                     .next_step = "look at the run with series get"}));
  }
  Eigen::Index begin = 0;
  for (EvidenceBlock& block : out.blocks) {
    FillLevelOf(prediction, &block);
    block.begin = begin;
    begin += block.rows();
  }
  PARALLAX_ASSIGN_OR_RETURN(out.clocks,
                            EstimateClockOffsets(rig, twin, out.clean, assumed, out.lags));
  PARALLAX_ASSIGN_OR_RETURN(out.readbacks, CompareWithSetpoints(rig, twin, out.clean));
  return out;
}

}  // namespace parallax::pipeline
