#include "server/security/permissions.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_error.h"

namespace parallax::server::security {
namespace {

constexpr auto kTable = std::to_array<Permission>({
    // gRPC's own services, which it answers without asking us: whether the daemon serves, and what
    // stands in the .proto files.
    {"/grpc.health.v1.Health/Check", Callers::kAnybody, Reach::kNoRig},
    {"/grpc.health.v1.Health/Watch", Callers::kAnybody, Reach::kNoRig},
    {"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Callers::kAnybody,
     Reach::kNoRig},

    // The page for Prometheus names rigs.
    {"/metrics", Callers::kPeople, Reach::kEveryRig},

    // A job's name tells no rig, so those of all rigs are one reach.
    {"/parallax.v1.AnalysisService/Analyze", Callers::kOperators, Reach::kNamedRig,
     "rig,calibrate_runs,validate_runs,base_parameter_set"},
    {"/parallax.v1.AnalysisService/CancelJob", Callers::kOperators, Reach::kEveryRig},
    {"/parallax.v1.AnalysisService/GetDesign", Callers::kPeople, Reach::kNamedRig, "name"},
    {"/parallax.v1.AnalysisService/GetJob", Callers::kPeople, Reach::kEveryRig},
    {"/parallax.v1.AnalysisService/GetReport", Callers::kPeople, Reach::kNamedRig, "name"},
    {"/parallax.v1.AnalysisService/ListDesigns", Callers::kPeople, Reach::kNamedRig, "rig"},
    {"/parallax.v1.AnalysisService/ListJobs", Callers::kPeople, Reach::kEveryRig},
    {"/parallax.v1.AnalysisService/ListReports", Callers::kPeople, Reach::kNamedRig, "rig"},
    {"/parallax.v1.AnalysisService/SeekGoal", Callers::kOperators, Reach::kNamedRig, "rig,report"},
    {"/parallax.v1.AnalysisService/SuggestExperiments", Callers::kOperators, Reach::kNamedRig,
     "rig,report"},
    // It changes nothing, but takes the one desk there is for minutes.
    {"/parallax.v1.AnalysisService/WhatIf", Callers::kOperators, Reach::kNamedRig,
     "rig,parameter_set"},

    // A program that starts a run needs the rig's current parameters.
    {"/parallax.v1.CalibrationService/DiffParameterSets", Callers::kPeople, Reach::kNamedRig,
     "from,to"},
    {"/parallax.v1.CalibrationService/GetParameterSet", Callers::kAll, Reach::kNamedRig, "name"},
    {"/parallax.v1.CalibrationService/ListParameterSets", Callers::kPeople, Reach::kNamedRig,
     "rig"},
    {"/parallax.v1.CalibrationService/Promote", Callers::kOperators, Reach::kNamedRig, "name"},
    {"/parallax.v1.CalibrationService/Rollback", Callers::kOperators, Reach::kNamedRig, "rig"},

    {"/parallax.v1.IngestService/CloseRun", Callers::kProducers, Reach::kNamedRig, "name"},
    // What its simulation assumes is not the rig's to say.
    {"/parallax.v1.IngestService/CreateRig", Callers::kOperators, Reach::kNamedRig, "rig_id"},
    {"/parallax.v1.IngestService/OpenRun", Callers::kProducers, Reach::kNamedRig, "rig"},
    {"/parallax.v1.IngestService/RecordOutcome", Callers::kProducers, Reach::kNamedRig, "run"},
    {"/parallax.v1.IngestService/Stream", Callers::kProducers, Reach::kNamedRig, "hello.run"},
    // It lets a rig put parameters to use unasked, has the daemon post to a URL and samples
    // removed.
    {"/parallax.v1.IngestService/UpdateRig", Callers::kAdmins, Reach::kNamedRig, "rig.name"},

    {"/parallax.v1.ModelService/GetModel", Callers::kPeople, Reach::kNamedRig, "name"},
    {"/parallax.v1.ModelService/ListModels", Callers::kPeople, Reach::kNamedRig, "rig"},
    {"/parallax.v1.ModelService/PromoteModel", Callers::kOperators, Reach::kNamedRig, "name"},
    {"/parallax.v1.ModelService/TrainModel", Callers::kOperators, Reach::kNamedRig,
     "rig,calibrate_runs,validate_runs,parameter_set"},

    // All that is stored, secrets of webhooks with it.
    {"/parallax.v1.OperationsService/Backup", Callers::kAdmins, Reach::kEveryRig},
    {"/parallax.v1.OperationsService/VerifyAudit", Callers::kAdmins, Reach::kEveryRig},

    {"/parallax.v1.QueryService/GetRig", Callers::kAll, Reach::kNamedRig, "name"},
    {"/parallax.v1.QueryService/GetRun", Callers::kAll, Reach::kNamedRig, "name"},
    {"/parallax.v1.QueryService/GetSeries", Callers::kPeople, Reach::kNamedRig, "run"},
    // How a producer checks that what it sent is what is stored.
    {"/parallax.v1.QueryService/GetSeriesDigest", Callers::kAll, Reach::kNamedRig, "name"},
    {"/parallax.v1.QueryService/ListRigs", Callers::kPeople, Reach::kEveryRig},
    {"/parallax.v1.QueryService/ListRuns", Callers::kAll, Reach::kNamedRig, "rig"},
    {"/parallax.v1.QueryService/Watch", Callers::kPeople, Reach::kEveryRig},

    {"/parallax.v1.TwinService/DescribeTwin", Callers::kAll, Reach::kNoRig},
    {"/parallax.v1.TwinService/ListTwins", Callers::kAll, Reach::kNoRig},
    // It reads a stored run or rig and a set, where it is given any.
    {"/parallax.v1.TwinService/Simulate", Callers::kPeople, Reach::kNamedRig,
     "run,parameter_set,rig"},
});

constexpr bool Before(const Permission& a, const Permission& b) { return a.method < b.method; }
static_assert(std::is_sorted(kTable.begin(), kTable.end(), Before));

bool Includes(Callers callers, Role role) {
  switch (callers) {
    case Callers::kAnybody:
    case Callers::kAll:
      return true;
    case Callers::kPeople:
      return role != Role::kRig;
    case Callers::kProducers:
      return role != Role::kViewer;
    case Callers::kOperators:
      return role == Role::kOperator || role == Role::kAdmin;
    case Callers::kAdmins:
      return role == Role::kAdmin;
  }
  return false;
}

std::string Describe(Callers callers) {
  std::string roles;
  for (const Role role : {Role::kRig, Role::kViewer, Role::kOperator, Role::kAdmin}) {
    if (!Includes(callers, role)) continue;
    absl::StrAppendFormat(&roles, "%s%s", roles.empty() ? "" : " or ", NameOf(role));
  }
  return roles;
}

absl::Status Denied(const Identity& identity, std::string_view method, base::FieldError error) {
  const std::string said = absl::StrFormat("%s of %s", error.field, identity.name);
  error.bound += absl::StrFormat(" to call %s", method);
  return base::FieldStatus(absl::StatusCode::kPermissionDenied, std::move(error), said);
}

}  // namespace

std::span<const Permission> Permissions() { return kTable; }

const Permission* PermissionOf(std::string_view method) {
  const Permission* const found =
      std::lower_bound(kTable.begin(), kTable.end(), Permission{.method = method}, Before);
  return found != kTable.end() && found->method == method ? found : nullptr;
}

bool IsRecorded(std::string_view method) {
  return method == "/parallax.v1.CalibrationService/Promote" ||
         method == "/parallax.v1.CalibrationService/Rollback" ||
         method == "/parallax.v1.ModelService/PromoteModel" ||
         method == "/parallax.v1.OperationsService/Backup";
}

absl::Status CheckMethod(const Identity& identity, std::string_view method) {
  const Permission* const row = PermissionOf(method);
  if (row == nullptr) {
    return base::FieldStatus(
        absl::StatusCode::kPermissionDenied,
        {.field = "method", .value = std::string(method), .bound = "a method that may be called"});
  }
  if (!Includes(row->callers, identity.role)) {
    return Denied(identity, row->method,
                  {.field = "role",
                   .value = std::string(NameOf(identity.role)),
                   .bound = Describe(row->callers)});
  }
  if (row->reach == Reach::kEveryRig && !identity.rigs.empty()) {
    return Denied(identity, row->method,
                  {.field = "rigs",
                   .value = absl::StrJoin(identity.rigs, ","),
                   .bound = "every rig",
                   .next_step = "ask for one rig by its name, or for a token of every rig"});
  }
  return absl::OkStatus();
}

}  // namespace parallax::server::security
