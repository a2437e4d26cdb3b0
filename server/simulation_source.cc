#include "server/simulation_source.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/run_loader.h"
#include "core/signal/sample_batch.h"
#include "server/assumptions.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/names.h"

namespace parallax::server {
namespace {

/// Id of a rig or a run that no store knows.
constexpr char kInlineId[] = "inline";
constexpr int kMaxInlineBatches = 1000;

absl::StatusOr<calibration::ParameterSet> StoredSet(store::Store& store, const std::string& rig,
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
                            store.GetParameterSet(rig, name.revision));
  return pipeline::DecodeParameterSet(row.bytes);
}

absl::StatusOr<SimulationSource> FromStore(const ServiceContext& context,
                                           const v1::SimulateRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("run", request.run()));
  PARALLAX_ASSIGN_OR_RETURN(store::RigRow row, context.store.GetRig(name.rig));
  SimulationSource source{.rig = std::move(row.rig)};
  PARALLAX_ASSIGN_OR_RETURN(source.twin, context.twins.Find(row.twin));
  PARALLAX_ASSIGN_OR_RETURN(store::RunRow run, context.store.GetRun(name.rig, name.run));
  if (run.retirement.has_value() && request.mode() == v1::DRIVE_MODE_RECIPE) {
    // Its recipe is all that is asked for, and is left.
    source.record = {.run = std::move(run.run), .outcome = std::move(run.outcome)};
  } else {
    PARALLAX_ASSIGN_OR_RETURN(source.record,
                              pipeline::LoadRunRecord(context.store, source.rig, name.run));
  }
  PARALLAX_ASSIGN_OR_RETURN(source.set, StoredSet(context.store, name.rig, request));
  return source;
}

/// Appends the samples of a batch to the series of their channels.
absl::Status AddBatch(const std::vector<signal::ChannelRef>& channels, const v1::SampleBatch& wire,
                      std::vector<signal::Series>* series) {
  PARALLAX_ASSIGN_OR_RETURN(signal::SampleBatch batch, BatchFromProto(wire));
  signal::RejectCounts rejected;
  PARALLAX_RETURN_IF_ERROR(signal::AdmitBatch(channels, &batch, &rejected));
  for (const signal::ChannelColumn& column : batch.columns) {
    signal::Series& target = (*series)[column.channel_index];
    target.time_unix_ns.insert(target.time_unix_ns.end(), column.time_unix_ns.begin(),
                               column.time_unix_ns.end());
    target.value.insert(target.value.end(), column.value.begin(), column.value.end());
    target.quality.insert(target.quality.end(), column.quality.begin(), column.quality.end());
    target.quality.resize(target.value.size());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<signal::Series>> SeriesOf(const signal::Rig& rig,
                                                     const v1::InlineRun& inline_run) {
  PARALLAX_RETURN_IF_ERROR(
      CheckCount("inline_run.batches", inline_run.batches_size(), kMaxInlineBatches));
  const std::vector<signal::ChannelRef> channels = signal::ListChannels(rig);
  std::vector<signal::Series> series(channels.size());
  for (size_t i = 0; i < channels.size(); ++i) series[i].channel = channels[i].name();
  for (const v1::SampleBatch& batch : inline_run.batches()) {
    PARALLAX_RETURN_IF_ERROR(AddBatch(channels, batch, &series));
  }
  std::vector<signal::Series> recorded;
  for (signal::Series& one : series) {
    if (!one.value.empty()) recorded.push_back(std::move(one));
  }
  return recorded;
}

/// Rig, twin and set of a run that the request describes whole.
absl::StatusOr<SimulationSource> SourceOfInlineRig(const ServiceContext& context,
                                                   const v1::SimulateRequest& request) {
  const v1::InlineRun& inline_run = request.inline_run();
  if (!request.parameter_set().empty()) {
    return InvalidField("parameter_set", request.parameter_set(),
                        "empty beside inline_run without rig");
  }
  SimulationSource source;
  PARALLAX_ASSIGN_OR_RETURN(source.twin, FindTwin(context.twins, inline_run.rig()));
  PARALLAX_ASSIGN_OR_RETURN(source.rig, RigFromProto(kInlineId, inline_run.rig()));
  PARALLAX_ASSIGN_OR_RETURN(source.set,
                            AssumedSet(source.twin->description(), inline_run.assumptions()));
  return source;
}

/// The same of a run that would be one of a stored rig.
absl::StatusOr<SimulationSource> SourceOfStoredRig(const ServiceContext& context,
                                                   const v1::SimulateRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string id, ParseRigName("rig", request.rig()));
  if (request.inline_run().has_rig()) {
    return InvalidField("inline_run.rig", "given", "absent beside rig");
  }
  if (!request.inline_run().assumptions().empty()) {
    return InvalidField("inline_run.assumptions", "given", "empty beside rig");
  }
  PARALLAX_ASSIGN_OR_RETURN(store::RigRow row, context.store.GetRig(id));
  SimulationSource source{.rig = std::move(row.rig)};
  PARALLAX_ASSIGN_OR_RETURN(source.twin, context.twins.Find(row.twin));
  PARALLAX_ASSIGN_OR_RETURN(source.set, StoredSet(context.store, id, request));
  return source;
}

absl::StatusOr<SimulationSource> FromRequest(const ServiceContext& context,
                                             const v1::SimulateRequest& request) {
  const v1::InlineRun& inline_run = request.inline_run();
  PARALLAX_ASSIGN_OR_RETURN(SimulationSource source, request.rig().empty()
                                                         ? SourceOfInlineRig(context, request)
                                                         : SourceOfStoredRig(context, request));
  v1::Run run = inline_run.run();
  run.set_split(v1::RUN_SPLIT_UNASSIGNED);
  PARALLAX_ASSIGN_OR_RETURN(source.record.run, RunFromProto(source.rig, kInlineId, run));
  // What the set knows of single runs is of others, whatever their ids are.
  source.record.run.id.clear();
  PARALLAX_ASSIGN_OR_RETURN(source.record.series, SeriesOf(source.rig, inline_run));
  return source;
}

}  // namespace

absl::StatusOr<SimulationSource> FindSimulationSource(const ServiceContext& context,
                                                      const v1::SimulateRequest& request) {
  if (request.has_inline_run() == !request.run().empty()) {
    return InvalidField("run", request.run(), "empty exactly where inline_run is given");
  }
  if (!request.has_inline_run() && !request.rig().empty()) {
    return InvalidField("rig", request.rig(), "empty without inline_run");
  }
  return request.has_inline_run() ? FromRequest(context, request) : FromStore(context, request);
}

}  // namespace parallax::server
