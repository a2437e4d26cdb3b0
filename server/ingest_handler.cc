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
#include "server/log.h"
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

/// A rig and its parameter set 0 as a request asks for them.
struct PlannedRig {
  store::RigRow row;
  store::ParameterSetRow assumptions;
};

absl::StatusOr<PlannedRig> PlanRig(const ServiceContext& context,
                                   const v1::CreateRigRequest& request) {
  PlannedRig planned;
  PARALLAX_ASSIGN_OR_RETURN(planned.row.rig, RigFromProto(request.rig_id(), request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, FindTwin(context.twins, request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(planned.assumptions, FirstSet(twin->description(), request));
  PARALLAX_ASSIGN_OR_RETURN(
      const std::optional<store::Recalibration> recalibration,
      RecalibrationFromProto("rig.recalibration", request.rig().recalibration()));
  planned.row.recalibration = recalibration.value_or(store::Recalibration::kHold);
  PARALLAX_ASSIGN_OR_RETURN(planned.row.webhook,
                            WebhookFromProto("rig.webhook", request.rig().webhook()));
  PARALLAX_ASSIGN_OR_RETURN(planned.row.keep_samples,
                            KeepSamplesFromProto("rig.keep_samples", request.rig().keep_samples()));
  planned.row.title = request.rig().title();
  planned.row.twin = request.rig().twin();
  return planned;
}

/// Whether a stored rig is what a request asks for: a retry whose first answer was lost.
bool IsSameRig(const store::RigRow& stored, const store::RigRow& wanted) {
  store::RigRow copy = wanted;
  copy.etag = stored.etag;
  copy.create_time_unix_ns = stored.create_time_unix_ns;
  return DeterministicBytes(RigToProto(stored)) == DeterministicBytes(RigToProto(copy));
}

/// Whether a webhook is sent back as it was read, without its secret, which is never answered.
bool IsAsRead(const store::Webhook& stored, const v1::Webhook& sent) {
  return sent.url() == stored.url && sent.secret().empty();
}

/// The answer to a request for a rig whose id is taken: the stored rig where it is the same and the
/// request has an id, since a crash between the commit and the memory of that id must not fail the
/// retry; else `taken`.
absl::StatusOr<v1::CreateRigResponse> KnownRig(store::Store& store,
                                               const v1::CreateRigRequest& request,
                                               const PlannedRig& planned, absl::Status taken) {
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow stored, store.GetRig(planned.row.rig.id));
  if (request.request_id().empty() || !IsSameRig(stored, planned.row)) return taken;
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow set,
                            store.GetParameterSet(planned.row.rig.id, 0));
  if (set.sha256 != planned.assumptions.sha256) return taken;
  v1::CreateRigResponse response;
  *response.mutable_rig() = RigToProto(stored);
  return response;
}

}  // namespace

absl::StatusOr<v1::CreateRigResponse> IngestHandler::CreateRig(
    const v1::CreateRigRequest& request) {
  if (request.validate_only()) return CreateRigOnce(request);
  return Once<v1::CreateRigResponse>(context_.store, "CreateRig", request.request_id(), request,
                                     [&] { return CreateRigOnce(request); });
}

absl::StatusOr<v1::CreateRigResponse> IngestHandler::CreateRigOnce(
    const v1::CreateRigRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(PlannedRig planned, PlanRig(context_, request));
  const std::string& id = planned.row.rig.id;
  v1::CreateRigResponse response;
  if (request.validate_only()) {
    const absl::Status stored = context_.store.GetRig(id).status();
    if (stored.ok()) {
      return KnownRig(context_.store, request, planned,
                      absl::AlreadyExistsError(absl::StrFormat("rig \"%s\" exists", id)));
    }
    if (!absl::IsNotFound(stored)) return stored;
    *response.mutable_rig() = RigToProto(planned.row);
    response.mutable_rig()->clear_create_time();
    return response;
  }
  planned.row.create_time_unix_ns = absl::ToUnixNanos(context_.clock.Now());
  planned.assumptions.create_time_unix_ns = planned.row.create_time_unix_ns;
  const absl::Status created = context_.store.CreateRig(planned.row, planned.assumptions);
  if (absl::IsAlreadyExists(created)) return KnownRig(context_.store, request, planned, created);
  PARALLAX_RETURN_IF_ERROR(created);
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow stored, context_.store.GetRig(id));
  context_.on_changed(RigNameOf(id));
  context_.on_changed(ParameterSetNameOf(id, 0));
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
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow stored, context_.store.GetRig(rig));
  store::RigChange change{.title = request.rig().title()};
  PARALLAX_ASSIGN_OR_RETURN(
      change.recalibration,
      RecalibrationFromProto("rig.recalibration", request.rig().recalibration()));
  if (request.rig().has_webhook() && !IsAsRead(stored.webhook, request.rig().webhook())) {
    PARALLAX_ASSIGN_OR_RETURN(change.webhook,
                              WebhookFromProto("rig.webhook", request.rig().webhook()));
  }
  if (request.rig().has_keep_samples()) {
    PARALLAX_ASSIGN_OR_RETURN(
        change.keep_samples,
        KeepSamplesFromProto("rig.keep_samples", request.rig().keep_samples()));
  }
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow row,
                            context_.store.UpdateRig(rig, request.rig().etag(), change));
  context_.on_changed(RigNameOf(rig));
  context_.on_job_queued();
  v1::UpdateRigResponse response;
  *response.mutable_rig() = RigToProto(row);
  return response;
}

absl::StatusOr<v1::OpenRunResponse> IngestHandler::OpenRun(const v1::OpenRunRequest& request) {
  if (request.validate_only()) return CheckRun(request);
  return Once<v1::OpenRunResponse>(context_.store, "OpenRun", request.request_id(), request,
                                   [&] { return OpenRunOnce(request); });
}

absl::StatusOr<v1::OpenRunResponse> IngestHandler::OpenRunOnce(const v1::OpenRunRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig_id, ParseRigName("rig", request.rig()));
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, context_.store.GetRig(rig_id));
  PARALLAX_ASSIGN_OR_RETURN(const signal::Run run,
                            RunFromProto(rig.rig, request.run_id(), request.run()));
  PARALLAX_RETURN_IF_ERROR(context_.store.OpenRun(rig_id, run));
  context_.on_changed(RunNameOf(rig_id, run.id));
  Log(LogLevel::kInfo, "run opened", {{"run", RunNameOf(rig_id, run.id)}});
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, context_.store.GetRun(rig_id, run.id));
  v1::OpenRunResponse response;
  *response.mutable_run() = RunWithLedger(row, context_.registry);
  return response;
}

absl::StatusOr<v1::OpenRunResponse> IngestHandler::CheckRun(const v1::OpenRunRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig_id, ParseRigName("rig", request.rig()));
  signal::Rig rig;
  absl::StatusOr<store::RigRow> stored_rig = context_.store.GetRig(rig_id);
  if (stored_rig.ok()) {
    rig = std::move(stored_rig->rig);
  } else if (absl::IsNotFound(stored_rig.status()) && request.has_planned_rig()) {
    PARALLAX_ASSIGN_OR_RETURN(rig, RigFromProto(rig_id, request.planned_rig()));
  } else {
    return stored_rig.status();
  }
  store::RunRow row{.rig = rig_id};
  PARALLAX_ASSIGN_OR_RETURN(row.run, RunFromProto(rig, request.run_id(), request.run()));
  v1::OpenRunResponse response;
  *response.mutable_run() = RunToProto(row, Ledger());
  const absl::StatusOr<store::RunRow> stored = context_.store.GetRun(rig_id, row.run.id);
  if (absl::IsNotFound(stored.status())) return response;
  PARALLAX_RETURN_IF_ERROR(stored.status());
  const store::RunRow opened{.rig = rig_id, .run = stored->run};
  if (DeterministicBytes(RunToProto(opened, Ledger())) != DeterministicBytes(response.run())) {
    return absl::AlreadyExistsError(
        absl::StrFormat("another run \"%s\" of rig \"%s\" exists", row.run.id, rig_id));
  }
  *response.mutable_run() = RunWithLedger(*stored, context_.registry);
  return response;
}

absl::StatusOr<v1::CloseRunResponse> IngestHandler::CloseRun(const v1::CloseRunRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("name", request.name()));
  PARALLAX_RETURN_IF_ERROR(context_.store.CloseRun(name.rig, name.run));
  Log(LogLevel::kInfo, "run closed", {{"run", request.name()}});
  context_.on_run_closed();
  context_.on_changed(request.name());
  context_.on_job_queued();
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, context_.store.GetRun(name.rig, name.run));
  v1::CloseRunResponse response;
  *response.mutable_run() = RunWithLedger(row, context_.registry);
  return response;
}

absl::StatusOr<v1::RecordOutcomeResponse> IngestHandler::RecordOutcome(
    const v1::RecordOutcomeRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("run", request.run()));
  PARALLAX_ASSIGN_OR_RETURN(const signal::Outcome outcome, OutcomeFromProto(request.outcome()));
  if (!request.validate_only()) {
    PARALLAX_RETURN_IF_ERROR(context_.store.RecordOutcome(name.rig, name.run, outcome));
    context_.on_changed(request.run());
    context_.on_job_queued();
  }
  v1::RecordOutcomeResponse response;
  *response.mutable_outcome() = OutcomeToProto(outcome);
  return response;
}

}  // namespace parallax::server
