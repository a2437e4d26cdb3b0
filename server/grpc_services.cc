#include "server/grpc_services.h"

#include "parallax/v1/analysis.grpc.pb.h"
#include "parallax/v1/calibration.grpc.pb.h"
#include "parallax/v1/ingest.grpc.pb.h"
#include "parallax/v1/model.grpc.pb.h"
#include "parallax/v1/operations.grpc.pb.h"
#include "parallax/v1/query.grpc.pb.h"
#include "parallax/v1/twin.grpc.pb.h"
#include "server/analysis_handler.h"
#include "server/backup_desk.h"
#include "server/calibration_handler.h"
#include "server/identity.h"
#include "server/ingest_handler.h"
#include "server/ingest_reactor.h"
#include "server/model_handler.h"
#include "server/operations_handler.h"
#include "server/query_handler.h"
#include "server/twin_handler.h"
#include "server/unary.h"
#include "server/watch_reactor.h"
#include "server/what_if_desk.h"

namespace parallax::server {
namespace {

using Call = grpc::CallbackServerContext;

// One line a method: gRPC's signature on one side, the handler's method of the same name on the
// other. A macro, because the generated base classes give every method a name of its own.
#define PARALLAX_UNARY(Method)                                                                   \
  grpc::ServerUnaryReactor* Method(Call* call, const v1::Method##Request* request,               \
                                   v1::Method##Response* response) override {                    \
    return RunUnary(                                                                             \
        call, admission_, MethodPath(Service::service_full_name(), #Method), *request, response, \
        [this, request](const security::Identity&) { return handler_.Method(*request); });       \
  }
// And of which the audit log is told.
#define PARALLAX_UNARY_RECORDED(Method)                                             \
  grpc::ServerUnaryReactor* Method(Call* call, const v1::Method##Request* request,  \
                                   v1::Method##Response* response) override {       \
    const std::string path = MethodPath(Service::service_full_name(), #Method);     \
    return RunUnary(call, admission_, path, *request, response,                     \
                    [this, request, path](const security::Identity& caller) {       \
                      auto answer = handler_.Method(*request, caller.name);         \
                      admission_.guard.Done(path, caller, TargetOf(path, *request), \
                                            answer.status());                       \
                      return answer;                                                \
                    });                                                             \
  }
#define PARALLAX_SERVER_STREAM(Method)                                                  \
  grpc::ServerWriteReactor<v1::Method##Response>* Method(                               \
      Call* call, const v1::Method##Request* request) override {                        \
    return new PartWriter<v1::Method##Response>(                                        \
        *call, admission_, MethodPath(Service::service_full_name(), #Method), *request, \
        [this, request] { return handler_.Method(*request); });                         \
  }

class IngestRpcs final : public v1::IngestService::CallbackService {
 public:
  using Service = v1::IngestService;

  IngestRpcs(const ServiceContext& context, const Admission& admission, const IngestContext& ingest)
      : handler_(context), admission_(admission), ingest_(ingest) {}

  PARALLAX_UNARY(CreateRig)
  PARALLAX_UNARY(UpdateRig)
  PARALLAX_UNARY(OpenRun)
  PARALLAX_UNARY(CloseRun)
  PARALLAX_UNARY(RecordOutcome)

  grpc::ServerBidiReactor<v1::StreamRequest, v1::StreamResponse>* Stream(Call* call) override {
    return new IngestReactor(ingest_, admission_, call);
  }

 private:
  IngestHandler handler_;
  const Admission& admission_;
  const IngestContext& ingest_;
};

class QueryRpcs final : public v1::QueryService::CallbackService {
 public:
  using Service = v1::QueryService;

  QueryRpcs(const ServiceContext& context, const Admission& admission, const WatchContext& watch)
      : handler_(context), admission_(admission), watch_(watch) {}

  PARALLAX_UNARY(GetRig)
  PARALLAX_UNARY(ListRigs)
  PARALLAX_UNARY(GetRun)
  PARALLAX_UNARY(ListRuns)
  PARALLAX_UNARY(GetSeriesDigest)
  PARALLAX_SERVER_STREAM(GetSeries)

  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(Call* call,
                                                     const v1::WatchRequest* request) override {
    return new WatchReactor(watch_, *call, admission_, *request);
  }

 private:
  QueryHandler handler_;
  const Admission& admission_;
  const WatchContext& watch_;
};

class AnalysisRpcs final : public v1::AnalysisService::CallbackService {
 public:
  using Service = v1::AnalysisService;

  AnalysisRpcs(const ServiceContext& context, const Admission& admission)
      : handler_(context), admission_(admission), what_if_(context) {}

  PARALLAX_UNARY(Analyze)
  PARALLAX_UNARY(GetJob)
  PARALLAX_UNARY(ListJobs)
  PARALLAX_UNARY(CancelJob)
  PARALLAX_UNARY(GetReport)
  PARALLAX_UNARY(ListReports)
  PARALLAX_UNARY(SuggestExperiments)
  PARALLAX_UNARY(SeekGoal)
  PARALLAX_UNARY(GetDesign)
  PARALLAX_UNARY(ListDesigns)

  grpc::ServerWriteReactor<v1::WhatIfResponse>* WhatIf(Call* call,
                                                       const v1::WhatIfRequest* request) override {
    return what_if_.Start(*call, admission_, *request);
  }

 private:
  AnalysisHandler handler_;
  const Admission& admission_;
  WhatIfDesk what_if_;
};

class CalibrationRpcs final : public v1::CalibrationService::CallbackService {
 public:
  using Service = v1::CalibrationService;

  CalibrationRpcs(const ServiceContext& context, const Admission& admission)
      : handler_(context), admission_(admission) {}

  PARALLAX_UNARY(GetParameterSet)
  PARALLAX_UNARY(ListParameterSets)
  PARALLAX_UNARY(DiffParameterSets)
  PARALLAX_UNARY_RECORDED(Promote)
  PARALLAX_UNARY_RECORDED(Rollback)

 private:
  CalibrationHandler handler_;
  const Admission& admission_;
};

class ModelRpcs final : public v1::ModelService::CallbackService {
 public:
  using Service = v1::ModelService;

  ModelRpcs(const ServiceContext& context, const Admission& admission)
      : handler_(context), admission_(admission) {}

  PARALLAX_UNARY(TrainModel)
  PARALLAX_UNARY(GetModel)
  PARALLAX_UNARY(ListModels)
  PARALLAX_UNARY_RECORDED(PromoteModel)

 private:
  ModelHandler handler_;
  const Admission& admission_;
};

class OperationsRpcs final : public v1::OperationsService::CallbackService {
 public:
  using Service = v1::OperationsService;

  OperationsRpcs(const ServiceContext& context, const Admission& admission)
      : handler_(admission.guard), admission_(admission), backups_(context) {}

  PARALLAX_UNARY(VerifyAudit)

  grpc::ServerWriteReactor<v1::BackupResponse>* Backup(Call* call,
                                                       const v1::BackupRequest* request) override {
    return backups_.Start(*call, admission_, *request);
  }

 private:
  OperationsHandler handler_;
  const Admission& admission_;
  BackupDesk backups_;
};

class TwinRpcs final : public v1::TwinService::CallbackService {
 public:
  using Service = v1::TwinService;

  TwinRpcs(const ServiceContext& context, const Admission& admission)
      : handler_(context), admission_(admission) {}

  PARALLAX_UNARY(ListTwins)
  PARALLAX_UNARY(DescribeTwin)
  PARALLAX_SERVER_STREAM(Simulate)

 private:
  TwinHandler handler_;
  const Admission& admission_;
};

#undef PARALLAX_UNARY
#undef PARALLAX_UNARY_RECORDED
#undef PARALLAX_SERVER_STREAM

}  // namespace

struct GrpcServices::Impl {
  IngestRpcs ingest;
  QueryRpcs query;
  AnalysisRpcs analysis;
  CalibrationRpcs calibration;
  ModelRpcs model;
  OperationsRpcs operations;
  TwinRpcs twin;
};

GrpcServices::GrpcServices(const ServiceContext& context, const IngestContext& ingest,
                           const WatchContext& watch, const Admission& admission)
    : impl_(new Impl{.ingest = {context, admission, ingest},
                     .query = {context, admission, watch},
                     .analysis = {context, admission},
                     .calibration = {context, admission},
                     .model = {context, admission},
                     .operations = {context, admission},
                     .twin = {context, admission}}) {}

GrpcServices::~GrpcServices() = default;

void GrpcServices::Register(grpc::ServerBuilder* builder) {
  builder->RegisterService(&impl_->ingest);
  builder->RegisterService(&impl_->query);
  builder->RegisterService(&impl_->analysis);
  builder->RegisterService(&impl_->calibration);
  builder->RegisterService(&impl_->model);
  builder->RegisterService(&impl_->operations);
  builder->RegisterService(&impl_->twin);
}

}  // namespace parallax::server
