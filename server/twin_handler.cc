#include "server/twin_handler.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/pipeline/parameter_draws.h"
#include "core/signal/clean.h"
#include "core/twin/band.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/names.h"
#include "server/simulation_source.h"

namespace parallax::server {
namespace {

constexpr Eigen::Index kMaxPartPoints = 4096;
constexpr int kLeastDraws = 2;
/// A band of a 60-minute run over this many draws is held in 60 MB.
constexpr int kMostDraws = 256;

/// An output of the twin as the rig's channel shows it, or in SI under the twin's own name.
struct OutputChannel {
  std::string name;
  base::Unit unit;          ///< `code` borrows from the twin's description
  Eigen::Index output = 0;  ///< of the twin
};

/// A finished prediction, being sent.
struct Sending {
  Eigen::VectorXd time_s;
  twin::Prediction prediction;
  std::optional<twin::PredictionBand> band;
  std::vector<OutputChannel> channels;
  std::vector<twin::Signal> outcomes;
  std::vector<v1::DomainExit> exits;
  v1::DriveMode mode = v1::DRIVE_MODE_UNSPECIFIED;
  Eigen::Index next = 0;
};

absl::StatusOr<twin::DriveMode> ModeFromProto(v1::DriveMode mode) {
  if (mode == v1::DRIVE_MODE_RECIPE) return twin::DriveMode::kRecipe;
  if (mode == v1::DRIVE_MODE_MEASURED) return twin::DriveMode::kMeasured;
  return InvalidField("mode", absl::StrFormat("%d", static_cast<int>(mode)), "RECIPE or MEASURED");
}

/// Every output that a prediction has a value of.
absl::StatusOr<std::vector<OutputChannel>> OutputChannels(const signal::Rig& rig,
                                                          const twin::Description& description,
                                                          const twin::Prediction& prediction) {
  std::vector<OutputChannel> channels;
  for (size_t i = 0; i < description.outputs.size(); ++i) {
    const twin::Signal& output = description.outputs[i];
    OutputChannel out{.name = output.channel_id,
                      .unit = {output.unit, base::Dimension(), 1.0, 0.0},
                      .output = static_cast<Eigen::Index>(i)};
    if (prediction.outputs.col(out.output).array().isNaN().all()) continue;
    const absl::StatusOr<signal::ChannelRef> channel = signal::FindChannel(rig, output.channel_id);
    if (channel.ok()) {
      out.name = channel->name();
      PARALLAX_ASSIGN_OR_RETURN(out.unit, base::FindUnit(channel->channel->unit));
    }
    channels.push_back(std::move(out));
  }
  return channels;
}

/// What a prediction reaches beside the ends of the domain that it leaves.
std::vector<v1::DomainExit> DomainExits(const twin::Description& description,
                                        const twin::Prediction& prediction) {
  std::vector<v1::DomainExit> exits;
  for (const twin::DomainRange& reached : prediction.outside_domain) {
    for (const twin::DomainRange& range : description.domain) {
      if (range.quantity != reached.quantity) continue;
      exits.push_back(DomainExitToProto(reached, range));
    }
  }
  return exits;
}

/// Appends one value of each level of a band.
template <typename ValueOfLevel>
void AddLevels(ValueOfLevel value, v1::PredictedBand* band) {
  band->add_low_95(value(0));
  band->add_low_50(value(1));
  band->add_median(value(2));
  band->add_high_50(value(3));
  band->add_high_95(value(4));
}

void FillSignal(const Sending& sending, const OutputChannel& channel, Eigen::Index end,
                v1::PredictedSignal* signal) {
  signal->set_channel(channel.name);
  signal->set_unit(std::string(channel.unit.code));
  for (Eigen::Index row = sending.next; row < end; ++row) {
    signal->add_value(base::FromSi(channel.unit, sending.prediction.outputs(row, channel.output)));
    if (!sending.band.has_value()) continue;
    auto level = [&](size_t l) {
      return base::FromSi(channel.unit, sending.band->outputs[l](row, channel.output));
    };
    AddLevels(level, signal->mutable_band());
  }
}

void FillOutcomes(const Sending& sending, v1::SimulateResponse* part) {
  for (size_t i = 0; i < sending.outcomes.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    const double value = sending.prediction.outcome(row);
    if (std::isnan(value)) continue;
    v1::PredictedOutcome* outcome = part->add_outcomes();
    outcome->set_name(sending.outcomes[i].channel_id);
    outcome->set_unit(sending.outcomes[i].unit);
    outcome->set_value(value);
    if (!sending.band.has_value()) continue;
    AddLevels([&](size_t l) { return sending.band->outcome[l](row); }, outcome->mutable_band());
  }
}

bool FillPart(Sending& sending, v1::SimulateResponse* part) {
  const Eigen::Index points = sending.time_s.size();
  if (sending.next >= points) return false;
  const Eigen::Index end = std::min(points, sending.next + kMaxPartPoints);
  part->set_mode(sending.mode);
  for (Eigen::Index row = sending.next; row < end; ++row) part->add_time_s(sending.time_s[row]);
  for (const OutputChannel& channel : sending.channels) {
    FillSignal(sending, channel, end, part->add_signals());
  }
  for (const twin::DomainRange& range : sending.prediction.outside_domain) {
    *part->add_outside_domain() = DomainToProto(range);
  }
  for (const v1::DomainExit& exit : sending.exits) *part->add_domain_exits() = exit;
  if (end == points) FillOutcomes(sending, part);
  sending.next = end;
  return true;
}

/// The band that a request asks for, if it does.
absl::StatusOr<std::optional<twin::PredictionBand>> Band(
    const SimulationSource& source, const twin::Drive& drive,
    const std::map<std::string, double>& overrides, const v1::SimulateRequest& request) {
  if (request.draws() == 0) return std::optional<twin::PredictionBand>();
  PARALLAX_RETURN_IF_ERROR(
      CheckNumber("draws", request.draws(), kLeastDraws, kMostDraws,
                  absl::StrFormat("0 or in [%d, %d]", kLeastDraws, kMostDraws)));
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::MatrixXd draws,
      pipeline::DrawParameters(source.twin->description(), source.set, source.record.run.id,
                               overrides, request.draws(), request.seed()));
  PARALLAX_ASSIGN_OR_RETURN(twin::PredictionBand band,
                            twin::PredictBand(*source.twin, drive, draws));
  return std::optional<twin::PredictionBand>(std::move(band));
}

}  // namespace

absl::StatusOr<v1::ListTwinsResponse> TwinHandler::ListTwins(const v1::ListTwinsRequest&) {
  v1::ListTwinsResponse response;
  for (const twin::Twin* twin : context_.twins.List()) {
    *response.add_twins() = TwinToProto(twin->description());
  }
  return response;
}

absl::StatusOr<v1::DescribeTwinResponse> TwinHandler::DescribeTwin(
    const v1::DescribeTwinRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, ParseTwinName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, context_.twins.Find(name));
  v1::DescribeTwinResponse response;
  *response.mutable_twin() = TwinToProto(twin->description());
  return response;
}

absl::StatusOr<NextPart<v1::SimulateResponse>> TwinHandler::Simulate(
    const v1::SimulateRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const twin::DriveMode mode, ModeFromProto(request.mode()));
  PARALLAX_RETURN_IF_ERROR(
      CheckCount("overrides", static_cast<int64_t>(request.overrides_size()), kMaxMapEntries));
  PARALLAX_ASSIGN_OR_RETURN(const SimulationSource source, FindSimulationSource(context_, request));
  const twin::Description& description = source.twin->description();
  const std::map<std::string, double> overrides(request.overrides().begin(),
                                                request.overrides().end());
  const absl::StatusOr<Eigen::VectorXd> parameters =
      pipeline::ValuesForRun(description, source.set, source.record.run.id, overrides);
  if (!parameters.ok()) return AtField(parameters.status(), "overrides");
  PARALLAX_ASSIGN_OR_RETURN(const signal::CleanRun run,
                            signal::Clean(source.rig, source.record, signal::CleanOptions{}));
  const absl::StatusOr<twin::Drive> drive = source.twin->Prepare(source.rig, run, mode);
  if (!drive.ok()) {
    // Its errors name fields of rig and run, which is where an inline run has them.
    return request.has_inline_run() ? AtField(drive.status(), "inline_run") : drive.status();
  }
  auto sending = std::make_shared<Sending>();
  PARALLAX_RETURN_IF_ERROR(
      source.twin->Predict(*parameters, *drive, &sending->prediction, /*jacobian=*/nullptr));
  PARALLAX_ASSIGN_OR_RETURN(sending->band, Band(source, *drive, overrides, request));
  PARALLAX_ASSIGN_OR_RETURN(sending->channels,
                            OutputChannels(source.rig, description, sending->prediction));
  sending->exits = DomainExits(description, sending->prediction);
  sending->outcomes = description.outcomes;
  sending->time_s = drive->time_s;
  sending->mode = request.mode();
  return [sending](v1::SimulateResponse* part) { return FillPart(*sending, part); };
}

}  // namespace parallax::server
