#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/credentials.h"
#include "parallax/v1/analysis.pb.h"
#include "parallax/v1/calibration.pb.h"
#include "parallax/v1/ingest.pb.h"
#include "parallax/v1/model.pb.h"
#include "parallax/v1/operations.pb.h"
#include "parallax/v1/query.pb.h"
#include "parallax/v1/twin.pb.h"

namespace grpc {
class Channel;
}

namespace parallax::client {

/// How to reach a daemon.
struct ConnectionOptions {
  std::string server = "127.0.0.1:50051";      ///< host:port
  absl::Duration timeout = absl::Seconds(30);  ///< of one call
  Credentials credentials;                     ///< plain text, and no token, unless said
};

/// A lazy channel: it connects with the first call and reconnects by itself within a second.
std::shared_ptr<grpc::Channel> OpenChannel(const ConnectionOptions& options);

/// One method an RPC, with statuses of Abseil and lists read to their last page. Thread-safe.
/// Errors are the daemon's (see the comments of the RPCs), with their ErrorDetail (status.h);
/// Unavailable and DeadlineExceeded where it cannot be reached in time.
class Client {
 public:
  Client(std::shared_ptr<grpc::Channel> channel, absl::Duration timeout);
  ~Client();

  absl::StatusOr<v1::Rig> CreateRig(const v1::CreateRigRequest& request);
  /// `rig` as it was read, with its etag and what is to change.
  absl::StatusOr<v1::Rig> UpdateRig(const v1::Rig& rig);
  absl::StatusOr<v1::Run> OpenRun(const v1::OpenRunRequest& request);
  absl::StatusOr<v1::Run> CloseRun(const std::string& run);
  absl::StatusOr<v1::Outcome> RecordOutcome(const v1::RecordOutcomeRequest& request);

  absl::StatusOr<v1::Rig> GetRig(const std::string& rig);
  absl::StatusOr<std::vector<v1::Rig>> ListRigs();
  absl::StatusOr<v1::GetRunResponse> GetRun(const std::string& run);
  absl::StatusOr<std::vector<v1::Run>> ListRuns(const std::string& rig);
  absl::StatusOr<v1::GetSeriesDigestResponse> GetSeriesDigest(const std::string& rig_or_run);
  /// Calls `part` for every part in order, until one returns an error.
  absl::Status GetSeries(const v1::GetSeriesRequest& request,
                         const std::function<absl::Status(const v1::GetSeriesResponse&)>& part);

  /// Calls `event` for every event in order, until it says kStop or the daemon ends the stream; has
  /// no time limit. OK where it was stopped.
  enum class WatchNext { kGoOn, kStop };
  absl::Status Watch(const v1::WatchRequest& request,
                     const std::function<WatchNext(const v1::WatchResponse&)>& event);

  absl::StatusOr<v1::Job> Analyze(const v1::AnalyzeRequest& request);
  absl::StatusOr<v1::Job> GetJob(const std::string& job);
  absl::StatusOr<std::vector<v1::Job>> ListJobs(const std::string& rig);
  absl::StatusOr<v1::Job> CancelJob(const std::string& job);
  absl::StatusOr<v1::Report> GetReport(const std::string& report);
  absl::StatusOr<std::vector<v1::Report>> ListReports(const std::string& rig);

  absl::StatusOr<v1::Job> SuggestExperiments(const v1::SuggestExperimentsRequest& request);
  absl::StatusOr<v1::Job> SeekGoal(const v1::SeekGoalRequest& request);
  absl::StatusOr<v1::Design> GetDesign(const std::string& design);
  absl::StatusOr<std::vector<v1::Design>> ListDesigns(const std::string& rig);

  absl::StatusOr<v1::Job> TrainModel(const v1::TrainModelRequest& request);
  absl::StatusOr<v1::Model> GetModel(const v1::GetModelRequest& request);
  absl::StatusOr<std::vector<v1::Model>> ListModels(const std::string& rig);
  absl::StatusOr<v1::Model> PromoteModel(const v1::PromoteModelRequest& request);

  absl::StatusOr<v1::ParameterSet> GetParameterSet(const std::string& set);
  absl::StatusOr<std::vector<v1::ParameterSet>> ListParameterSets(const std::string& rig);
  absl::StatusOr<std::vector<v1::ParameterDifference>> DiffParameterSets(const std::string& from,
                                                                         const std::string& to);
  absl::StatusOr<v1::ParameterSet> Promote(const v1::PromoteRequest& request);
  absl::StatusOr<v1::ParameterSet> Rollback(const v1::RollbackRequest& request);
  /// Calls `part` for every report, until one returns an error. It lasts as long as the analyses
  /// do: the timeout of a call does not end it.
  absl::Status WhatIf(const v1::WhatIfRequest& request,
                      const std::function<absl::Status(const v1::WhatIfResponse&)>& part);

  absl::StatusOr<std::vector<v1::Twin>> ListTwins();
  absl::StatusOr<v1::Twin> DescribeTwin(const std::string& twin);
  absl::Status Simulate(const v1::SimulateRequest& request,
                        const std::function<absl::Status(const v1::SimulateResponse&)>& part);

  /// Calls `part` for every part of a copy of all that is stored, until one returns an error. The
  /// timeout of a call does not end it.
  absl::Status Backup(const std::function<absl::Status(const v1::BackupResponse&)>& part);
  absl::StatusOr<v1::VerifyAuditResponse> VerifyAudit(const v1::VerifyAuditRequest& request);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  absl::Duration timeout() const { return timeout_; }

 private:
  struct Stubs;  // keeps gRPC's headers out of this one

  std::shared_ptr<grpc::Channel> channel_;
  absl::Duration timeout_;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace parallax::client
