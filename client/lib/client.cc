#include "client/lib/client.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "client/lib/client_calls.h"
#include "client/lib/token_interceptor.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr int kReconnectMinMs = 100;
constexpr int kReconnectMaxMs = 1000;
/// How long one attempt to connect may last: a busy daemon answers late, and an attempt given up
/// early fails calls that had time to spare. gRPC takes it from its least reconnect backoff.
constexpr int kConnectPatienceMs = 10000;
constexpr int kKeepaliveMs = 20000;

std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsOf(const Credentials& credentials) {
  if (credentials.transport == Transport::kPlainText) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = credentials.ca_pem,
                               .pem_private_key = credentials.key_pem,
                               .pem_cert_chain = credentials.certificate_pem});
}

}  // namespace

std::shared_ptr<grpc::Channel> OpenChannel(const ConnectionOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMinMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectPatienceMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      options.server, ChannelCredentialsOf(options.credentials), arguments,
      ShowToken(options.credentials.token));
}

Client::Client(std::shared_ptr<grpc::Channel> channel, absl::Duration timeout)
    : channel_(std::move(channel)), timeout_(timeout), stubs_(std::make_unique<Stubs>()) {
  stubs_->ingest = v1::IngestService::NewStub(channel_);
  stubs_->query = v1::QueryService::NewStub(channel_);
  stubs_->analysis = v1::AnalysisService::NewStub(channel_);
  stubs_->calibration = v1::CalibrationService::NewStub(channel_);
  stubs_->models = v1::ModelService::NewStub(channel_);
  stubs_->twins = v1::TwinService::NewStub(channel_);
  stubs_->operations = v1::OperationsService::NewStub(channel_);
}

Client::~Client() = default;

absl::StatusOr<v1::Rig> Client::CreateRig(const v1::CreateRigRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(v1::CreateRigResponse response,
                            Call(*stubs_->ingest, &Stubs::Ingest::CreateRig, request, timeout_));
  return std::move(*response.mutable_rig());
}

absl::StatusOr<v1::Rig> Client::UpdateRig(const v1::Rig& rig) {
  v1::UpdateRigRequest request;
  *request.mutable_rig() = rig;
  PARALLAX_ASSIGN_OR_RETURN(v1::UpdateRigResponse response,
                            Call(*stubs_->ingest, &Stubs::Ingest::UpdateRig, request, timeout_));
  return std::move(*response.mutable_rig());
}

absl::StatusOr<v1::Run> Client::OpenRun(const v1::OpenRunRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(v1::OpenRunResponse response,
                            Call(*stubs_->ingest, &Stubs::Ingest::OpenRun, request, timeout_));
  return std::move(*response.mutable_run());
}

absl::StatusOr<v1::Run> Client::CloseRun(const std::string& run) {
  v1::CloseRunRequest request;
  request.set_name(run);
  PARALLAX_ASSIGN_OR_RETURN(v1::CloseRunResponse response,
                            Call(*stubs_->ingest, &Stubs::Ingest::CloseRun, request, timeout_));
  return std::move(*response.mutable_run());
}

absl::StatusOr<v1::Outcome> Client::RecordOutcome(const v1::RecordOutcomeRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(
      v1::RecordOutcomeResponse response,
      Call(*stubs_->ingest, &Stubs::Ingest::RecordOutcome, request, timeout_));
  return std::move(*response.mutable_outcome());
}

absl::StatusOr<v1::Rig> Client::GetRig(const std::string& rig) {
  v1::GetRigRequest request;
  request.set_name(rig);
  PARALLAX_ASSIGN_OR_RETURN(v1::GetRigResponse response,
                            Call(*stubs_->query, &Stubs::Query::GetRig, request, timeout_));
  return std::move(*response.mutable_rig());
}

absl::StatusOr<std::vector<v1::Rig>> Client::ListRigs() {
  return ReadPages<v1::Rig>(*stubs_->query, &Stubs::Query::ListRigs, v1::ListRigsRequest(),
                            &v1::ListRigsResponse::mutable_rigs, timeout_);
}

absl::StatusOr<v1::GetRunResponse> Client::GetRun(const std::string& run) {
  v1::GetRunRequest request;
  request.set_name(run);
  return Call(*stubs_->query, &Stubs::Query::GetRun, request, timeout_);
}

absl::StatusOr<std::vector<v1::Run>> Client::ListRuns(const std::string& rig) {
  v1::ListRunsRequest request;
  request.set_rig(rig);
  return ReadPages<v1::Run>(*stubs_->query, &Stubs::Query::ListRuns, request,
                            &v1::ListRunsResponse::mutable_runs, timeout_);
}

absl::StatusOr<v1::GetSeriesDigestResponse> Client::GetSeriesDigest(const std::string& rig_or_run) {
  v1::GetSeriesDigestRequest request;
  request.set_name(rig_or_run);
  return Call(*stubs_->query, &Stubs::Query::GetSeriesDigest, request, timeout_);
}

absl::Status Client::GetSeries(
    const v1::GetSeriesRequest& request,
    const std::function<absl::Status(const v1::GetSeriesResponse&)>& part) {
  grpc::ClientContext context;
  SetDeadline(context, timeout_);
  return ReadParts(context, *stubs_->query->GetSeries(&context, request), part);
}

absl::Status Client::Watch(const v1::WatchRequest& request,
                           const std::function<WatchNext(const v1::WatchResponse&)>& event) {
  grpc::ClientContext context;
  const auto reader = stubs_->query->Watch(&context, request);
  v1::WatchResponse response;
  while (reader->Read(&response)) {
    if (event(response) == WatchNext::kGoOn) continue;
    context.TryCancel();
    (void)reader->Finish();
    return absl::OkStatus();
  }
  return FromGrpc(reader->Finish());
}

absl::StatusOr<v1::Job> Client::Analyze(const v1::AnalyzeRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(v1::AnalyzeResponse response,
                            Call(*stubs_->analysis, &Stubs::Analysis::Analyze, request, timeout_));
  return std::move(*response.mutable_job());
}

absl::StatusOr<v1::Job> Client::GetJob(const std::string& job) {
  v1::GetJobRequest request;
  request.set_name(job);
  PARALLAX_ASSIGN_OR_RETURN(v1::GetJobResponse response,
                            Call(*stubs_->analysis, &Stubs::Analysis::GetJob, request, timeout_));
  return std::move(*response.mutable_job());
}

absl::StatusOr<std::vector<v1::Job>> Client::ListJobs(const std::string& rig) {
  v1::ListJobsRequest request;
  request.set_rig(rig);
  return ReadPages<v1::Job>(*stubs_->analysis, &Stubs::Analysis::ListJobs, request,
                            &v1::ListJobsResponse::mutable_jobs, timeout_);
}

absl::StatusOr<v1::Job> Client::CancelJob(const std::string& job) {
  v1::CancelJobRequest request;
  request.set_name(job);
  PARALLAX_ASSIGN_OR_RETURN(
      v1::CancelJobResponse response,
      Call(*stubs_->analysis, &Stubs::Analysis::CancelJob, request, timeout_));
  return std::move(*response.mutable_job());
}

absl::StatusOr<v1::Report> Client::GetReport(const std::string& report) {
  v1::GetReportRequest request;
  request.set_name(report);
  PARALLAX_ASSIGN_OR_RETURN(
      v1::GetReportResponse response,
      Call(*stubs_->analysis, &Stubs::Analysis::GetReport, request, timeout_));
  return std::move(*response.mutable_report());
}

absl::StatusOr<std::vector<v1::Report>> Client::ListReports(const std::string& rig) {
  v1::ListReportsRequest request;
  request.set_rig(rig);
  return ReadPages<v1::Report>(*stubs_->analysis, &Stubs::Analysis::ListReports, request,
                               &v1::ListReportsResponse::mutable_reports, timeout_);
}

absl::StatusOr<v1::ParameterSet> Client::GetParameterSet(const std::string& set) {
  v1::GetParameterSetRequest request;
  request.set_name(set);
  PARALLAX_ASSIGN_OR_RETURN(
      v1::GetParameterSetResponse response,
      Call(*stubs_->calibration, &Stubs::Calibration::GetParameterSet, request, timeout_));
  return std::move(*response.mutable_parameter_set());
}

absl::StatusOr<std::vector<v1::ParameterSet>> Client::ListParameterSets(const std::string& rig) {
  v1::ListParameterSetsRequest request;
  request.set_rig(rig);
  return ReadPages<v1::ParameterSet>(
      *stubs_->calibration, &Stubs::Calibration::ListParameterSets, request,
      &v1::ListParameterSetsResponse::mutable_parameter_sets, timeout_);
}

absl::StatusOr<std::vector<v1::ParameterDifference>> Client::DiffParameterSets(
    const std::string& from, const std::string& to) {
  v1::DiffParameterSetsRequest request;
  request.set_from(from);
  request.set_to(to);
  PARALLAX_ASSIGN_OR_RETURN(
      v1::DiffParameterSetsResponse response,
      Call(*stubs_->calibration, &Stubs::Calibration::DiffParameterSets, request, timeout_));
  return std::vector<v1::ParameterDifference>(response.differences().begin(),
                                              response.differences().end());
}

absl::StatusOr<v1::ParameterSet> Client::Promote(const v1::PromoteRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(
      v1::PromoteResponse response,
      Call(*stubs_->calibration, &Stubs::Calibration::Promote, request, timeout_));
  return std::move(*response.mutable_parameter_set());
}

absl::StatusOr<v1::ParameterSet> Client::Rollback(const v1::RollbackRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(
      v1::RollbackResponse response,
      Call(*stubs_->calibration, &Stubs::Calibration::Rollback, request, timeout_));
  return std::move(*response.mutable_parameter_set());
}

absl::Status Client::WhatIf(const v1::WhatIfRequest& request,
                            const std::function<absl::Status(const v1::WhatIfResponse&)>& part) {
  grpc::ClientContext context;
  return ReadParts(context, *stubs_->analysis->WhatIf(&context, request), part);
}

absl::StatusOr<std::vector<v1::Twin>> Client::ListTwins() {
  PARALLAX_ASSIGN_OR_RETURN(
      v1::ListTwinsResponse response,
      Call(*stubs_->twins, &Stubs::Twins::ListTwins, v1::ListTwinsRequest(), timeout_));
  return std::vector<v1::Twin>(response.twins().begin(), response.twins().end());
}

absl::StatusOr<v1::Twin> Client::DescribeTwin(const std::string& twin) {
  v1::DescribeTwinRequest request;
  request.set_name(twin);
  PARALLAX_ASSIGN_OR_RETURN(v1::DescribeTwinResponse response,
                            Call(*stubs_->twins, &Stubs::Twins::DescribeTwin, request, timeout_));
  return std::move(*response.mutable_twin());
}

absl::Status Client::Simulate(
    const v1::SimulateRequest& request,
    const std::function<absl::Status(const v1::SimulateResponse&)>& part) {
  grpc::ClientContext context;
  SetDeadline(context, timeout_);
  return ReadParts(context, *stubs_->twins->Simulate(&context, request), part);
}

absl::Status Client::Backup(const std::function<absl::Status(const v1::BackupResponse&)>& part) {
  grpc::ClientContext context;
  return ReadParts(context, *stubs_->operations->Backup(&context, v1::BackupRequest()), part);
}

absl::StatusOr<v1::VerifyAuditResponse> Client::VerifyAudit(const v1::VerifyAuditRequest& request) {
  return Call(*stubs_->operations, &Stubs::Operations::VerifyAudit, request, timeout_);
}

}  // namespace parallax::client
