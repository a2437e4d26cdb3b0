#include "server/twin_handler.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/run_loader.h"
#include "core/signal/clean.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/names.h"

namespace parallax::server {
namespace {

constexpr Eigen::Index kMaxPartPoints = 4096;

/// An output of the twin as the rig's channel shows it.
struct OutputChannel {
  std::string name;
  base::Unit unit;
};

/// A finished prediction, being sent.
struct Sending {
  Eigen::VectorXd time_s;
  twin::Prediction prediction;
  std::vector<OutputChannel> channels;
  v1::DriveMode mode = v1::DRIVE_MODE_UNSPECIFIED;
  Eigen::Index next = 0;
};

absl::StatusOr<twin::DriveMode> ModeFromProto(v1::DriveMode mode) {
  if (mode == v1::DRIVE_MODE_RECIPE) return twin::DriveMode::kRecipe;
  if (mode == v1::DRIVE_MODE_MEASURED) return twin::DriveMode::kMeasured;
  return InvalidField("mode", absl::StrFormat("%d", static_cast<int>(mode)), "RECIPE or MEASURED");
}

absl::StatusOr<std::vector<OutputChannel>> OutputChannels(const signal::Rig& rig,
                                                          const twin::Description& description) {
  std::vector<OutputChannel> channels;
  for (const twin::Signal& output : description.outputs) {
    PARALLAX_ASSIGN_OR_RETURN(const signal::ChannelRef channel,
                              signal::FindChannel(rig, output.channel_id));
    PARALLAX_ASSIGN_OR_RETURN(const base::Unit unit, base::FindUnit(channel.channel->unit));
    channels.push_back({.name = channel.name(), .unit = unit});
  }
  return channels;
}

bool FillPart(Sending& sending, v1::SimulateResponse* part) {
  const Eigen::Index points = sending.time_s.size();
  if (sending.next >= points) return false;
  const Eigen::Index end = std::min(points, sending.next + kMaxPartPoints);
  part->set_mode(sending.mode);
  for (Eigen::Index row = sending.next; row < end; ++row) part->add_time_s(sending.time_s[row]);
  for (size_t i = 0; i < sending.channels.size(); ++i) {
    const OutputChannel& channel = sending.channels[i];
    v1::PredictedSignal* signal = part->add_signals();
    signal->set_channel(channel.name);
    signal->set_unit(std::string(channel.unit.code));
    for (Eigen::Index row = sending.next; row < end; ++row) {
      signal->add_value(base::FromSi(
          channel.unit, sending.prediction.outputs(row, static_cast<Eigen::Index>(i))));
    }
  }
  for (const twin::DomainRange& range : sending.prediction.outside_domain) {
    *part->add_outside_domain() = DomainToProto(range);
  }
  sending.next = end;
  return true;
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

absl::StatusOr<Eigen::VectorXd> TwinHandler::Parameters(const twin::Description& description,
                                                        const std::string& rig,
                                                        const std::string& run,
                                                        const v1::SimulateRequest& request) {
  ParameterSetName name{.rig = rig, .revision = -1};
  if (!request.parameter_set().empty()) {
    PARALLAX_ASSIGN_OR_RETURN(name,
                              ParseParameterSetName("parameter_set", request.parameter_set()));
    if (name.rig != rig) {
      return InvalidField("parameter_set", request.parameter_set(),
                          absl::StrFormat("a set of rigs/%s", rig));
    }
  }
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow row,
                            context_.store.GetParameterSet(rig, name.revision));
  PARALLAX_ASSIGN_OR_RETURN(const calibration::ParameterSet set,
                            pipeline::DecodeParameterSet(row.bytes));
  std::map<std::string, double> values;
  for (const calibration::ParameterValue& value : set.values) {
    // A run's own value follows the rig's and replaces it.
    if (value.run.empty() || value.run == run) values[value.parameter] = value.value;
  }
  PARALLAX_RETURN_IF_ERROR(
      CheckCount("overrides", static_cast<int64_t>(request.overrides_size()), kMaxMapEntries));
  for (const auto& [parameter, value] : request.overrides()) values[parameter] = value;
  absl::StatusOr<Eigen::VectorXd> vector = twin::ParametersFromAssumptions(description, values);
  if (!vector.ok()) return AtField(vector.status(), "overrides");
  return vector;
}

absl::StatusOr<NextPart<v1::SimulateResponse>> TwinHandler::Simulate(
    const v1::SimulateRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("run", request.run()));
  PARALLAX_ASSIGN_OR_RETURN(const twin::DriveMode mode, ModeFromProto(request.mode()));
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, context_.store.GetRig(name.rig));
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, context_.twins.Find(rig.twin));
  PARALLAX_ASSIGN_OR_RETURN(const signal::RunRecord record,
                            pipeline::LoadRunRecord(context_.store, rig.rig, name.run));
  PARALLAX_ASSIGN_OR_RETURN(const signal::CleanRun run,
                            signal::Clean(rig.rig, record, signal::CleanOptions{}));
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd parameters,
                            Parameters(twin->description(), name.rig, name.run, request));
  absl::StatusOr<twin::Drive> drive = twin->Prepare(rig.rig, run, mode);
  if (!drive.ok()) return AtField(drive.status(), "run");
  auto sending = std::make_shared<Sending>();
  PARALLAX_RETURN_IF_ERROR(
      twin->Predict(parameters, *drive, &sending->prediction, /*jacobian=*/nullptr));
  PARALLAX_ASSIGN_OR_RETURN(sending->channels, OutputChannels(rig.rig, twin->description()));
  sending->time_s = drive->time_s;
  sending->mode = request.mode();
  return [sending](v1::SimulateResponse* part) { return FillPart(*sending, part); };
}

}  // namespace parallax::server
