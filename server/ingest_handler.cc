#include "server/ingest_handler.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/pipeline/parameter_set_codec.h"
#include "server/assumptions.h"
#include "server/convert.h"
#include "server/convert_check.h"
#include "server/idempotency.h"
#include "server/names.h"
#include "server/run_ledger_view.h"

namespace parallax::server {
namespace {

/// Parameter set 0 of a new rig.
absl::StatusOr<store::ParameterSetRow> FirstSet(const twin::Description& description,
                                                const v1::CreateRigRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const calibration::ParameterSet set,
                            AssumedSet(description, request.assumptions()));
  store::ParameterSetRow row{.rig = request.rig_id(), .state = "CURRENT"};
  row.bytes = pipeline::EncodeParameterSet(set);
  row.sha256 = base::Sha256Hex(row.bytes);
  return row;
}

/// Whether a stored rig is what a request asks for: a retry whose first answer was lost.
bool IsSameRig(const store::RigRow& stored, const store::RigRow& wanted) {
  store::RigRow copy = wanted;
  copy.etag = stored.etag;
  copy.create_time_unix_ns = stored.create_time_unix_ns;
  return DeterministicBytes(RigToProto(stored)) == DeterministicBytes(RigToProto(copy));
}

}  // namespace

absl::StatusOr<v1::CreateRigResponse> IngestHandler::CreateRig(
    const v1::CreateRigRequest& request) {
  return Once<v1::CreateRigResponse>(context_.store, "CreateRig", request.request_id(), request,
                                     [&] { return CreateRigOnce(request); });
}

absl::StatusOr<v1::CreateRigResponse> IngestHandler::CreateRigOnce(
    const v1::CreateRigRequest& request) {
  store::RigRow row;
  PARALLAX_ASSIGN_OR_RETURN(row.rig, RigFromProto(request.rig_id(), request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, FindTwin(context_.twins, request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(store::ParameterSetRow assumptions,
                            FirstSet(twin->description(), request));
  row.title = request.rig().title();
  row.twin = request.rig().twin();
  row.create_time_unix_ns = absl::ToUnixNanos(context_.clock.Now());
  assumptions.create_time_unix_ns = row.create_time_unix_ns;
  const absl::Status created = context_.store.CreateRig(row, assumptions);
  if (!created.ok() && !absl::IsAlreadyExists(created)) return created;
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow stored, context_.store.GetRig(row.rig.id));
  if (!created.ok()) {
    // A crash between the commit and the memory of the request id must not fail the retry.
    if (request.request_id().empty() || !IsSameRig(stored, row)) return created;
    PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow set,
                              context_.store.GetParameterSet(row.rig.id, 0));
    if (set.sha256 != assumptions.sha256) return created;
  }
  v1::CreateRigResponse response;
  *response.mutable_rig() = RigToProto(stored);
  return response;
}

absl::StatusOr<v1::UpdateRigResponse> IngestHandler::UpdateRig(
    const v1::UpdateRigRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig.name", request.rig().name()));
  PARALLAX_RETURN_IF_ERROR(CheckText("rig.title", request.rig().title(), kMaxNameBytes));
  if (request.rig().etag().empty()) {
    return InvalidField("rig.etag", "", "the etag that GetRig returned",
                        "read the rig, change it, send it back");
  }
  PARALLAX_ASSIGN_OR_RETURN(
      const store::RigRow row,
      context_.store.UpdateRigTitle(rig, request.rig().etag(), request.rig().title()));
  v1::UpdateRigResponse response;
  *response.mutable_rig() = RigToProto(row);
  return response;
}

absl::StatusOr<v1::OpenRunResponse> IngestHandler::OpenRun(const v1::OpenRunRequest& request) {
  return Once<v1::OpenRunResponse>(context_.store, "OpenRun", request.request_id(), request,
                                   [&] { return OpenRunOnce(request); });
}

absl::StatusOr<v1::OpenRunResponse> IngestHandler::OpenRunOnce(const v1::OpenRunRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig_id, ParseRigName("rig", request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, context_.store.GetRig(rig_id));
  PARALLAX_ASSIGN_OR_RETURN(const signal::Run run,
                            RunFromProto(rig.rig, request.run_id(), request.run()));
  PARALLAX_RETURN_IF_ERROR(context_.store.OpenRun(rig_id, run));
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, context_.store.GetRun(rig_id, run.id));
  v1::OpenRunResponse response;
  *response.mutable_run() = RunWithLedger(row, context_.registry);
  return response;
}

absl::StatusOr<v1::CloseRunResponse> IngestHandler::CloseRun(const v1::CloseRunRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("name", request.name()));
  PARALLAX_RETURN_IF_ERROR(context_.store.CloseRun(name.rig, name.run));
  context_.on_run_closed();
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, context_.store.GetRun(name.rig, name.run));
  v1::CloseRunResponse response;
  *response.mutable_run() = RunWithLedger(row, context_.registry);
  return response;
}

absl::StatusOr<v1::RecordOutcomeResponse> IngestHandler::RecordOutcome(
    const v1::RecordOutcomeRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("run", request.run()));
  PARALLAX_ASSIGN_OR_RETURN(const signal::Outcome outcome, OutcomeFromProto(request.outcome()));
  PARALLAX_RETURN_IF_ERROR(context_.store.RecordOutcome(name.rig, name.run, outcome));
  v1::RecordOutcomeResponse response;
  *response.mutable_outcome() = OutcomeToProto(outcome);
  return response;
}

}  // namespace parallax::server
