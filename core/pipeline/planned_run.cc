#include "core/pipeline/planned_run.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"
#include "core/pipeline/chirality.h"

namespace parallax::pipeline {
namespace {

/// Readings that a median is made of lie this far apart: enough for any bin, and no more.
constexpr double kReadingEveryS = 5.0;
/// Weaker species and lines are not looked for.
constexpr double kLeastShareListed = 0.015;
constexpr double kLeastLineListed = 0.02;

double MedianSd(std::vector<double> values) {
  return values.empty() ? 0.0 : base::Quantile(std::move(values), 0.5);
}

int OutputIndex(const twin::Description& description, const std::string& id) {
  for (size_t i = 0; i < description.outputs.size(); ++i) {
    if (description.outputs[i].channel_id == id) return static_cast<int>(i);
  }
  return -1;
}

/// sd over the root of the value: counting noise.
void AddScatter(const EvidenceBlock& block, std::vector<double>* scatter) {
  for (Eigen::Index i = 0; i < block.rows(); ++i) {
    if (block.value(i) > 0.0) scatter->push_back(block.white_sd(i) / std::sqrt(block.value(i)));
  }
}

ChannelObservations Foreseen(const Instruments::Reading& reading, const twin::Drive& drive,
                             const twin::Prediction& prediction) {
  ChannelObservations channel{.output = reading.output, .channel = reading.channel};
  const double begin_s = drive.time_s(0), end_s = drive.time_s(drive.time_s.size() - 1);
  const auto count = static_cast<Eigen::Index>((end_s - begin_s) / kReadingEveryS) + 1;
  channel.sample_time_s.resize(count);
  channel.sample_value.resize(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    channel.sample_time_s(i) = begin_s + kReadingEveryS * static_cast<double>(i);
    channel.sample_points.push_back(LocateOnGrid(drive.time_s, channel.sample_time_s(i)));
    channel.sample_value(i) =
        channel.sample_points.back().Interpolate(prediction.outputs.col(reading.output));
  }
  return channel;
}

signal::Outcome ForeseenOutcome(const Instruments& instruments,
                                const twin::Description& description,
                                const twin::Prediction& prediction) {
  signal::Outcome outcome;
  for (size_t i = 0; i < description.outcomes.size(); ++i) {
    const twin::Signal& one = description.outcomes[i];
    const double value = prediction.outcome(static_cast<Eigen::Index>(i));
    if (!std::isfinite(value)) continue;
    const std::optional<Chirality> species = SpeciesOf(one.channel_id);
    if (species && instruments.share_sd > 0.0 && value >= kLeastShareListed) {
      outcome.chirality.push_back(
          {species->n, species->m, value, instruments.share_sd * std::sqrt(value)});
    }
    if (one.line_per_cm > 0.0 && instruments.line_sd > 0.0 && value >= kLeastLineListed) {
      outcome.raman_rbm.push_back({one.line_per_cm, value, instruments.line_sd * std::sqrt(value)});
    }
    if (one.channel_id == "height" && instruments.height_sd > 0.0) {
      outcome.height_um = {1e6 * value, 1e6 * instruments.height_sd};
    }
  }
  return outcome;
}

}  // namespace

Instruments InstrumentsOf(const twin::Description& description,
                          const std::vector<CampaignRun>& runs) {
  struct Found {
    std::string channel;
    int runs = 0;
    std::vector<double> white_sd;
    double lag_s = 0.0;
  };
  std::map<std::string, Found> found;
  std::vector<double> share_scatter, line_scatter;
  Instruments instruments;
  for (const CampaignRun& run : runs) {
    if (run.clean.outcome) {
      instruments.laser_nm = std::max(instruments.laser_nm, run.clean.outcome->raman_laser_nm);
    }
    for (const EvidenceBlock& block : run.blocks) {
      Found& one = found[block.observable];
      one.channel = block.channel;
      ++one.runs;
      one.white_sd.push_back(MedianSd({block.white_sd.begin(), block.white_sd.end()}));
      one.lag_s = std::max(one.lag_s, ShownLag(run.lags, block.channel));
      if (block.observable == "share") AddScatter(block, &share_scatter);
      if (block.observable == "rbm") AddScatter(block, &line_scatter);
    }
  }
  for (auto& [observable, one] : found) {
    if (std::ssize(runs) > std::ptrdiff_t{2} * one.runs) continue;
    if (observable == "share") instruments.share_sd = MedianSd(share_scatter);
    if (observable == "rbm") instruments.line_sd = MedianSd(line_scatter);
    if (observable == "height_ex_situ") instruments.height_sd = MedianSd(one.white_sd);
    const int output = OutputIndex(description, observable);
    if (output < 0) continue;
    instruments.readings.push_back(
        {observable, one.channel, output, MedianSd(std::move(one.white_sd)), one.lag_s});
  }
  return instruments;
}

absl::StatusOr<PlannedRun> PlanRun(const signal::Rig& rig, const twin::Twin& twin,
                                   const Instruments& instruments, const signal::Run& run,
                                   const Eigen::VectorXd& expected,
                                   const Eigen::VectorXd& assumed) {
  PlannedRun planned{.run = run};
  signal::CleanRun told{.run = run};
  if (instruments.laser_nm > 0.0) {
    told.outcome = signal::Outcome{.raman_laser_nm = instruments.laser_nm};
  }
  PARALLAX_ASSIGN_OR_RETURN(planned.drive, twin.Prepare(rig, told, twin::DriveMode::kRecipe));
  twin::Prediction prediction, before;
  PARALLAX_RETURN_IF_ERROR(twin.Predict(expected, planned.drive, &prediction, nullptr));
  PARALLAX_RETURN_IF_ERROR(twin.Predict(assumed, planned.drive, &before, nullptr));
  planned.outside_domain = prediction.outside_domain;
  for (const Instruments::Reading& reading : instruments.readings) {
    EvidenceBlock block = SteadyBlockOf(Foreseen(reading, planned.drive, prediction),
                                        reading.observable, run.recipe, 4.0 * reading.lag_s);
    block.white_sd.setConstant(block.rows(), reading.white_sd);
    if (block.rows() > 0) planned.blocks.push_back(std::move(block));
  }
  AddOutcomeBlocks(twin.description(), ForeseenOutcome(instruments, twin.description(), prediction),
                   planned.drive.time_s(planned.drive.time_s.size() - 1), &planned.blocks);
  for (EvidenceBlock& block : planned.blocks) {
    FillLevelOf(before, &block);
    block.begin = planned.rows;
    planned.rows += block.rows();
  }
  if (planned.rows > 0) return planned;
  return absl::FailedPreconditionError(
      "recipe has 0 phases that are steady for a minute, must have at least 1");
}

absl::StatusOr<PlannedPrediction> PredictPlanned(const twin::Twin& twin,
                                                 const CampaignModel& coordinates,
                                                 const PlannedRun& planned,
                                                 const Eigen::VectorXd& z,
                                                 Derivatives derivatives) {
  const bool slopes = derivatives == Derivatives::kByParameters;
  twin::Prediction prediction;
  twin::Jacobian jacobian;
  PARALLAX_RETURN_IF_ERROR(twin.Predict(coordinates.Natural(z), planned.drive, &prediction,
                                        slopes ? &jacobian : nullptr));
  PlannedPrediction out{.rows = Eigen::VectorXd(planned.rows), .outcome = prediction.outcome};
  const Eigen::Index parameters = z.size();
  if (slopes) out.slope.resize(planned.rows, parameters);
  for (const EvidenceBlock& block : planned.blocks) {
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      const RowSource& source = block.source[static_cast<size_t>(i)];
      out.rows(block.begin + i) = source.In(prediction);
      for (Eigen::Index p = 0; slopes && p < parameters; ++p) {
        out.slope(block.begin + i, p) = source.Slope(prediction, jacobian, p);
      }
    }
  }
  if (!slopes) return out;
  out.outcome_slope = jacobian.outcome;
  for (Eigen::Index p = 0; p < parameters; ++p) {
    const double natural = coordinates.NaturalSlope(z, static_cast<int>(p));
    out.slope.col(p) *= natural;
    out.outcome_slope.col(p) *= natural;
  }
  return out;
}

}  // namespace parallax::pipeline
